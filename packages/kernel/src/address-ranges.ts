import { BlockList, isIP } from 'node:net'
import { plainAddress } from './http-host.ts'

interface Range {
  readonly address: string
  readonly bits: number
  readonly family: 'ipv4' | 'ipv6'
}

/** A set of addresses, written as `10.1.0.0/16`, `fd00::/8` or a single address. */
export class AddressRanges {
  readonly #list = new BlockList()
  readonly isEmpty: boolean

  /** @param texts each without a `rangeFault`; one that has a fault holds no address */
  constructor(texts: readonly string[]) {
    this.isEmpty = texts.length === 0
    for (const text of texts) {
      const range = parseRange(text)
      if (range !== undefined) this.#list.addSubnet(range.address, range.bits, range.family)
    }
  }

  /** Whether an address as a socket gives it is one of them; IPv4 in IPv6 counts as IPv4. */
  has(address: string): boolean {
    const plain = plainAddress(address)
    const version = isIP(plain)
    return version !== 0 && this.#list.check(plain, version === 4 ? 'ipv4' : 'ipv6')
  }
}

/** What a text should be, that is no range of addresses; undefined: it is one. */
export function rangeFault(text: string): string | undefined {
  if (parseRange(text) === undefined) return 'an address or a range like 10.1.0.0/16 or fd00::/8'
  const range = new AddressRanges([text])
  const isEverybody = ENDS.some((ends) => ends.every((address) => range.has(address)))
  return isEverybody ? 'a range that is not everybody; insecure: true lets everybody in' : undefined
}

/** The first and the last address of each kind: a range that holds both holds all, in whatever form it is written. */
const ENDS = [
  ['0.0.0.0', '255.255.255.255'],
  ['::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
]

function parseRange(text: string): Range | undefined {
  const [given = '', length, ...more] = text.split('/')
  const version = isIP(given)
  if (version === 0 || given.includes('%') || more.length > 0) return undefined
  const bitsMax = version === 4 ? 32 : 128
  const bits = length === undefined ? bitsMax : /^\d{1,3}$/.test(length) ? Number(length) : NaN
  if (!(bits >= 0 && bits <= bitsMax)) return undefined
  const address = plainAddress(given)
  if (version === 4 || address === given) return { address, bits, family: version === 4 ? 'ipv4' : 'ipv6' }
  // A range of IPv4 addresses that is written in IPv6.
  return bits < 96 ? undefined : { address, bits: bits - 96, family: 'ipv4' }
}
