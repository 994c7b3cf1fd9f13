import { type Logger } from '@aesop/kernel'
import { type PassedOver, type PassOver, type PhysicalSourceConfig, type WindowSink } from '@aesop/producer'
import { type SchemaRegistry } from '@aesop/schema'
import { type BinLogEventMapper } from '../row/binlog-event-mapper.ts'
import { BinLogEvent } from '../log/binlog-event.ts'
import { type BinLogEventProcessor, type EventsMap } from './binlog-event-processor.ts'
import { BinlogEventCorruptError } from '../error/errors.ts'
import { type BinlogHandler } from '../log/binlog-stream.ts'
import { eventLimits } from '../log/event-limits.ts'
import { BinlogTransaction } from '../transaction/binlog-transaction.ts'
import { type HeldXaOptions } from '../transaction/held-room.ts'
import { type LogAhead } from '../shape/log-ahead.ts'
import { type LogCursor } from '../log/log-cursor.ts'
import { NopSchemaChangeEventProcessor, type SchemaChangeEventProcessor } from '../shape/schema-change.ts'
import { inOrder } from '../log/in-order.ts'
import { groupOf } from '../log/gtid-event.ts'
import { atTransaction } from '../error/passable-error.ts'
import { type QuarantineRecord } from '@aesop/producer'
import { SchemaChangeEvents, type SourceChange } from '../shape/schema-change-events.ts'
import { ShapeHistory } from '../shape/shape-history.ts'
import { SourceTables } from '../table/source-tables.ts'
import { standardEvents } from './standard-events.ts'
import { TableCache } from '../shape/table-cache.ts'
import { type TableCatalogue } from '../table/table-description.ts'
import { TableShapes } from '../shape/table-shapes.ts'
import { type PassedTables, TransactionPass } from './transaction-pass.ts'
import { type WaitingXa } from '../transaction/waiting-xa.ts'
import { type WindowPosition } from '../log/window-position.ts'

export interface BinlogDecoderOptions {
  readonly physicalSource: PhysicalSourceConfig
  readonly schemas: SchemaRegistry
  readonly sink: WindowSink
  /** Asked for tables that the log does not describe itself. */
  readonly catalogue?: TableCatalogue
  /** Which tables the sources capture; left out: those that their uris mean, names compared exactly. */
  readonly sourceTables?: SourceTables
  /** Which shape tables had where in the log; default: one that keeps nothing. */
  readonly shapes?: ShapeHistory
  /** Looks for changes between the rows that are read and what the catalogue says; default: there are none. */
  readonly ahead?: LogAhead
  /** Event type → processor; default: the standard ones. */
  readonly eventsMap?: EventsMap
  /** Logical source id → a user's own mapper; default: the compiled one. */
  readonly mappers?: ReadonlyMap<number, BinLogEventMapper>
  readonly schemaChangeEventProcessor?: SchemaChangeEventProcessor
  /** What is left out, and kept of it; default: nothing, and a fault of a table ends the source. */
  readonly quarantineRecord?: QuarantineRecord
  /** 0–2047, the high bits of every SCN. */
  readonly generation: number
  readonly log: Logger
  /** Called after each window has been closed in the sink, empty ones included. */
  readonly onWindow: (scn: bigint, position: WindowPosition) => void
  /** A transaction with this GTID was read and gave no window. */
  readonly onPassed?: (gtid: string) => void
  /** Transactions to go past; default none. */
  readonly passOvers?: readonly PassOver[]
  /** One of them was passed over: its window is empty. */
  readonly passedOver?: (passed: PassedOver) => void
  /** Another log has begun and nothing is open: reading may go on there, though no window has closed. */
  readonly onMoved?: (position: WindowPosition) => void
  /** Windows up to this SCN have been delivered and are dropped when they come again; default: none. */
  readonly sinceScn?: bigint
  /** An empty window is closed at once where this SCN is reached; default: nowhere. */
  readonly reachScn?: bigint
  /** How much of XA transactions that wait for their verdict is in memory, and where the rest lies; default: all is. */
  readonly heldXa?: HeldXaOptions
  /** Least distance of the empty windows that uninteresting traffic causes; default 5000. */
  readonly emptyWindowEveryMs?: number
}

