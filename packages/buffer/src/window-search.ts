import { isEndOfPeriodAt, lengthAt, scnAt } from '@aesop/event'
import { type CursorPlace } from './buffer-cursor.ts'
import { FAR_STEP_BYTES, type FarStep, afterFar, SegmentBytes } from './far-step.ts'
import { type Segment } from './segment.ts'

/** Where the oldest whole window begins; undefined while there is none. */
export function oldestWindow(segments: readonly Segment[]): CursorPlace | undefined {
  const segment = segments.find((candidate) => candidate.firstWindowOffset >= 0)
  return segment === undefined ? undefined : { segment, offset: segment.firstWindowOffset }
}

/** Where the first window with an SCN above `scn` begins; undefined: there is none. The bytes of one segment at most are looked at. */
export function findWindowAfter(
  segments: readonly Segment[],
  scn: bigint,
): CursorPlace | undefined | FarStep<CursorPlace> {
  const start = startOfSearch(segments, scn)
  if (start === undefined) return undefined
  if (knownScn(start) > scn) return start
  // The window may be as large as the buffer: what follows the last one of a segment is found without a walk.
  if (scn >= start.segment.lastWindowScn) return firstWindowAfter(start.segment)
  return walk(start, scn)
}

/** Where the window `scn` begins; undefined: there is none. */
export function findWindow(
  segments: readonly Segment[],
  scn: bigint,
): CursorPlace | undefined | FarStep<CursorPlace | undefined> {
  return afterFar<CursorPlace | undefined, CursorPlace | undefined>(
    findWindowAfter(segments, scn - 1n),
    (place) => place && isAt(place, scn),
  )
}

/** Whether the window at a place that was found has that SCN. */
function isAt(place: CursorPlace, scn: bigint): CursorPlace | undefined | FarStep<CursorPlace | undefined> {
  const { segment, offset } = place
  const isLast = offset === segment.lastWindowOffset
  if (isLast || !segment.isAway)
    return (isLast ? segment.lastWindowScn : scnAt(segment.bytes, offset)) === scn ? place : undefined
  const resume = (bytes: Buffer): CursorPlace | undefined => (scnAt(bytes, 0) === scn ? place : undefined)
  return { kind: 'far', segment, from: offset, wantedBytes: FAR_STEP_BYTES, resume }
}

/** The first window above `scn` in the segment of an indexed window that is not, and in which one above begins. */
function walk({ segment, offset }: CursorPlace, scn: bigint): CursorPlace | FarStep<CursorPlace> {
  return new Walk(segment, offset, scn).go(SegmentBytes.near(segment))
}

class Walk {
  readonly #segment: Segment
  readonly #scn: bigint
  #at: number
  #isInside = false

  constructor(segment: Segment, from: number, scn: bigint) {
    this.#segment = segment
    this.#at = from
    this.#scn = scn
  }

  go(source: SegmentBytes): CursorPlace | FarStep<CursorPlace> {
    for (;;) {
      // What follows need not be looked at, and has no SCN where its window was closed while it was away.
      if (!this.#isInside && this.#at >= this.#segment.lastWindowOffset) break
      const at = source.find(this.#at)
      if (at < 0) return this.#far()
      if (!this.#isInside && scnAt(source.bytes, at) > this.#scn) break
      this.#isInside = !isEndOfPeriodAt(source.bytes, at)
      this.#at += lengthAt(source.bytes, at)
    }
    return { segment: this.#segment, offset: this.#at }
  }

  #far(): FarStep<CursorPlace> {
    const from = this.#at
    const resume = (bytes: Buffer): CursorPlace | FarStep<CursorPlace> => this.go(SegmentBytes.piece(bytes, from))
    return { kind: 'far', segment: this.#segment, from, wantedBytes: FAR_STEP_BYTES, resume }
  }
}

/** SCN of the first, the last, or an indexed window of a segment. */
function knownScn({ segment, offset }: CursorPlace): bigint {
  if (offset === segment.firstWindowOffset) return segment.firstWindowScn
  if (offset === segment.lastWindowOffset) return segment.lastWindowScn
  return segment.isAway ? segment.indexedScn(offset) : scnAt(segment.bytes, offset)
}

/** The indexed window from which a walk reaches the first window above `scn`. */
function startOfSearch(segments: readonly Segment[], scn: bigint): CursorPlace | undefined {
  let low = 0
  let high = segments.length - 1
  while (low < high) {
    const middle = (low + high + 1) >>> 1
    const segment = lastWithWindow(segments, middle, low)
    if (segment === undefined || segment.firstWindowScn <= scn) low = middle
    else high = middle - 1
  }
  const segment = lastWithWindow(segments, low, 0)
  if (segment === undefined) return oldestWindow(segments)
  return { segment, offset: segment.indexedOffset(scn) }
}

/** The segment at `index`, or the nearest before it (down to `from`) in which a window begins. */
function lastWithWindow(segments: readonly Segment[], index: number, from: number): Segment | undefined {
  for (let at = index; at >= from; at--) {
    const segment = segments[at]
    if (segment !== undefined && segment.firstWindowOffset >= 0) return segment
  }
  return undefined
}

function firstWindowAfter(segment: Segment): CursorPlace | undefined {
  let next = segment.next
  while (next !== undefined && next.firstWindowOffset < 0) next = next.next
  return next && { segment: next, offset: next.firstWindowOffset }
}
