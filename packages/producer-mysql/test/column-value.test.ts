import { describe, expect, it } from 'vitest'
import { binlogColumn } from '../src/table/binlog-column.ts'
import { charsetOfCollation, textDecodingOf } from '../src/table/charset.ts'
import { ColumnType } from '../src/log/column-type.ts'
import { readColumnValue } from '../src/row/column-value.ts'
import { BinlogEventCorruptError, ColumnUnsupportedError } from '../src/error/errors.ts'
import { jsonBinaryToText } from '../src/row/json-binary.ts'
import { rowKey } from '../src/row/row-key.ts'
import { tableOfDdl } from '../src/shape/schema-change.ts'

const column = (type: number, meta = 0, more: object = {}) =>
  binlogColumn('d.t', 0, { type, meta, nullable: true, name: 'c', ...more }, undefined)

describe('a column', () => {
  it('of a type or character set that nobody can decode for sure is refused, never guessed', () => {
    expect(() => column(ColumnType.DECIMAL)).toThrow(ColumnUnsupportedError)
    expect(() => column(ColumnType.VARCHAR, 10, { collation: 999 })).toThrow(/999/)
    expect(() => column(ColumnType.ENUM, 1, { collation: 45 })).toThrow(/labels/)
  })

  it('of an old temporal type reads as the server prints it', () => {
    const old = Buffer.alloc(8)
    old.writeBigUInt64LE(20240229123456n)
    expect(readColumnValue(column(ColumnType.DATETIME), old, 0)).toBe('2024-02-29 12:34:56')
    old.writeIntLE(-1234567, 0, 3)
    expect(readColumnValue(column(ColumnType.TIME), old, 0)).toBe('-123:45:67')
    old.writeUInt32LE(1)
    expect(readColumnValue(column(ColumnType.TIMESTAMP), old, 0)).toBe(1_000_000n)
  })

  it.each([
    ['DATETIME', ColumnType.DATETIME, 'datetime(3)'],
    ['TIME', ColumnType.TIME, 'time(6)'],
    ['TIMESTAMP', ColumnType.TIMESTAMP, 'timestamp(1)'],
  ])('of the old type %s in a log of MariaDB is refused unless somebody knows its digits', (_type, type, typeName) => {
    const described = { name: 'c', unsigned: false, charset: undefined, labels: undefined, typeName }
    const mapped = { type, meta: 0, nullable: true, name: 'c', fractionUnlogged: true } as const
    expect(() => binlogColumn('d.t', 0, mapped, undefined)).toThrow(ColumnUnsupportedError)
    expect(() => binlogColumn('d.t', 0, mapped, undefined)).toThrow(/d\.t.*column c.*digits of fractional seconds/)
    expect(() => binlogColumn('d.t', 0, mapped, { ...described, typeName: 'int(11)' })).toThrow(/int\(11\)/)
    const told = binlogColumn('d.t', 0, mapped, { ...described, typeName: `${typeName} /* mariadb-5.3 */` })
    expect(told).toMatchObject({ typeName, fractionDigits: Number(/\d/.exec(typeName)?.[0]) })
    // Schemas that are made before the first row take the codes of today.
    const today = { type: ColumnType.DATETIME2, meta: 0, nullable: true }
    const early = binlogColumn('d.t', 0, today, { ...described, typeName: `${typeName} /* mariadb-5.3 */` })
    expect(early.typeName).toBe(typeName)
  })

  it('with a label number that has no label is a corrupt event', () => {
    const labelled = column(ColumnType.ENUM, 1, { collation: 45, labels: [Buffer.from('a')] })
    expect(() => readColumnValue(labelled, Buffer.from([2]), 0)).toThrow(BinlogEventCorruptError)
    expect(readColumnValue(labelled, Buffer.from([0]), 0)).toBe('')
  })
})

describe('a character set', () => {
  it('is found for padded, unpadded and UCA 14 collations', () => {
    expect([8, 33, 45, 63, 255, 309].map(charsetOfCollation)).toEqual([
      'latin1',
      'utf8mb3',
      'utf8mb4',
      'binary',
      'utf8mb4',
      'utf8mb4',
    ])
    expect([1024 + 8, 1024 + 45, 2048, 2304, 3072].map(charsetOfCollation)).toEqual([
      'latin1',
      'utf8mb4',
      'utf8mb3',
      'utf8mb4',
      'utf32',
    ])
    expect(charsetOfCollation(17)).toBeUndefined()
  })

  it('latin1 is cp1252, with its five undefined codes kept', () => {
    const bytes = Buffer.from([0x80, 0x81, 0x8d, 0x9f, 0xe9, 0x41])
    expect(textDecodingOf('latin1')?.decode(bytes)).toBe('€\u0081\u008dŸéA')
  })
})

