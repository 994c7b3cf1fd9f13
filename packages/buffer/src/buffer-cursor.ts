import { endAt, isEndOfPeriodAt, lengthAt, scnAt } from '@aesop/event'
import { invariant } from '@aesop/kernel'
import { type WindowChunk } from '@aesop/reading'
import { BufferChunk } from './buffer-chunk.ts'
import { FarChunk } from './far-chunk.ts'
import { afterFar, FAR_STEP_BYTES, type FarStep, SegmentBytes } from './far-step.ts'
import { lastEventOf, prove, type ProvenPiece } from './proven-piece.ts'
import { type ProvenPieces } from './proven-pieces.ts'
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
  /** What was read of segments that are away. */
  readonly pieces: ProvenPieces
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

  #nextFar(segment: Segment, from: number, maxBytes: number, toWindowEnd: boolean): CursorStep | FarStep<CursorStep> {
    if (!this.#isClosed) this.#hold ??= this.#home.hold(segment)
    const there = this.#home.pieces.find(segment, from)
    if (there !== undefined && isEnough(there, from, maxBytes, toWindowEnd))
      return this.#give(there, from, maxBytes, toWindowEnd)
    const resume = (bytes: Buffer): CursorStep => {
      const piece = prove(segment, from, bytes)
      if (piece.kind === 'tooSmall') return piece
      this.#home.pieces.add(piece)
      return this.#give(piece, from, maxBytes, toWindowEnd)
    }
    return { kind: 'far', segment, from, wantedBytes: maxBytes, isOfPiece: true, resume }
  }

  /** Whole events of a piece: they are right, though its segment is gone by now. */
  #give(piece: ProvenPiece, from: number, maxBytes: number, toWindowEnd: boolean): CursorStep {
    const { segment, bytes } = piece
    const at = from - piece.from
    const last = lastEventOf(piece, at, maxBytes, toWindowEnd)
    if (last < 0) return { kind: 'tooSmall', pendingEventBytes: lengthAt(bytes, at) }
    this.#scn = scnAt(bytes, last)
    this.#atWindowEnd = isEndOfPeriodAt(bytes, last)
    const end = endAt(bytes, last)
    this.#offset = piece.from + end
    if (this.#offset === segment.visibleEnd) this.letGo()
    return new FarChunk(this.#home.pieces, piece, bytes.subarray(at, end), this.#scn, this.#atWindowEnd)
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

/** Whether a piece has as much as a read of its own would bring, where a chunk is to end with a window. */
function isEnough(piece: ProvenPiece, from: number, maxBytes: number, toWindowEnd: boolean): boolean {
  const end = piece.from + piece.bytes.length
  if (!toWindowEnd || from + maxBytes <= end || end === piece.segment.visibleEnd) return true
  const last = lastEventOf(piece, from - piece.from, maxBytes, true)
  return isEndOfPeriodAt(piece.bytes, last)
}
