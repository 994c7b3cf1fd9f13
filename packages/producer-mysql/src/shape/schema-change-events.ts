import { type EventAppend, SCHEMA_CHANGE_SCHEMA, SCHEMA_CHANGE_SOURCE, type SchemaChangeKind } from '@aesop/event'
import { type LogicalSourceConfig, type PhysicalSourceConfig, type WindowSink } from '@aesop/producer'
import { compileRowEncoder, type RowEncoder, type SchemaRegistry } from '@aesop/schema'
import { SourceTables } from '../table/source-tables.ts'
import { type TableName } from '../table/table-description.ts'

/** What happened to the table of a source. */
export interface SourceChange {
  readonly kind: SchemaChangeKind
  readonly source: LogicalSourceConfig
  /** As the statement names it; left out: as the configuration does. */
  readonly named?: TableName
}

const SQL_BYTES_MAX = 64 * 1024

/**
 * Writes changes of tables as events of `com.aesop.SchemaChange` into the open window. All of an event comes from the log and
 * the configuration, nothing from the clock: read again, it has the same bytes.
 */
export class SchemaChangeEvents {
  readonly #sink: WindowSink
  readonly #schemas: SchemaRegistry
  readonly #physicalSource: PhysicalSourceConfig
  readonly #names: SourceTables
  #schema: { readonly id: Uint8Array; readonly encode: RowEncoder } | undefined

  /** @param names left out: the tables that the uris mean */
  constructor(sink: WindowSink, schemas: SchemaRegistry, physicalSource: PhysicalSourceConfig, names?: SourceTables) {
    this.#names = names ?? new SourceTables(physicalSource.sources)
    this.#sink = sink
    this.#schemas = schemas
    this.#physicalSource = physicalSource
  }

  /** @param timestampNanos when it happened, as the log says @param sql the whole statement, where it was one */
  append({ kind, source, named = this.#nameOf(source) }: SourceChange, timestampNanos: bigint, sql?: string): void {
    const { schemaChangeSourceId, ddlText, largestEventSizeInBytes } = this.#physicalSource
    const { id, encode } = (this.#schema ??= this.#registered())
    const value = encode({
      kind,
      source: source.name,
      database: named.database,
      table: named.table,
      sql: sql !== undefined && ddlText ? cut(sql, Math.min(SQL_BYTES_MAX, largestEventSizeInBytes >> 1)) : null,
      at: Number(timestampNanos / 1_000_000n),
    })
    const append: EventAppend = {
      opcode: 'UPSERT',
      key: source.name,
      sourceId: schemaChangeSourceId,
      schemaId: id,
      timestampNanos,
      logicalPartition: 0,
      maxValueBytes: value.length,
    }
    this.#sink.append(append, (target, offset) => offset + value.copy(target, offset))
  }

  /** Of a source without a database in its uri, the whole of it is the table. */
  #nameOf(source: LogicalSourceConfig): TableName {
    const [name] = this.#names.tablesOf(source)
    return name ?? { database: '', table: source.uri }
  }

  #registered(): { id: Uint8Array; encode: RowEncoder } {
    const { id, text } = this.#schemas.register(SCHEMA_CHANGE_SOURCE, SCHEMA_CHANGE_SCHEMA)
    return { id, encode: compileRowEncoder(text) }
  }
}

/** At most so many bytes of UTF-8, and no half character. */
function cut(sql: string, bytesMax: number): string {
  const bytes = Buffer.from(sql)
  if (bytes.length <= bytesMax) return sql
  let end = bytesMax
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.toString('utf8', 0, end)
}
