import { type EventBuffer } from '@aesop/buffer'
import { type LateLog } from './late-log.ts'
import { LatePace } from './late-pace.ts'
import { type MarkedPlace } from '../place/place-index.ts'

/** A reader that takes nothing for so long gives its reading back. */
export const IDLE_MS = 60_000
/** A client that asks again and again is away between two answers; for others it is waited no longer than this. */
export const AWAY_MS = 5_000

/** What is asked of a reading of a log. */
export type ReadLog = Pick<LateLog, 'failure' | 'oldestLog' | 'lastEventSeconds' | 'start' | 'close'> & {
  readonly ring: EventBuffer
}

/** One who takes windows of a reading. */
export interface Taker {
  /** The SCN after which it needs windows. */
  afterScn: bigint
  /** When it asked last, or came. */
  lastMs: number
  /** False: its connection has ended, and its client may come back for what follows. */
  isOpen: boolean
}

/** A reading of the log, and those who share it: it goes on as fast as the slowest of them takes. */
export class SharedLog {
  readonly slot: number
  readonly place: MarkedPlace
  readonly pace = new LatePace()
  /** Whether somebody was told that its log will soon be gone. */
  isAlarmed = false
  readonly #log: ReadLog
  readonly #takers = new Set<Taker>()
  readonly #now: () => number
  /** Calls of readers that wait for the next window. */
  readonly #waiting = new Set<() => void>()
  /** Told of the next window, where somebody was told that there is none. */
  #owed: (() => void) | undefined
  #isClosed = false

  constructor(
    slot: number,
    place: MarkedPlace,
    now: () => number,
    open: (neededAfterScn: () => bigint | undefined, onFailed: () => void) => ReadLog,
  ) {
    this.slot = slot
    this.place = place
    this.#now = now
    this.#log = open(
      () => this.neededAfterScn(),
      () => {
        this.wake()
      },
    )
    this.#log.ring.subscribe(this.wake)
  }

  get ring(): ReadLog['ring'] {
    return this.#log.ring
  }
  get failure(): unknown {
    return this.#log.failure
  }
  get lastEventSeconds(): number {
    return this.#log.lastEventSeconds
  }
  get oldestLog(): string | undefined {
    return this.#log.oldestLog
  }
  get isClosed(): boolean {
    return this.#isClosed
  }
  get takers(): ReadonlySet<Taker> {
    return this.#takers
  }
  /** Whether somebody reads from it right now. */
  get isTaken(): boolean {
    return [...this.#takers].some(({ isOpen }) => isOpen)
  }

  start(): void {
    this.#log.start()
  }

  /** Somebody begins to take what follows an SCN, in the place of the one who left there. */
  join(afterScn: bigint): Taker {
    for (const taker of this.#takers) if (!taker.isOpen && taker.afterScn === afterScn) this.#takers.delete(taker)
    const taker = { afterScn, lastMs: this.#now(), isOpen: true }
    this.#takers.add(taker)
    return taker
  }

  /** It asks for what comes next. */
  asks(taker: Taker): void {
    taker.lastMs = this.#now()
    this.#takers.add(taker)
  }

  /** It has read up to here. */
  took(taker: Taker, afterScn: bigint): void {
    taker.afterScn = afterScn
    this.ring.recheck()
  }

  /** @param comesBack whether its client may come for what follows */
  leave(taker: Taker, comesBack: boolean): void {
    taker.isOpen = false
    if (!comesBack) this.#takers.delete(taker)
    this.ring.recheck()
  }

  /**
   * The SCN after which windows are to be kept: of those who are there, or were a moment ago; of the others where there is none of
   * these.
   */
  neededAfterScn(): bigint | undefined {
    const now = this.#now()
    const present = [...this.#takers].filter(({ isOpen, lastMs }) => now - lastMs <= (isOpen ? IDLE_MS : AWAY_MS))
    const needed = (present.length > 0 ? present : [...this.#takers]).map(({ afterScn }) => afterScn)
    return needed.length === 0 ? undefined : needed.reduce((least, scn) => (scn < least ? scn : least))
  }

  /** Forgets who asks for nothing any more. @param awayMs how long somebody may be away */
  forget(awayMs: number): void {
    const now = this.#now()
    for (const taker of this.#takers) {
      if (now - taker.lastMs > (taker.isOpen ? IDLE_MS : awayMs)) this.#takers.delete(taker)
    }
    this.ring.recheck()
  }

  /** Resolves at the next window, when the reading fails or ends, or after so long. */
  nextWindow(limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, limitMs)
      this.#waiting.add(done)
    })
  }

  /** Calls back once, at the next window, when the reading fails or ends: nobody waits meanwhile. */
  owe(tell: () => void): void {
    this.#owed = tell
  }

  readonly wake = (): void => {
    for (const done of [...this.#waiting]) done()
    const owed = this.#owed
    this.#owed = undefined
    owed?.()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.wake()
    await this.#log.close()
  }
}