describe('the key of a row', () => {
  const text = column(ColumnType.VARCHAR, 200, { collation: 45 })
  const bigint = column(ColumnType.LONGLONG, 0, { unsigned: true })

  it('is a number where it fits, else a bigint, for one integer column', () => {
    const image = Buffer.alloc(8, 0xff)
    const at = Int32Array.of(0)
    expect(rowKey([bigint])(image, at)).toBe(18446744073709551615n)
    expect(rowKey([column(ColumnType.LONGLONG)])(image, at)).toBe(-1)
    image.writeBigInt64LE(-9007199254740993n)
    expect(rowKey([column(ColumnType.LONGLONG)])(image, at)).toBe(-9007199254740993n)
    image.writeBigInt64LE(9007199254740991n)
    expect(rowKey([column(ColumnType.LONGLONG)])(image, at)).toBe(9007199254740991)
  })

  it('never is the same for two different rows: TAB and backslash are escaped', () => {
    const keyOf = (left: string, right: string): unknown => {
      const values = [left, right].map((value) => Buffer.from(`${String.fromCharCode(value.length)}${value}`))
      const at = Int32Array.of(0, values[0]?.length ?? 0)
      return rowKey([text, { ...text, index: 1 }])(Buffer.concat(values), at)
    }
    expect(keyOf('a\t', 'b')).toBe('a\\\t\tb')
    expect(keyOf('a\\', 'b')).not.toBe(keyOf('a', '\\b'))
    expect(new Set([keyOf('a\t', 'b'), keyOf('a', '\tb'), keyOf('a\\\t', 'b')]).size).toBe(3)
  })
})

describe('binary JSON', () => {
  it('becomes the text that the server prints', () => {
    // {"a": [1, "x", null], "b": 1.0}
    const array = [3, 0, 15, 0, 5, 1, 0, 12, 13, 0, 4, 0, 0, 1, 0x78]
    const object = [2, 0, 43, 0, 18, 0, 1, 0, 19, 0, 1, 0, 2, 20, 0, 11, 35, 0, 0x61, 0x62, ...array]
    const one = Buffer.alloc(8)
    one.writeDoubleLE(1)
    const bytes = Buffer.concat([Buffer.from([0, ...object]), one])
    expect(jsonBinaryToText(bytes)).toBe('{"a": [1, "x", null], "b": 1.0}')
    expect(jsonBinaryToText(Buffer.from([4, 1]))).toBe('true')
    expect(jsonBinaryToText(Buffer.from([10, 1, 0, 0, 0, 0, 0, 0x20, 0]))).toBe('9007199254740993')
    expect(jsonBinaryToText(Buffer.from([15, 246, 4, 3, 2, 0x81, 0x32]))).toBe('1.50')
  })

  it('that ends early, or nests without end, is a corrupt event', () => {
    expect(() => jsonBinaryToText(Buffer.from([0, 2, 0, 9]))).toThrow(BinlogEventCorruptError)
    expect(() => jsonBinaryToText(Buffer.from([12, 5, 0x61]))).toThrow(BinlogEventCorruptError)
    expect(() => jsonBinaryToText(Buffer.from([2, 1, 0, 0, 0, 2, 0, 0]))).toThrow(/deeper/)
  })
})

describe('a DDL statement', () => {
  it.each([
    ['ALTER TABLE `x` ADD y INT', 'd.x'],
    ['alter online ignore table D2.X add y int', 'D2.X'],
    ['/* comment */ -- more\n ALTER TABLE `a``b` DROP c', 'd.a`b'],
    ['/*!50100 ALTER TABLE x ENGINE=InnoDB */', 'd.x'],
    ['CREATE OR REPLACE TABLE IF NOT EXISTS `d3`.`x` (id INT)', 'd3.x'],
    ['TRUNCATE x', 'd.x'],
    [`ALTER TABLE "k""u'd\\u" ADD "n w" INT`, `d.k"u'd\\u`],
    ['RENAME TABLE x TO y', 'd.x'],
  ])('names its table: %s', (sql, name) => {
    const { database, table } = tableOfDdl(sql, 'd') ?? {}
    expect(`${database ?? ''}.${table ?? ''}`).toBe(name)
  })

  it('that is none names no table', () => {
    expect(tableOfDdl('INSERT INTO x VALUES (1)', 'd')).toBeUndefined()
  })
})
