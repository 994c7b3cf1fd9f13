import { describe, expect, it } from 'vitest'
import { alignColumns } from '../src/table/column-alignment.ts'
import { ColumnType } from '../src/log/column-type.ts'
import { TableUndescribedError } from '../src/error/errors.ts'
import { withHiddenColumns, type HiddenFacts } from '../src/table/hidden-columns.ts'
import { type ColumnDescription, type TableDescription } from '../src/table/table-description.ts'
import { type MappedColumn, type TableMap } from '../src/log/table-map.ts'

const INT = { type: ColumnType.LONG, meta: 0, nullable: true }
const STAMP = { type: ColumnType.TIMESTAMP2, meta: 6, nullable: false }
const HASH = { type: ColumnType.LONGLONG, meta: 0, nullable: true }
const KEY = { type: ColumnType.LONGLONG, meta: 0, nullable: false }

type Logged = readonly (readonly [name: string, type: MappedColumn])[]

/** As the log has it with full metadata, or with as little as can be. */
function mapOf(logged: Logged, named: boolean, primaryKey: readonly number[] = []): TableMap {
  const columns = logged.map(([name, type]) => (named ? { ...type, name } : type))
  return { tableId: 1, database: 'd', table: 't', columns, primaryKey: named ? primaryKey : undefined }
}

function shown(names: readonly string[], primaryKey: readonly string[] = []): TableDescription {
  return { database: 'd', table: 't', columns: names.map((name) => column(name)), primaryKey }
}

function column(name: string, more: Partial<ColumnDescription> = {}): ColumnDescription {
  return { name, unsigned: false, charset: undefined, labels: undefined, typeName: undefined, ...more }
}

function described(
  names: readonly string[],
  facts: Partial<HiddenFacts>,
  primaryKey: readonly string[] = [],
): TableDescription {
  const none = { tables: [], periods: [], hidesGeneratedKeys: false }
  return withHiddenColumns(shown(names, primaryKey), 't', { ...none, ...facts })
}

const table = (versioned: boolean, hashes: number): HiddenFacts['tables'] => [{ named: 't', versioned, hashes }]

describe.each([true, false])('with names in the log: %s', (named) => {
  function hidden(logged: Logged, description: TableDescription | undefined, primaryKey?: readonly number[]): unknown {
    return alignColumns('d.t', mapOf(logged, named, primaryKey), description).columns.map((each) => each.hidden)
  }

  it('hides the hashes of long keys, whatever names are left for them', () => {
    const logged: Logged = [
      ['a', INT],
      ['DB_ROW_HASH_1', INT],
      ['DB_ROW_HASH_2', HASH],
      ['DB_ROW_HASH_3', HASH],
    ]
    const description = described(['a', 'DB_ROW_HASH_1'], { tables: table(false, 2) })
    expect(hidden(logged, description)).toEqual([undefined, undefined, 'hash', 'hash'])
  })

  it('hides an implicit period, keeps its end out of the key and knows its place', () => {
    const logged: Logged = [
      ['a', INT],
      ['row_start', STAMP],
      ['row_end', STAMP],
      ['DB_ROW_HASH_1', HASH],
    ]
    const description = described(['a'], { tables: table(true, 1) }, ['a', 'row_end'])
    expect(description.primaryKey).toEqual(['a'])
    expect(hidden(logged, description)).toEqual([undefined, 'period', 'period', 'hash'])
    const { period } = alignColumns('d.t', mapOf(logged, named, [0, 2]), description)
    expect(period).toEqual({ start: 1, end: 2 })
  })

  it.each([STAMP, KEY])('shows the columns of a declared period', (type) => {
    const logged: Logged = [
      ['from', type],
      ['a', INT],
      ['to', type],
    ]
    const periods = [
      { named: 't', name: 'from', part: 'ROW START' },
      { named: 't', name: 'to', part: 'ROW END' },
    ]
    const description = described(['from', 'a', 'to'], { tables: table(true, 0), periods }, ['a', 'to'])
    expect(hidden(logged, description)).toEqual([undefined, undefined, undefined])
    expect(alignColumns('d.t', mapOf(logged, named, [1, 2]), description).period).toEqual({ start: 0, end: 2 })
  })

  it("takes a user's own columns for what they are, though they bear the names of hidden ones", () => {
    const logged: Logged = [
      ['row_start', STAMP],
      ['row_end', STAMP],
      ['DB_ROW_HASH_1', HASH],
    ]
    const description = described(['row_start', 'row_end', 'DB_ROW_HASH_1'], { tables: table(false, 0) })
    expect(hidden(logged, description)).toEqual([undefined, undefined, undefined])
    expect(alignColumns('d.t', mapOf(logged, named), description).period).toBeUndefined()
  })

  it('hides a generated key where the server hides it, and leaves it the key', () => {
    const logged: Logged = [
      ['my_row_id', KEY],
      ['a', INT],
    ]
    const my = column('my_row_id', { typeName: 'bigint unsigned', invisible: true })
    const known = { database: 'd', table: 't', columns: [my, column('a')], primaryKey: ['my_row_id'] }
    const facts = { tables: [], periods: [] }
    const hides = withHiddenColumns(known, 't', { ...facts, hidesGeneratedKeys: true })
    expect(hides.primaryKey).toEqual(['my_row_id'])
    expect(hidden(logged, hides, [0])).toEqual(['generatedKey', undefined])
    expect(hidden(logged, withHiddenColumns(known, 't', { ...facts, hidesGeneratedKeys: false }))).toEqual([
      undefined,
      undefined,
    ])
  })

  it("does not take a user's key of that name for a generated one", () => {
    const visible = column('my_row_id', { typeName: 'bigint unsigned' })
    const known = { database: 'd', table: 't', columns: [visible, column('a')], primaryKey: ['my_row_id'] }
    expect(withHiddenColumns(known, 't', { tables: [], periods: [], hidesGeneratedKeys: true })).toEqual(known)
  })
})

