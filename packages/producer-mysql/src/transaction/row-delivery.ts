import { type LogKeys } from '@aesop/kernel'
import { type LogicalSourceConfig, type WindowSink } from '@aesop/producer'
import { type BinLogEvent } from '../log/binlog-event.ts'
import { type CapturedTable } from '../row/captured-table.ts'
import { type EventLimits } from '../log/event-limits.ts'
import { EventRows, faultyRows } from './event-rows.ts'
import { refuseOversize } from './oversize-event.ts'
import { type QuarantineRecord } from '@aesop/producer'
import { RowChanges } from './row-changes.ts'
import { parseRowsEvent, ROWS_TYPES, RowsEvent, type RowsKind } from '../log/rows-event.ts'
import { type SchemaChangeEvents } from '../shape/schema-change-events.ts'
import { type TableCache } from '../shape/table-cache.ts'
import { TableFault } from '../error/table-fault.ts'
import { TableQuarantine } from './table-quarantine.ts'

export interface RowDeliveryOptions {
  readonly sink: WindowSink
  readonly limits: EventLimits
  readonly logKeys: LogKeys
  readonly tables: TableCache
  readonly changes: SchemaChangeEvents
  /** Left out: a fault of a table ends the source, and nothing is left out. */
  readonly quarantines?: { readonly record: QuarantineRecord; readonly takesNew: boolean }
}

/** Where the rows of an event stand: when they were committed, and where their transaction begins (see `Quarantine`). */
export interface RowsPlace {
  readonly timestampNanos: bigint
  readonly startScn: bigint
}

/** Brings the rows of tables into the open window, or leaves them out where the table has a fault. */
export class RowDelivery {
  readonly #options: RowDeliveryOptions
  readonly #rows: RowChanges
  readonly #frame: RowsEvent
  readonly #quarantine: TableQuarantine | undefined

  constructor(options: RowDeliveryOptions) {
    const { sink, limits, logKeys, changes, quarantines } = options
    this.#options = options
    this.#rows = new RowChanges(sink, limits, logKeys)
    this.#frame = new RowsEvent(limits.loggedBytesMax)
    this.#quarantine =
      quarantines && new TableQuarantine(quarantines.record, changes, () => this.#rows.count, quarantines.takesNew)
  }

  /** Row changes delivered so far. */
  get count(): number {
    return this.#rows.count
  }

  beginWindow(): void {
    this.#options.sink.beginWindow()
    this.#rows.ordinal = 0
  }

  /** @throws AesopError of the table's shape, where it ends the source; the promise waits for the catalogue */
  addTable(event: BinLogEvent): Promise<void> | undefined {
    const { tables } = this.#options
    return this.#quarantine === undefined ? tables.add(event) : this.#quarantine.addTable(event, tables)
  }

  /** Whether the rows are those of a table that has a fault: they are left out then. @throws the fault, where it ends the source */
  takesFaulty(tableId: number, place: () => RowsPlace): boolean {
    const faulty = this.#quarantine?.faultOf(tableId)
    if (faulty !== undefined) this.takeFaulty(faulty.source, faulty.fault, place)
    return faulty !== undefined
  }

  take(table: CapturedTable, event: BinLogEvent, kind: RowsKind, nanos: bigint, startScn: () => bigint): void {
    if (this.#quarantine === undefined) {
      this.#rows.appendAll(table, parseRowsEvent(event, kind, this.#frame, table.name), kind, nanos)
      return
    }
    const parse = (): RowsEvent => parseRowsEvent(event, kind, this.#frame, table.name)
    this.#quarantine.take(startScn(), new EventRows(table, parse, kind, nanos, this.#rows))
  }

  /** The rows of an event that can't be taken. @throws the fault, where it ends the source */
  takeFaulty(source: LogicalSourceConfig, fault: TableFault, place: () => RowsPlace): void {
    if (this.#quarantine === undefined) throw fault
    const { startScn, timestampNanos } = place()
    this.#quarantine.take(startScn, faultyRows(source, timestampNanos, fault))
  }

  /** An event that is too large to be held. @throws LoggedRowTooLargeError unless nobody captures it, or its rows are left out */
  leaveOut(head: BinLogEvent, bytes: number, place: () => RowsPlace): void {
    if (ROWS_TYPES.has(head.type) && this.takesFaulty(head.tableId, place)) return
    try {
      refuseOversize(head, bytes, this.#options)
    } catch (error) {
      const table = ROWS_TYPES.has(head.type) ? this.#options.tables.get(head.tableId) : undefined
      if (!(error instanceof TableFault) || table === undefined || table === null) throw error
      this.takeFaulty(table.source, error, place)
    }
  }

  /** The window is about to be visible: what begins to be left out in it is stored afterwards. @throws what the store throws, at once or as a rejection */
  closing(scn: bigint): Promise<void> | undefined {
    return this.#quarantine?.closing(scn)
  }

  /** The transaction was rolled back, or comes again. */
  forget(): void {
    this.#quarantine?.forget()
  }

  /** @param forgetEvents forgets the events that come from now on @returns what forgets all of the transaction that does */
  mark(forgetEvents: () => void): () => void {
    const forgetRows = this.#quarantine?.mark()
    const { ordinal } = this.#rows
    return () => {
      forgetEvents()
      this.#rows.ordinal = ordinal
      forgetRows?.()
    }
  }

  /** Table ids mean other tables from now on. */
  forgetTables(): void {
    this.#options.tables.clear()
    this.#quarantine?.forgetTables()
  }
}
