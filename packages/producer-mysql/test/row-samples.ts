import fc from 'fast-check'
import { parseRecordSchema, type RecordField } from '@aesop/schema'
import { binlogColumn, type BinlogColumn } from '../src/table/binlog-column.ts'
import { ColumnType } from '../src/log/column-type.ts'
import { deriveSchema } from '../src/row/schema-derivation.ts'
import { type MappedColumn } from '../src/log/table-map.ts'
import { jsonBinary } from './json-samples.ts'

/* Row images as a server could have written them. */

/** A column and an arbitrary of its bytes in a row image. */
export interface Sample {
  readonly mapped: Omit<MappedColumn, 'nullable'>
  readonly image: fc.Arbitrary<Buffer>
}

const fixed = (bytes: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((value) => Buffer.from(value))
export const prefixed = (prefixBytes: number, value: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  value.map((bytes) => {
    const prefix = Buffer.alloc(prefixBytes)
    prefix.writeUIntLE(bytes.length, 0, prefixBytes)
    return Buffer.concat([prefix, bytes])
  })
export const anyBytes = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((value) => Buffer.from(value))
const utf8 = fc.string({ unit: 'binary', maxLength: 60 }).map((text) => Buffer.from(text, 'utf8'))

/** Digits packed as the server does. */
function decimalImage(precision: number, scale: number): fc.Arbitrary<Buffer> {
  const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: precision, maxLength: precision })
  return fc.tuple(digits, fc.boolean()).map(([all, negative]) => {
    const whole = all.slice(0, precision - scale).join('')
    const groups = [...split(whole, true), ...split(all.slice(precision - scale).join(''), false)]
    const bytes = Buffer.concat(groups)
    bytes[0] = (bytes[0] ?? 0) ^ 0x80
    // Zero, too: no server writes it negative, but its bytes can say so.
    if (negative) for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] ?? 0) ^ 0xff
    return bytes
  })
}

function split(digits: string, restFirst: boolean): Buffer[] {
  const rest = digits.length % 9
  const groups = restFirst
    ? [digits.slice(0, rest), ...(digits.slice(rest).match(/.{9}/g) ?? [])]
    : [...(digits.slice(0, digits.length - rest).match(/.{9}/g) ?? []), digits.slice(digits.length - rest)]
  return groups
    .filter((group) => group !== '')
    .map((group) => {
      const bytes = Buffer.alloc([0, 1, 1, 2, 2, 3, 3, 4, 4, 4][group.length] ?? 4)
      bytes.writeUIntBE(Number(group), 0, bytes.length)
      return bytes
    })
}

/** Fractions beyond their digits never come from a server. */
const fraction = (digits: number): fc.Arbitrary<Buffer> => {
  const bytes = (digits + 1) >> 1
  if (bytes === 0) return fc.constant(Buffer.alloc(0))
  const step = digits % 2 === 1 ? 10 : 1
  return fc.integer({ min: 0, max: 10 ** digits - 1 }).map((value) => {
    const image = Buffer.alloc(bytes)
    image.writeUIntBE(value * step, 0, bytes)
    return image
  })
}
const joined = (...parts: fc.Arbitrary<Buffer>[]): fc.Arbitrary<Buffer> =>
  fc.tuple(...parts).map((all) => Buffer.concat(all))

function datetimeHead(): fc.Arbitrary<Buffer> {
  const parts = fc.tuple(
    fc.integer({ min: 0, max: 9999 }),
    fc.integer({ min: 0, max: 12 }),
    fc.integer({ min: 0, max: 31 }),
    fc.integer({ min: 0, max: 86399 }),
  )
  return parts.map(([year, month, day, seconds]) => {
    const clock = (Math.floor(seconds / 3600) << 12) | ((Math.floor(seconds / 60) % 60) << 6) | (seconds % 60)
    const image = Buffer.alloc(5)
    image.writeUIntBE(0x8000000000 + ((year * 13 + month) * 32 + day) * 0x20000 + clock, 0, 5)
    return image
  })
}

function timeImage(digits: number): fc.Arbitrary<Buffer> {
  const bytes = (digits + 1) >> 1
  const seconds = fc.integer({ min: 0, max: 838 * 3600 + 3599 })
  const fractionMax = digits === 0 ? 0 : 10 ** digits - 1
  return fc.tuple(seconds, fc.integer({ min: 0, max: fractionMax }), fc.boolean()).map(([all, part, negative]) => {
    const clock = BigInt((Math.floor(all / 3600) << 12) | ((Math.floor(all / 60) % 60) << 6) | (all % 60))
    const magnitude = (clock << BigInt(bytes * 8)) + BigInt(digits % 2 === 1 ? part * 10 : part)
    const biased = (0x800000n << BigInt(bytes * 8)) + (negative ? -magnitude : magnitude)
    return Buffer.from(biased.toString(16).padStart((3 + bytes) * 2, '0'), 'hex')
  })
}

