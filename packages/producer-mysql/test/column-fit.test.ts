import { describe, expect, it } from 'vitest'
import { misfitOf } from '../src/table/column-fit.ts'
import { ColumnType as T } from '../src/log/column-type.ts'
import { type ColumnDescription } from '../src/table/table-description.ts'
import { type MappedColumn } from '../src/log/table-map.ts'

const LATIN1 = 8
const UTF8MB4 = 45

function misfit(described: Partial<ColumnDescription>, mapped: Partial<MappedColumn>): string | undefined {
  const column = {
    unsigned: false,
    charset: undefined,
    labels: undefined,
    typeName: undefined,
    name: 'c',
    ...described,
  }
  const map = { tableId: 1, database: 'd', table: 't', primaryKey: undefined }
  return misfitOf(
    { ...map, columns: [{ type: T.LONG, meta: 0, nullable: true, ...mapped }] },
    { database: 'd', table: 't', primaryKey: [], columns: [column] },
  )
}

describe('a described column', () => {
  it.each([
    ['int(11)', {}, T.LONG, 0],
    ['bigint unsigned', {}, T.LONGLONG, 0],
    ['decimal(10,2)', {}, T.NEWDECIMAL, 10 | (2 << 8)],
    ['bit(11)', {}, T.BIT, (1 << 8) | 3],
    ['datetime(3)', {}, T.DATETIME2, 3],
    ['datetime', {}, T.DATETIME, 0],
    ['datetime(3) /* mariadb-5.3 */', {}, T.DATETIME, 0],
    ['timestamp(6)', {}, T.TIMESTAMP, 0],
    ['time(1)', {}, T.TIME, 0],
    ['timestamp', {}, T.TIMESTAMP2, 0],
    ['year(4)', {}, T.YEAR, 0],
    ['varchar(40)', { charset: 'utf8mb4' }, T.VARCHAR, 160],
    ['varchar(40)', { charset: 'latin1' }, T.VARCHAR, 40],
    ['varbinary(40)', {}, T.VARCHAR, 40],
    ['varchar(40) /*M!100301 COMPRESSED*/', { charset: 'latin1' }, T.VARCHAR_COMPRESSED, 41],
    ['char(3)', { charset: 'utf8mb3' }, T.STRING, 9],
    ['binary(16)', {}, T.STRING, 16],
    ['uuid', {}, T.STRING, 16],
    ['inet4', {}, T.STRING, 4],
    ['mediumtext', { charset: 'utf8mb4' }, T.BLOB, 3],
    ['json', {}, T.JSON, 4],
    ["enum('a','b')", { labels: ['a', 'b'] }, T.ENUM, 1],
    ["set('a','b')", { labels: Array.from({ length: 33 }, String) }, T.SET, 8],
    ['point', {}, T.GEOMETRY, 4],
    ['a type of later days', {}, 200, 7],
  ])('%s %o fits type %i with metadata %i, and no other', (typeName, more, type, meta) => {
    expect(misfit({ typeName, ...more }, { type, meta })).toBeUndefined()
    if (type !== 200) expect(misfit({ typeName, ...more }, { type: T.NULL, meta })).toContain('type')
  })

  it.each([
    ['another length', { typeName: 'varchar(40)', charset: 'latin1' }, { type: T.VARCHAR, meta: 41 }, 'metadata'],
    ['wider characters', { typeName: 'varchar(40)', charset: 'utf8mb4' }, { type: T.VARCHAR, meta: 40 }, 'metadata'],
    ['other digits', { typeName: 'decimal(10,2)' }, { type: T.NEWDECIMAL, meta: 10 }, 'metadata'],
    ['other fractions', { typeName: 'time(6)' }, { type: T.TIME2, meta: 3 }, 'metadata'],
    ['another sign', { typeName: 'int unsigned', unsigned: true }, { unsigned: false }, 'signed'],
    ['NULL', { typeName: 'int', nullable: false }, { nullable: true }, 'NULL'],
    [
      'another character set',
      { typeName: 'text', charset: 'cp1251' },
      { type: T.BLOB, meta: 2, collation: LATIN1 },
      'character set is latin1',
    ],
  ])('does not fit %s', (_what, described, mapped, fault) => {
    expect(misfit(described, mapped)).toContain(fault)
  })

  it('fits the sign and character set that it has', () => {
    expect(misfit({ typeName: 'int unsigned', unsigned: true }, { unsigned: true })).toBeUndefined()
    const text = { type: T.BLOB, meta: 2, collation: UTF8MB4 }
    expect(misfit({ typeName: 'text', charset: 'utf8mb4' }, text)).toBeUndefined()
    // The log has a sign for the year, too, which no type names.
    expect(misfit({ typeName: 'year(4)' }, { type: T.YEAR, unsigned: true })).toBeUndefined()
  })

  it('is found by its name where the log has names', () => {
    expect(misfit({ typeName: 'int' }, { name: 'c' })).toBeUndefined()
    expect(misfit({ typeName: 'int' }, { name: 'other' })).toContain('column other')
  })
})
