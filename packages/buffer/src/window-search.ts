import { endAt, isEndOfPeriodAt, scnAt } from '@aesop/event'
import { type AwaySegment, type CursorPlace, isAway } from './buffer-cursor.ts'
import { type Segment } from './segment.ts'

/** Where the oldest whole window begins; undefined while there is none. */
export function oldestWindow(segments: readonly Segment[]): CursorPlace | undefined {
  const segment = segments.find((candidate) => candidate.firstWindowOffset >= 0)
  return segment === undefined ? undefined : { segment, offset: segment.firstWindowOffset }
}

/** Where the first window with an SCN above `scn` begins. The bytes of one segment at most are looked at. */
export function findWindowAfter(segments: readonly Segment[], scn: bigint): CursorPlace | AwaySegment | undefined {
  const start = startOfSearch(segments, scn)
  if (start === undefined || scnOfWindow(start) > scn) return start
  // The window may be as large as the buffer: what follows the last one of a segment is found without a walk.
  if (scn >= start.segment.lastWindowScn) return firstWindowAfter(start.segment)
  if (start.segment.isAway) return { kind: 'away', segment: start.segment }
  return walkTo(start, scn)
}

/** Where the window `scn` begins; undefined: there is none. */
export function findWindow(segments: readonly Segment[], scn: bigint): CursorPlace | AwaySegment | undefined {
  const place = findWindowAfter(segments, scn - 1n)
  if (place === undefined || isAway(place)) return place
  return scnOfWindow(place) === scn ? place : undefined
}

/** The first window above `scn` in the segment of a window that is not, and in which one above begins. */
function walkTo({ segment, offset }: CursorPlace, scn: bigint): CursorPlace {
  let at = offset
  while (scnAt(segment.bytes, at) <= scn) {
    while (!isEndOfPeriodAt(segment.bytes, at)) at = endAt(segment.bytes, at)
    at = endAt(segment.bytes, at)
  }
  return { segment, offset: at }
}

/** SCN of the window that begins at a place that the index or a walk has found. */
function scnOfWindow({ segment, offset }: CursorPlace): bigint {
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