const DIGITS = [0, 1, 2, 3, 4, 5, 6]
const integers = [
  [ColumnType.TINY, 1],
  [ColumnType.SHORT, 2],
  [ColumnType.INT24, 3],
  [ColumnType.LONG, 4],
  [ColumnType.LONGLONG, 8],
] as const
export const SAMPLES: Sample[] = [
  ...integers.flatMap(([type, bytes]) =>
    [true, false].map((unsigned) => ({ mapped: { type, meta: 0, unsigned }, image: fixed(bytes) })),
  ),
  { mapped: { type: ColumnType.YEAR, meta: 0 }, image: fixed(1) },
  {
    mapped: { type: ColumnType.FLOAT, meta: 4 },
    image: fc.float({ noNaN: true }).map((v) => {
      const b = Buffer.alloc(4)
      b.writeFloatLE(v)
      return b
    }),
  },
  {
    mapped: { type: ColumnType.DOUBLE, meta: 8 },
    image: fc.double({ noNaN: true }).map((v) => {
      const b = Buffer.alloc(8)
      b.writeDoubleLE(v)
      return b
    }),
  },
  ...[
    [10, 2],
    [65, 30],
    [65, 0],
    [9, 9],
    [1, 0],
    [9, 0],
    [4, 1],
    [12, 4],
    [10, 9],
    [38, 19],
    [18, 9],
    [5, 5],
  ].map(([precision = 1, scale = 0]) => ({
    mapped: { type: ColumnType.NEWDECIMAL, meta: precision | (scale << 8) },
    image: decimalImage(precision, scale),
  })),
  ...[1, 8, 9, 33, 64].map((bits) => ({
    mapped: { type: ColumnType.BIT, meta: ((bits >> 3) << 8) | (bits & 7) },
    image: fixed((bits + 7) >> 3),
  })),
  { mapped: { type: ColumnType.VARCHAR, meta: 200, collation: 45 }, image: prefixed(1, utf8) },
  { mapped: { type: ColumnType.VARCHAR, meta: 400, collation: 8 }, image: prefixed(2, anyBytes(100)) },
  { mapped: { type: ColumnType.VARCHAR, meta: 400, collation: 35 }, image: prefixed(2, fixed(20)) },
  { mapped: { type: ColumnType.VARCHAR, meta: 400, collation: 51 }, image: prefixed(2, anyBytes(100)) },
  { mapped: { type: ColumnType.VARCHAR, meta: 400, collation: 63 }, image: prefixed(2, anyBytes(300)) },
  { mapped: { type: ColumnType.STRING, meta: 16, collation: 63 }, image: prefixed(1, anyBytes(16)) },
  { mapped: { type: ColumnType.BLOB, meta: 3, collation: 63 }, image: prefixed(3, anyBytes(300)) },
  { mapped: { type: ColumnType.BLOB, meta: 4, collation: 33 }, image: prefixed(4, utf8) },
  { mapped: { type: ColumnType.JSON, meta: 4 }, image: prefixed(4, jsonBinary) },
  { mapped: { type: ColumnType.GEOMETRY, meta: 4 }, image: prefixed(4, anyBytes(60)) },
  {
    mapped: { type: ColumnType.ENUM, meta: 1, collation: 45, labels: [Buffer.from('a'), Buffer.from('ü,')] },
    image: fc.integer({ min: 0, max: 2 }).map((v) => Buffer.from([v])),
  },
  {
    mapped: { type: ColumnType.SET, meta: 1, collation: 45, labels: [Buffer.from('a'), Buffer.from('ü')] },
    image: fc.integer({ min: 0, max: 3 }).map((v) => Buffer.from([v])),
  },
  {
    mapped: { type: ColumnType.DATE, meta: 0 },
    image: fc
      .tuple(fc.integer({ min: 0, max: 9999 }), fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 31 }))
      .map(([y, m, d]) => {
        const b = Buffer.alloc(3)
        b.writeUIntLE((y << 9) | (m << 5) | d, 0, 3)
        return b
      }),
  },
  ...DIGITS.flatMap((meta) => [
    { mapped: { type: ColumnType.DATETIME2, meta }, image: joined(datetimeHead(), fraction(meta)) },
    { mapped: { type: ColumnType.TIMESTAMP2, meta }, image: joined(fixed(4), fraction(meta)) },
    { mapped: { type: ColumnType.TIME2, meta }, image: timeImage(meta) },
  ]),
]

export const columnsOf = (samples: readonly Sample[], nullable: boolean): BinlogColumn[] =>
  samples.map(({ mapped }, i) => binlogColumn('d.t', i, { ...mapped, nullable, name: `c${i}` }, undefined))

export function fieldsOf(columns: readonly BinlogColumn[]): readonly RecordField[] {
  return parseRecordSchema(deriveSchema({ database: 'd', table: 't', columns, primaryKey: [] }, 'null')).fields
}

/** A bit per NULL, and the values; three bytes before them, five behind. */
export function imageOf(values: readonly (Buffer | null)[]): Buffer {
  const nulls = Buffer.alloc((values.length + 7) >> 3)
  values.forEach((value, i) => {
    if (value === null) nulls[i >> 3] = (nulls[i >> 3] ?? 0) | (1 << (i & 7))
  })
  return Buffer.concat([Buffer.alloc(3), nulls, ...values.filter((value) => value !== null), Buffer.alloc(5)])
}
