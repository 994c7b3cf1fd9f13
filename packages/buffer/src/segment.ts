import { type BufferChunk } from './buffer-chunk.ts'

/** An index entry is made for the first window that begins this many bytes after the last entry. */
const INDEX_STEP_BYTES = 4096
const NONE = -1

/**
 * A piece of the buffer: bytes of events, one after the other, and a sparse index of the windows that begin in it. The
 * owner keeps the order `0 <= visibleEnd <= writeEnd <= capacity`.
 */
export class Segment {
  readonly bytes: Buffer
  /** Grows from segment to segment; −1 while the segment is free or retired, so that cursors see that it is gone. */
  number = NONE
  /** End of the events of closed windows. */
  visibleEnd = 0
  /** End of all events, the open window's included. */
  writeEnd = 0
  /** Where the first window that begins here begins; −1: none does. */
  firstWindowOffset = NONE
  /** Offset of the last visible event. */
  lastEventOffset = NONE
  /** How many events are visible, ends of windows among them. */
  visibleEvents = 0
  /** SCN of the last window that begins here; meaningless while `firstWindowOffset` is −1. */
  lastWindowScn = -1n
  next: Segment | undefined
  /** Chunks that readers hold. */
  readonly holders = new Set<BufferChunk>()
  readonly indexScns: BigInt64Array
  readonly indexOffsets: Uint32Array
  indexLength = 0

  constructor(capacityBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacityBytes)
    const entries = Math.ceil(capacityBytes / INDEX_STEP_BYTES) + 1
    this.indexScns = new BigInt64Array(entries)
    this.indexOffsets = new Uint32Array(entries)
  }

  get capacity(): number {
    return this.bytes.length
  }

  /** Makes the segment ready for use (again). */
  reset(number: number): void {
    this.number = number
    this.visibleEnd = 0
    this.writeEnd = 0
    this.firstWindowOffset = NONE
    this.lastEventOffset = NONE
    this.visibleEvents = 0
    this.lastWindowScn = -1n
    this.next = undefined
    this.indexLength = 0
  }

  retire(): void {
    this.number = NONE
    this.next = undefined
  }

  /** Notes that a closed window begins at `offset`. Offsets and SCNs rise from call to call. */
  addWindow(scn: bigint, offset: number): void {
    if (this.firstWindowOffset === NONE) this.firstWindowOffset = offset
    this.lastWindowScn = scn
    const last = this.indexLength - 1
    if (last >= 0 && offset - (this.indexOffsets[last] as number) < INDEX_STEP_BYTES) return
    this.indexScns[last + 1] = scn
    this.indexOffsets[last + 1] = offset
    this.indexLength = last + 2
  }

  get firstWindowScn(): bigint {
    return this.indexScns[0] as bigint
  }

  /** Offset of the last indexed window with an SCN of at most `scn`; the first indexed one when there is none. */
  indexedOffset(scn: bigint): number {
    let low = 0
    let high = this.indexLength - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.indexScns[middle] as bigint) <= scn) low = middle
      else high = middle - 1
    }
    return this.indexOffsets[low] as number
  }
}
