import { endAt, isEndOfPeriodAt, scnAt } from '@aesop/event'
import { invariant } from '@aesop/kernel'
import { BufferChunk } from './buffer-chunk.ts'
import { visibleNext } from './visible-next.ts'
import { type Segment } from './segment.ts'

/** What `BufferCursor.next` found: a chunk, nothing new, the window gone, or an event larger than asked for. */
export type CursorStep =
  | BufferChunk
  | { readonly kind: 'caughtUp' }
  | { readonly kind: 'overrun'; readonly scn: bigint }
  | { readonly kind: 'tooSmall'; readonly pendingEventBytes: number }
  | AwaySegment

/** The bytes of the segment have left memory: to be asked again when they are back. */
export interface AwaySegment {
  readonly kind: 'away'
  readonly segment: Segment
}

export interface CursorPlace {
  readonly segment: Segment
  readonly offset: number
}

/** What a cursor needs of its buffer. */
export interface CursorHome {
  /** Where the first window above `scn` begins or will begin; undefined when windows above it are gone already. */
  placeAfter(scn: bigint): CursorPlace | AwaySegment | undefined
  readonly reclaim: (segment: Segment) => void
}

export function isAway(found: CursorPlace | AwaySegment): found is AwaySegment {
  return 'kind' in found
}

const CAUGHT_UP = { kind: 'caughtUp' } as const

/** A reader's place in the buffer. It goes on in O(1) and notices when the writer has overrun it. */
export class BufferCursor {
  readonly #home: CursorHome
  #segment: Segment
  #number: number
  #offset: number
  #scn: bigint
  #atWindowEnd: boolean
  /** How many events of the window its reader has seen, and are to be gone past. */
  #toSkip: number

  /** @param scn SCN of the last window that lies wholly before the place, or of the one that the place is within */
  constructor(home: CursorHome, place: CursorPlace, scn: bigint, atWindowEnd: boolean, toSkip = 0) {
    this.#home = home
    this.#segment = place.segment
    this.#number = place.segment.number
    this.#offset = place.offset
    this.#scn = scn
    this.#atWindowEnd = atWindowEnd
    this.#toSkip = toSkip
  }

  /** SCN of the last window that was read wholly or in part. */
  get scn(): bigint {
    return this.#scn
  }
  /** True when the next event begins a window. */
  get atWindowEnd(): boolean {
    return this.#atWindowEnd
  }

  /**
   * The next whole events, at most `maxBytes` of them, from one segment. With `toWindowEnd` the chunk ends where a window
   * ends, if one does within these bytes. The caller releases the chunk.
   */
  next(maxBytes: number, toWindowEnd = false): CursorStep {
    if (this.#segment.number !== this.#number) {
      const lost = this.#findAgain(this.#atWindowEnd ? this.#home.placeAfter(this.#scn) : undefined)
      if (lost !== undefined) return lost
    }
    if (!this.#hop()) return CAUGHT_UP
    const segment = this.#segment
    if (segment.isAway) return { kind: 'away', segment }
    const from = this.#offset
    const last = lastEventOf(segment, from, maxBytes, toWindowEnd)
    if (last < 0) return { kind: 'tooSmall', pendingEventBytes: endAt(segment.bytes, from) - from }
    this.#offset = endAt(segment.bytes, last)
    this.#scn = scnAt(segment.bytes, last)
    this.#atWindowEnd = isEndOfPeriodAt(segment.bytes, last)
    const bytes = segment.bytes.subarray(from, this.#offset)
    const chunk = new BufferChunk(segment, bytes, this.#scn, this.#atWindowEnd, this.#home.reclaim)
    this.#hop()
    return chunk
  }

  /**
   * Goes past the events of the window that its reader has seen, or past the whole of it when it has no more.
   * @returns what it takes before that can go on; undefined: done
   */
  skip(): AwaySegment | { readonly kind: 'overrun' } | undefined {
    while (this.#toSkip > 0 && !this.#atWindowEnd) {
      const segment = this.#segment
      if (segment.number !== this.#number) return { kind: 'overrun' }
      // True only at the start of a segment: whoever steps into one has fewer events left than it has.
      const isWithin = segment.firstWindowOffset < 0 && !segment.endsWithWindow && segment.visibleEvents <= this.#toSkip
      if (!isWithin && segment.isAway) return { kind: 'away', segment }
      this.#atWindowEnd = !isWithin && isEndOfPeriodAt(segment.bytes, this.#offset)
      this.#offset = isWithin ? segment.visibleEnd : endAt(segment.bytes, this.#offset)
      this.#toSkip -= isWithin ? segment.visibleEvents : 1
      invariant(this.#hop() || this.#atWindowEnd, 'a visible window goes on until its end')
    }
    return undefined
  }

  /** Moves into the next segment when this one is read. @returns whether events are waiting */
  #hop(): boolean {
    if (this.#offset < this.#segment.visibleEnd) return true
    const next = visibleNext(this.#segment)
    if (next === undefined) return false
    this.#segment = next
    this.#number = next.number
    this.#offset = 0
    return true
  }

  /** @returns why not; undefined: the place is found */
  #findAgain(place: CursorPlace | AwaySegment | undefined): CursorStep | undefined {
    if (place === undefined) return { kind: 'overrun', scn: this.#scn }
    if (isAway(place)) return place
    this.#segment = place.segment
    this.#number = place.segment.number
    this.#offset = place.offset
    return undefined
  }
}

/** Offset of the event to end a chunk with; −1 when the first one has more than `maxBytes`. */
function lastEventOf(segment: Segment, from: number, maxBytes: number, toWindowEnd: boolean): number {
  if (segment.visibleEnd - from <= maxBytes) {
    const last = segment.lastEventOffset
    if (!toWindowEnd || isEndOfPeriodAt(segment.bytes, last)) return last
  }
  const limit = Math.min(from + maxBytes, segment.visibleEnd)
  let last = -1
  let lastEndOfPeriod = -1
  for (let at = from; at < limit;) {
    const end = endAt(segment.bytes, at)
    if (end > limit) break
    last = at
    if (toWindowEnd && isEndOfPeriodAt(segment.bytes, at)) lastEndOfPeriod = at
    at = end
  }
  return lastEndOfPeriod >= 0 ? lastEndOfPeriod : last
}
