import { type EventKey } from '@aesop/event'
import { type LogicalSourceConfig, logicalPartitionOf, type PhysicalSourceConfig } from '@aesop/producer'
import {
  compileRowEncoder,
  isHandWritten,
  parseRecordSchema,
  type RecordSchema,
  type RegisteredSchema,
  type RowEncoder,
  type SchemaRegistry,
} from '@aesop/schema'
import { mysqlSettingsOf } from '../settings/mysql-settings.ts'
import { binlogColumn, type BinlogColumn } from '../table/binlog-column.ts'
import {
  type BinLogEventMapper,
  compilesRows,
  DefaultBinLogEventMapper,
  type RowObject,
} from './binlog-event-mapper.ts'
import { alignColumns } from '../table/column-alignment.ts'
import { type CurrentRow, currentRow } from './current-row.ts'
import { type ColumnValue, readColumnValue } from './column-value.ts'
import { TableKeylessError, TableUndescribedError } from '../error/errors.ts'
import { rowKey } from './row-key.ts'
import { RowBound } from './row-bound.ts'
import { AT_ABSENT, compileRowScanner, isPresent, type RowScanner } from './row-scanner.ts'
import { type RowWriter } from './row-writer.ts'
import { deriveSchema } from './schema-derivation.ts'
import { keyColumns, matchFields } from './schema-match.ts'
import { type TableDescription } from '../table/table-description.ts'
import { type TableMap } from '../log/table-map.ts'

/** What the tables of one physical source are compiled with. */
export interface TableCompiler {
  readonly physicalSource: PhysicalSourceConfig
  readonly schemas: SchemaRegistry
  readonly mappers: ReadonlyMap<number, BinLogEventMapper>
  /** The least SCN that the window of the table map at hand can have: from there on its shape holds. */
  readonly sinceScn: () => bigint
}

/** A user's own mapper, with the encoder of its schema. */
interface CustomMapping {
  readonly mapper: BinLogEventMapper
  readonly encode: RowEncoder
}

/** Reads the images that carry the same columns. */
export interface ImageReader {
  /** A bit per column. */
  readonly present: Uint8Array
  readonly scan: RowScanner
  /** Whether every column is there. */
  readonly complete: boolean
}

/** A column may bear the name that changes an object instead of becoming a property of it. */
function setColumn(row: Record<string, ColumnValue>, name: string, value: ColumnValue): void {
  if (name !== '__proto__') row[name] = value
  else Object.defineProperty(row, name, { value, enumerable: true, writable: true, configurable: true })
}

function sameBytes(bitmap: Uint8Array, frame: Uint8Array, at: number): boolean {
  for (let i = 0; i < bitmap.length; i++) if (bitmap[i] !== frame[at + i]) return false
  return true
}

/** One shape of a captured table, compiled: where values lie, what the key is, how the row becomes Avro. */
export class CapturedTable {
  /** `database.table`, for messages. */
  readonly name: string
  readonly map: TableMap
  readonly source: LogicalSourceConfig
  readonly logicalPartition: number
  /** Of the row images, in their order, those that the server hides as well. */
  readonly columns: readonly BinlogColumn[]
  /** Those that are delivered. */
  readonly shown: readonly BinlogColumn[]
  /** Tells the current rows of a versioned table from its history; undefined: all rows of the table are current. */
  readonly current: CurrentRow | undefined
  readonly schema: RegisteredSchema
  readonly bound: RowBound
  readonly key: (bytes: Buffer, at: Int32Array) => EventKey
  readonly keyColumns: readonly BinlogColumn[]
  readonly writer: RowWriter | undefined
  readonly custom: CustomMapping | undefined
  private readonly known: ImageReader[] = []

