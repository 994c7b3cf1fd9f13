import { Secret, type SecretText } from '@aesop/kernel'
import { integerWithin, SourceConfigInvalidError } from '@aesop/producer'

/** How the server of a source is reached, in the place of parts of its URI, or of the whole: any character stands for itself. */
export interface ServerOptions {
  readonly host?: string
  readonly port?: number | bigint | string
  readonly user?: string
  /** Asked for at every connection, so that a new one is used at the next. */
  readonly password?: string | SecretText
  /** Id under which the source appears as a replica. */
  readonly serverId?: number | bigint | string
  /** `required`, `verify-ca`, `verify-identity`, `unverified` or `off`; left out: encrypted where the server offers it. */
  readonly ssl?: string
  /** PEM file of the authorities, from the root of the project. */
  readonly sslCa?: string
  /** PEM files of the certificate that is shown to the server, both or none. */
  readonly sslCert?: string
  readonly sslKey?: string
  /** SHA-256 of the server's certificate; several with commas between. */
  readonly sslFingerprint?: string
  /** PEM file of the RSA key by which MySQL decrypts passwords. */
  readonly sslServerPublicKey?: string
}

/** The same, resolved. */
export interface ServerProperties {
  readonly host?: string
  readonly port?: number
  readonly user?: string
  readonly password?: SecretText
  readonly serverId?: number
  /** The `ssl…` properties that were given. */
  readonly ssl: Readonly<Partial<Record<SslProperty, string>>>
}

export const SSL_PROPERTIES = ['ssl', 'sslCa', 'sslCert', 'sslKey', 'sslFingerprint', 'sslServerPublicKey'] as const
export type SslProperty = (typeof SSL_PROPERTIES)[number]

const PORT_MAX = 65_535
const SERVER_ID_MAX = 0xffff_ffff

/** Undefined when none is given. @throws SourceConfigInvalidError */
export function serverProperties(where: string, options: ServerOptions): ServerProperties | undefined {
  const { port, password, serverId } = options
  const host = textOf(where, 'host', options.host)
  // What a URI would read otherwise, or a bracket too many, names no host.
  if (host !== undefined && !/^[^\s/@?#[\]]+$/.test(host)) {
    // The value is not shown: what has an @ may hold a password.
    throw new SourceConfigInvalidError(where, 'host', '***', 'a name or an address of a server, without brackets')
  }
  const user = textOf(where, 'user', options.user)
  const ssl = Object.fromEntries(
    SSL_PROPERTIES.flatMap((name) => {
      const text = textOf(where, name, options[name])
      return text === undefined ? [] : [[name, text]]
    }),
  )
  const given = {
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port: integerWithin(where, 'port', port, 1, PORT_MAX) }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password: Secret.from(password) }),
    ...(serverId === undefined ? {} : { serverId: integerWithin(where, 'serverId', serverId, 1, SERVER_ID_MAX) }),
  }
  return Object.keys(given).length + Object.keys(ssl).length === 0 ? undefined : { ...given, ssl }
}

/** What stands for a source that has no URI: its scheme, host and port, and nothing of its account. */
export function uriOfServer(host: string, port: number | undefined): string {
  return `mysql://${host.includes(':') ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`
}

function textOf(where: string, property: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value
  throw new SourceConfigInvalidError(where, property, value, 'a text')
}
