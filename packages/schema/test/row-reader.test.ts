import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import {
  compileRowEncoder,
  compileRowReader,
  interpretRow,
  parseRecordSchema,
  PayloadCorruptError,
  type Row,
} from '@aesop/schema'
import { assertProperty } from '../../../test/support/property.ts'

const SCHEMA = JSON.stringify({
  type: 'record',
  name: 'Everything',
  namespace: 'shop',
  meta: 'dbFieldName=everything;pk=id;',
  fields: [
    { name: 'id', type: 'long', meta: 'dbFieldName=id;dbFieldPosition=0;dbFieldType=bigint;' },
    { name: 'count', type: 'int' },
    { name: 'visits', type: 'long', meta: 'dbFieldType=int unsigned;' },
    { name: 'huge', type: ['null', 'long'], default: null, meta: 'dbFieldType=bigint unsigned;' },
    { name: 'flags', type: 'long', meta: 'dbFieldType=bit(64);' },
    { name: 'ratio', type: 'float' },
    { name: 'exact', type: ['double', 'null'] },
    { name: 'title', type: ['null', 'string'], default: null },
    { name: 'cover', type: 'bytes' },
    { name: 'sold', type: ['null', { type: 'long', logicalType: 'timestamp-micros' }], default: null },
    { name: 'open', type: 'boolean' },
    { name: '__proto', type: 'int' },
  ],
})

const rows = fc.record({
  id: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  count: fc.integer(),
  visits: fc.nat({ max: 0xffffffff }),
  huge: fc.option(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  flags: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  ratio: fc.float({ noNaN: true }),
  exact: fc.option(fc.double({ noNaN: true })),
  title: fc.option(fc.string({ unit: 'binary' })),
  cover: fc.uint8Array(),
  sold: fc.option(fc.bigInt({ min: 0n, max: 2n ** 52n })),
  open: fc.boolean(),
  __proto: fc.integer(),
})

/** What avsc is given: bytes as Buffers. */
function forEncoder(row: Row): Row {
  return { ...row, cover: Buffer.from(row['cover'] as Uint8Array) }
}

describe('a compiled row reader', () => {
  const encode = compileRowEncoder(SCHEMA)
  const read = compileRowReader(SCHEMA)

  test('gives back every row that avsc encoded, wherever it lies in a buffer', () => {
    const reached = { withNull: 0, beyondSafe: 0, displaced: 0 }
    assertProperty(
      fc.property(rows, fc.nat({ max: 9 }), (row, before) => {
        if (row.title === null || row.huge === null) reached.withNull++
        if (row.id > 2n ** 53n || row.flags > 2n ** 63n) reached.beyondSafe++
        if (before > 0) reached.displaced++
        const value = encode(forEncoder(row))
        const bytes = Buffer.concat([Buffer.alloc(before, 0xff), value, Buffer.from('after')])
        expect(read(bytes, before, before + value.length)).toEqual(row)
      }),
      { seed: 1, numRuns: 500, reached, atLeast: 100 },
    )
  })

  test('agrees with the readable interpreter', () => {
    const reached = { withNull: 0, whole: 0 }
    assertProperty(
      fc.property(rows, (row) => {
        reached[[row.title, row.huge, row.exact, row.sold].includes(null) ? 'withNull' : 'whole']++
        const value = encode(forEncoder(row))
        expect(read(value, 0, value.length)).toEqual(interpretRow(parseRecordSchema(SCHEMA), value, 0, value.length))
      }),
      { seed: 2, numRuns: 200, reached, atLeast: 20 },
    )
  })

  test('refuses a value that was cut short or lengthened at any byte', () => {
    const reached = { cuts: 0 }
    assertProperty(
      fc.property(rows, (row) => {
        const value = encode(forEncoder(row))
        for (let bytes = 0; bytes < value.length; bytes++) {
          reached.cuts++
          expect(() => read(value.subarray(0, bytes), 0, bytes)).toThrow(PayloadCorruptError)
        }
        expect(() => read(Buffer.concat([value, Buffer.alloc(1)]), 0, value.length + 1)).toThrow(PayloadCorruptError)
      }),
      { seed: 3, numRuns: 3, reached, atLeast: 60 },
    )
  })

  test('hands out bytes of their own, which outlive the buffer they came in', () => {
    const value = encode(
      forEncoder({ ...fc.sample(rows, { seed: 4, numRuns: 1 })[0], cover: new Uint8Array([1, 2, 3]) }),
    )
    const row = read(value, 0, value.length)
    value.fill(0)
    expect(row['cover']).toEqual(new Uint8Array([1, 2, 3]))
  })

  test('reads schemas with nested types through avsc, with all digits', () => {
    const schema = JSON.stringify({
      type: 'record',
      name: 'Nested',
      fields: [
        { name: 'id', type: 'long' },
        { name: 'tags', type: { type: 'array', items: 'string' } },
      ],
    })
    const value = compileRowEncoder(schema)({ id: 2n ** 62n + 1n, tags: ['a', 'b'] })
    expect(compileRowReader(schema)(value, 0, value.length)).toEqual({ id: 2n ** 62n + 1n, tags: ['a', 'b'] })
  })
})

describe('a row encoder', () => {
  test('names the field that does not fit and never its value', () => {
    const encode = compileRowEncoder(SCHEMA)
    const row = forEncoder({ ...fc.sample(rows, { seed: 5, numRuns: 1 })[0], count: 'secret' })
    expect(() => encode(row)).toThrow(/field "count" is string, expected int/)
    expect(() => encode(row)).not.toThrow(/secret/)
  })
})
