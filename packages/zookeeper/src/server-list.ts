import { isIP } from 'node:net'
import { backoffMs } from '@aesop/kernel'
import { ServersInvalidError } from './errors.ts'

const DEFAULT_PORT = 2181
const PORT_MAX = 65_535

export interface ServerAddress {
  readonly host: string
  readonly port: number
}

export function shownServer({ host, port }: ServerAddress): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
}

export interface Servers {
  readonly addresses: readonly ServerAddress[]
  /** '' without one. */
  readonly chroot: string
}

/** Reads `host:port,[ipv6]:port/chroot`; a port that is left out is 2181. @throws ServersInvalidError */
export function parseServers(text: string): Servers {
  const slash = text.indexOf('/')
  const list = slash < 0 ? text : text.slice(0, slash)
  return {
    addresses: list.split(',').map((each) => parseServer(each.trim(), text)),
    chroot: slash < 0 ? '' : text.slice(slash),
  }
}

function parseServer(text: string, all: string): ServerAddress {
  const [, ipv6, name, portText] = /^(?:\[([^\]]*)\]|([^:[\]\s]+))(?::(\d+))?$/.exec(text) ?? []
  const host = ipv6 ?? name
  if (host === undefined) throw ServersInvalidError.of(all, `"${text}" is no host:port`)
  if (ipv6 !== undefined && isIP(ipv6) !== 6) throw ServersInvalidError.of(all, `"${ipv6}" is no IPv6 address`)
  const port = portText === undefined ? DEFAULT_PORT : Number(portText)
  if (port < 1 || port > PORT_MAX) throw ServersInvalidError.of(all, `${port} is no port`)
  return { host, port }
}

/** Between rounds: a whole fleet that lost its servers must not ask for them thousands of times a second. */
const BACKOFF = { initSleepMs: 50, sleepIncFactor: 2, sleepIncDeltaMs: 0, maxSleepMs: 1_000, maxRetryNum: Infinity }

/** Which server is asked next, and how long before: each once at once, then after every round a longer pause. */
export class ServerTurns {
  readonly #servers: readonly ServerAddress[]
  readonly #random: () => number
  #attempts = 0
  #next = 0

  /** @param random in [0, 1): the order of the servers, drawn once, and the spread of the pauses */
  constructor(servers: readonly ServerAddress[], random: () => number) {
    this.#servers = servers
      .map((server) => ({ server, drawn: random() }))
      .sort((a, b) => a.drawn - b.drawn)
      .map(({ server }) => server)
    this.#random = random
  }

  get count(): number {
    return this.#servers.length
  }

  /** The next attempt. */
  take(): { readonly server: ServerAddress; readonly afterMs: number } {
    const server = this.#servers[this.#next % this.count]
    if (server === undefined) throw ServersInvalidError.of('', 'no server')
    this.#next++
    const attempt = this.#attempts++
    const round = Math.floor(attempt / this.count)
    const afterMs = attempt % this.count === 0 && round > 0 ? backoffMs(BACKOFF, round - 1, this.#random()) : 0
    return { server, afterMs }
  }

  /** The next attempt is with this server again. */
  stay(): void {
    this.#next--
  }

  /** A connection has proved to hold: the next attempt is the first of a round. */
  reset(): void {
    this.#attempts = 0
  }
}
