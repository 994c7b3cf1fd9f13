import { isIPv6 } from 'node:net'
import { plainAddress } from './http-host.ts'

export interface AttemptLimitOptions {
  /** How many attempts one network may fail at once. */
  readonly burst: number
  /** After how many milliseconds it may fail once more. */
  readonly refillMs: number
  /** How many networks are remembered; beyond it the one that failed longest ago is forgotten. */
  readonly networksMax: number
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number
}

interface Failures {
  readonly count: number
  readonly atMs: number
}

/**
 * Slows whoever fails again and again. A network is an IPv4 address, or the 64 bits of an IPv6 address that one
 * subscriber has; failures are forgotten one by one. Memory is bounded whatever the number of addresses.
 */
export class AttemptLimit {
  readonly #options: AttemptLimitOptions
  readonly #now: () => number
  /** Who failed longest ago comes first. */
  readonly #failures = new Map<string, Failures>()

  constructor(options: AttemptLimitOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /** How long the network of an address has to wait before its next attempt, in milliseconds. */
  waitMs(address: string): number {
    const { burst, refillMs } = this.#options
    return Math.max(0, (this.#countOf(networkOf(address)) - (burst - 1)) * refillMs)
  }

  /** An attempt of the address failed. @returns whether it was one that had not to wait */
  failed(address: string): boolean {
    const network = networkOf(address)
    const count = this.#countOf(network)
    const { burst, networksMax } = this.#options
    if (count > burst - 1) return false
    this.#failures.delete(network)
    const [oldest] = this.#failures.keys()
    if (this.#failures.size >= networksMax && oldest !== undefined) this.#failures.delete(oldest)
    this.#failures.set(network, { count: count + 1, atMs: this.#now() })
    return true
  }

  #countOf(network: string): number {
    const known = this.#failures.get(network)
    if (known === undefined) return 0
    return Math.max(0, known.count - (this.#now() - known.atMs) / this.#options.refillMs)
  }
}

function networkOf(address: string): string {
  const plain = plainAddress(address)
  if (!isIPv6(plain)) return plain
  const [head = '', tail = ''] = plain.split('::')
  const before = groupsOf(head)
  const after = groupsOf(tail)
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0')
  return [...before, ...zeros, ...after].slice(0, 4).join(':')
}

/** The groups of a part of an IPv6 address; an IPv4 address at its end stands for two. */
function groupsOf(part: string): string[] {
  if (part === '') return []
  return part.split(':').flatMap((group) => (group.includes('.') ? ['v4', group] : [group.toLowerCase()]))
}
