import { type Logger } from '@aesop/kernel'
import { type LogicalSourceConfig } from '@aesop/producer'
import { type BinLogEvent } from '../log/binlog-event.ts'
import { CapturedTable, type TableCompiler } from '../row/captured-table.ts'
import { isAmbiguous, namesItself } from '../table/column-alignment.ts'
import { misfitOf } from '../table/column-fit.ts'
import { LogCursor } from '../log/log-cursor.ts'
import { TableLockedError, TableShapeUnsureError } from '../error/shape-errors.ts'
import { parseTableMap, type TableMap } from '../log/table-map.ts'
import { SourceTables } from '../table/source-tables.ts'
import { type TableDescription, type TableName } from '../table/table-description.ts'
import { type TableShapes } from './table-shapes.ts'

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
  /** Where the log is read. */
  cursor = new LogCursor()
  /** Of the server that wrote the log; undefined: not known yet. */
  serverVersion: string | undefined
  private readonly tables = new Map<number, CachedTable>()
  private readonly deriving = new Set<number>()
  private readonly compiler: TableCompiler
  /** Which tables the sources capture. */
  readonly names: SourceTables
  private readonly shapes: TableShapes | undefined
  private readonly log: Logger

  /** @param shapes undefined: the log describes all tables itself */
  constructor(compiler: TableCompiler, shapes: TableShapes | undefined, log: Logger, names?: SourceTables) {
    this.compiler = compiler
    this.shapes = shapes
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

  /** A statement has changed the tables of these sources here, or may have. The promise waits for what they are now. */
  changed(sources: readonly LogicalSourceConfig[]): Promise<void> | undefined {
    return this.shapes?.changed(
      sources.flatMap((source) => this.names.tablesOf(source)),
      this.cursor,
    )
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

  /**
   * Takes a table map in, that stands here. A promise comes back when somebody else has to be asked for the table.
   * @throws TableFault
   */
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
    const known = this.shapes?.known(this.names.calledBy(source, map), this.cursor)
    const misfit = known === undefined ? undefined : misfitOf(map, known)
    const isKnown = known !== undefined && misfit === undefined
    if (this.shapes !== undefined && !isKnown) return this.ask(this.shapes, source, map, copy, misfit)
    this.compile(source, map, copy, known)
    return undefined
  }

  /** Of a log without a server, nobody has said that the table of a source is there. */
  private warnOfCase({ database, table }: TableName): void {
    const source = this.shapes === undefined ? this.names.differingByCase({ database, table }) : undefined
    if (source === undefined) return
    const fault = `the table ${database}.${table} of the log is not captured: the source ${source.uri} differs in case`
    this.log.warn(fault, { table: `${database}.${table}`, source: source.name })
  }

  /** @param knownMisfit why it is not the shape that was known; undefined: none was */
  private async ask(
    shapes: TableShapes,
    source: LogicalSourceConfig,
    map: TableMap,
    body: Buffer,
    knownMisfit: string | undefined,
  ): Promise<void> {
    const { cursor } = this
    const needed = !namesItself(map) || isAmbiguous(map, this.mariadb)
    const found = await shapes.find(this.names.calledBy(source, map), cursor, needed)
    const wanted = {
      source: this.compiler.physicalSource.name,
      table: `${map.database}.${map.table}`,
      place: `${cursor.file}:${cursor.position}`,
    }
    if ('locked' in found && needed) throw new TableLockedError(wanted)
    const misfit = 'description' in found ? misfitOf(map, found.description) : undefined
    if ('description' in found && misfit === undefined) this.compile(source, map, body, found.description)
    else if (!needed) this.compile(source, map, body, undefined)
    else throw new TableShapeUnsureError(wanted, misfit ?? knownMisfit ?? ('reason' in found ? found.reason : ''))
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