describe('a log that names its columns', () => {
  it('tells what a description from before or after does not list, by name, type and place', () => {
    const logged: Logged = [
      ['a', INT],
      ['row_start', STAMP],
      ['row_end', STAMP],
      ['DB_ROW_HASH_1', HASH],
    ]
    const { columns, period } = alignColumns('d.t', mapOf(logged, true, [0, 2]), shown(['a'], ['a']))
    expect(columns.map((each) => each.hidden)).toEqual([undefined, 'period', 'period', 'hash'])
    expect(period).toEqual({ start: 1, end: 2 })
  })

  it('shows columns that were dropped since', () => {
    const logged: Logged = [
      ['a', INT],
      ['DB_ROW_HASH_1', INT],
      ['row_end', STAMP],
      ['b', HASH],
    ]
    const { columns } = alignColumns('d.t', mapOf(logged, true), shown(['a']))
    expect(columns.map((each) => each.hidden)).toEqual([undefined, undefined, undefined, undefined])
  })

  it('says of rows from before the versioning that none of them is history', () => {
    const periods = [
      { named: 't', name: 'from', part: 'ROW START' },
      { named: 't', name: 'to', part: 'ROW END' },
    ]
    const description = described(['a', 'from', 'to'], { tables: table(true, 0), periods }, ['a', 'to'])
    expect(alignColumns('d.t', mapOf([['a', INT]], true, [0]), description).period).toBeUndefined()
    const logged: Logged = [
      ['a', INT],
      ['from', STAMP],
      ['to', STAMP],
    ]
    expect(alignColumns('d.t', mapOf(logged, true, [0]), description).period).toBeUndefined()
  })

  it('is refused where a key ends in what may have been the end of a period, and both ends are gone', () => {
    const logged: Logged = [
      ['a', INT],
      ['from', STAMP],
      ['to', STAMP],
    ]
    const align = (names: readonly string[], primaryKey: readonly number[]): unknown =>
      alignColumns('d.t', mapOf(logged, true, primaryKey), shown(names)).period
    expect(() => align(['a'], [0, 2])).toThrow(/d\.t.*from and to/)
    expect(align(['a'], [0])).toBeUndefined()
    expect(align(['a', 'to'], [0, 2])).toBeUndefined()
    expect(align(['a', 'from'], [0, 2])).toBeUndefined()
  })

  it.each(['DB_ROW_HASH_1', 'row_end'])('refuses %s by name where no server says whose column it is', (name) => {
    const stamps: Logged = [
      ['row_start', STAMP],
      ['row_end', STAMP],
    ]
    const logged: Logged =
      name === 'row_end'
        ? [['a', INT], ...stamps]
        : [
            ['a', INT],
            [name, HASH],
          ]
    expect(() => alignColumns('d.t', mapOf(logged, true), undefined)).toThrow(TableUndescribedError)
    expect(() => alignColumns('d.t', mapOf(logged, true), undefined)).toThrow(
      expect.objectContaining({ remedy: expect.stringContaining('from its server') as string }),
    )
    expect(() => alignColumns('d.t', mapOf(logged, true), undefined)).toThrow(/d\.t.*(DB_ROW_HASH_1|row_start)/)
  })
})

describe('a log without names', () => {
  it.each([
    ['nobody knows the table', [['a', INT]], undefined],
    [
      'the counts differ',
      [
        ['a', INT],
        ['x', HASH],
      ],
      described(['a'], { tables: table(true, 0) }),
    ],
    [
      'no hash stands where one is hidden',
      [
        ['a', INT],
        ['b', INT],
      ],
      described(['a'], { tables: table(false, 1) }),
    ],
    [
      'no period stands where one is hidden',
      [
        ['a', INT],
        ['b', INT],
        ['c', INT],
      ],
      described(['a'], { tables: table(true, 0) }),
    ],
    [
      'a declared period has other types',
      [
        ['a', INT],
        ['b', INT],
      ],
      described(['a', 'b'], {
        tables: table(true, 0),
        periods: [
          { named: 't', name: 'a', part: 'ROW START' },
          { named: 't', name: 'b', part: 'ROW END' },
        ],
      }),
    ],
  ] as const)('is refused when %s', (_why, logged, description) => {
    expect(() => alignColumns('d.t', mapOf(logged, false), description)).toThrow(TableUndescribedError)
  })
})
