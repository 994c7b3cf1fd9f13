import { checkEvent, checkEventHeader, endAt, headerBytesWanted, isEndOfPeriodAt, lengthAt, scnAt } from '@aesop/event'
import { invariant } from '@aesop/kernel'
import { type WindowChunk } from '@aesop/reading'
import { BufferChunk } from './buffer-chunk.ts'
import { FarChunk } from './far-chunk.ts'
import { afterFar, cutShort, FAR_STEP_BYTES, type FarStep, SegmentBytes } from './far-step.ts'
import { visibleNext } from './visible-next.ts'
import { type Segment } from './segment.ts'
import { type SegmentHold } from './segment-store.ts'

/** What `BufferCursor.next` found: a chunk, nothing new, the window gone, or an event larger than asked for. */
export type CursorStep =
  | WindowChunk
  | { readonly kind: 'caughtUp' }
  | { readonly kind: 'overrun'; readonly scn: bigint }
  | { readonly kind: 'tooSmall'; readonly pendingEventBytes: number }

export interface CursorPlace {
  readonly segment: Segment
  readonly offset: number
}

/** Past what was to be skipped, or no more there. */
export interface SkipStep {
  readonly kind: 'done' | 'overrun'
}

/** What a cursor needs of its buffer. */
export interface CursorHome {
  /** Where the first window above `scn` begins or will begin; undefined when windows above it are gone already. */
  placeAfter(scn: bigint): CursorPlace | undefined | FarStep<CursorPlace | undefined>
  readonly reclaim: (segment: Segment) => void
  /** Bytes that were read where they lie are looked at no more. */
  readonly takeBack: (bytes: Buffer) => void
  /** Holds a segment that is read where it lies; undefined: it is gone when it leaves the buffer. */
  hold(segment: Segment): SegmentHold | undefined
}

