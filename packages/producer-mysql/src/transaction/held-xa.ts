import { type BinLogEvent } from '../log/binlog-event.ts'
import { type WindowPosition } from '../log/window-position.ts'
import { type XaTransaction } from './xa-transactions.ts'

/** The XA transactions whose rows wait for a verdict, and the one whose rows are being read. */
export class HeldXa {
  #open: XaTransaction | undefined
  /** By identifier, the oldest first. */
  readonly #prepared = new Map<string, XaTransaction>()

  /** Whether the verdict of one has still to come. */
  get isWaiting(): boolean {
    return this.#prepared.size > 0
  }

  /** Where the oldest one that waits begins; undefined: none waits. */
  get oldestFrom(): WindowPosition | undefined {
    const [oldest] = this.#prepared.values()
    return oldest?.from
  }

  /** The rows that follow are those of this one. */
  open(xa: XaTransaction): void {
    this.#open = xa
  }

  /** Keeps a copy of a table map or rows event of the one that is open. @returns false when none is */
  take(event: BinLogEvent): boolean {
    if (this.#open === undefined) return false
    this.#open.events.push(Buffer.from(event.bytes.subarray(event.offset, event.end)))
    return true
  }

  /** What forgets, when it is called, what the open one takes from now on; undefined: none is open. */
  undoer(): (() => void) | undefined {
    const events = this.#open?.events
    if (events === undefined) return undefined
    const { length } = events
    return () => void events.splice(length)
  }

  /** The rows of the open one have ended. @returns it, if one was open */
  close(): XaTransaction | undefined {
    const xa = this.#open
    this.#open = undefined
    return xa
  }

  /** It waits for its verdict. */
  prepare(xid: string, xa: XaTransaction): void {
    this.#prepared.set(xid, xa)
  }

  /** The verdict has come, or nobody waits for it any more. */
  settle(xid: string): XaTransaction | undefined {
    const xa = this.#prepared.get(xid)
    this.#prepared.delete(xid)
    return xa
  }

  forget(): void {
    this.#open = undefined
    this.#prepared.clear()
  }
}