/**
 * From raw events to windows in the sink. `onEvent` throws (or its promise rejects with) an AesopError when the log
 * can't be followed: the stream then stops and reports it through `onBroken`. After that, and before every reconnect,
 * `resetTransaction` forgets the open transaction; the stream must go on at the position of the last `onWindow`.
 */
export class BinlogDecoder implements BinlogHandler {
  /** When the event that came last was written, in seconds since 1970; 0 before the first. */
  lastEventSeconds = 0
  private readonly transaction: BinlogTransaction
  private readonly tables: TableCache
  /** Undefined while nothing is to be passed over: the path of every event asks. */
  private readonly pass: TransactionPass | undefined
  private readonly source: string
  private readonly event = new BinLogEvent()
  /** Undefined where a window stays in memory. */
  private readonly spillingSink: WindowSink | undefined
  /** By type. */
  private readonly processors: readonly (BinLogEventProcessor | undefined)[]

  constructor(options: BinlogDecoderOptions) {
    const { physicalSource, schemas, sink, generation, log, onWindow, passOvers = [], passedOver } = options
    this.source = physicalSource.name
    this.spillingSink = sink.spills === true ? sink : undefined
    this.pass = passOvers.length === 0 ? undefined : new TransactionPass(passOvers, (each) => passedOver?.(each))
    const compiler = {
      physicalSource,
      schemas,
      mappers: options.mappers ?? new Map<number, BinLogEventMapper>(),
      sinceScn: () => this.transaction.scnMin,
    }
    this.tables = new TableCache(compiler, shapesOf(options), log, options.sourceTables)
    const events: EventsMap = new Map([...standardEvents(), ...(options.eventsMap ?? [])])
    this.processors = Array.from({ length: 256 }, (_unused, type) => events.get(type))
    this.transaction = new BinlogTransaction({
      sink,
      generation,
      log,
      onWindow,
      ...(options.onPassed === undefined ? {} : { onPassed: options.onPassed }),
      ...(options.onMoved === undefined ? {} : { onMoved: options.onMoved }),
      ...quarantinesOf(options),
      ...(options.heldXa === undefined ? {} : { heldXa: options.heldXa }),
      changes: new SchemaChangeEvents(sink, schemas, physicalSource, options.sourceTables),
      tables: this.tables,
      schemaChanges: options.schemaChangeEventProcessor ?? new NopSchemaChangeEventProcessor({}, { log }),
      limits: eventLimits(physicalSource.largestEventSizeInBytes, physicalSource.eventVersion),
      logKeys: physicalSource.logKeys,
      emptyWindowEveryMs: options.emptyWindowEveryMs ?? 5000,
      sinceScn: options.sinceScn ?? -1n,
      reachScn: options.reachScn ?? -1n,
      dispatch: (event) => this.process(event),
    })
  }

  /** Row changes delivered so far. */
  get rowCount(): number {
    return this.transaction.rowCount
  }

  /** Where the log is read. */
  get cursor(): Readonly<LogCursor> {
    return this.transaction.cursor
  }

  /** Up to here everything has been delivered, whoever captures it; undefined: not known yet. */
  get reached(): { readonly file: string; readonly position: number } | undefined {
    return this.transaction.reached
  }

  /** XA transactions whose verdict has still to come; undefined: none waits. */
  get waitingXa(): WaitingXa | undefined {
    return this.transaction.waitingXa
  }

  onEvent(bytes: Buffer, offset: number, end: number): Promise<void> | undefined {
    try {
      const event = this.event.set(bytes, offset, end)
      this.lastEventSeconds = event.timestamp
      this.transaction.advance(event)
      const pending = this.pass === undefined ? this.process(event) : this.processOrPass(event, this.pass)
      return pending === undefined ? undefined : this.locatedLater(pending)
    } catch (error) {
      throw this.located(error)
    }
  }

