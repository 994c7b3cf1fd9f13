import { TransactionOrderError } from '../error/errors.ts'
import { type LogCursor } from '../log/log-cursor.ts'
import { type ScnOfLog } from '../log/scn-of-log.ts'
import { type WindowPosition } from '../log/window-position.ts'
import { type BinlogTransactionOptions } from './binlog-transaction-options.ts'
import { type RowDelivery } from './row-delivery.ts'

type Wanted = Pick<BinlogTransactionOptions, 'sink' | 'onWindow' | 'emptyWindowEveryMs' | 'reachScn' | 'sinceScn'>

export interface TransactionWindowOptions extends Wanted {
  readonly cursor: LogCursor
  readonly rows: RowDelivery
  readonly scn: ScnOfLog
  /** Where reading goes on after the window, asked when it is closed. */
  readonly resumePosition: () => WindowPosition
  /** Called when the transaction gave no window. */
  readonly onPassed: () => void
}

/**
 * The window of the transaction at hand: opened by the first thing that is delivered, closed under the SCN of the place where
 * its transaction ends, once, in order.
 */
export class TransactionWindow {
  private readonly options: TransactionWindowOptions
  private opened = false
  private lastScn: bigint
  private resuming = true
  private lastWindowMs = -Number.MAX_VALUE

  constructor(options: TransactionWindowOptions) {
    this.options = options
    this.lastScn = options.sinceScn
  }

  get isOpen(): boolean {
    return this.opened
  }

  open(): void {
    if (this.opened) return
    this.options.rows.beginWindow()
    this.opened = true
  }

  forget(): void {
    if (this.opened) this.options.sink.rollbackWindow()
    this.opened = false
    this.options.rows.forget()
  }

  /** What was delivered before may come again. */
  resume(): void {
    this.resuming = true
  }

  /** The next window is closed at once, be it empty. */
  hurry(): void {
    this.lastWindowMs = -Number.MAX_VALUE
  }

  /** The promise waits until the sink takes more. @throws TransactionOrderError when its SCN is not above the last one */
  close(): Promise<void> | undefined {
    const { cursor, rows, onPassed } = this.options
    // Not the time of day: a clock that is set back would keep a quiet table on a log that is soon purged.
    const now = this.opened ? 0 : performance.now()
    const scn = this.opened || this.isEmptyDue(now) ? this.options.scn.of(cursor) : undefined
    if (scn !== undefined && !this.isRepeated(scn)) {
      const kept = rows.closing(scn)
      return kept === undefined ? this.end(scn, now) : this.endAfter(kept, scn, now)
    }
    if (scn !== undefined) this.forget()
    onPassed()
    return undefined
  }

  /** Apart from `close`, which would make room for what a closure holds at every window. */
  private async endAfter(kept: Promise<void>, scn: bigint, now: number): Promise<void> {
    await kept
    await this.end(scn, now)
  }

  private end(scn: bigint, now: number): Promise<void> | undefined {
    const { sink, onWindow, resumePosition } = this.options
    if (!this.opened) {
      sink.beginWindow()
      this.lastWindowMs = now
    }
    this.opened = false
    sink.endWindow(scn)
    this.lastScn = scn
    onWindow(scn, resumePosition())
    return sink.whenWritable()
  }

  /** Every so often, and when the place is reached up to which others wait. */
  private isEmptyDue(now: number): boolean {
    const { emptyWindowEveryMs, reachScn, scn, cursor } = this.options
    if (now - this.lastWindowMs >= emptyWindowEveryMs) return true
    if (this.lastScn >= reachScn) return false
    return scn.of(cursor) >= reachScn
  }

  /** After a resume, what is there already comes again and is dropped; later, the order must hold. */
  private isRepeated(scn: bigint): boolean {
    if (scn > this.lastScn) {
      this.resuming = false
      return false
    }
    if (this.resuming || !this.opened) return true
    const { file, position } = this.options.cursor
    throw new TransactionOrderError(`SCN ${scn} after ${this.lastScn}, before ${file}:${position}`)
  }
}
