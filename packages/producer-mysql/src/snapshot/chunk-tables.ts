import { isOpen, type Quarantine } from '@aesop/checkpoint'
import {
  type LogicalSourceConfig,
  type PhysicalSourceConfig,
  quarantineRemedy,
  quotedTable,
  SnapshotRefusedError,
} from '@aesop/producer'
import { type SchemaRegistry } from '@aesop/schema'
import { type BinLogEventMapper } from '../row/binlog-event-mapper.ts'
import { type TableName } from '../table/table-description.ts'
import { InformationSchemaCatalogue } from '../server/information-schema-catalogue.ts'
import { type ShapeHistory } from '../shape/shape-history.ts'
import { type SourceTables } from '../table/source-tables.ts'
import { ChunkTable } from './chunk-table.ts'
import { isSameLog, type LiveLog, type LiveState, placeOfState } from './live-log.ts'
import { readTableKey } from './table-key.ts'
import { type SnapshotSession } from './snapshot-session.ts'

export interface ChunkTablesOptions {
  readonly physicalSource: PhysicalSourceConfig
  readonly schemas: SchemaRegistry
  readonly mappers: ReadonlyMap<number, BinLogEventMapper>
  readonly sourceTables: SourceTables
  readonly shapes: ShapeHistory
  readonly live: LiveLog
  readonly quarantines: () => readonly Quarantine[]
}

interface Prepared {
  readonly table: ChunkTable
  /** Where the stream was when the table was this one. */
  readonly since: LiveState
}

/** The tables that are read, in the shapes that they have where the stream is; one that has changed is described anew. */
export class ChunkTables {
  readonly #options: ChunkTablesOptions
  readonly #prepared = new Map<string, Prepared>()

  constructor(options: ChunkTablesOptions) {
    this.#options = options
  }

  /**
   * The table of a logical source; undefined: it changes just now, or a session has it locked.
   * @throws SnapshotRefusedError, SnapshotBehindError
   */
  async take(source: string, session: SnapshotSession, signal: AbortSignal): Promise<ChunkTable | undefined> {
    const config = this.sourceOf(source)
    const known = this.#prepared.get(source)
    if (known !== undefined && !(await this.hasChanged(known.table, known.since, signal))) return known.table
    this.#prepared.delete(source)
    const prepared = await this.#prepare(config, session, signal)
    if (prepared !== undefined) this.#prepared.set(source, prepared)
    return prepared?.table
  }

  /** What is captured and delivered. @throws SnapshotRefusedError */
  sourceOf(source: string): LogicalSourceConfig {
    const { physicalSource, quarantines } = this.#options
    const config = physicalSource.sources.find(({ name }) => name === source)
    if (config === undefined) {
      const names = physicalSource.sources.map(({ name }) => name).join(', ')
      throw new SnapshotRefusedError(source, `${physicalSource.name} captures ${names}`)
    }
    const leftOut = quarantines().find((each) => each.source === source && isOpen(each))
    if (leftOut === undefined) return config
    const reason = `its rows are left out of the stream from SCN ${leftOut.scn} on: ${leftOut.reason} (${leftOut.code})`
    throw new SnapshotRefusedError(source, reason, { remedy: quarantineRemedy(physicalSource.name, source) })
  }

  forget(source: string): void {
    this.#prepared.delete(source)
  }

  /** Whether a statement may have changed the table since the stream was there, or another log is read. */
  async hasChanged(table: ChunkTable, since: LiveState, signal: AbortSignal): Promise<boolean> {
    const now = await this.#options.live.now(table.source.name, signal)
    if (!isSameLog(now, since)) return true
    return this.#options.shapes.changedAfter(this.#nameOf(table.source), placeOfState(since))
  }

  #nameOf(source: LogicalSourceConfig): TableName {
    const [name, another] = this.#options.sourceTables.tablesOf(source)
    if (name !== undefined && another === undefined) return name
    const names = this.#options.sourceTables.tablesOf(source).map(quotedTable)
    throw new SnapshotRefusedError(source.name, `its uri ${source.uri} may mean ${names.join(' or ')}`)
  }

  /** Its schema is registered where the stream has come to the place of the description: the stream's own is not overtaken. */
  async #prepare(
    source: LogicalSourceConfig,
    session: SnapshotSession,
    signal: AbortSignal,
  ): Promise<Prepared | undefined> {
    const { physicalSource, schemas, mappers, sourceTables, live, shapes } = this.#options
    const name = this.#nameOf(source)
    const catalogue = new InformationSchemaCatalogue((question) => question(session.connection), sourceTables)
    const begun = await live.now(source.name, signal)
    const { description, at } = await catalogue.refresh(name.database, name.table)
    if (description === undefined)
      throw new SnapshotRefusedError(source.name, `the server has no table ${quotedTable(name)}`)
    if (at === undefined || at === 'everywhere') return undefined
    const key = await readTableKey(session.connection, description)
    const since = await live.reached(source.name, at, begun, signal)
    if (since === undefined || shapes.changedAfter(name, placeOfState(begun))) return undefined
    const compiler = { physicalSource, schemas, mappers, sinceScn: () => since.scn + 1n }
    const { logsKeys } = session.server
    return { table: new ChunkTable(compiler, { source, description, key, logsKeys }), since }
  }
}
