import { type Metric } from '@aesop/kernel'
import { TurnQueue } from '@aesop/producer'
import { type Gone, type LateReading } from '@aesop/reading'
import { type LatePlace } from './late-events.ts'
import { LateSession, type LateSessionOptions } from './late-session.ts'
import { LateUpstreamReader } from './late-upstream-reader.ts'

/** At most so many connections for late readers at a time. */
const SESSIONS_MAX = 4
/** A reader that takes nothing for so long gives its connection back. */
const IDLE_MS = 60_000
/** A client that asks again and again is away between two answers: what it read from is kept for so long. */
const AWAY_MS = 5_000
/** The same while others wait for their turn. */
const AWAY_MS_MIN = 1_000
const SWEEP_MS = 1_000
/** After a fault a relay is left alone for a moment. */
const RETRY_MS = 1_000

export interface LateUpstreamsOptions extends LateSessionOptions {
  /** The SCN before the oldest window that the sink holds: what follows it, nobody asks for. Undefined: not known. */
  readonly heldAfterScn: () => bigint | undefined
  /** SCN of the newest window of the connection that follows the relay. */
  readonly reachedScn: () => bigint
  /** The SCN before the oldest window that a relay holds; undefined: none says. */
  readonly oldestScn: () => Promise<bigint | undefined>
}

/**
 * Late readings of a source that follows relays: what its sink has lost, those still have, in memory, in files, or in the log of
 * their source. At most so many connections; who finds none free waits in turn.
 */
export class LateUpstreams implements LateReading {
  readonly #options: LateUpstreamsOptions
  readonly #turns = new TurnQueue()
  readonly #listeners = new Set<() => void>()
  readonly #taken = new Set<LateSession>()
  /** Left by readers whose clients may come back, the oldest first. */
  readonly #parked = new Set<LateSession>()
  #timer: NodeJS.Timeout | undefined
  #retryMs = 0
  #begun = 0
  #isEnded = false

  constructor(options: LateUpstreamsOptions) {
    this.#options = options
  }

  readFrom(scn: bigint): LateUpstreamReader {
    return new LateUpstreamReader(this, scn)
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** A connection that gives what follows a place; undefined: another one's turn is first. */
  claim(place: LatePlace): LateSession | undefined {
    if (this.#isEnded) return undefined
    this.#sweep()
    const left = [...this.#parked].find((session) => isAt(session.place, place))
    if (left !== undefined) return this.#take(left)
    const now = performance.now()
    if (now < this.#retryMs) return undefined
    if (!this.#turns.admits(place.scn, SESSIONS_MAX - this.#taken.size - this.#parked.size, now)) return undefined
    this.#begun++
    return this.#take(new LateSession(this.#options, place, this.#tell))
  }

  /** Its reader has left it. */
  park(session: LateSession): void {
    const heldAfterScn = this.#options.heldAfterScn()
    const isHeld = isAtEnd(session.place) && heldAfterScn !== undefined && session.place.scn >= heldAfterScn
    if (isHeld) this.#drop(session)
    else if (this.#taken.delete(session) && !session.isClosed) this.#parked.add(session)
  }

  /** It is of no use any more. */
  failed(session: LateSession): void {
    if (!session.isClosed) {
      this.#retryMs = performance.now() + RETRY_MS
      setTimeout(this.#tell, RETRY_MS).unref()
    }
    this.#drop(session)
  }

  /** What is said of windows that no relay has any more. */
  async gone(cause: Error): Promise<Gone> {
    const { oldestScn, reachedScn } = this.#options
    const oldest = await oldestScn().catch(() => undefined)
    return { kind: 'gone', prevScn: oldest ?? reachedScn(), reason: cause.message }
  }

  end(): void {
    this.#isEnded = true
    for (const session of [...this.#taken, ...this.#parked]) this.#drop(session)
  }

  metrics(): readonly Metric[] {
    const help = 'Connections to the relays that are followed for readers that are late.'
    const waiting = 'Late readers that wait for their turn.'
    return [
      { name: 'producer_late_readings', help, type: 'gauge', value: this.#taken.size + this.#parked.size },
      { name: 'producer_late_readers_waiting', help: waiting, type: 'gauge', value: this.#turns.size },
      { name: 'producer_late_readings_begun', help: 'Late readings begun.', type: 'counter', value: this.#begun },
    ]
  }

  /** Who is late, and from where it is served. */
  describe(): readonly object[] {
    const reachedScn = this.#options.reachedScn()
    return [...this.#taken, ...this.#parked].map(({ address, place: { scn } }) => {
      return { from: address, readScn: String(scn), behindScn: String(reachedScn - scn) }
    })
  }

  #take(session: LateSession): LateSession {
    this.#parked.delete(session)
    this.#taken.add(session)
    session.askedMs = performance.now()
    this.#timer ??= setInterval(() => {
      this.#sweep()
    }, SWEEP_MS).unref()
    return session
  }

  /** Gives back what nobody asks for any more. */
  #sweep(): void {
    const now = performance.now()
    for (const session of this.#taken) if (now - session.askedMs > IDLE_MS) this.#drop(session)
    const awayMs = this.#turns.size > 0 ? AWAY_MS_MIN : AWAY_MS
    for (const session of this.#parked) if (now - session.askedMs > awayMs) this.#drop(session)
  }

  #drop(session: LateSession): void {
    session.close()
    const isOne = this.#taken.delete(session) || this.#parked.delete(session)
    if (this.#taken.size + this.#parked.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    if (isOne && this.#turns.size > 0) this.#tell()
  }

  readonly #tell = (): void => {
    for (const listener of [...this.#listeners]) listener()
  }
}

function isAtEnd({ windowOffset }: LatePlace): boolean {
  return windowOffset < 0
}

function isAt(one: LatePlace, other: LatePlace): boolean {
  return one.scn === other.scn && one.windowOffset === other.windowOffset
}
