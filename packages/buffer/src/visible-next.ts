import { type Segment } from './segment.ts'

/**
 * The segment in which the reader at the end of `segment` goes on, or undefined while nothing more is visible. A segment
 * stays empty when the next event was too large for it.
 */
export function visibleNext(segment: Segment): Segment | undefined {
  let next = segment.next
  while (next !== undefined && next.visibleEnd === 0) next = next.next
  return next
}
