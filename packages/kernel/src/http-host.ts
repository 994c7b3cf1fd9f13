import { isIP, isIPv4 } from 'node:net'

/** What a Host header, or the authority of a URL, names. */
export interface HttpHost {
  /** In lower case, without brackets and without a dot at its end. */
  readonly name: string
  /** Undefined where the port is that of the scheme. */
  readonly port: number | undefined
  /** Whether it is an IP address, and no name that somebody's DNS resolves. */
  readonly isAddress: boolean
}

const PORT_MAX = 65_535
const LOOPBACK_NAMES = new Set(['localhost', 'ip6-localhost', 'ip6-loopback'])

/**
 * Understands `name:port`, `[IPv6]:port`, and what Databus' Java client sends: `name/address:port` and `/address:port`, an
 * IPv6 address with or without brackets. No browser sends a slash, so there the address alone counts.
 */
export function parseHttpHost(text: string): HttpHost | undefined {
  const slash = text.indexOf('/')
  const match = slash < 0 ? PLAIN.exec(text) : OF_JAVA.exec(text.slice(slash + 1))
  const { host = '', port } = match?.groups ?? {}
  const name = withoutBrackets(host).toLowerCase().replace(/\.$/, '')
  const isAddress = isIP(name) !== 0
  if (name === '' || Number(port ?? 0) > PORT_MAX) return undefined
  if (!isAddress && (slash >= 0 || host.startsWith('['))) return undefined
  return { name, port: port === undefined ? undefined : Number(port), isAddress }
}

const PLAIN = /^(?<host>[\w.-]+|\[[\da-f:.]+\])(?::(?<port>\d{1,5}))?$/i
const OF_JAVA = /^(?<host>[\d.]+|[\da-f:.]+|\[[\da-f:.]+\]):(?<port>\d{1,5})$/i

/** What is wrong with a further name of a server; undefined: nothing. */
export function hostNameFault(text: string): string | undefined {
  const parsed = parseHttpHost(text)
  if (parsed === undefined || text.includes('/')) return 'a host name, without scheme and without *'
  return parsed.port === undefined ? undefined : 'a host name without a port'
}

/** Whether only this machine reaches a host name or address. */
export function isLoopback(host: string): boolean {
  const name = plainAddress(withoutBrackets(host).toLowerCase()).replace(/\.$/, '')
  if (LOOPBACK_NAMES.has(name) || name.endsWith('.localhost')) return true
  return isIPv4(name) ? name.startsWith('127.') : name === '::1'
}

/** An address as it counts: without the zone of IPv6, and as IPv4 where it is an IPv4 address in IPv6. */
export function plainAddress(address: string): string {
  const plain = address.replace(/%.*$/s, '')
  const mapped = /^::ffff:([\d.]+)$/i.exec(plain)?.[1]
  return mapped !== undefined && isIPv4(mapped) ? mapped : plain
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[|\]$/g, '')
}
