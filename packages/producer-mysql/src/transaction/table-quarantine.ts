import { type Quarantine } from '@aesop/checkpoint'
import { type LogicalSourceConfig } from '@aesop/producer'
import { type BinLogEvent } from '../log/binlog-event.ts'
import { type QuarantineRecord } from '@aesop/producer'
import { RowsLeftOut } from './rows-left-out.ts'
import { type SchemaChangeEvents } from '../shape/schema-change-events.ts'
import { type TableCache } from '../shape/table-cache.ts'
import { TableFault } from '../error/table-fault.ts'
import { parseTableMap } from '../log/table-map.ts'

/** The rows of one event of the log, as far as they concern one source. */
export interface RowsAtHand {
  readonly source: LogicalSourceConfig
  readonly timestampNanos: bigint
  /** Appends the rows; with a bound, so many events at most, and then throws RowsLeftOut. */
  append(eventsMax: number | undefined): void
  /** Rows that stand behind so many events of them; undefined: nobody can count them. */
  rowsBehind(events: number): number | undefined
}

/** What was left out of one source in the open transaction. */
interface LeftOut {
  rows: number
  uncountedEvents: number
}

/**
 * Leaves out the rows of tables that have a fault, in the transaction that the log is in. What the record says decides; a fault
 * that it does not know yet begins an interval, when the policy of the source allows it.
 *
 *   a transaction begins | what the record says of the source          | its rows
 *   ---------------------|---------------------------------------------|------------------------------------------------------
 *   before `fromScn`     | –                                           | delivered
 *   at `fromScn`         | the interval begins in it                   | delivered up to `ordinal`, then QUARANTINED, then left out
 *   behind `fromScn`     | open, or it begins before `untilScn`        | left out
 *   at or behind `untilScn` | the first with rows of the source        | RELEASED, then delivered
 *   at or behind `untilScn` | others                                   | delivered
 */
export class TableQuarantine {
  readonly #record: QuarantineRecord
  readonly #changes: SchemaChangeEvents
  readonly #rowEvents: () => number
  readonly #takesNew: boolean
  /** Faults of table maps, by table id: the rows that come decide whether they matter. */
  readonly #faulty = new Map<number, { readonly source: LogicalSourceConfig; readonly fault: TableFault }>()
  #startScn = -1n
  #delivered = new Map<string, number>()
  #leftOut = new Map<string, LeftOut>()
  #told = new Set<string>()
  #begun = new Map<string, Omit<Quarantine, 'scn' | 'countedScn'>>()
  #released = new Set<Quarantine>()

  /** @param rowEvents how many events of rows were appended until now @param takesNew the policy of the source */
  constructor(record: QuarantineRecord, changes: SchemaChangeEvents, rowEvents: () => number, takesNew: boolean) {
    this.#record = record
    this.#changes = changes
    this.#rowEvents = rowEvents
    this.#takesNew = takesNew
  }

  /** Table ids mean other tables from now on. */
  forgetTables(): void {
    this.#faulty.clear()
  }

  /** Takes a table map in; what is wrong with the table is kept until rows of it come. @throws what is no fault of a table */
  addTable(event: BinLogEvent, tables: TableCache): Promise<void> | undefined {
    this.#faulty.delete(event.tableId)
    try {
      return tables.add(event)?.catch((error: unknown) => {
        this.#keep(event, tables, error)
      })
    } catch (error) {
      this.#keep(event, tables, error)
      return undefined
    }
  }

