import { type Logger, messageOf, AesopError, type Metric } from '@aesop/kernel'
import { TurnQueue } from '@aesop/producer'
import { type Gone, type LateReading } from '@aesop/reading'
import { type LatePlace, type MarkedPlace } from '../place/place-index.ts'
import { LateReader } from './late-reader.ts'
import { AWAY_MS, IDLE_MS, type ReadLog, SharedLog, type Taker } from './shared-log.ts'

export interface LateReadersOptions {
  /** At most so many readings at a time. */
  readonly max: number
  /** Where a reading of what follows an SCN begins. */
  readonly find: (scn: bigint) => LatePlace
  /** SCN of the newest window of the live reading. */
  readonly reachedScn: () => bigint
  readonly open: (
    place: MarkedPlace,
    sinceScn: bigint,
    slot: number,
    neededAfterScn: () => bigint | undefined,
    onFailed: () => void,
  ) => ReadLog
  /** How long the source keeps a log that was written to the end; undefined: not known, or until somebody purges it. */
  readonly logKeptSeconds?: () => number | undefined
  /** Told once of each reading whose log will soon be gone, for people. */
  readonly alarm?: (message: string) => void
  /** Told which logs are still there, when a reading has failed. */
  readonly forget: (oldestLog: string) => void
  readonly log: Logger
  /** Milliseconds; left out: `performance.now`. */
  readonly now?: () => number
}

/** A reader's part of a reading. */
export interface Joined {
  readonly kind: 'joined'
  readonly shared: SharedLog
  readonly taker: Taker
}

interface Failure {
  readonly place: MarkedPlace
  readonly error: unknown
  readonly untilMs: number
}

const SWEEP_MS = 1000
/** When so much of the time is left that a log is kept, it is told. */
const ALARM_PART = 0.1
/** For so long a reading that has failed is not tried again. */
const FAILED_MS = 10_000

/**
 * The late readings of a source: at most so many, shared by readers whose places are near. Who finds none free waits in turn.
 *
 * Contract: test/late-readers.test.ts.
 */
export class LateReaders implements LateReading {
  /** Readings begun since the start. */
  begun = 0
  /** Bytes of events given. */
  bytes = 0
  readonly #options: LateReadersOptions
  readonly #now: () => number
  readonly #turns = new TurnQueue()
  readonly #listeners = new Set<() => void>()
  readonly #closing = new Set<Promise<void>>()
  #readings: SharedLog[] = []
  #timer: NodeJS.Timeout | undefined
  #isEnded = false
  /** Why reading from a place failed lately. */
  #failures: readonly Failure[] = []

