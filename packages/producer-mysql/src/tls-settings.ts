import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { MysqlTlsFileError } from './live-errors.ts'

/**
 * How the connections to a server are encrypted.
 *
 * | mode            | encrypted | certificate signed by the CA | certificate names the host |
 * |-----------------|-----------|------------------------------|----------------------------|
 * | required        | yes       | not looked at                | not looked at              |
 * | verify-ca       | yes       | yes                          | not looked at              |
 * | verify-identity | yes       | yes                          | yes                        |
 */
export interface TlsSettings {
  readonly mode: 'required' | 'verify-ca' | 'verify-identity'
  /** PEM file of the authorities; undefined: the ones that Node trusts. */
  readonly caPath?: string
  /** PEM files of the client's own certificate, both or none. */
  readonly certPath?: string
  readonly keyPath?: string
}

/** What the driver takes. */
export interface TlsOptions {
  readonly rejectUnauthorized: boolean
  readonly verifyIdentity: boolean
  readonly ca?: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
}

const MODES = ['required', 'verify-ca', 'verify-identity'] as const
const PARAMETERS = ['ssl', 'sslCa', 'sslCert', 'sslKey']

/** Reads the parameters of a URI; `refuse` says in its words what is wrong with them. */
export function parseTlsSettings(
  parameters: URLSearchParams,
  host: string,
  refuse: (fault: string) => never,
): TlsSettings | undefined {
  for (const name of parameters.keys()) {
    if (!PARAMETERS.includes(name)) refuse(`it has a parameter "${name}"; ${PARAMETERS.join(', ')} are known`)
    if (parameters.getAll(name).length > 1) refuse(`its parameter ${name} is given twice`)
  }
  const text = (name: string): string | undefined => parameters.get(name) ?? undefined
  const [ssl, caPath, certPath, keyPath] = [text('ssl'), text('sslCa'), text('sslCert'), text('sslKey')]
  if (ssl === undefined && caPath === undefined && certPath === undefined && keyPath === undefined) return undefined
  const mode = MODES.find((each) => each === ssl)
  if (mode === undefined) return refuse(`its ssl is "${ssl ?? ''}"; ${MODES.join(', ')} are known`)
  if (mode === 'required' && caPath !== undefined)
    refuse('sslCa is looked at with ssl=verify-ca or verify-identity only')
  if ((certPath === undefined) !== (keyPath === undefined)) refuse('sslCert and sslKey go together')
  // An address has no name to compare: the driver would take another one.
  if (mode === 'verify-identity' && isIP(host) !== 0) refuse('ssl=verify-identity needs a host name, not an address')
  return {
    mode,
    ...(caPath === undefined ? {} : { caPath }),
    ...(certPath === undefined ? {} : { certPath }),
    ...(keyPath === undefined ? {} : { keyPath }),
  }
}

/** The same settings with paths below a folder. */
export function tlsBelow(folder: string, { mode, caPath, certPath, keyPath }: TlsSettings): TlsSettings {
  return {
    mode,
    ...(caPath === undefined ? {} : { caPath: resolve(folder, caPath) }),
    ...(certPath === undefined ? {} : { certPath: resolve(folder, certPath) }),
    ...(keyPath === undefined ? {} : { keyPath: resolve(folder, keyPath) }),
  }
}

/** Reads the files anew for each connection, so that a renewed certificate needs no restart. @throws MysqlTlsFileError */
export function readTlsOptions({ mode, caPath, certPath, keyPath }: TlsSettings): TlsOptions {
  return {
    rejectUnauthorized: mode !== 'required',
    verifyIdentity: mode === 'verify-identity',
    ...(caPath === undefined ? {} : { ca: readPem('sslCa', caPath) }),
    ...(certPath === undefined ? {} : { cert: readPem('sslCert', certPath) }),
    ...(keyPath === undefined ? {} : { key: readPem('sslKey', keyPath) }),
  }
}

function readPem(parameter: string, path: string): Buffer {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw new MysqlTlsFileError(parameter, path, error)
  }
  if (bytes.includes('-----BEGIN ')) return bytes
  throw new MysqlTlsFileError(parameter, path, 'it is no PEM file')
}