const CAUGHT_UP = { kind: 'caughtUp' } as const
const DONE = { kind: 'done' } as const

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
  /** Of the segment that it reads, where that is away. */
  #hold: SegmentHold | undefined
  #isClosed = false

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
  /** Whether the segment that it is within has left memory. */
  get isAway(): boolean {
    return this.#segment.isAway
  }
  /** True when the next event begins a window. */
  get atWindowEnd(): boolean {
    return this.#atWindowEnd
  }

  /**
   * The next whole events, at most `maxBytes` of them, from one segment. With `toWindowEnd` the chunk ends where a window
   * ends, if one does within these bytes. The caller releases the chunk.
   */
  next(maxBytes: number, toWindowEnd = false): CursorStep | FarStep<CursorStep> {
    if (this.#segment.number !== this.#number) return this.#nextOfEvicted(maxBytes, toWindowEnd)
    if (!this.#hop()) return CAUGHT_UP
    const segment = this.#segment
    const from = this.#offset
    if (segment.isAway) return this.#nextFar(segment, from, maxBytes, toWindowEnd)
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

  /** Goes past the events of the window that its reader has seen, or past the whole of it when it has no more. */
  skip(source = SegmentBytes.near(this.#segment)): SkipStep | FarStep<SkipStep> {
    while (this.#toSkip > 0 && !this.#atWindowEnd) {
      const segment = this.#segment
      if (segment.number !== this.#number) return { kind: 'overrun' }
      // True only at the start of a segment: whoever steps into one has fewer events left than it has.
      const isWithin = segment.firstWindowOffset < 0 && !segment.endsWithWindow && segment.visibleEvents <= this.#toSkip
      if (isWithin) {
        this.#offset = segment.visibleEnd
        this.#toSkip -= segment.visibleEvents
      } else {
        const at = source.find(this.#offset)
        if (at < 0) return this.#skipFar(segment, this.#offset)
        this.#atWindowEnd = isEndOfPeriodAt(source.bytes, at)
        this.#offset += lengthAt(source.bytes, at)
        this.#toSkip -= 1
      }
      invariant(this.#hop() || this.#atWindowEnd, 'a visible window goes on until its end')
      if (this.#segment !== segment) source = SegmentBytes.near(this.#segment)
    }
    return DONE
  }

  /** What is left of the segment that it was within is not held any more. */
  letGo(): void {
    this.#hold?.release()
    this.#hold = undefined
  }

  /** Nothing is held from now on. */
  close(): void {
    this.#isClosed = true
    this.letGo()
  }

  #skipFar(segment: Segment, from: number): FarStep<SkipStep> {
    const resume = (bytes: Buffer): SkipStep | FarStep<SkipStep> => this.skip(SegmentBytes.piece(bytes, from))
    return { kind: 'far', segment, from, wantedBytes: FAR_STEP_BYTES, resume }
  }

  #nextFar(segment: Segment, from: number, maxBytes: number, toWindowEnd: boolean): FarStep<CursorStep> {
    if (!this.#isClosed) this.#hold ??= this.#home.hold(segment)
    const resume = (bytes: Buffer): CursorStep => this.#give(segment, from, bytes, maxBytes, toWindowEnd)
    return { kind: 'far', segment, from, wantedBytes: maxBytes, resume }
  }

  /** Whole events of a piece that was read, each of which proves its checksums: they are right, though the segment is gone by now. */
  #give(segment: Segment, from: number, bytes: Buffer, maxBytes: number, toWindowEnd: boolean): CursorStep {
    const limit = Math.min(maxBytes, bytes.length)
    let last = -1
    let lastEndOfPeriod = -1
    let end = 0
    for (let at = 0; at < limit; at = end) {
      end = revealedEnd(segment, from, bytes, at, limit)
      if (end > limit) break
      last = at
      if (isEndOfPeriodAt(bytes, at)) lastEndOfPeriod = at
    }
    if (last < 0) return { kind: 'tooSmall', pendingEventBytes: end }
    if (toWindowEnd && lastEndOfPeriod >= 0) last = lastEndOfPeriod
    this.#scn = scnAt(bytes, last)
    this.#atWindowEnd = isEndOfPeriodAt(bytes, last)
    const length = endAt(bytes, last)
    this.#offset = from + length
    if (this.#offset === segment.visibleEnd) this.letGo()
    return new FarChunk(bytes.subarray(0, length), this.#scn, this.#atWindowEnd, this.#home.takeBack)
  }

  /** The segment has left the buffer. What is held of it is read to its end. */
  #nextOfEvicted(maxBytes: number, toWindowEnd: boolean): CursorStep | FarStep<CursorStep> {
    const isHeld = this.#hold?.isOver === false && this.#offset < this.#segment.visibleEnd
    if (isHeld) return this.#nextFar(this.#segment, this.#offset, maxBytes, toWindowEnd)
    this.letGo()
    return this.#nextElsewhere(maxBytes, toWindowEnd)
  }

  #nextElsewhere(maxBytes: number, toWindowEnd: boolean): CursorStep | FarStep<CursorStep> {
    if (!this.#atWindowEnd) return { kind: 'overrun', scn: this.#scn }
    return afterFar<CursorPlace | undefined, CursorStep>(this.#home.placeAfter(this.#scn), (place) => {
      if (place === undefined) return { kind: 'overrun', scn: this.#scn }
      this.#segment = place.segment
      this.#number = place.segment.number
      this.#offset = place.offset
      return this.next(maxBytes, toWindowEnd)
    })
  }

  /** Moves into the next segment when this one is read. @returns whether events are waiting */
  #hop(): boolean {
    if (this.#offset < this.#segment.visibleEnd) return true
    const next = visibleNext(this.#segment)
    if (next === undefined) return false
    this.letGo()
    this.#segment = next
    this.#number = next.number
    this.#offset = 0
    return true
  }
}

/**
 * Proves the event at `at` of a piece, if it ends at or before the limit, and gives it its SCN where it has none yet.
 * @returns where it ends @throws EventCorruptError
 */
function revealedEnd(segment: Segment, from: number, bytes: Buffer, at: number, limit: number): number {
  const available = bytes.length - at
  const headerBytes = headerBytesWanted(bytes, at, available)
  // Not even the header: more bytes of it than were asked for, unless there are no more.
  if (available < headerBytes && from + bytes.length < segment.visibleEnd) return Math.max(limit + 1, at + headerBytes)
  if (available < headerBytes) throw cutShort(headerBytes, available)
  const length = lengthAt(bytes, at)
  checkEventHeader(bytes, at, length)
  if (at + length > limit) return at + length
  checkEvent(bytes, at, length)
  segment.reveal(bytes, at, from + at)
  return at + length
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