  constructor(options: LateReadersOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  get readings(): readonly SharedLog[] {
    return this.#readings
  }

  readFrom(scn: bigint): LateReader {
    return new LateReader(this, scn)
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** A reading that gives what follows an SCN; `waits`: another one's turn is first. @throws why it failed a moment ago */
  join(afterScn: bigint): Joined | Gone | { readonly kind: 'waits' } {
    if (this.#isEnded) return { kind: 'waits' }
    const found = this.#options.find(afterScn)
    if (found.kind === 'gone') return this.#gone(found)
    this.sweep()
    const failed = this.#failures.find(({ place }) => place === found.place)
    if (failed !== undefined) throw errorOf(failed.error)
    const shared =
      this.#readings.find((reading) => this.#gives(reading, afterScn, found.place)) ??
      this.#begin(afterScn, found.place)
    return shared === undefined ? { kind: 'waits' } : { kind: 'joined', shared, taker: shared.join(afterScn) }
  }

  /** Somebody was told that a reading has nothing now: who listens hears of its next window. */
  owes(shared: SharedLog): void {
    shared.owe(this.#tell)
  }

  readonly #tell = (): void => {
    for (const listener of this.#listeners) listener()
  }

  /** What its readers are told of a reading that has failed; undefined: there is another place to go on from. @throws why, where its place is still there */
  failed({ failure, place }: SharedLog, afterScn: bigint): Gone | undefined {
    const found = this.#options.find(afterScn)
    if (found.kind === 'gone') return { reason: messageOf(failure), ...this.#gone(found) }
    if (found.place === place) throw errorOf(failure)
    return undefined
  }

  /** Gives back what nobody takes from; called every second, and when somebody comes. */
  sweep(): void {
    const now = this.#now()
    this.#turns.forget(now)
    this.#failures = this.#failures.filter(({ untilMs }) => now < untilMs)
    for (const reading of this.#readings) {
      reading.forget(this.#turns.size > 0 ? AWAY_MS : IDLE_MS)
      if (reading.takers.size === 0) this.#give(reading)
      reading.pace.note(now, reading.lastEventSeconds)
      this.#alarm(reading)
    }
  }

  /** Ends all readings, and begins none any more. */
  async end(): Promise<void> {
    this.#isEnded = true
    for (const reading of this.#readings) this.#give(reading)
    await Promise.all(this.#closing)
  }

  /** Until when at least what follows is kept of the log that a reading reads, in seconds from now; undefined: not known. */
  #secondsLeft({ lastEventSeconds }: SharedLog): number | undefined {
    const kept = this.#options.logKeptSeconds?.()
    return kept === undefined || lastEventSeconds === 0 ? undefined : lastEventSeconds + kept - Date.now() / 1000
  }

  /** How fast it comes through the log; one that has come to its end neither gains nor loses. */
  #gain({ ring, pace }: SharedLog): number | undefined {
    return ring.lastScn >= this.#options.reachedScn() ? undefined : pace.gain
  }

  #fallsOffIn(reading: SharedLog): number | undefined {
    return this.#gain(reading) === undefined ? undefined : reading.pace.fallsOffIn(this.#secondsLeft(reading))
  }

  /** Before the log is purged under a reader, somebody should know. */
  #alarm(reading: SharedLog): void {
    const [left, kept] = [this.#secondsLeft(reading), this.#options.logKeptSeconds?.()]
    if (reading.isAlarmed || left === undefined || kept === undefined || left > kept * ALARM_PART) return
    reading.isAlarmed = true
    const place = `SCN ${reading.ring.lastScn}`
    this.#options.alarm?.(
      `a late reader is at ${place}, and the server may purge the log behind it in ${Math.max(0, Math.round(left))} s`,
    )
  }

  metrics(): readonly Metric[] {
    const gauge = (name: string, help: string, value: number): Metric => ({ name, help, type: 'gauge', value })
    const left = this.#readings.flatMap((reading) => this.#secondsLeft(reading) ?? [])
    const leftHelp = 'Until the log that the slowest late reading comes to may be purged, in seconds.'
    const gains = this.#readings.flatMap((reading) => this.#gain(reading) ?? [])
    const falls = this.#readings.flatMap((reading) => this.#fallsOffIn(reading) ?? [])
    const gainHelp = 'Seconds of log that the slowest late reading gains on the clock in a second; below 0 it loses.'
    const fallHelp = 'Until a late reading, at its pace, comes to what the server may have purged, in seconds.'
    return [
      ...(left.length === 0 ? [] : [gauge('producer_late_log_seconds_left', leftHelp, Math.min(...left))]),
      ...(gains.length === 0 ? [] : [gauge('producer_late_gain_seconds', gainHelp, Math.min(...gains))]),
      ...(falls.length === 0 ? [] : [gauge('producer_late_falls_off_seconds', fallHelp, Math.min(...falls))]),
      gauge(
        'producer_late_readings',
        'Temporary readings of the log for readers that are late.',
        this.#readings.length,
      ),
      gauge('producer_late_readers_waiting', 'Late readers that wait for their turn.', this.#turns.size),
      { name: 'producer_late_readings_begun', help: 'Late readings begun.', type: 'counter', value: this.begun },
      {
        name: 'producer_late_bytes',
        help: 'Bytes of events given to late readers.',
        type: 'counter',
        value: this.bytes,
      },
    ]
  }

  /** Who is late, and from where it is served. */
  describe(): readonly object[] {
    const reachedScn = this.#options.reachedScn()
    return this.#readings.map((reading) => ({
      ...this.#shown(reading, reachedScn),
      logSecondsLeft: this.#secondsLeft(reading),
      gainsSecondsPerSecond: this.#gain(reading),
      fallsOffInSeconds: this.#fallsOffIn(reading),
    }))
  }

  #shown({ place, ring, takers }: SharedLog, reachedScn: bigint): object {
    return {
      from: `${place.point.file ?? ''}:${place.point.position ?? ''}`,
      readScn: String(ring.lastScn),
      behindScn: String(reachedScn - ring.lastScn),
      heldBytes: ring.heldBytes,
      readers: [...takers].map(({ afterScn, isOpen }) => ({ afterScn: String(afterScn), isOpen })),
    }
  }

  #gives(reading: SharedLog, afterScn: bigint, place: MarkedPlace): boolean {
    const { ring, failure } = reading
    if (failure !== undefined || ring.prevScn > afterScn) return false
    if (afterScn <= ring.lastScn) return true
    // It will come by soon: no place lies between.
    const now = this.#options.find(ring.lastScn)
    return now.kind === 'found' && now.place === place
  }

