import { describe, expect, it } from 'vitest'
import {
  anyOfKeyFilters,
  javaHashCode,
  type KeyFilter,
  keyPasses,
  parseKeyFilter,
  parseSourceFilters,
} from '@aesop/wire'

const mod = (numBuckets: bigint, start: bigint, end: bigint): KeyFilter => ({
  type: 'MOD',
  buckets: [{ numBuckets, start, end }],
})
const range = (start: bigint, end: bigint): KeyFilter => ({ type: 'RANGE', ranges: [{ start, end }] })

describe('a MOD filter', () => {
  it.each([0n, 1n, 19n, -1n, -19n, -(2n ** 63n), 2n ** 63n - 1n, '17', '-17', 'abc', '', 'polygenelubricants'])(
    'puts the key %s into exactly one of ten buckets',
    (key) => {
      const passing = Array.from({ length: 10 }, (_, n) => mod(10n, BigInt(n), BigInt(n + 1))).filter((filter) =>
        keyPasses(filter, key),
      )
      expect(passing).toHaveLength(1)
    },
  )

  it('takes the magnitude of the smallest long', () => {
    expect(keyPasses(mod(10n, 8n, 9n), -(2n ** 63n))).toBe(true)
  })

  it('reads a numeric text as its number and any other by its Java hash code', () => {
    expect(javaHashCode('polygenelubricants')).toBe(-2147483648)
    expect(javaHashCode('abc')).toBe(96354)
    expect(keyPasses(mod(10n, 4n, 5n), 'abc')).toBe(true)
    expect(keyPasses(mod(10n, 7n, 8n), '17')).toBe(true)
    expect(keyPasses(mod(10n, 8n, 9n), 'polygenelubricants')).toBe(true)
  })
})

describe('a RANGE filter', () => {
  it('begins at its start and ends before its end', () => {
    expect([-1n, 0n, 99n, 100n].map((key) => keyPasses(range(0n, 100n), key))).toEqual([false, true, true, false])
  })

  it('fails on a text key instead of losing the row', () => {
    expect(() => keyPasses(range(0n, 100n), 'abc')).toThrow('no number')
    expect(keyPasses(range(0n, 100n), '5')).toBe(true)
  })
})

describe('filters together', () => {
  it('pass what any of them passes', () => {
    const both = anyOfKeyFilters([range(0n, 10n), range(20n, 30n)])
    expect([5n, 15n, 25n].map((key) => keyPasses(both, key))).toEqual([true, false, true])
    const mixed = anyOfKeyFilters([range(0n, 10n), mod(10n, 0n, 1n)])
    expect([5n, 20n].every((key) => keyPasses(mixed, key))).toBe(true)
    expect(anyOfKeyFilters([{ type: 'NONE' }, range(0n, 1n)])).toEqual({ type: 'NONE' })
  })
})

describe('the JSON of a filter', () => {
  it('is that of Databus', () => {
    const text = '{"40":{"partitionType":"MOD","filters":[{"numBuckets":10,"bktRange":{"start":0,"end":2}}]}}'
    expect(parseSourceFilters(text).get(40)).toEqual(mod(10n, 0n, 2n))
  })

  it.each([
    ['{"partitionType":"HASH","filters":[]}', 'partitionType "HASH"'],
    ['{"partitionType":"MOD","filters":[{"numBuckets":0,"bktRange":{"start":0,"end":1}}]}', 'numBuckets is 0'],
    ['{"partitionType":"MOD"}', '"filters" is no list'],
    ['{"partitionType":"RANGE","filters":[{"keyRange":{"start":5,"end":1}}]}', 'keyRange ends at 1'],
    ['{"partitionType":"RANGE","filters":[{"keyRange":{"start":0.5,"end":1}}]}', 'keyRange.start is no integer'],
    ['nonsense', 'Invalid value for stream.filters'],
  ])('is refused by name when it is wrong: %s', (text, fault) => {
    expect(() => parseKeyFilter(text)).toThrow(fault)
  })
})
