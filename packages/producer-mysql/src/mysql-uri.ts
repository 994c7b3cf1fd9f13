import { MysqlUriInvalidError } from './live-errors.ts'
import { parseTlsSettings, type TlsSettings } from './tls-settings.ts'

/** A server and how it is spoken to. The password is in here and nowhere else; `masked` is what people may see. */
export interface MysqlUri {
  readonly user: string
  readonly password: string
  readonly host: string
  readonly port: number
  /** The id under which the source appears as a replica; undefined: one is derived. */
  readonly serverId: number | undefined
  /** The base name of the log files; undefined: the server is asked. */
  readonly binlogPrefix: string | undefined
  /** How connections are encrypted; undefined: they are not. */
  readonly tls: TlsSettings | undefined
  /** The URI with `***` for the password. */
  readonly masked: string
}

const SERVER_ID_MAX = 0xffff_ffff
const DEFAULT_PORT = 3306

/**
 * Reads `mysql://user%2Fpassword@host:port/serverId/binlogPrefix` and `mysql://user:password@host[:port][/serverId[/binlogPrefix]]`,
 * each with `?ssl=required|verify-ca|verify-identity` and, by `&`, `sslCa`, `sslCert` and `sslKey`.
 *
 * @throws MysqlUriInvalidError
 */
export function parseMysqlUri(text: string): MysqlUri {
  const url = urlOf(text)
  const { user, password } = credentialsOf(url, text)
  const [serverId, binlogPrefix, ...rest] = url.pathname.split('/').slice(1)
  if (rest.length > 0) throw fault(text, `its path "${url.pathname}" has more parts than server id and log prefix`)
  if (url.hash !== '') throw fault(text, 'it has a fragment, which has no meaning here; write # as %23')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const refuse = (what: string): never => {
    throw fault(text, what)
  }
  return {
    user,
    password,
    host,
    port: url.port === '' ? DEFAULT_PORT : Number(url.port),
    serverId: serverIdOf(serverId, text),
    binlogPrefix: binlogPrefix === undefined || binlogPrefix === '' ? undefined : decodeURIComponent(binlogPrefix),
    tls: parseTlsSettings(url.searchParams, host, refuse),
    masked: maskMysqlUri(text),
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
  if (!text.startsWith('mysql://')) throw fault(text, 'it does not begin with mysql://')
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw fault(text, 'host or port can not be read; special characters of the password need %-escapes')
  }
  if (url.hostname === '') throw fault(text, 'it has no host')
  return url
}

function credentialsOf(url: URL, text: string): { user: string; password: string } {
  if (url.username === '') throw fault(text, 'it has no user')
  let user: string
  let password: string
  try {
    user = decodeURIComponent(url.username)
    password = decodeURIComponent(url.password)
  } catch {
    throw fault(text, 'user or password have a broken %-escape; write % as %25')
  }
  const slash = user.indexOf('/')
  if (url.password !== '' || slash < 0) return { user, password }
  return { user: user.slice(0, slash), password: user.slice(slash + 1) }
}

function serverIdOf(text: string | undefined, uri: string): number | undefined {
  if (text === undefined || text === '') return undefined
  const id = /^\d{1,10}$/.test(text) ? Number(text) : 0
  if (id < 1 || id > SERVER_ID_MAX) throw fault(uri, `its server id "${text}" is no number from 1 to ${SERVER_ID_MAX}`)
  return id
}

function fault(text: string, what: string): MysqlUriInvalidError {
  return new MysqlUriInvalidError(maskMysqlUri(text), what)
}
