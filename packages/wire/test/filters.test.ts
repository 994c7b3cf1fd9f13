import {
  anyOfKeyFilters,
  formatKeyFilter,
  formatSourceFilters,
  javaHashCode,
  type KeyFilter,
  keyPasses,
  parseKeyFilter,
  parseSourceFilters,
} from '@aesop/wire'
import { describe, expect, it } from 'vitest'

const MOD: KeyFilter = { type: 'MOD', buckets: [{ numBuckets: 4n, start: 1n, end: 3n }] }
const RANGE: KeyFilter = { type: 'RANGE', ranges: [{ start: -5n, end: 2n ** 62n }] }
const NONE: KeyFilter = { type: 'NONE' }

function refusal(text: string, parse: (text: string) => unknown = parseKeyFilter): [string, unknown] {
  try {
    parse(text)
  } catch (error) {
    return [(error as Error).message, (error as Error).cause]
  }
  throw new Error('nothing was thrown')
}

describe('the text of a key filter', () => {
  it.each([
    [MOD, '{"partitionType":"MOD","filters":[{"numBuckets":4,"bktRange":{"start":1,"end":3}}]}'],
    [RANGE, '{"partitionType":"RANGE","filters":[{"keyRange":{"start":-5,"end":4611686018427387904}}]}'],
    [NONE, '{"partitionType":"NONE","filters":[]}'],
  ])('is that of Databus, and reads back (%#)', (filter, text) => {
    expect(formatKeyFilter(filter)).toBe(text)
    expect(parseKeyFilter(text)).toEqual(filter)
    expect(formatSourceFilters(new Map([[7, filter]]))).toBe(`{"7":${text}}`)
    expect(parseSourceFilters(`{"7":${text},"12345":${text}}`)).toEqual(
      new Map([
        [7, filter],
        [12345, filter],
      ]),
    )
  })

  it('passes everything without a list', () => {
    expect(parseKeyFilter('{"partitionType":"NONE"}')).toEqual(NONE)
  })

  const mod = (filter: string): string => `{"partitionType":"MOD","filters":[${filter}]}`
  const range = (filter: string): string => `{"partitionType":"RANGE","filters":[${filter}]}`
  it.each([
    ['5', 'the filter is no object'],
    ['null', 'the filter is no object'],
    ['[]', 'the filter is no object'],
    ['{"filters":[]}', 'partitionType undefined is not MOD, RANGE or NONE'],
    ['{"partitionType":"RANGE","filters":{}}', '"filters" is no list'],
    [mod('5'), 'the MOD filter is no object'],
    [mod('{}'), 'numBuckets is no integer'],
    [mod('{"numBuckets":"4"}'), 'numBuckets is no integer'],
    [mod('{"numBuckets":-1}'), 'numBuckets is -1, expected at least 1'],
    [mod('{"numBuckets":1}'), 'the bktRange is no object'],
    [mod('{"numBuckets":1,"bktRange":{"end":1}}'), 'bktRange.start is no integer'],
    [mod('{"numBuckets":1,"bktRange":{"start":1}}'), 'bktRange.end is no integer'],
    [mod('{"numBuckets":1,"bktRange":{"start":1,"end":0}}'), 'bktRange ends at 0, before its start 1'],
    [range('null'), 'the RANGE filter is no object'],
    [range('{}'), 'the keyRange is no object'],
  ])('is refused by name: %s', (text, fault) => {
    expect(refusal(text)).toEqual([`Invalid value for stream.filters: ${fault}`, undefined])
  })

  it('may end where it begins, and then passes nothing', () => {
    const empty = parseKeyFilter(range('{"keyRange":{"start":3,"end":3}}'))
    expect([2n, 3n, 4n].map((key) => keyPasses(empty, key))).toEqual([false, false, false])
  })

  it('keeps why it is no JSON', () => {
    const [message, cause] = refusal('{')
    expect(message).toMatch(/^Invalid value for stream\.filters: .+/)
    expect(cause).toBeInstanceOf(Error)
  })

  it.each(['x', '1x', 'x1', '', '123456', '-1'])('has numbers of sources, not "%s"', (id) => {
    const text = `{"${id}":{"partitionType":"NONE"}}`
    expect(refusal(text, parseSourceFilters)[0]).toBe(
      `Invalid value for stream.filters: source id "${id}" is no number`,
    )
  })
})

describe('a key', () => {
  const bucket = (key: bigint | string, numBuckets = 1_000_003n): bigint => {
    for (let n = 0n; n < numBuckets; n++) {
      if (keyPasses({ type: 'MOD', buckets: [{ numBuckets, start: n, end: n + 1n }] }, key)) return n
    }
    throw new Error('no bucket passes')
  }
  const magnitude = (value: bigint): bigint => (value < 0n ? -value : value)

  it.each(['0', '5', '+5', '-5', '9223372036854775807', '-9223372036854775808', '0000000000000000005'])(
    'of text that spells a long counts as that: %s',
    (text) => {
      const value = BigInt(text.replace('+', ''))
      expect(bucket(text, 97n)).toBe(magnitude(value) % 97n)
      expect(keyPasses({ type: 'RANGE', ranges: [{ start: value, end: value + 1n }] }, text)).toBe(true)
    },
  )

  it.each([
    '9223372036854775808',
    '-9223372036854775809',
    '00000000000000000005',
    ' 5',
    '5 ',
    '5.0',
    '++5',
    '',
    'x5',
    '5x',
  ])('of text that spells none counts as its hash, and has no range: "%s"', (text) => {
    expect(bucket(text, 97n)).toBe(magnitude(BigInt(javaHashCode(text))) % 97n)
    expect(() => keyPasses(RANGE, text)).toThrow('a RANGE filter met a key that is no number; use MOD')
  })

  it('passes when one of several does', () => {
    const two: KeyFilter = { type: 'RANGE', ranges: [10n, 20n].map((start) => ({ start, end: start + 2n })) }
    expect([9n, 10n, 11n, 12n, 20n, 22n].map((key) => keyPasses(two, key))).toEqual([
      false,
      true,
      true,
      false,
      true,
      false,
    ])
    const buckets: KeyFilter = {
      type: 'MOD',
      buckets: [0n, 2n].map((start) => ({ numBuckets: 4n, start, end: start + 1n })),
    }
    expect([0n, 1n, 2n, 3n, -2n].map((key) => keyPasses(buckets, key))).toEqual([true, false, true, false, true])
    expect([keyPasses(NONE, 'x'), keyPasses({ type: 'MOD', buckets: [] }, 1n)]).toEqual([true, false])
  })
})

describe('filters of one source', () => {
  it.each<[KeyFilter[], KeyFilter]>([
    [[], NONE],
    [[MOD], MOD],
    [[RANGE], RANGE],
    [[NONE], NONE],
    [[MOD, RANGE], NONE],
    [[MOD, NONE], NONE],
    [[RANGE, NONE], NONE],
    [[MOD, MOD], { type: 'MOD', buckets: [...MOD.buckets, ...MOD.buckets] }],
    [[{ type: 'MOD', buckets: [] }], NONE],
    [[{ type: 'MOD', buckets: [] }, RANGE], RANGE],
  ])('pass what any of them passes (%#)', (filters, both) => {
    expect(anyOfKeyFilters(filters)).toEqual(both)
  })
})