  #begin(afterScn: bigint, place: MarkedPlace): SharedLog | undefined {
    const { max, open, log } = this.#options
    if (!this.#turns.admits(afterScn, max - this.#readings.length, this.#now())) return undefined
    const slots = new Set(this.#readings.map(({ slot }) => slot))
    const slot = Array.from({ length: max }, (_, each) => each).find((each) => !slots.has(each)) ?? 0
    const shared: SharedLog = new SharedLog(slot, place, this.#now, (needed, onFailed) =>
      open(place, afterScn, slot, needed, () => {
        onFailed()
        this.#hasFailed(shared)
      }),
    )
    this.#readings.push(shared)
    this.begun++
    this.#timer ??= setInterval(() => {
      this.sweep()
    }, SWEEP_MS).unref()
    log.info('the log is read again for a reader that is late', this.#facts(shared, afterScn))
    shared.start()
    return shared
  }

  #facts({ place: { point } }: SharedLog, scn: bigint): Readonly<Record<string, unknown>> {
    return { scn: String(scn), from: `${point.file ?? ''}:${point.position ?? ''}`, readings: this.#readings.length }
  }

  /** Its logs may be gone; else it is not tried again at once, by whoever asks. */
  #hasFailed(shared: SharedLog): void {
    const { place, failure: error, oldestLog } = shared
    if (oldestLog !== undefined) this.#options.forget(oldestLog)
    this.#failures = [...this.#failures, { place, error, untilMs: this.#now() + FAILED_MS }]
    this.#give(shared)
  }

  /** Its slot is free when its connection has ended. */
  #give(shared: SharedLog): void {
    if (shared.isClosed) return
    const closing = shared.close().finally(() => {
      this.#closing.delete(closing)
      this.#readings = this.#readings.filter((each) => each !== shared)
      if (this.#readings.length === 0) {
        clearInterval(this.#timer)
        this.#timer = undefined
      }
      this.#tellFailure(shared)
      this.#tell()
    })
    this.#closing.add(closing)
  }

  #tellFailure(shared: SharedLog): void {
    const { failure } = shared
    const facts = this.#facts(shared, shared.ring.lastScn)
    if (failure === undefined) this.#options.log.info('a late reading has ended', facts)
    else {
      const code = failure instanceof AesopError ? { code: failure.code, remedy: failure.remedy } : {}
      this.#options.log.warn(`a late reading has failed: ${messageOf(failure)}`, { ...facts, ...code })
    }
  }

  #gone({ prevScn = this.#options.reachedScn(), fault }: LatePlace & { kind: 'gone' }): Gone {
    return { kind: 'gone', prevScn, ...(fault === undefined ? {} : { reason: fault.message }) }
  }
}

function errorOf(failure: unknown): Error {
  return failure instanceof Error ? failure : new Error(messageOf(failure))
}
