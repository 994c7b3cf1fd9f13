import { checkEvent, checkEventHeader, headerBytesWanted, isEndOfPeriodAt, lengthAt } from '@aesop/event'
import { cutShort } from './far-step.ts'
import { type Segment } from './segment.ts'

/** An event of more bytes than were asked for. */
export interface TooSmall {
  readonly kind: 'tooSmall'
  readonly pendingEventBytes: number
}

/** Whole events of a segment that is away, each of which has proved its checksums and has its SCN: nobody changes them any more. */
export class ProvenPiece {
  /** Tells it from an event that is larger than what was read. */
  get kind(): 'piece' {
    return 'piece'
  }
  readonly segment: Segment
  /** Where in the segment it begins. */
  readonly from: number
  readonly bytes: Buffer
  readonly lastEventOffset: number
  /** How many chunks show it. */
  users = 0

  constructor(segment: Segment, from: number, bytes: Buffer, lastEventOffset: number) {
    this.segment = segment
    this.from = from
    this.bytes = bytes
    this.lastEventOffset = lastEventOffset
  }

  get visibleEnd(): number {
    return this.bytes.length
  }

  /** What it keeps from other use. */
  get memoryBytes(): number {
    return this.bytes.buffer.byteLength
  }

  /** Whether the event that begins at an offset of a segment is here. */
  has(segment: Segment, offset: number): boolean {
    return this.segment === segment && this.from <= offset && offset < this.from + this.bytes.length
  }
}

/** The whole events of what was read of a segment from an offset on. @throws EventCorruptError when one of them does not prove itself */
export function prove(segment: Segment, from: number, bytes: Buffer): ProvenPiece | TooSmall {
  let last = -1
  let end = 0
  for (let at = 0; at < bytes.length; at = end) {
    end = revealedEnd(segment, from, bytes, at)
    if (end > bytes.length) break
    last = at
  }
  if (last < 0) return { kind: 'tooSmall', pendingEventBytes: end }
  return new ProvenPiece(segment, from, bytes.subarray(0, last + lengthAt(bytes, last)), last)
}

/** What events are looked up in: a segment in memory, or a piece of one that is away. */
export type EventRun = Pick<ProvenPiece, 'bytes' | 'visibleEnd' | 'lastEventOffset'>

/** Offset of the event to end a chunk with; −1 when the first one has more than `maxBytes`. */
export function lastEventOf(run: EventRun, from: number, maxBytes: number, toWindowEnd: boolean): number {
  const { bytes, visibleEnd, lastEventOffset } = run
  if (visibleEnd - from <= maxBytes && (!toWindowEnd || isEndOfPeriodAt(bytes, lastEventOffset))) return lastEventOffset
  const limit = Math.min(from + maxBytes, visibleEnd)
  let last = -1
  let lastEndOfPeriod = -1
  for (let at = from; at < limit;) {
    const end = at + lengthAt(bytes, at)
    if (end > limit) break
    last = at
    if (toWindowEnd && isEndOfPeriodAt(bytes, at)) lastEndOfPeriod = at
    at = end
  }
  return lastEndOfPeriod >= 0 ? lastEndOfPeriod : last
}

/**
 * Proves the event at `at` of a piece, if all of it is there, and gives it its SCN where it has none yet.
 * @returns where it ends @throws EventCorruptError
 */
function revealedEnd(segment: Segment, from: number, bytes: Buffer, at: number): number {
  const available = bytes.length - at
  const headerBytes = headerBytesWanted(bytes, at, available)
  // Not even the header: more bytes of it than were asked for, unless there are no more.
  if (available < headerBytes && from + bytes.length < segment.visibleEnd) return at + headerBytes
  if (available < headerBytes) throw cutShort(headerBytes, available)
  const length = lengthAt(bytes, at)
  checkEventHeader(bytes, at, length)
  if (length > available) return at + length
  checkEvent(bytes, at, length)
  segment.reveal(bytes, at, from + at)
  return at + length
}
