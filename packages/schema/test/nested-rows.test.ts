import avro from 'avsc'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  avroNormalForm,
  compileRowEncoder,
  compileRowReader,
  parseRecordSchema,
  PayloadCorruptError,
  PayloadLimitError,
  PayloadUnencodableError,
  SchemaInvalidError,
} from '@aesop/schema'
import { assertProperty } from '../../../test/support/property.ts'

const record = (name: string, fields: object): object => ({ type: 'record', name, fields: listOf(fields) })
const listOf = (fields: object): object[] =>
  Object.entries(fields).map(([name, type]) => ({ name, type: type as object }))
const array = (items: unknown): object => ({ type: 'array', items })
const map = (values: unknown): object => ({ type: 'map', values })
const textOf = (fields: object): string => JSON.stringify(record('Row', fields))

/** A zigzag varint. */
function long(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value >= 0 ? value * 2 : -value * 2 - 1; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) | 0x80)
  }
}

const read = (schema: string, bytes: readonly number[]): unknown => {
  const value = Buffer.from(bytes)
  return compileRowReader(schema)(value, 0, value.length)
}

/** What JSON.parse makes of it: properties of the object itself, whatever their names. */
const own = (json: string): Record<string, unknown> => JSON.parse(json) as Record<string, unknown>

describe('a row of nested types', () => {
  const NESTED = textOf({
    id: 'long',
    list: array(record('Item', { count: 'int', flag: ['null', 'boolean'], ratio: 'double' })),
    byName: map(array('string')),
    kind: { type: 'enum', name: 'Kind', symbols: ['A', 'B'] },
    hash: { type: 'fixed', name: 'Hash', size: 3 },
    chain: record('Link', { bytes: 'bytes', next: ['null', 'Link'] }),
    choice: ['int', 'string', 'boolean'],
  })
  const item = fc.record({ count: fc.integer(), flag: fc.option(fc.boolean()), ratio: fc.double({ noNaN: true }) })
  const { link } = fc.letrec<{ link: object }>((tie) => ({
    link: fc.record({ bytes: fc.uint8Array().map((bytes) => Buffer.from(bytes)), next: fc.option(tie('link')) }),
  }))
  const rows = fc.record({
    id: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    list: fc.array(item),
    byName: fc.dictionary(fc.string(), fc.array(fc.string()), { noNullPrototype: true }),
    kind: fc.constantFrom('A', 'B'),
    hash: fc.uint8Array({ minLength: 3, maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
    chain: link,
    choice: fc.oneof(fc.integer(), fc.string(), fc.boolean()),
  })

  test('comes back as it was encoded, with all digits', () => {
    const encode = compileRowEncoder(NESTED)
    const decode = compileRowReader(NESTED)
    const reached = { items: 0, names: 0, chained: 0, beyondSafe: 0 }
    assertProperty(
      fc.property(rows, (row) => {
        if (row.list.length > 0) reached.items++
        if (Object.keys(row.byName).length > 0) reached.names++
        if ((row.chain as { next: unknown }).next !== null) reached.chained++
        if (row.id > 2n ** 53n || row.id < -(2n ** 53n)) reached.beyondSafe++
        const value = encode(row)
        const back = decode(value, 0, value.length)
        expect(shown(back)).toBe(shown(row))
      }),
      { seed: 6, numRuns: 300, reached, atLeast: 50 },
    )
  })

  test('that was cut short or lengthened at any byte is refused', () => {
    const encode = compileRowEncoder(NESTED)
    const decode = compileRowReader(NESTED)
    const reached = { cuts: 0 }
    assertProperty(
      fc.property(rows, (row) => {
        const value = encode(row)
        for (let bytes = 0; bytes < value.length; bytes++) {
          reached.cuts++
          expect(() => decode(value.subarray(0, bytes), 0, bytes)).toThrow(PayloadCorruptError)
        }
        expect(() => decode(Buffer.concat([value, Buffer.alloc(1)]), 0, value.length + 1)).toThrow(PayloadCorruptError)
      }),
      { seed: 7, numRuns: 3, reached, atLeast: 30 },
    )
  })

  test('may come in blocks that tell their size, as other writers make them', () => {
    expect(read(textOf({ list: array('int') }), [...long(-2), ...long(2), 2, 4, ...long(1), 6, 0])).toEqual({
      list: [1, 2, 3],
    })
  })
})

/** Text that tells bytes, bigints and own properties apart. */
function shown(value: unknown): string {
  return JSON.stringify(value, (_name, item: unknown) => {
    if (typeof item === 'bigint') return `${item}n`
    if (item instanceof Uint8Array) return `bytes ${Buffer.from(item).toString('hex')}`
    // What JSON made of a Buffer before it came here.
    const { type, data } = (item ?? {}) as { type?: unknown; data?: number[] }
    return type === 'Buffer' ? `bytes ${Buffer.from(data ?? []).toString('hex')}` : item
  })
}

describe('a name that every object knows', () => {
  const NAMES = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf']
  const optional = NAMES.map((name) => ({ name, type: ['null', 'string'], default: null }))
  const inner = { type: 'record', name: 'Inner', fields: optional }
  const fields = [...optional, { name: 'inner', type: inner }, { name: 'map', type: map('int') }]
  const schema = JSON.stringify({ type: 'record', name: 'Row', fields })

  test.each(NAMES)('%s stays a field of the row, of a record in it, and a key of a map', (name) => {
    const row = own(`{"${name}": "outer", "inner": {"${name}": "inner"}, "map": {"${name}": 7, "other": 8}}`)
    const value = compileRowEncoder(schema)(row)
    const back = compileRowReader(schema)(value, 0, value.length)
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
    const entries = new Map(Object.entries(back))
    const ownOf = (object: unknown): unknown => new Map(Object.entries(object as object)).get(name)
    expect([entries.get(name), ownOf(entries.get('inner')), ownOf(entries.get('map'))]).toEqual(['outer', 'inner', 7])
  })

  test('is null where it was left out, and not what objects inherit', () => {
    const value = compileRowEncoder(schema)({ inner: {}, map: {} })
    const back = new Map(Object.entries(compileRowReader(schema)(value, 0, value.length)))
    expect(NAMES.map((name) => back.get(name))).toEqual(NAMES.map(() => null))
  })
})

describe('a few bytes that promise much', () => {
  const BILLION = long(1_000_000_000)

  test.each([
    ['an array of nulls', { list: array('null') }, [...BILLION, 0]],
    ['an array of records without fields', { list: array(record('Empty', {})) }, [...BILLION, 0]],
    ['an array of fixed types without bytes', { list: array({ type: 'fixed', name: 'No', size: 0 }) }, [...BILLION, 0]],
    ['nulls in a block that tells its size', { list: array('null') }, [...long(-1_000_000_000), 0, 0]],
    [
      'records of many nulls',
      { list: array(record('Wide', Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, 'null'])))) },
      [...long(2000), 0],
    ],
    ['many blocks of nulls', { list: array('null') }, [...Array.from({ length: 200 }, () => long(10_000)).flat(), 0]],
  ])('%s is refused before it is made', (_what, fields, bytes) => {
    expect(() => read(textOf(fields), bytes)).toThrow(PayloadLimitError)
  })

  test('a map whose entries are not there is corrupt', () => {
    expect(() => read(textOf({ map: map('null') }), [...long(1_000_000), 0])).toThrow(PayloadCorruptError)
  })

  test('a chain of records may have 200 links, and no 300', () => {
    const schema = textOf({ chain: record('Link', { next: ['null', 'Link'] }) })
    const chain = (links: number): number[] => [...Array.from({ length: links }, () => 2), 0]
    expect(() => read(schema, chain(200))).not.toThrow()
    expect(() => read(schema, chain(300))).toThrow(PayloadLimitError)
    expect(() => read(schema, chain(1_000_000))).toThrow(PayloadLimitError)
  })

  test('the bound holds for each row anew', () => {
    const decode = compileRowReader(textOf({ list: array('null') }))
    const value = Buffer.from([...long(600_000), 0])
    for (let row = 0; row < 3; row++) expect(decode(value, 0, value.length)['list']).toHaveLength(600_000)
  })

  test('a row object that holds itself is refused by name', () => {
    const encode = compileRowEncoder(textOf({ chain: record('Link', { next: ['null', 'Link'] }) }))
    const chain: Record<string, unknown> = {}
    chain['next'] = chain
    expect(() => encode({ chain })).toThrow(PayloadUnencodableError)
  })
})

