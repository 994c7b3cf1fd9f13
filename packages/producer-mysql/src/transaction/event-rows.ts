import { type LogicalSourceConfig } from '@aesop/producer'
import { type CapturedTable } from '../row/captured-table.ts'
import { type RowChanges } from './row-changes.ts'
import { type RowsEvent, type RowsKind } from '../log/rows-event.ts'
import { type TableFault } from '../error/table-fault.ts'
import { type RowsAtHand } from './table-quarantine.ts'

/** The rows of one event whose table is understood. */
export class EventRows implements RowsAtHand {
  readonly source: LogicalSourceConfig
  readonly timestampNanos: bigint
  readonly #table: CapturedTable
  readonly #parse: () => RowsEvent
  readonly #kind: RowsKind
  readonly #changes: RowChanges

  /** @param parse reads the frame of the event, which may be a fault of the table, too */
  constructor(
    table: CapturedTable,
    parse: () => RowsEvent,
    kind: RowsKind,
    timestampNanos: bigint,
    changes: RowChanges,
  ) {
    this.source = table.source
    this.timestampNanos = timestampNanos
    this.#table = table
    this.#parse = parse
    this.#kind = kind
    this.#changes = changes
  }

  append(eventsMax: number | undefined): void {
    if (eventsMax === undefined) this.#changes.appendAll(this.#table, this.#parse(), this.#kind, this.timestampNanos)
    else this.#changes.appendUpTo(eventsMax, this.#table, this.#parse(), this.#kind, this.timestampNanos)
  }

  rowsBehind(events: number): number | undefined {
    try {
      return this.#countBehind(events)
    } catch {
      // What can't be delivered may be what can't be read either.
      return undefined
    }
  }

  #countBehind(events: number): number {
    const rows = this.#parse()
    const { scan } = this.#table.images(rows.frame, rows.present)
    const { scan: scanAfter } = this.#table.images(rows.frame, rows.presentAfter)
    const [before, after] = [this.#offsets(), this.#offsets()]
    const isUpdate = this.#kind === 'update'
    let [count, left] = [0, events]
    for (let p = rows.images; p < rows.end;) {
      let end = scan(rows.bytes, p, before)
      if (isUpdate) end = scanAfter(rows.bytes, end, after)
      if (!(end > p && end <= rows.end)) throw new RangeError('an image ends outside of its event')
      const own = left > 0 && isUpdate && this.#keyChanges(rows, before, after) ? 2 : 1
      // A row of which only the DELETE of its old key was delivered is left out, too.
      if (left < own) count++
      left = Math.max(0, left - own)
      p = end
    }
    return count
  }

  #keyChanges({ bytes }: RowsEvent, before: Int32Array, after: Int32Array): boolean {
    return this.#table.key(bytes, before) !== this.#table.key(bytes, after)
  }

  #offsets(): Int32Array {
    return new Int32Array(this.#table.columns.length)
  }
}

/** The rows of an event that can't be looked at: its table, or the event as a whole, has a fault. */
export function faultyRows(source: LogicalSourceConfig, timestampNanos: bigint, fault: TableFault): RowsAtHand {
  return {
    source,
    timestampNanos,
    append: () => {
      throw fault
    },
    rowsBehind: () => undefined,
  }
}
