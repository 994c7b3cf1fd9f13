import { AesopError, type Logger } from '@aesop/kernel'
import { type LogicalSourceConfig, type PhysicalSourceConfig, tableNamesOf } from '@aesop/producer'
import { isHandWritten, type SchemaRegistry, SchemaRegistryUnwritableError } from '@aesop/schema'
import { mysqlSettingsOf } from '../settings/mysql-settings.ts'
import { binlogColumn, type BinlogColumn } from '../table/binlog-column.ts'
import { ColumnType } from '../log/column-type.ts'
import { ColumnUnsupportedError } from '../error/errors.ts'
import { deriveSchema } from '../row/schema-derivation.ts'
import { type SourceTables } from '../table/source-tables.ts'
import { type ColumnDescription, type TableCatalogue, type TableDescription } from '../table/table-description.ts'
import { type MappedColumn } from '../log/table-map.ts'

/** As a table map says it, as far as a schema depends on it: [type, meta]. A width is that of the length before a value. */
const LOGGED_TYPES: Readonly<Record<string, readonly [type: number, meta: number]>> = {
  tinyint: [ColumnType.TINY, 0],
  smallint: [ColumnType.SHORT, 0],
  mediumint: [ColumnType.INT24, 0],
  int: [ColumnType.LONG, 0],
  bigint: [ColumnType.LONGLONG, 0],
  float: [ColumnType.FLOAT, 0],
  double: [ColumnType.DOUBLE, 0],
  decimal: [ColumnType.NEWDECIMAL, 0],
  bit: [ColumnType.BIT, 0],
  year: [ColumnType.YEAR, 0],
  date: [ColumnType.DATE, 0],
  time: [ColumnType.TIME2, 0],
  datetime: [ColumnType.DATETIME2, 0],
  timestamp: [ColumnType.TIMESTAMP2, 0],
  char: [ColumnType.STRING, 0],
  varchar: [ColumnType.VARCHAR, 0],
  binary: [ColumnType.STRING, 0],
  varbinary: [ColumnType.VARCHAR, 0],
  uuid: [ColumnType.STRING, 16],
  inet6: [ColumnType.STRING, 16],
  inet4: [ColumnType.STRING, 4],
  tinyblob: [ColumnType.BLOB, 1],
  tinytext: [ColumnType.BLOB, 1],
  blob: [ColumnType.BLOB, 2],
  text: [ColumnType.BLOB, 2],
  mediumblob: [ColumnType.BLOB, 3],
  mediumtext: [ColumnType.BLOB, 3],
  longblob: [ColumnType.BLOB, 4],
  longtext: [ColumnType.BLOB, 4],
  json: [ColumnType.JSON, 4],
  enum: [ColumnType.ENUM, 1],
  set: [ColumnType.SET, 1],
  geometry: [ColumnType.GEOMETRY, 4],
  point: [ColumnType.GEOMETRY, 4],
  linestring: [ColumnType.GEOMETRY, 4],
  polygon: [ColumnType.GEOMETRY, 4],
  multipoint: [ColumnType.GEOMETRY, 4],
  multilinestring: [ColumnType.GEOMETRY, 4],
  multipolygon: [ColumnType.GEOMETRY, 4],
  geometrycollection: [ColumnType.GEOMETRY, 4],
  geomcollection: [ColumnType.GEOMETRY, 4],
}

/**
 * The text that `deriveSchema` gives for the first row of a table, byte for byte, from what the server says of the table alone.
 * Undefined where that is not sure: its first row will tell.
 */
export function describedSchema(table: TableDescription, zeroTimestamp: 'null' | 'text'): string | undefined {
  // Without a primary key the log may name a unique key as one.
  if (table.asShown === undefined || table.primaryKey.length === 0) return undefined
  const columns: BinlogColumn[] = []
  for (const [i, described] of table.columns.entries()) {
    if (described.hidden !== undefined) continue
    const column = describedColumn(table.table, i, described)
    if (column === undefined) return undefined
    columns.push(column)
  }
  const primaryKey = table.primaryKey.flatMap((name) => columns.filter((column) => column.name === name))
  return deriveSchema({ ...table.asShown, columns, primaryKey }, zeroTimestamp)
}

function describedColumn(table: string, index: number, described: ColumnDescription): BinlogColumn | undefined {
  const logged = LOGGED_TYPES[/^\w+/.exec(described.typeName ?? '')?.[0].toLowerCase() ?? '']
  if (logged === undefined || described.nullable === undefined) return undefined
  const [type, meta] = logged
  const mapped: MappedColumn = { type, meta, nullable: described.nullable }
  try {
    return binlogColumn(table, index, mapped, described)
  } catch (error) {
    // Its first row will say so by name.
    if (error instanceof ColumnUnsupportedError) return undefined
    throw error
  }
}

export interface DescribedSource {
  readonly physicalSource: PhysicalSourceConfig
  readonly schemas: SchemaRegistry
  readonly catalogue: TableCatalogue
  /** Left out: the tables that the uris mean. */
  readonly sourceTables?: SourceTables
  /** One above the SCN of the end of the log when the tables were described. */
  readonly sinceScn: bigint
  readonly log: Logger
  readonly stopped: AbortSignal
}

/**
 * Registers the schemas of tables before their first rows: clients of Databus wait until each of their sources has one. Each one
 * is written to the disk, so that others get their turns between two of them.
 */
export async function registerDescribed(described: DescribedSource): Promise<void> {
  for (const source of described.physicalSource.sources) {
    if (described.stopped.aborted || !register(described, source)) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/**
 * What fails here is no reason to read nothing: the first row of the table tries again, and says it by name.
 * @returns false when nothing can be kept
 */
function register(
  { physicalSource, schemas, catalogue, sourceTables, sinceScn, log }: DescribedSource,
  source: LogicalSourceConfig,
): boolean {
  const [name, another] = sourceTables?.tablesOf(source) ?? tableNamesOf(source.uri)
  const isUnsure = name === undefined || another !== undefined || isHandWritten(schemas, source.name)
  const description = isUnsure ? undefined : catalogue.describe(name.database, name.table)
  const text =
    description === undefined ? undefined : describedSchema(description, mysqlSettingsOf(physicalSource).zeroTimestamp)
  try {
    if (text !== undefined) schemas.register(source.name, text, sinceScn)
    return true
  } catch (error) {
    if (!(error instanceof AesopError)) throw error
    log.warn(`${source.name} has no schema before its first row: ${error.message}`, { code: error.code })
    return !(error instanceof SchemaRegistryUnwritableError)
  }
}
