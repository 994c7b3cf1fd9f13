import { type LeftSegments, type Segment } from '@aesop/buffer'
import { type SegmentHeader } from './segment-header.ts'

/** What a file says of itself: windows that end in it are visible; what is written behind them goes on in the next file. */
export interface FoundSegment {
  readonly header: SegmentHeader
  readonly segment: Segment
  /** Commit time of the window that goes on in the next file. */
  readonly openNanos: bigint
  /** SCN of the window that began in a file before and ends here; undefined: none does. */
  readonly continuedScn: bigint | undefined
}

/**
 * Puts files together that follow each other, oldest first: a window that spans several is there when its beginning and its
 * end are. What has no end is dropped; the rest of one whose beginning is gone stays where it is, and is never found.
 * @returns undefined: no window is left
 */
export function leftOf(chain: readonly FoundSegment[]): LeftSegments | undefined {
  const [oldest] = chain
  if (oldest === undefined) return undefined
  let { prevScn } = oldest.header
  let isBeginningGone = oldest.header.continues
  let open: FoundSegment[] = []
  const segments: Segment[] = []
  for (const found of chain) {
    const { segment, continuedScn } = found
    if (continuedScn !== undefined) {
      if (isBeginningGone) prevScn = continuedScn
      else closeWindow(open, continuedScn)
      isBeginningGone = false
      open = []
    }
    if (isBeginningGone) continue
    segments.push(segment)
    if (segment.writeEnd > segment.visibleEnd) open.push(found)
  }
  for (const { segment } of open) segment.rollBack()
  // An empty one between others stays: the one behind it names it.
  const visible = segments.slice(0, 1 + segments.findLastIndex(({ visibleEnd }) => visibleEnd > 0))
  return visible.length === 0 ? undefined : { prevScn, segments: visible }
}

/** The window that these files have parts of is whole: its events get its SCN when they are read. */
function closeWindow(parts: readonly FoundSegment[], scn: bigint): void {
  for (const [at, { segment, openNanos }] of parts.entries()) {
    const from = segment.visibleEnd
    segment.seal(from, segment.writeEnd, scn)
    segment.publish(openNanos, false)
    if (at === 0) segment.addWindow(scn, from, openNanos)
  }
}