describe('a schema', () => {
  const nested = (levels: number): string =>
    `{"type":"record","name":"Row","fields":[{"name":"deep","type":${'{"type":"array","items":'.repeat(levels)}"int"${'}'.repeat(levels)}}]}`

  test('of a hundred levels is read, of a hundred thousand refused by name', () => {
    expect(parseRecordSchema(nested(100)).fields).toHaveLength(1)
    expect(avroNormalForm(nested(100))).toBeDefined()
    expect(avro.Type.forSchema(JSON.parse(nested(100)) as avro.Schema).typeName).toBe('record')
    expect(() => parseRecordSchema(nested(100_000))).toThrow(SchemaInvalidError)
    expect(() => compileRowReader(nested(100_000))).toThrow(SchemaInvalidError)
    expect(avroNormalForm(nested(100_000))).toBeUndefined()
  })

  test('of many megabytes is refused by name', () => {
    const long = JSON.stringify({ type: 'record', name: 'Row', doc: 'x'.repeat(12_000_000), fields: [] })
    expect(() => parseRecordSchema(long)).toThrow(/12000\d+ characters long, expected at most 4194304/)
    expect(avroNormalForm(long)).toBeUndefined()
  })

  test('that Avro refuses is refused by name on its first use', () => {
    expect(() => compileRowReader(textOf({ list: array('nobody') }))).toThrow(SchemaInvalidError)
  })
})
