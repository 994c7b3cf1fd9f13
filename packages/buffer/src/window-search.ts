import { invariant } from '@aesop/kernel'
import { type CursorPlace } from './buffer-cursor.ts'
import { eventEnd, isEndOfPeriodAt, scnAt, visibleNext } from './event-walk.ts'
import { type Segment } from './segment.ts'

/** Where the oldest whole window begins; undefined while there is none. */
export function oldestWindow(segments: readonly Segment[]): CursorPlace | undefined {
  const segment = segments.find((candidate) => candidate.firstWindowOffset >= 0)
  return segment === undefined ? undefined : { segment, offset: segment.firstWindowOffset }
}

/** Where the first window with an SCN above `scn` begins. */
export function findWindowAfter(segments: readonly Segment[], scn: bigint): CursorPlace | undefined {
  let place = startOfSearch(segments, scn)
  while (place !== undefined && scnAt(place.segment.bytes, place.offset) <= scn) place = nextWindow(place)
  return place
}

/**
 * The place after the first `skip` events of the window `scn`, or after the whole window when it has no more.
 * Undefined when there is no such window.
 */
export function findWindowAt(
  segments: readonly Segment[],
  scn: bigint,
  skip: number,
): { place: CursorPlace; atWindowEnd: boolean } | undefined {
  let place = findWindowAfter(segments, scn - 1n)
  if (place === undefined || scnAt(place.segment.bytes, place.offset) !== scn) return undefined
  for (let left = skip; left > 0;) {
    const { segment } = place
    // True only at the start of a segment: whoever steps into one has fewer events left than it has.
    const isWithin = liesWithinWindow(segment) && segment.visibleEvents <= left
    const after: CursorPlace = isWithin ? { segment, offset: segment.visibleEnd } : afterEvent(place)
    if (!isWithin && isEndOfPeriodAt(segment.bytes, place.offset)) return { place: after, atWindowEnd: true }
    left -= isWithin ? segment.visibleEvents : 1
    place = entered(after)
    invariant(place !== undefined, 'a visible window goes on until its end')
  }
  return { place, atWindowEnd: false }
}

/** Whether all events of the segment are of a window that neither begins nor ends there. */
function liesWithinWindow({ firstWindowOffset, bytes, lastEventOffset }: Segment): boolean {
  return firstWindowOffset < 0 && !isEndOfPeriodAt(bytes, lastEventOffset)
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

/** @param start where a window begins */
function nextWindow(start: CursorPlace): CursorPlace | undefined {
  const { segment } = start
  // The window may be as large as the buffer: what follows the last one of a segment is found without a walk.
  if (scnAt(segment.bytes, start.offset) === segment.lastWindowScn) return firstWindowAfter(segment)
  let place: CursorPlace | undefined = start
  while (place !== undefined) {
    const isEnd = isEndOfPeriodAt(place.segment.bytes, place.offset)
    place = entered(afterEvent(place))
    if (isEnd) return place
  }
  return undefined
}

function firstWindowAfter(segment: Segment): CursorPlace | undefined {
  let next = segment.next
  while (next !== undefined && next.firstWindowOffset < 0) next = next.next
  return next && { segment: next, offset: next.firstWindowOffset }
}

/** After the event at `place`: the end of its segment, when it is the last there. */
function afterEvent({ segment, offset }: CursorPlace): CursorPlace {
  return { segment, offset: eventEnd(segment.bytes, offset) }
}

/** The same place, at an event that is there: the start of the next segment when this one ends here. */
function entered(place: CursorPlace): CursorPlace | undefined {
  if (place.offset < place.segment.visibleEnd) return place
  const segment = visibleNext(place.segment)
  return segment === undefined ? undefined : { segment, offset: 0 }
}
