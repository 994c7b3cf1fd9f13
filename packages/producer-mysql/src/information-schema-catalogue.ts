import { type Connection, type RowDataPacket } from 'mysql2/promise'
import { type ColumnDescription, type TableCatalogue, type TableDescription } from './table-description.ts'

const COLUMNS = `SELECT COLUMN_NAME AS name, COLUMN_TYPE AS type, DATA_TYPE AS dataType, CHARACTER_SET_NAME AS charset
  FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? ORDER BY ORDINAL_POSITION`
const PRIMARY_KEY = `SELECT COLUMN_NAME AS name FROM INFORMATION_SCHEMA.KEY_COLUMN_USAGE
  WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ? AND CONSTRAINT_NAME = 'PRIMARY' ORDER BY ORDINAL_POSITION`

interface ColumnRow extends RowDataPacket {
  readonly name: string
  readonly type: string
  readonly dataType: string
  readonly charset: string | null
}

interface KeyRow extends RowDataPacket {
  readonly name: string
}

/** Asks over a working connection and names the errors; the catalogue neither opens nor ends one. */
type Ask = <Answer>(question: (connection: Connection) => Promise<Answer>) => Promise<Answer>

/** Tables as the server describes them now. Answers of `describe` come from what `refresh` has read. */
export class InformationSchemaCatalogue implements TableCatalogue {
  private readonly ask: Ask
  private readonly tables = new Map<string, TableDescription>()

  constructor(ask: Ask) {
    this.ask = ask
  }

  describe(database: string, table: string): TableDescription | undefined {
    return this.tables.get(keyOf(database, table))
  }

  async refresh(database: string, table: string): Promise<TableDescription | undefined> {
    const found = await this.ask((connection) => readTable(connection, database, table))
    if (found === undefined) this.tables.delete(keyOf(database, table))
    else this.tables.set(keyOf(database, table), found)
    return found
  }
}

async function readTable(
  connection: Connection,
  database: string,
  table: string,
): Promise<TableDescription | undefined> {
  const [columns] = await connection.query<ColumnRow[]>(COLUMNS, [database, table])
  if (columns.length === 0) return undefined
  const [keys] = await connection.query<KeyRow[]>(PRIMARY_KEY, [database, table])
  return { database, table, columns: columns.map(describeColumn), primaryKey: keys.map(({ name }) => name) }
}

function describeColumn({ name, type, dataType, charset }: ColumnRow): ColumnDescription {
  const isLabelled = dataType === 'enum' || dataType === 'set'
  return {
    name,
    unsigned: /\bunsigned\b/i.test(type),
    charset: charset ?? undefined,
    labels: isLabelled ? labelsOf(type) : undefined,
    typeName: type,
  }
}

/** The labels of `enum('a','it''s')`; the server doubles quotes and escapes nothing else. */
export function labelsOf(type: string): string[] {
  const labels: string[] = []
  for (const match of type.matchAll(/'((?:[^']|'')*)'/g)) labels.push((match[1] ?? '').replaceAll("''", "'"))
  return labels
}

function keyOf(database: string, table: string): string {
  return `${database}\u0000${table}`
}
