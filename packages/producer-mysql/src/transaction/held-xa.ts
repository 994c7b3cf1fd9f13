import { type BinLogEvent } from '../log/binlog-event.ts'
import { type WindowPosition } from '../log/window-position.ts'
import { type WaitingXa } from './waiting-xa.ts'
import { HeldEvents } from './held-events.ts'
import { HeldRoom, type HeldXaOptions } from './held-room.ts'
import { type XaTransaction } from './xa-transactions.ts'

/** One whose rows are held. */
export interface HeldTransaction extends XaTransaction {
  readonly events: HeldEvents
}

/** One that waits: when it was prepared, by the clock of its server, in seconds since 1970. */
interface PreparedTransaction {
  readonly held: HeldTransaction
  readonly seconds: number
}

/** The XA transactions whose rows wait for a verdict, and the one whose rows are being read. */
export class HeldXa {
  readonly #room: HeldRoom
  #open: HeldTransaction | undefined
  /** By identifier, the oldest first. */
  readonly #prepared = new Map<string, PreparedTransaction>()

  /** @param options left out: everything is held in memory */
  constructor(options?: HeldXaOptions) {
    this.#room = new HeldRoom(options)
  }

  /** Whether the verdict of one has still to come. */
  get isWaiting(): boolean {
    return this.#prepared.size > 0
  }

  /** What they have in memory. */
  get memoryBytes(): number {
    return this.#room.bytes
  }

  /** Where the oldest one that waits begins; undefined: none waits. */
  get oldestFrom(): WindowPosition | undefined {
    const [oldest] = this.#prepared.values()
    return oldest?.held.from
  }

  /** Those that wait; undefined: none does. */
  get waiting(): WaitingXa | undefined {
    const [oldest] = this.#prepared
    if (oldest === undefined) return undefined
    const [xid, { held, seconds: preparedSeconds }] = oldest
    return { count: this.#prepared.size, oldest: { xid, preparedSeconds, from: held.from } }
  }

  /** The rows that follow are those of this one. */
  open(xa: XaTransaction): void {
    this.drop(this.#open)
    this.#open = { ...xa, events: new HeldEvents(this.#room) }
  }

  /** Keeps a copy of a table map or rows event of the one that is open. @returns false when none is */
  take(event: BinLogEvent): boolean {
    if (this.#open === undefined) return false
    this.#open.events.add(event)
    return true
  }

  /** Waits until what was taken is where it is to lie; undefined: it is. @throws XaFileError */
  whenWritten(): Promise<void> | undefined {
    return this.#room.file?.whenWritten()
  }

  /** What forgets, when it is called, what the open one takes from now on; undefined: none is open. */
  undoer(): (() => void) | undefined {
    const events = this.#open?.events
    if (events === undefined) return undefined
    const { bytes } = events
    return () => {
      events.cut(bytes)
    }
  }

  /** The rows of the open one have ended. @returns it, if one was open */
  close(): HeldTransaction | undefined {
    const xa = this.#open
    this.#open = undefined
    return xa
  }

  /** It waits for its verdict. */
  prepare(xid: string, held: HeldTransaction, seconds: number): void {
    // One that was lost without a verdict goes with its place: the oldest is the one that began first.
    this.drop(this.settle(xid))
    this.#prepared.set(xid, { held, seconds })
  }

  /** The verdict has come, or nobody waits for it any more. Whoever takes it, drops it. */
  settle(xid: string): HeldTransaction | undefined {
    const xa = this.#prepared.get(xid)
    this.#prepared.delete(xid)
    return xa?.held
  }

  /** Its rows are not wanted any more; twice is harmless. */
  drop(xa: HeldTransaction | undefined): void {
    xa?.events.cut(0)
  }

  forget(): void {
    this.drop(this.close())
    for (const { held } of this.#prepared.values()) this.drop(held)
    this.#prepared.clear()
  }
}
