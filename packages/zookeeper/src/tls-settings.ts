import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { type ConnectionOptions, createSecureContext } from 'node:tls'
import { messageOf, Secret, type SecretText } from '@aesop/kernel'
import { SettingInvalidError } from './errors.ts'
import { type ServerAddress } from './server-list.ts'

/** How the connections to the servers are secured. What is a PEM text or the path of a file is read anew for each connection. */
export interface TlsSettings {
  /** Who signs the certificates of the servers; left out: the authorities that Node knows. */
  readonly ca?: string
  /** The own certificate, with its key: an identity (`x509`) for ACLs. */
  readonly certificate?: string
  readonly key?: string
  /** Of the key. */
  readonly passphrase?: string | SecretText
  /** The name that the certificates have to bear; left out: the host of the server. */
  readonly serverName?: string
  /** `true`: any certificate will do, so that anybody on the way can read and write. */
  readonly unverified?: boolean
}

const PEM = /^\s*-----BEGIN /

/** @throws SettingInvalidError */
export function tlsOptionsOf(tls: TlsSettings, { host, port }: ServerAddress): ConnectionOptions {
  if ((tls.certificate === undefined) !== (tls.key === undefined)) {
    throw SettingInvalidError.of('tls', undefined, 'certificate and key are given together, or neither')
  }
  const name = tls.serverName ?? (isIP(host) === 0 ? host : undefined)
  const options = {
    host,
    port,
    rejectUnauthorized: tls.unverified !== true,
    ...(name === undefined ? {} : { servername: name }),
  }
  return { ...options, secureContext: contextOf(tls) }
}

function contextOf(tls: TlsSettings): ReturnType<typeof createSecureContext> {
  const pem = (name: 'ca' | 'certificate' | 'key'): string | undefined => pemOf(name, tls[name])
  const [ca, cert, key] = [pem('ca'), pem('certificate'), pem('key')]
  const passphrase = tls.passphrase === undefined ? undefined : Secret.from(tls.passphrase).reveal()
  try {
    return createSecureContext({
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(passphrase === undefined ? {} : { passphrase }),
    })
  } catch (cause) {
    throw SettingInvalidError.of('tls', undefined, `certificate, key or authority are not usable: ${messageOf(cause)}`)
  }
}

function pemOf(name: string, value: string | undefined): string | undefined {
  if (value === undefined || PEM.test(value)) return value
  try {
    return readFileSync(value, 'utf8')
  } catch (cause) {
    throw SettingInvalidError.of(`tls.${name}`, value, 'the file can not be read', cause)
  }
}
