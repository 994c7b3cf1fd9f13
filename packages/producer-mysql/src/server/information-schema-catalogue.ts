import { type Connection, type RowDataPacket } from 'mysql2/promise'
import { SourceTables } from '../table/source-tables.ts'
import { labelsOf } from '../table/label-text.ts'
import { readHiddenFacts, showGeneratedKeys, withHiddenColumns } from '../table/hidden-columns.ts'
import {
  type CatalogueAnswer,
  type ColumnDescription,
  type TableCatalogue,
  type TableDescription,
  type TableName,
} from '../table/table-description.ts'
import { underLocks } from './table-locks.ts'

/** Whether two names are one to the server. */
type Compare = { areSame(left: TableName, right: TableName): boolean }

const COLUMNS = `SELECT TABLE_SCHEMA AS home, TABLE_NAME AS named, COLUMN_NAME AS name, COLUMN_TYPE AS type,
  DATA_TYPE AS dataType, CHARACTER_SET_NAME AS charset, EXTRA AS extra, IS_NULLABLE AS nullable
  FROM INFORMATION_SCHEMA.COLUMNS`
const PRIMARY_KEYS = `SELECT TABLE_SCHEMA AS home, TABLE_NAME AS named, COLUMN_NAME AS name
  FROM INFORMATION_SCHEMA.KEY_COLUMN_USAGE`
/** Fewer tables than these are asked for one by one: for a list of names MariaDB opens all tables of their database. */
const ONE_BY_ONE_MAX = 20
const TABLES_PER_QUESTION = 500

interface TableRow extends RowDataPacket {
  readonly home: string
  readonly named: string
  readonly name: string
}

interface ColumnRow extends TableRow {
  readonly type: string
  readonly dataType: string
  readonly charset: string | null
  readonly nullable: string
  readonly extra: string | null
}

/** Asks over a working connection and names the errors; the catalogue neither opens nor ends one. */
type Ask = <Answer>(question: (connection: Connection) => Promise<Answer>) => Promise<Answer>

/** Tables of one database, asked for together. */
interface TableGroup {
  readonly database: string
  readonly tables: readonly string[]
}

/** Tables as the server describes them now. Answers of `describe` come from what `refresh` has read. */
export class InformationSchemaCatalogue implements TableCatalogue {
  private readonly ask: Ask
  private readonly names: Compare
  private readonly tables = new Map<string, TableDescription>()
  private answers: { readonly name: TableName; readonly answer: CatalogueAnswer }[] = []
  private last: Promise<unknown> = Promise.resolve()

  /** @param names left out: names are compared exactly */
  constructor(ask: Ask, names: Compare = new SourceTables([])) {
    this.ask = ask
    this.names = names
  }

  describe(database: string, table: string): TableDescription | undefined {
    return this.tables.get(keyOf(database, table))
  }

  async refresh(database: string, table: string): Promise<CatalogueAnswer> {
    const [only] = await this.read([{ database, table }])
    return only?.answer ?? { description: undefined, at: undefined }
  }

  /** Reads many tables anew, in few questions; `takeAnswers` gives the answers. */
  async refreshAll(names: readonly TableName[]): Promise<void> {
    this.answers = [...(await this.read(names))]
  }

  takeAnswers(): readonly { readonly name: TableName; readonly answer: CatalogueAnswer }[] {
    const { answers } = this
    this.answers = []
    return answers
  }

  /** One after the other: each question is a transaction of its session. */
  private async read(names: readonly TableName[]): Promise<typeof this.answers> {
    const before = this.last
    const reading = (async () => {
      await before.catch(() => undefined)
      const answers: typeof this.answers = []
      for (const group of groupsOf(names)) answers.push(...(await this.readGroup(group)))
      return answers
    })()
    this.last = reading
    return reading
  }

