import { type CursorPlace } from './buffer-cursor.ts'
import { type WindowRetention } from './window-retention.ts'

/** What lies between a reader of a buffer and the two ends of that. */
export interface ReaderRoom {
  /** Bytes of the windows that follow its place, ends of windows among them. */
  readonly behindBytes: number
  /**
   * How many more bytes may be written before what follows its place leaves for room: as long as nothing keeps it, and as far as events
   * fill their segments. Whole segments leave: a reader that goes on gets more room when it comes to the next one.
   */
  readonly leftBytes: number
  /** Whether its place lies in a segment that is away: a file would have to be read to see what is there. */
  readonly isAway: boolean
  /**
   * When the last change of its segment was committed, in nanoseconds since 1970: all of that leaves by age together. Undefined: it is the
   * one that is written to, which does not leave by age.
   */
  readonly lastNanos: bigint | undefined
}

/** The room of a place, in a buffer that ends at `end`. */
export function roomOf({ segment, offset }: CursorPlace, end: CursorPlace, retention: WindowRetention): ReaderRoom {
  return {
    behindBytes: end.segment.beforeBytes + end.offset - segment.beforeBytes - offset,
    leftBytes: retention.bytesBeforeLeaving(segment),
    isAway: segment.isAway,
    lastNanos: retention.isWrittenTo(segment) ? undefined : segment.lastNanos,
  }
}