  /** @throws AesopError when the shape is not known for sure, or the schema can't be filled from it */
  constructor(
    compiler: TableCompiler,
    source: LogicalSourceConfig,
    map: TableMap,
    description: TableDescription | undefined,
    derive: boolean,
    serverVersion?: string,
  ) {
    this.name = `${map.database}.${map.table}`
    this.map = map
    this.source = source
    this.logicalPartition = logicalPartitionOf(source)
    const aligned = alignColumns(this.name, map, description)
    this.columns = aligned.columns.map(({ mapped, described }, i) => binlogColumn(this.name, i, mapped, described))
    this.shown = this.columns.filter(({ index }) => aligned.columns[index]?.hidden === undefined)
    const end = aligned.period === undefined ? undefined : this.columns[aligned.period.end]
    this.current = end === undefined ? undefined : currentRow(end, serverVersion)
    this.bound = new RowBound(this.shown)
    const primaryKey = primaryKeyOf(this.name, map, description, this.columns).filter((column) => column !== end)
    const shownKey = primaryKey.filter((column) => this.shown.includes(column))
    this.schema = schemaFor(compiler, source, { ...map, columns: this.shown, primaryKey: shownKey }, derive)
    const record = parseRecordSchema(this.schema.text, source.name)
    const mapper = compiler.mappers.get(source.id) ?? new DefaultBinLogEventMapper()
    if (compilesRows(mapper)) {
      this.writer = mapper.compile(source.name, this.name, record, this.shown)
      this.keyColumns = this.chooseKey(compiler, record, primaryKey)
    } else {
      this.custom = { mapper, encode: compileRowEncoder(this.schema.text) }
      this.keyColumns = primaryKey.length > 0 ? primaryKey : this.wholeRow(compiler)
    }
    this.key = rowKey(this.keyColumns)
  }

  private chooseKey(
    compiler: TableCompiler,
    record: RecordSchema,
    primaryKey: readonly BinlogColumn[],
  ): readonly BinlogColumn[] {
    const matches = matchFields(this.source.name, this.name, record, this.shown)
    const named = keyColumns(this.source.name, this.name, record, matches)
    if (named.length > 0) return named
    return primaryKey.length > 0 ? primaryKey : this.wholeRow(compiler)
  }

  private wholeRow(compiler: TableCompiler): readonly BinlogColumn[] {
    if (compiler.physicalSource.keyless === 'refuse') throw new TableKeylessError(this.name)
    return this.shown
  }

  /** How images that carry the columns of the bitmap at this offset are read; made once for each bitmap. */
  images(frame: Uint8Array, at: number): ImageReader {
    for (const known of this.known) if (sameBytes(known.present, frame, at)) return known
    const present = Uint8Array.from(frame.subarray(at, at + ((this.columns.length + 7) >> 3)))
    const complete = this.columns.every(({ index }) => isPresent(present, index))
    const reader = { present, scan: compileRowScanner(this.columns, present), complete }
    this.known.push(reader)
    return reader
  }

  /** The row as an object, for mappers of users. */
  rowObject(bytes: Buffer, at: Int32Array): RowObject {
    const row: Record<string, ColumnValue> = {}
    for (const column of this.shown) {
      const p = at[column.index] ?? AT_ABSENT
      if (p === AT_ABSENT) continue
      const value = p < 0 ? null : readColumnValue(column, bytes, p)
      setColumn(row, column.name, value instanceof Uint8Array ? Buffer.from(value) : value)
    }
    return row
  }
}

function primaryKeyOf(
  table: string,
  map: TableMap,
  description: TableDescription | undefined,
  columns: readonly BinlogColumn[],
): readonly BinlogColumn[] {
  const names = map.primaryKey?.map((index) => columns[index]?.name ?? `@${index + 1}`) ?? description?.primaryKey ?? []
  return names.map((name) => {
    const column = columns.find((each) => each.name === name)
    if (column === undefined) throw new TableUndescribedError(table, `its key names column ${name}, which is not there`)
    return column
  })
}

/** The hand-written schema of a source, or the one that follows its table. */
function schemaFor(
  { schemas, physicalSource, sinceScn }: TableCompiler,
  source: LogicalSourceConfig,
  shape: Parameters<typeof deriveSchema>[0],
  derive: boolean,
): RegisteredSchema {
  const latest = schemas.latest(source.name)
  if (latest !== undefined && !derive && isHandWritten(schemas, source.name)) return latest
  return schemas.register(source.name, deriveSchema(shape, mysqlSettingsOf(physicalSource).zeroTimestamp), sinceScn())
}
