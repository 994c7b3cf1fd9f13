import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type SslProperty } from '../settings/server-properties.ts'
import { MysqlTlsFileError } from '../error/live-errors.ts'

/**
 * How the connections to a server are encrypted, and how it proves who it is. `auto` is what holds when nothing is said.
 *
 * | mode              | encrypted               | the server's proof                                             |
 * |-------------------|-------------------------|----------------------------------------------------------------|
 * | auto              | where the server offers | off loopback or with `caPath`: authority and host name          |
 * | required          | yes                     | the same                                                       |
 * | verify-ca         | yes                     | authority of `caPath`, everywhere                              |
 * | verify-identity   | yes                     | authority and host name (or address), everywhere                |
 * | unverified        | yes                     | none                                                           |
 * | off               | no                      | none                                                           |
 *
 * With `fingerprints` the certificate is one of those, and nothing else of it is looked at. With `serverPublicKeyPath` the
 * connection is not encrypted, and the password is only sent so that the owner of that key can read it.
 */
export interface TlsSettings {
  readonly mode: 'auto' | (typeof MODES)[number]
  /** PEM file of the authorities; undefined: the ones that Node and the system trust. */
  readonly caPath?: string
  /** PEM files of the client's own certificate, both or none. */
  readonly certPath?: string
  readonly keyPath?: string
  /** SHA-256 of certificates, 64 hexadecimal digits in lower case. */
  readonly fingerprints?: readonly string[]
  /** PEM file of MySQL's RSA key for passwords. */
  readonly serverPublicKeyPath?: string
}

/** The bytes of the files. */
export interface TlsFiles {
  readonly ca?: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
}

const MODES = ['required', 'verify-ca', 'verify-identity', 'unverified', 'off'] as const

export type SslTexts = Readonly<Partial<Record<SslProperty, string>>>

/** Reads what a URI and properties say; `refuse` says in its words what is wrong with them. */
export function parseTlsSettings(texts: SslTexts, refuse: (fault: string) => never): TlsSettings {
  const { ssl, sslCa, sslCert, sslKey, sslFingerprint, sslServerPublicKey } = texts
  const mode = ssl === undefined ? 'auto' : MODES.find((each) => each === ssl)
  if (mode === undefined) return refuse(`its ssl is "${ssl ?? ''}"; ${MODES.join(', ')} are known, or none`)
  if ((sslCert === undefined) !== (sslKey === undefined)) refuse('sslCert and sslKey go together')
  refuseIdle(mode, texts, refuse)
  return {
    mode,
    ...(sslCa === undefined ? {} : { caPath: sslCa }),
    ...(sslCert === undefined ? {} : { certPath: sslCert }),
    ...(sslKey === undefined ? {} : { keyPath: sslKey }),
    ...(sslFingerprint === undefined ? {} : { fingerprints: fingerprintsIn(sslFingerprint, refuse) }),
    ...(sslServerPublicKey === undefined ? {} : { serverPublicKeyPath: sslServerPublicKey }),
  }
}

/** A setting that another one makes idle is refused: somebody relies on it. */
function refuseIdle(mode: TlsSettings['mode'], texts: SslTexts, refuse: (fault: string) => never): void {
  const { sslCa, sslCert, sslFingerprint, sslServerPublicKey } = texts
  const proofs = Object.entries({ sslCa, sslFingerprint, sslServerPublicKey }).flatMap(([name, text]) =>
    text === undefined ? [] : [name],
  )
  if (proofs.length > 1) refuse(`${proofs.join(' and ')} exclude each other: one proof is looked at`)
  const [proof] = proofs
  // Authorities of the system sign for everybody: without a name to compare, anybody is proven.
  if (mode === 'verify-ca' && sslCa === undefined) refuse('ssl=verify-ca needs sslCa; without it use verify-identity')
  if (mode === 'unverified' && proof !== undefined) refuse(`${proof} is not looked at with ssl=unverified`)
  if (mode === 'off' && (sslCa ?? sslCert ?? sslFingerprint) !== undefined)
    refuse('with ssl=off no certificate is looked at, nor shown')
  if (proof === 'sslFingerprint' && mode.startsWith('verify-'))
    refuse(`with sslFingerprint the certificate is known, ssl=${mode} is not looked at`)
  if (proof === 'sslServerPublicKey' && (mode !== 'auto' || sslCert !== undefined) && mode !== 'off')
    refuse('with sslServerPublicKey the connection is not encrypted: no other ssl setting goes with it')
}

function fingerprintsIn(text: string, refuse: (fault: string) => never): readonly string[] {
  return text.split(',').map((each) => {
    const digits = each
      .trim()
      .replace(/^sha-?256[:=]/i, '')
      .replaceAll(':', '')
      .toLowerCase()
    return /^[0-9a-f]{64}$/.test(digits) ? digits : refuse('its sslFingerprint is no SHA-256: 64 hexadecimal digits')
  })
}

/** The same settings with paths below a folder. */
export function tlsBelow(folder: string, settings: TlsSettings): TlsSettings {
  const below = { ...settings }
  for (const name of ['caPath', 'certPath', 'keyPath', 'serverPublicKeyPath'] as const) {
    const path = settings[name]
    if (path !== undefined) below[name] = resolve(folder, path)
  }
  return below
}

/** Reads the files anew for each connection, so that a renewed certificate needs no restart. @throws MysqlTlsFileError */
export function readTlsFiles({ caPath, certPath, keyPath }: TlsSettings): TlsFiles {
  return {
    ...(caPath === undefined ? {} : { ca: readPem('sslCa', caPath) }),
    ...(certPath === undefined ? {} : { cert: readPem('sslCert', certPath) }),
    ...(keyPath === undefined ? {} : { key: readPem('sslKey', keyPath) }),
  }
}

/** @throws MysqlTlsFileError */
export function readServerPublicKey(path: string): Buffer {
  const bytes = readPem('sslServerPublicKey', path)
  try {
    createPublicKey(bytes)
  } catch (error) {
    throw new MysqlTlsFileError('sslServerPublicKey', path, error)
  }
  return bytes
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
