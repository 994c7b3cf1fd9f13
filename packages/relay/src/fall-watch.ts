import { type ReaderRoom } from '@aesop/buffer'
import { type Alert, type Logger, type Metric } from '@aesop/kernel'
import { BehindPace } from './behind-pace.ts'
import { type WatchedReader } from './watched-readers.ts'

export interface FallWatchOptions {
  /** Of the physical source. */
  readonly name: string
  /** Below this it is told, in milliseconds; 0: never. */
  readonly alarmMs: number
  /** How long windows are kept; undefined: as long as they fit. */
  readonly retentionMs: number | undefined
  readonly readers: () => readonly WatchedReader[]
  readonly roomAfter: (scn: bigint) => ReaderRoom | undefined
  /** Whether what the buffer loses is read late. */
  readonly servesLate: () => boolean
  readonly publish: (alert: Alert) => void
  readonly log: Logger
}

/** A reader whose place the buffer has. */
interface Standing {
  readonly reader: WatchedReader
  readonly bytes: BehindPace
  readonly age: BehindPace
  readonly behindBytes: number
  /** Undefined: it gains, or its pace is not known. */
  readonly seconds: number | undefined
  readonly isAlarmed: boolean
}

const LOOK_EVERY_MS = 1_000
/** Who has this much more time than what it is told at is out of danger. */
const SAFE_TIMES = 2
const LATE = 'what it has not read then is read late for it, as far as the log of the source has it: that is no loss'
const LOST = 'what it has not read then is lost to it, and it is told ScnNotFound'
const REMEDY =
  'Let the reader go on faster, or raise databus.relay.eventBuffer.maxSize (and retentionMs, where that is set); MMAPPED_MEMORY takes the disk for it.'

/**
 * Looks when readers fall off the buffer at their pace, and tells before they do: once when that is near, and once when it is over.
 *
 * | a reader                                                    | then                                       |
 * |-------------------------------------------------------------|--------------------------------------------|
 * | comes below the bound                                       | it is told, with what comes next           |
 * | gains, or has twice that time                               | it is told that it is out of danger        |
 * | has lost its place in the buffer                            | it is told where it is served now, if it is |
 * | is not known any more                                       | it is told that nobody knows               |
 */
