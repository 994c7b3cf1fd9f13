import { Secret, type SecretText } from '@aesop/kernel'
import { SSL_PROPERTIES, type SslProperty } from '../settings/server-properties.ts'
import { MysqlUriInvalidError } from '../error/live-errors.ts'
import { parseTlsSettings, type SslTexts, type TlsSettings } from './tls-settings.ts'

/** A server and how it is spoken to. `masked` is what people may see. */
export interface MysqlUri {
  readonly user: string
  readonly password: SecretText
  readonly host: string
  readonly port: number
  /** The id under which the source appears as a replica; undefined: one is derived. */
  readonly serverId: number | undefined
  /** The base name of the log files; undefined: the server is asked. */
  readonly binlogPrefix: string | undefined
  /** How connections are encrypted, and how the server proves who it is. */
  readonly tls: TlsSettings
  /** The URI with `***` for the password. */
  readonly masked: string
}

/** What a URI says, and no more; anything but the host may be left out. */
export interface MysqlUriParts {
  readonly host: string
  readonly port?: number
  readonly user?: string
  readonly password?: string
  readonly serverId?: number
  readonly binlogPrefix?: string
  readonly ssl: SslTexts
}

const SERVER_ID_MAX = 0xffff_ffff
const DEFAULT_PORT = 3306

/**
 * Reads `mysql://user%2Fpassword@host:port/serverId/binlogPrefix` and `mysql://user:password@host[:port][/serverId[/binlogPrefix]]`,
 * each with parameters of the names of the `ssl…` properties (`ServerOptions`). `mariadb://` is the same.
 *
 * @throws MysqlUriInvalidError
 */
export function parseMysqlUri(text: string): MysqlUri {
  return mysqlUriOf(mysqlUriParts(text), text)
}

/** @param text for messages @throws MysqlUriInvalidError */
export function mysqlUriOf(
  parts: Omit<MysqlUriParts, 'password'> & { readonly password?: string | SecretText },
  text: string,
): MysqlUri {
  const { host, port = DEFAULT_PORT, user, password = '', serverId, binlogPrefix, ssl } = parts
  if (user === undefined) throw fault(text, 'it has no user, and there is no property user')
  const refuse = (what: string): never => {
    throw fault(text, what)
  }
  const tls = parseTlsSettings(ssl, refuse)
  return { host, port, user, password: Secret.from(password), serverId, binlogPrefix, tls, masked: maskMysqlUri(text) }
}

/** @throws MysqlUriInvalidError */
export function mysqlUriParts(text: string): MysqlUriParts {
  const url = urlOf(text)
  const [serverId, prefix = '', ...rest] = url.pathname.split('/').slice(1)
  if (rest.length > 0) throw fault(text, `its path "${url.pathname}" has more parts than server id and log prefix`)
  if (url.hash !== '') throw fault(text, 'it has a fragment, which has no meaning here; write # as %23')
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    ...credentialsOf(url, text),
    ...(serverId === undefined || serverId === '' ? {} : { serverId: serverIdOf(serverId, text) }),
    ...(prefix === '' ? {} : { binlogPrefix: decodeURIComponent(prefix) }),
    ssl: sslTextsOf(url.searchParams, text),
  }
}

/** Any text with the password of a URI replaced by `***`; what is no URI comes back without its user information. */
export function maskMysqlUri(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)(.*)@/i, (_all, scheme: string, userInfo: string) => {
    const user = userInfo.split(/:|%2f/i)[0] ?? ''
    return user.length === userInfo.length ? `${scheme}${user}@` : `${scheme}${user}:***@`
  })
}

/** `host:port` for messages. */
export function serverNameOf(uri: Pick<MysqlUri, 'host' | 'port'>): string {
  return `${uri.host}:${uri.port}`
}

function urlOf(text: string): URL {
  if (!/^(mysql|mariadb):\/\//.test(text)) throw fault(text, 'it does not begin with mysql:// or mariadb://')
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw fault(
      text,
      'host or port can not be read; special characters of the password need %-escapes, the property password takes it as it is',
    )
  }
  if (url.hostname === '') throw fault(text, 'it has no host')
  return url
}

function credentialsOf(url: URL, text: string): { user?: string; password?: string } {
  if (url.username === '') return url.password === '' ? {} : { password: decoded(url.password, text) }
  const [user, password] = [decoded(url.username, text), decoded(url.password, text)]
  const slash = user.indexOf('/')
  if (slash >= 0 && password === '') return { user: user.slice(0, slash), password: user.slice(slash + 1) }
  return password === '' ? { user } : { user, password }
}

function decoded(part: string, text: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw fault(text, 'user or password have a broken %-escape; write % as %25')
  }
}

function serverIdOf(text: string, uri: string): number {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : 0
  if (id < 1 || id > SERVER_ID_MAX) throw fault(uri, `its server id "${text}" is no number from 1 to ${SERVER_ID_MAX}`)
  return id
}

function sslTextsOf(parameters: URLSearchParams, uri: string): SslTexts {
  const texts: Partial<Record<SslProperty, string>> = {}
  for (const [name, value] of parameters) {
    const property = SSL_PROPERTIES.find((each) => each === name)
    if (property === undefined) throw fault(uri, `it has a parameter "${name}"; ${SSL_PROPERTIES.join(', ')} are known`)
    if (texts[property] !== undefined) throw fault(uri, `its parameter ${name} is given twice`)
    texts[property] = value
  }
  return texts
}

function fault(text: string, what: string): MysqlUriInvalidError {
  return new MysqlUriInvalidError(maskMysqlUri(text), what)
}