  private locatedLater(pending: Promise<void>): Promise<void> {
    return pending.catch((error: unknown) => {
      throw this.located(error)
    })
  }

  private process(event: BinLogEvent): Promise<void> | undefined {
    const pending = this.processors[event.type]?.process(event, this.transaction)
    return this.spillingSink === undefined ? pending : (pending ?? this.spillingSink.whenSpilled?.())
  }

  private processOrPass(event: BinLogEvent, pass: TransactionPass): Promise<void> | undefined {
    const { file, position } = this.transaction.eventPlace
    switch (pass.step(event, file, position, () => groupOf(event))) {
      case 'skip':
        return this.transaction.passedEvent(event)
      case 'end':
        return inOrder(this.transaction.passedEvent(event), () =>
          this.transaction.passOver(event, this.concernedBy(pass.last)),
        )
      case 'ended':
        this.transaction.rollback()
        return this.process(event)
      case 'begin':
        this.transaction.rollback()
        return this.processIfPossible(event)
      case 'process':
        return this.process(event)
    }
  }

  private concernedBy({ tables, isSure }: PassedTables): SourceChange[] {
    const concerned = [...this.tables.capturedSources()].filter(
      (source) => !isSure || tables.some(({ database, table }) => this.tables.sourceOf(database, table) === source),
    )
    return concerned.map((source) => ({ kind: 'PASSED_OVER', source }))
  }

  /** The first event of a transaction that is passed over names it, unless that is what is wrong with it. */
  private processIfPossible(event: BinLogEvent): Promise<void> | undefined {
    try {
      return this.process(event)
    } catch {
      return undefined
    }
  }

  /** Adds the place to what was found wrong in an event; reading beyond its bytes is a fault of the event, too. */
  private located(error: unknown): unknown {
    return atTransaction(this.named(error), this.source, this.transaction.faultPlace(this.event.type))
  }

  private named(error: unknown): unknown {
    const where = `before ${this.transaction.place}`
    if (error instanceof RangeError) return new BinlogEventCorruptError('it ends early', where, error)
    if (!(error instanceof BinlogEventCorruptError) || error.where !== undefined) return error
    return new BinlogEventCorruptError(error.fault, where, error)
  }

  onRotate(file: string, position: number, ended?: number): void {
    this.transaction.rotate(file, position, ended)
  }

  onCaughtUp(): void {
    this.transaction.caughtUp()
  }

  /**
   * Rolls the open window back and forgets tables; call it before every (re)connect. `between`: reading goes on between two
   * transactions for sure. Otherwise what comes before the next end of one is not delivered, because its beginning is not known.
   */
  resetTransaction(between = false): void {
    this.pass?.reset()
    this.transaction.reset(between)
  }
}

/** A source that never leaves anything out need not look. */
function quarantinesOf({ quarantineRecord: record, physicalSource }: BinlogDecoderOptions): {
  quarantines?: { record: QuarantineRecord; takesNew: boolean }
} {
  const takesNew = physicalSource.onTableFault === 'quarantine'
  return record === undefined || !(takesNew || record.list.length > 0) ? {} : { quarantines: { record, takesNew } }
}

/** Undefined: the log has to describe its tables itself. */
function shapesOf(options: BinlogDecoderOptions): TableShapes | undefined {
  const { catalogue, ahead, physicalSource, sourceTables, generation, log } = options
  if (catalogue === undefined) return undefined
  const captured = (sourceTables ?? new SourceTables(physicalSource.sources)).all
  const history = options.shapes ?? new ShapeHistory(undefined, true, captured, log)
  return new TableShapes({ history, catalogue, ahead, generation, log })
}

export type { WindowPosition } from '../log/window-position.ts'