  #keep(event: BinLogEvent, tables: TableCache, error: unknown): void {
    if (!(error instanceof TableFault)) throw error
    const body = Buffer.from(event.bytes.subarray(event.body, event.end))
    const { database, table } = parseTableMap(body, 0, body.length, tables.mariadb)
    const source = tables.sourceOf(database, table)
    if (source === undefined || !(this.#takesNew || this.#record.has(source.name))) throw error
    this.#faulty.set(event.tableId, { source, fault: error })
  }

  faultOf(tableId: number): { readonly source: LogicalSourceConfig; readonly fault: TableFault } | undefined {
    return this.#faulty.get(tableId)
  }

  /** @param startScn where the transaction begins @throws TableFault where it ends the source */
  take(startScn: bigint, rows: RowsAtHand): void {
    if (startScn !== this.#startScn) this.#begin(startScn)
    const { name } = rows.source
    const own = this.#record.list.filter(({ source }) => source === name)
    for (const each of own) this.#release(each, rows)
    if (this.#begun.has(name) || own.some((each) => this.#isWithin(each))) this.#leaveOut(rows, 0)
    else
      this.#deliver(
        rows,
        own.find(({ fromScn }) => fromScn === startScn),
      )
  }

  #begin(startScn: bigint): void {
    this.#startScn = startScn
    this.#delivered = new Map()
    this.#leftOut = new Map()
    this.#told = new Set()
    this.#begun = new Map()
    this.#released = new Set()
  }

  /** Forgets the transaction: it was rolled back, or comes again. */
  forget(): void {
    this.#begin(-1n)
  }

  /** @returns what forgets all that comes from now on in this transaction: a savepoint that it goes back to */
  mark(): () => void {
    const startScn = this.#startScn
    const [delivered, told] = [new Map(this.#delivered), new Set(this.#told)]
    const [begun, released] = [new Map(this.#begun), new Set(this.#released)]
    const leftOut = copyOf(this.#leftOut)
    return () => {
      this.#startScn = startScn
      this.#delivered = new Map(delivered)
      this.#told = new Set(told)
      this.#begun = new Map(begun)
      this.#released = new Set(released)
      this.#leftOut = copyOf(leftOut)
    }
  }

  #isWithin({ fromScn, untilScn }: Quarantine): boolean {
    return fromScn < this.#startScn && (untilScn === undefined || this.#startScn < untilScn)
  }

  #release(each: Quarantine, { source, timestampNanos }: RowsAtHand): void {
    const { untilScn, releasedFromScn } = each
    const isDue = untilScn !== undefined && releasedFromScn === undefined && this.#startScn >= untilScn
    if (isDue) this.#released.add(each)
    if (isDue || releasedFromScn === this.#startScn) this.#tell('RELEASED', each.fromScn, source, timestampNanos)
  }

  /** Each interval is told of once in its window. */
  #tell(kind: 'QUARANTINED' | 'RELEASED', fromScn: bigint, source: LogicalSourceConfig, timestampNanos: bigint): void {
    const what = JSON.stringify([kind, source.name, String(fromScn)])
    if (this.#told.has(what)) return
    this.#told.add(what)
    this.#changes.append({ kind, source }, timestampNanos)
  }

  #deliver(rows: RowsAtHand, interval: Quarantine | undefined): void {
    const { source, timestampNanos } = rows
    const before = this.#delivered.get(source.name) ?? 0
    const left = interval === undefined ? undefined : interval.ordinal - before
    const counted = { events: 0 }
    try {
      this.#counting(rows, left, counted)
    } catch (error) {
      const isRecorded = error instanceof RowsLeftOut || (error instanceof TableFault && counted.events === left)
      if (!isRecorded) this.#quarantine(error, before + counted.events, source)
      this.#tell('QUARANTINED', this.#startScn, source, timestampNanos)
      this.#leaveOut(rows, counted.events)
    } finally {
      this.#delivered.set(source.name, before + counted.events)
    }
  }

  #counting(rows: RowsAtHand, left: number | undefined, counted: { events: number }): void {
    const from = this.#rowEvents()
    try {
      rows.append(left)
    } finally {
      counted.events = this.#rowEvents() - from
    }
  }

  #quarantine(error: unknown, ordinal: number, { name: source }: LogicalSourceConfig): void {
    if (!(error instanceof TableFault) || !this.#takesNew) throw error
    const { code, message: reason, fields } = error
    this.#begun.set(source, {
      source,
      fromScn: this.#startScn,
      ordinal,
      code,
      reason,
      fields,
      rows: 0,
      uncountedEvents: 0,
    })
  }

  #leaveOut(rows: RowsAtHand, behindEvents: number): void {
    const { name } = rows.source
    const leftOut = this.#leftOut.get(name) ?? { rows: 0, uncountedEvents: 0 }
    const count = rows.rowsBehind(behindEvents)
    if (count === undefined) leftOut.uncountedEvents++
    else leftOut.rows += count
    this.#leftOut.set(name, leftOut)
  }

  /** The window of the transaction is about to be visible under this SCN: what begins or ends in it is stored afterwards. */
  closing(scn: bigint): Promise<void> | undefined {
    if (this.#startScn === -1n) return undefined
    const begun = [...this.#begun.values()].map((each) => ({ ...each, scn, countedScn: scn - 1n }))
    const list = [...this.#record.list.map((each) => this.#ended(each, scn)), ...begun].map((each) =>
      this.#counted(each, scn),
    )
    const isNews = begun.length + this.#released.size > 0
    const saving = isNews ? this.#record.save(list, begun) : undefined
    if (saving !== undefined)
      return saving.then(() => {
        this.forget()
      })
    if (!isNews && this.#leftOut.size > 0) this.#record.list = list
    this.forget()
    return undefined
  }

  #ended(each: Quarantine, scn: bigint): Quarantine {
    return this.#released.has(each) ? { ...each, releasedFromScn: this.#startScn, releasedScn: scn } : each
  }

  /** A window that is read again is counted already. */
  #counted(each: Quarantine, scn: bigint): Quarantine {
    const leftOut = this.#leftOut.get(each.source)
    const isConcerned = each.fromScn === this.#startScn || this.#isWithin(each)
    if (leftOut === undefined || scn <= each.countedScn || !isConcerned) return each
    const { rows, uncountedEvents } = each
    return {
      ...each,
      rows: rows + leftOut.rows,
      uncountedEvents: uncountedEvents + leftOut.uncountedEvents,
      countedScn: scn,
    }
  }
}

function copyOf(leftOut: ReadonlyMap<string, LeftOut>): Map<string, LeftOut> {
  return new Map([...leftOut].map(([source, count]) => [source, { ...count }]))
}