export class FallWatch {
  readonly #options: FallWatchOptions
  #standing = new Map<string, Standing>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: FallWatchOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.look(performance.now(), Date.now())
    }, LOOK_EVERY_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** @param nowMs on a clock that only goes on @param wallMs since 1970 */
  look(nowMs: number, wallMs: number): void {
    const before = this.#standing
    this.#standing = new Map()
    const readers = this.#options.readers()
    for (const reader of readers) {
      const room = reader.isLate ? undefined : this.#options.roomAfter(reader.scn)
      if (room === undefined) continue
      const key = keyOf(reader)
      const standing = this.#look(reader, room, before.get(key), nowMs, wallMs)
      const other = this.#standing.get(key)
      if (other === undefined || standing.behindBytes > other.behindBytes) this.#standing.set(key, standing)
    }
    const known = new Set(readers.map(keyOf))
    for (const [key, { reader, isAlarmed }] of before) {
      if (isAlarmed && !this.#standing.has(key)) this.#tellGone(reader, known.has(key))
    }
  }

  /** What health says of those that lose something soon; undefined: nobody does. */
  get concern(): string | undefined {
    if (this.#options.servesLate()) return undefined
    const [first, ...others] = this.#soonest.filter(({ isAlarmed }) => isAlarmed)
    if (first === undefined) return undefined
    return others.length === 0 ? fallText(first) : `${fallText(first)}; so do ${others.length} more`
  }

  metrics(): readonly Metric[] {
    const value = this.#soonest[0]?.seconds
    const help = 'Until the slowest known reader falls off the event buffer at its pace, in seconds.'
    return value === undefined ? [] : [{ name: 'aesop_relay_buffer_falls_off_seconds', help, type: 'gauge', value }]
  }

  /** Who falls off the buffer, the soonest first. */
  describe(): readonly object[] {
    const next = this.#options.servesLate() ? 'late' : 'ScnNotFound'
    return this.#soonest.map(({ reader: { client, peer, scn }, behindBytes, seconds }) => ({
      client,
      peer,
      scn: String(scn),
      behindBytes,
      fallsOffInSeconds: seconds,
      next,
    }))
  }

  get #soonest(): (Standing & { readonly seconds: number })[] {
    return [...this.#standing.values()]
      .flatMap((standing) => (standing.seconds === undefined ? [] : [{ ...standing, seconds: standing.seconds }]))
      .sort((one, other) => one.seconds - other.seconds)
  }

  #look(
    reader: WatchedReader,
    room: ReaderRoom,
    before: Standing | undefined,
    nowMs: number,
    wallMs: number,
  ): Standing {
    const { bytes = new BehindPace(), age = new BehindPace(), isAlarmed = false } = before ?? {}
    const { behindBytes, leftBytes } = room
    bytes.note(nowMs, behindBytes)
    const seconds = soonerOf(bytes.losesIn(leftBytes), this.#agesIn(age, room, nowMs, wallMs))
    const standing = { reader, bytes, age, behindBytes, seconds, isAlarmed }
    return { ...standing, isAlarmed: this.#isAlarmed(standing) }
  }

  /** In how many seconds what follows is too old for the buffer. */
  #agesIn(age: BehindPace, { behindBytes, lastNanos }: ReaderRoom, nowMs: number, wallMs: number): number | undefined {
    const { retentionMs } = this.#options
    if (retentionMs === undefined || lastNanos === undefined) return undefined
    const behindMs = behindBytes === 0 ? 0 : Math.max(0, wallMs - Number(lastNanos / 1_000_000n))
    age.note(nowMs, behindMs / 1000)
    return age.losesIn((retentionMs - behindMs) / 1000)
  }

  /** @returns whether it is told of now, and not yet that this is over */
  #isAlarmed(standing: Standing): boolean {
    const { seconds, isAlarmed } = standing
    const bound = this.#options.alarmMs / 1000
    if (!isAlarmed && seconds !== undefined && seconds < bound) {
      this.#tellSoon({ ...standing, seconds })
      return true
    }
    if (!isAlarmed || (seconds !== undefined && seconds < SAFE_TIMES * bound)) return isAlarmed
    this.#tell('info', `${nameOf(standing.reader)} is in no danger of falling off the buffer any more`)
    return false
  }

  #tellSoon(standing: Standing & { readonly seconds: number }): void {
    const servesLate = this.#options.servesLate()
    const message = `${fallText(standing)}: ${servesLate ? LATE : LOST}`
    this.#tell(servesLate ? 'info' : 'warning', message, { remedy: REMEDY })
  }

  #tellGone(reader: WatchedReader, isKnown: boolean): void {
    const name = nameOf(reader)
    if (!isKnown) this.#tell('info', `${name} is not known any more, and was about to fall off the buffer`)
    else if (this.#options.servesLate())
      this.#tell('info', `${name} has fallen off the buffer, and is read late from now on`)
    else this.#tell('error', `${name} has fallen off the buffer: what follows SCN ${reader.scn} is gone for it`)
  }

  #tell(severity: 'info' | 'warning' | 'error', message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const { log, publish, name } = this.#options
    log[severity === 'warning' ? 'warn' : severity](message, fields)
    publish({ type: 'alert', severity, message: `${name}: ${message}` })
  }
}

function fallText({ reader, seconds, behindBytes }: Standing & { readonly seconds: number }): string {
  return `${nameOf(reader)} falls off the buffer in about ${Math.round(seconds)} s at its pace, ${behindBytes} bytes behind`
}

function nameOf({ client, peer }: WatchedReader): string {
  return client === peer ? `the reader at ${peer}` : `the reader "${client}" (${peer})`
}

function keyOf({ client, peer }: WatchedReader): string {
  return JSON.stringify([client, peer])
}

function soonerOf(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || (other !== undefined && other < one) ? other : one
}