  private async readGroup({ database, tables }: TableGroup): Promise<typeof this.answers> {
    const { answer: found, ...locks } = await this.ask((connection) =>
      underLocks(connection, database, tables, () => readTables(connection, { database, tables }, this.names)),
    )
    return tables.map((table) => {
      const description = found(table)
      if (description === undefined) this.tables.delete(keyOf(database, table))
      else this.tables.set(keyOf(database, table), description)
      const isSure = description === undefined || locks.held.has(table)
      return { name: { database, table }, answer: { description, at: isSure ? locks.at : undefined } }
    })
  }
}

function groupsOf(names: readonly TableName[]): TableGroup[] {
  const perQuestion = names.length > ONE_BY_ONE_MAX ? TABLES_PER_QUESTION : 1
  const groups: TableGroup[] = []
  for (const [database, all] of groupedBy(names, (name) => name.database)) {
    const tables = all.map(({ table }) => table)
    for (let i = 0; i < tables.length; i += perQuestion) {
      groups.push({ database, tables: tables.slice(i, i + perQuestion) })
    }
  }
  return groups
}

/**
 * Prepared statements, because the server's sql_mode decides how quotes and backslashes in a text are read. What comes
 * back gives the description of a table of the group.
 */
async function readTables(
  connection: Connection,
  { database, tables }: TableGroup,
  names: Compare,
): Promise<(table: string) => TableDescription | undefined> {
  const isNamed = tables.length === 1 ? '= ?' : `IN (${tables.map(() => '?').join()})`
  const where = `WHERE TABLE_SCHEMA = ? AND TABLE_NAME ${isNamed}`
  const values = [database, ...tables]
  const generatedKeys = await showGeneratedKeys(connection)
  const [columns] = await connection.execute<ColumnRow[]>(`${COLUMNS} ${where} ORDER BY ORDINAL_POSITION`, values)
  const [keys] = await connection.execute<TableRow[]>(
    `${PRIMARY_KEYS} ${where} AND CONSTRAINT_NAME = 'PRIMARY' ORDER BY ORDINAL_POSITION`,
    values,
  )
  const facts = await readHiddenFacts(connection, generatedKeys, where, values)
  const columnsOf = groupedBy(columns, ({ home, named }) => keyOf(home, named))
  const keysOf = groupedBy(keys, ({ home, named }) => keyOf(home, named))
  return (table) => {
    const columnsShown = [...columnsOf.values()].find(([first]) => {
      return first !== undefined && names.areSame({ database: first.home, table: first.named }, { database, table })
    })
    const [first] = columnsShown ?? []
    if (first === undefined) return undefined
    const key = keyOf(first.home, first.named)
    const shown = describeTable({ database, table }, columnsShown, keysOf.get(key))
    return withHiddenColumns(shown, first.named, facts)
  }
}

function describeTable(
  name: TableName,
  columns: readonly ColumnRow[] = [],
  keys: readonly TableRow[] = [],
): TableDescription {
  const [first] = columns
  return {
    ...name,
    columns: columns.map(describeColumn),
    primaryKey: keys.map((key) => key.name),
    ...(first === undefined ? {} : { asShown: { database: first.home, table: first.named } }),
  }
}

function describeColumn({ name, type, dataType, charset, extra, nullable }: ColumnRow): ColumnDescription {
  const isLabelled = dataType === 'enum' || dataType === 'set'
  return {
    name,
    unsigned: !isLabelled && /\bunsigned\b/i.test(type),
    charset: charset ?? undefined,
    labels: isLabelled ? labelsOf(type) : undefined,
    typeName: type,
    nullable: nullable === 'YES',
    ...(/\bINVISIBLE\b/.test(extra ?? '') ? { invisible: true } : {}),
  }
}

function groupedBy<Item>(items: readonly Item[], keyOfItem: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const key = keyOfItem(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

/** No name holds a NUL. */
function keyOf(database: string, table: string): string {
  return `${database}\u0000${table}`
}
