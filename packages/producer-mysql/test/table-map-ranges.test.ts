import { describe, expect, it } from 'vitest'
import { ColumnType } from '../src/log/column-type.ts'
import { BinlogEventCorruptError } from '../src/error/errors.ts'
import { parseTableMap, type TableMap } from '../src/log/table-map.ts'

const text = (value: string): number[] => [value.length, ...Buffer.from(value)]

/** A table map of these columns: each a type code and its metadata; then optional metadata. */
function mapOf(columns: readonly (readonly number[])[], optional: readonly number[] = [], mariadb = false): TableMap {
  const meta = columns.flatMap(([, ...bytes]) => bytes)
  const bytes = Buffer.from([
    ...[1, 0, 0, 0, 0, 0, 0, 0],
    ...[...text('shop'), 0, ...text('item'), 0],
    columns.length,
    ...columns.map(([type]) => type ?? 0),
    meta.length,
    ...meta,
    ...Array.from({ length: (columns.length + 7) >> 3 }, () => 0xff),
    ...optional,
  ])
  return parseTableMap(bytes, 0, bytes.length, mariadb)
}

const TINY = [ColumnType.TINY]
const { BIT, NEWDECIMAL, STRING, ENUM, SET } = ColumnType

describe('the metadata of a column', () => {
  it.each([
    [
      'FLOAT',
      [[ColumnType.FLOAT, 4]],
      [
        [ColumnType.FLOAT, 8],
        [ColumnType.FLOAT, 0],
      ],
    ],
    ['DOUBLE', [[ColumnType.DOUBLE, 8]], [[ColumnType.DOUBLE, 4]]],
    [
      'DATETIME',
      [
        [ColumnType.DATETIME2, 0],
        [ColumnType.DATETIME2, 6],
      ],
      [
        [ColumnType.DATETIME2, 7],
        [ColumnType.DATETIME2, 255],
      ],
    ],
    ['TIMESTAMP', [[ColumnType.TIMESTAMP2, 6]], [[ColumnType.TIMESTAMP2, 7]]],
    ['TIME', [[ColumnType.TIME2, 6]], [[ColumnType.TIME2, 9]]],
    [
      'BLOB',
      [1, 2, 3, 4].map((bytes) => [ColumnType.BLOB, bytes]),
      [
        [ColumnType.BLOB, 0],
        [ColumnType.BLOB, 5],
      ],
    ],
    [
      'JSON',
      [[ColumnType.JSON, 4]],
      [
        [ColumnType.JSON, 0],
        [ColumnType.JSON, 6],
      ],
    ],
    ['GEOMETRY', [[ColumnType.GEOMETRY, 4]], [[ColumnType.GEOMETRY, 5]]],
    ['VECTOR', [[ColumnType.VECTOR, 4]], [[ColumnType.VECTOR, 9]]],
    ['a compressed BLOB', [[ColumnType.BLOB_COMPRESSED, 3]], [[ColumnType.BLOB_COMPRESSED, 0]]],
    [
      'BIT',
      [
        [BIT, 1, 0],
        [BIT, 0, 8],
        [BIT, 7, 7],
      ],
      [
        [BIT, 0, 0],
        [BIT, 8, 0],
        [BIT, 1, 8],
        [BIT, 0, 9],
      ],
    ],
    [
      'DECIMAL',
      [
        [NEWDECIMAL, 65, 30],
        [NEWDECIMAL, 5, 5],
        [NEWDECIMAL, 1, 0],
      ],
      [
        [NEWDECIMAL, 66, 2],
        [NEWDECIMAL, 0, 0],
        [NEWDECIMAL, 65, 39],
        [NEWDECIMAL, 3, 4],
      ],
    ],
    [
      'ENUM',
      [
        [STRING, ENUM, 1],
        [STRING, ENUM, 2],
      ],
      [
        [STRING, ENUM, 0],
        [STRING, ENUM, 3],
      ],
    ],
    [
      'SET',
      [1, 2, 3, 4, 8].map((bytes) => [STRING, SET, bytes]),
      [
        [STRING, SET, 0],
        [STRING, SET, 5],
        [STRING, SET, 9],
      ],
    ],
    [
      'CHAR',
      [
        [STRING, STRING, 40],
        [STRING, 0xce, 252],
      ],
      [
        [STRING, 0x7c, 1],
        [STRING, ColumnType.BLOB, 1],
      ],
    ],
  ])('of %s is in its range, or the event is corrupt', (_type, good, bad) => {
    for (const column of good) expect(mapOf([column]).columns).toHaveLength(1)
    for (const column of bad) {
      expect(() => mapOf([TINY, column]), String(column)).toThrow(BinlogEventCorruptError)
      expect(() => mapOf([TINY, column])).toThrow(/table map of shop\.item: column 2: .*\d/)
    }
  })
})

describe('the optional metadata of a table', () => {
  const labelled = (type: number, bytes: number): number[] => [STRING, type, bytes]
  const labels = (field: number, count: number): number[] => {
    const value = [count, ...Array.from({ length: count }, () => [1, 97]).flat()]
    return [field, value.length, ...value]
  }

  it.each([
    [
      'signs in too few bytes',
      () =>
        mapOf(
          Array.from({ length: 9 }, () => TINY),
          [1, 1, 0xff],
        ),
      /signs of its 9 columns/,
    ],
    ['signs in too many bytes', () => mapOf([TINY], [1, 2, 0, 0]), /signs of its 1 columns/],
    ['a key of a column that is not there', () => mapOf([TINY, TINY], [8, 1, 2]), /column 3 of 2/],
    ['a key with a prefix of a column that is not there', () => mapOf([TINY], [9, 2, 5, 0]), /column 6 of 1/],
    [
      'a collation of a column that is not there',
      () => mapOf([[ColumnType.VARCHAR, 9, 0]], [2, 3, 45, 1, 8]),
      /column 2 of 1/,
    ],
    [
      'more labels than a SET of a byte can have',
      () => mapOf([labelled(SET, 1)], labels(5, 9)),
      /column 1: labels of a SET: 9/,
    ],
    [
      'labels without end',
      () => mapOf([labelled(ENUM, 2)], [6, 9, 0xfe, 0, 0, 0, 0, 1, 0, 0, 0]),
      /labels of an ENUM: 4294967296/,
    ],
  ])('with %s is a corrupt event', (_what, make, fault) => {
    expect(make).toThrow(BinlogEventCorruptError)
    expect(make).toThrow(fault)
  })

  it('is read to its last byte', () => {
    expect(mapOf([TINY, TINY], [1, 1, 0x40, 8, 2, 1, 0])).toMatchObject({
      columns: [{ unsigned: false }, { unsigned: true }],
      primaryKey: [1, 0],
    })
    expect(mapOf([labelled(SET, 1)], labels(5, 8)).columns[0]?.labels).toHaveLength(8)
  })
})

describe('old dates and times', () => {
  it.each([ColumnType.TIME, ColumnType.DATETIME, ColumnType.TIMESTAMP])(
    'of code %i hide their digits in logs of MariaDB alone',
    (type) => {
      expect(mapOf([[type]], [], true).columns[0]?.fractionUnlogged).toBe(true)
      expect(mapOf([[type]], [], false).columns[0]?.fractionUnlogged).toBeUndefined()
    },
  )
})
