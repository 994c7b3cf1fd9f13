import { type Connection, type RowDataPacket } from 'mysql2/promise'
import { type ColumnDescription, type TableDescription } from './table-description.ts'

/*
 * Columns that are in the row images and that the server does not show:
 *
 * | kind         | server  | columns                                             | place                     |
 * |--------------|---------|-----------------------------------------------------|---------------------------|
 * | period       | MariaDB | row_start, row_end of WITH SYSTEM VERSIONING alone  | after the ones shown      |
 * | hash         | MariaDB | DB_ROW_HASH_n, one for each UNIQUE key that is long | last                      |
 * | generatedKey | MySQL   | my_row_id, while the server is told to hide it      | first                     |
 *
 * The server picks names that no column of the table has, so a column of a user may bear any of them.
 */

export const IMPLICIT_PERIOD = { start: 'row_start', end: 'row_end' } as const
export const HASH_NAME = /^DB_ROW_HASH_\d+$/i
export const GENERATED_KEY = 'my_row_id'

/** What a server tells of the columns that it hides, per table. */
export interface HiddenFacts {
  /** Table name → whether it is versioned, and how many hashes it carries. */
  readonly tables: readonly { readonly named: string; readonly versioned: boolean; readonly hashes: number }[]
  /** Columns that say from when to when a row is the current one. */
  readonly periods: readonly { readonly named: string; readonly name: string; readonly part: string }[]
  readonly hidesGeneratedKeys: boolean
}

const NOTHING: HiddenFacts = { tables: [], periods: [], hidesGeneratedKeys: false }
const SHOWS_GENERATED_KEYS = 'show_gipk_in_create_table_and_information_schema'

interface TableRow extends RowDataPacket {
  readonly named: string
}
interface TypeRow extends TableRow {
  readonly type: string
  readonly engine: string | null
}
interface PeriodRow extends TableRow {
  readonly name: string
  readonly part: string
}
interface VariableRow extends RowDataPacket {
  readonly Value: string
}

/**
 * Lets this session see the keys that MySQL generates, and says whether others see them: to be called before columns are
 * read. Undefined: this server knows no such keys.
 */
export async function showGeneratedKeys(connection: Connection): Promise<{ readonly hidden: boolean } | undefined> {
  const [[shown]] = await connection.query<VariableRow[]>(`SHOW GLOBAL VARIABLES LIKE '${SHOWS_GENERATED_KEYS}'`)
  if (shown === undefined) return undefined
  await connection.query(`SET SESSION ${SHOWS_GENERATED_KEYS} = ON`)
  return { hidden: shown.Value !== 'ON' }
}

/** Asks what the columns of these tables do not say; `where` picks the tables, with `names` in its places. */
export async function readHiddenFacts(
  connection: Connection,
  generatedKeys: { readonly hidden: boolean } | undefined,
  where: string,
  names: readonly string[],
): Promise<HiddenFacts> {
  // Who generates keys has neither versioned tables nor hashes.
  if (generatedKeys !== undefined) return { ...NOTHING, hidesGeneratedKeys: generatedKeys.hidden }
  const ask = async <Row extends TableRow>(select: string, and: string): Promise<Row[]> =>
    (await connection.execute<Row[]>(`${select} ${where} ${and}`, [...names]))[0]
  const types = await ask<TypeRow>(
    'SELECT TABLE_NAME AS named, TABLE_TYPE AS type, ENGINE AS engine FROM INFORMATION_SCHEMA.TABLES',
    '',
  )
  const hashes = await ask(
    'SELECT DISTINCT TABLE_NAME AS named, INDEX_NAME AS name FROM INFORMATION_SCHEMA.STATISTICS',
    "AND INDEX_TYPE = 'HASH' AND NON_UNIQUE = 0",
  )
  const tables = types.map(({ named, type, engine }) => ({
    named,
    versioned: type === 'SYSTEM VERSIONED',
    // The indexes of this engine are made of hashes, without a column for them.
    hashes: engine === 'MEMORY' ? 0 : hashes.filter((each) => each.named === named).length,
  }))
  if (!tables.some(({ versioned }) => versioned)) return { ...NOTHING, tables }
  const periods = await ask<PeriodRow>(
    'SELECT TABLE_NAME AS named, COLUMN_NAME AS name, GENERATION_EXPRESSION AS part FROM INFORMATION_SCHEMA.COLUMNS',
    "AND GENERATION_EXPRESSION IN ('ROW START', 'ROW END')",
  )
  return { ...NOTHING, tables, periods }
}

/** The description of what is logged: with the columns that the server does not show, and without the end of a period in the key. */
export function withHiddenColumns(shown: TableDescription, named: string, facts: HiddenFacts): TableDescription {
  if (facts.hidesGeneratedKeys) return withGeneratedKeyHidden(shown)
  const table = facts.tables.find((each) => each.named === named)
  if (table === undefined || (!table.versioned && table.hashes === 0)) return shown
  const part = (wanted: string): string | undefined =>
    facts.periods.find((each) => each.named === named && each.part === wanted)?.name
  const [start, end] = [part('ROW START'), part('ROW END')]
  const declared = start === undefined || end === undefined ? undefined : { start, end }
  const period = table.versioned ? (declared ?? IMPLICIT_PERIOD) : undefined
  const implicit = period === IMPLICIT_PERIOD ? [period.start, period.end].map(periodColumn) : []
  return {
    ...shown,
    columns: [...shown.columns, ...implicit, ...hashNames(shown.columns, table.hashes).map(hashColumn)],
    primaryKey: shown.primaryKey.filter((name) => name !== period?.end),
    ...(period === undefined ? {} : { period }),
  }
}

function withGeneratedKeyHidden(shown: TableDescription): TableDescription {
  const [first, ...others] = shown.columns
  const [key, second] = shown.primaryKey
  const isGenerated = first?.name === GENERATED_KEY && key === GENERATED_KEY && second === undefined
  if (!isGenerated || first.invisible !== true || first.typeName !== 'bigint unsigned') return shown
  return { ...shown, columns: [{ ...first, hidden: 'generatedKey' }, ...others] }
}

/** The server counts from 1 and leaves out what the table has already. */
function hashNames(columns: readonly ColumnDescription[], count: number): readonly string[] {
  const taken = new Set(columns.map(({ name }) => name.toUpperCase()))
  const names: string[] = []
  for (let i = 1; names.length < count; i++) if (!taken.has(`DB_ROW_HASH_${i}`)) names.push(`DB_ROW_HASH_${i}`)
  return names
}

function periodColumn(name: string): ColumnDescription {
  return { ...NUMBER, name, unsigned: false, typeName: 'timestamp(6)', hidden: 'period' }
}

function hashColumn(name: string): ColumnDescription {
  return { ...NUMBER, name, unsigned: true, typeName: 'bigint unsigned', hidden: 'hash' }
}

const NUMBER = { charset: undefined, labels: undefined } as const
