import { type Logger } from '@aesop/kernel'
import { type LogicalSourceConfig } from '@aesop/producer'
import { type BinLogEvent } from './binlog-event.ts'
import { CapturedTable, type TableCompiler } from './captured-table.ts'
import { namesItself } from './column-alignment.ts'
import { parseTableMap, type TableMap } from './table-map.ts'
import { SourceTables } from './source-tables.ts'
import { type TableCatalogue, type TableDescription, type TableName } from './table-description.ts'
import { type TableMemory } from './table-memory.ts'

interface CachedTable {
  /** The body of the table map: the same bytes mean the same table. */
  readonly body: DataView
  /** Undefined: nobody captures the table. */
  readonly table: CapturedTable | undefined
}

/** Every change of a table and every restart of a server brings new ids. */
const TABLES_MAX = 10_000

/**
 * The tables that the log has described, by table id. With full metadata the description comes again in every
 * transaction: equal bytes cost one comparison, and what was compiled for them stays.
 */
export class TableCache {
  /** Whether the log is MariaDB's: it counts text columns in another way. */
  mariadb = false
  /** Of the server that wrote the log; undefined: not known yet. */
  serverVersion: string | undefined
  private readonly tables = new Map<number, CachedTable>()
  private readonly deriving = new Set<number>()
  private readonly compiler: TableCompiler
  /** Which tables the sources capture. */
  readonly names: SourceTables
  private readonly catalogue: TableCatalogue | undefined
  private readonly memory: TableMemory | undefined
  private readonly log: Logger

  constructor(
    compiler: TableCompiler,
    catalogue: TableCatalogue | undefined,
    memory: TableMemory | undefined,
    log: Logger,
    names?: SourceTables,
  ) {
    this.compiler = compiler
    this.catalogue = catalogue
    this.memory = memory
    this.log = log
    this.names = names ?? new SourceTables(compiler.physicalSource.sources)
  }

  /** Forgets all tables: ids may mean other tables from now on. */
  clear(): void {
    this.tables.clear()
  }

  /** Keeps memory bounded; only between transactions, because rows follow their table maps within one. */
  trim(): void {
    if (this.tables.size > TABLES_MAX) this.clear()
  }

  /** The logical source of a table, if one captures it. */
  sourceOf(database: string, table: string): LogicalSourceConfig | undefined {
    return this.names.sourceOf({ database, table })
  }

  capturedSources(): Iterable<LogicalSourceConfig> {
    return this.compiler.physicalSource.sources
  }

  /** A statement names the table of this source and may have changed it: what was known of its columns is not sure any more. */
  mayHaveChanged(source: LogicalSourceConfig): void {
    for (const name of this.names.tablesOf(source)) this.memory?.forget((known) => this.names.areSame(known, name))
  }

  /** From the next shape on, the schema of this source follows the table even if it was hand-written. */
  deriveFromNowOn(source: LogicalSourceConfig): void {
    this.deriving.add(source.id)
  }

  /** The table of an id; null: captured by nobody; undefined: no table map has named it. */
  get(tableId: number): CapturedTable | null | undefined {
    const cached = this.tables.get(tableId)
    return cached === undefined ? undefined : (cached.table ?? null)
  }

  /** Takes a table map in. A promise comes back when somebody else has to be asked for the table. */
  add(event: BinLogEvent): Promise<void> | undefined {
    const { bytes, body, end } = event
    const cached = end - body < 6 ? undefined : this.tables.get(event.tableId)
    if (cached !== undefined && event.bodyEquals(cached.body)) return undefined
    const copy = Buffer.from(bytes.subarray(body, end))
    const map = parseTableMap(copy, 0, copy.length, this.mariadb)
    const source = this.names.capture(map)
    if (source === undefined) {
      this.warnOfCase(map)
      this.tables.set(map.tableId, { body: viewOf(copy), table: undefined })
      return undefined
    }
    // What was known of the table may be older than this shape; types that the log does not tell apart are asked for.
    if (this.catalogue !== undefined || !namesItself(map)) return this.ask(source, map, copy)
    this.compile(source, map, copy, undefined)
    return undefined
  }

  /** Of a log without a server, nobody has said that the table of a source is there. */
  private warnOfCase({ database, table }: TableName): void {
    const source = this.catalogue === undefined ? this.names.differingByCase({ database, table }) : undefined
    if (source === undefined) return
    const fault = `the table ${database}.${table} of the log is not captured: the source ${source.uri} differs in case`
    this.log.warn(fault, { table: `${database}.${table}`, source: source.name })
  }

  private async ask(source: LogicalSourceConfig, map: TableMap, body: Buffer): Promise<void> {
    const described = await this.catalogue?.refresh(map.database, map.table)
    this.compile(source, map, body, described ?? this.memory?.recall(map, body))
    if (described !== undefined) this.memory?.remember(map, body, namesItself(map), described)
  }

  private compile(
    source: LogicalSourceConfig,
    map: TableMap,
    body: Buffer,
    description: TableDescription | undefined,
  ): void {
    const table = new CapturedTable(
      this.compiler,
      source,
      map,
      description,
      this.deriving.has(source.id),
      this.serverVersion,
    )
    this.tables.set(map.tableId, { body: viewOf(body), table })
    const facts = { table: table.name, source: source.name, schemaVersion: table.schema.version }
    this.log.debug('table compiled', facts)
  }
}

function viewOf(body: Buffer): DataView {
  return new DataView(body.buffer, body.byteOffset, body.length)
}
