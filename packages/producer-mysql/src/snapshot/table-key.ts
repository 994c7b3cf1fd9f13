import { type Connection, type RowDataPacket } from 'mysql2/promise'
import { quotedTable, type TableName } from '@aesop/producer'
import { type TableDescription } from '../table/table-description.ts'

/** An index by which rows can be read in an order that all of them have. */
export interface TableKey {
  readonly index: string
  readonly columns: readonly string[]
}

interface IndexRow extends RowDataPacket {
  readonly Key_name: string
  readonly Non_unique: number
  readonly Column_name: string | null
  readonly Sub_part: number | null
  readonly Null: string | null
  readonly Index_type: string
  /** MySQL's and MariaDB's words for an index that the optimizer does not see. */
  readonly Visible?: string
  readonly Ignored?: string
}

/** The primary key, or else the first unique one without NULL; undefined: no index names each row once. */
export async function readTableKey(connection: Connection, table: TableDescription): Promise<TableKey | undefined> {
  const [rows] = await connection.query<IndexRow[]>(`SHOW INDEX FROM ${quotedTable(table.asShown ?? table)}`)
  const indexes = new Map<string, IndexRow[]>()
  for (const row of rows) indexes.set(row.Key_name, [...(indexes.get(row.Key_name) ?? []), row])
  const usable = [...indexes].filter(([, parts]) => parts.every((part) => isUsable(part)))
  const [index, parts] = usable.find(([name]) => name === 'PRIMARY') ?? usable[0] ?? []
  if (index === undefined || parts === undefined) return undefined
  // A versioned table has the end of its period in its key, which is the same for all current rows.
  const columns = parts.flatMap(({ Column_name: name }) => (name === null || name === endOf(table) ? [] : [name]))
  return { index, columns }
}

function isUsable({ Non_unique, Column_name, Sub_part, Null, Index_type, Visible, Ignored }: IndexRow): boolean {
  if (Non_unique !== 0 || Column_name === null || Sub_part !== null || Index_type !== 'BTREE') return false
  return Null !== 'YES' && Visible !== 'NO' && Ignored !== 'YES'
}

function endOf({ period }: TableDescription): string | undefined {
  return period?.end
}

/** The server's estimate; undefined: it has none. */
export async function readRowEstimate(
  connection: Connection,
  { database, table }: TableName,
): Promise<number | undefined> {
  const [[row]] = await connection.execute<RowDataPacket[]>(
    'SELECT TABLE_ROWS AS estimate FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?',
    [database, table],
  )
  const estimate: unknown = row?.['estimate']
  return estimate === null || estimate === undefined ? undefined : Number(estimate)
}
