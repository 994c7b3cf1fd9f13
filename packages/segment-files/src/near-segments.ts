import { type Segment } from '@aesop/buffer'
import { type SegmentFile } from './segment-file.ts'
import { SegmentMemory } from './segment-memory.ts'

/** How many may be on their way out of memory before the writer waits. */
const LEAVING_FILES_MAX = 1

/** The newest segments, which are in memory, and those that are on their way out of it. */
export class NearSegments {
  readonly #residentBytes: number
  readonly #memory: SegmentMemory
  /** Oldest first. */
  readonly #near: Segment[] = []
  #nearBytes = 0
  #leavingBytes = 0
  #leavingFiles = 0

  constructor(segmentBytes: number, residentBytes: number) {
    this.#residentBytes = residentBytes
    const resident = Math.max(2, Math.ceil(residentBytes / segmentBytes))
    this.#memory = new SegmentMemory(segmentBytes, resident, Math.max(residentBytes / 4, 2 * segmentBytes))
  }

  /** Bytes that have left their segments and are not in their files yet. */
  get leavingBytes(): number {
    return this.#leavingBytes
  }

  /** Whether the writer has to wait for those that leave. */
  get isCrowded(): boolean {
    return this.#leavingFiles > LEAVING_FILES_MAX
  }

  take(capacityBytes: number): Segment {
    const segment = this.#memory.take(capacityBytes)
    this.#near.push(segment)
    this.#nearBytes += capacityBytes
    return segment
  }

  /** Lets the oldest leave until those that stay are few enough; `left` gets the bytes of each. */
  leaveExcess(left: (segment: Segment, bytes: Buffer) => void): void {
    while (this.#nearBytes > this.#residentBytes && this.#near.length > 2) {
      const segment = this.#near.shift() as Segment
      this.#nearBytes -= segment.capacity
      left(segment, segment.leave())
    }
  }

  /** These bytes are kept for a file until it has them. */
  leaves(file: SegmentFile, bytes: Buffer): void {
    file.leaving = bytes
    this.#leavingBytes += bytes.length
    this.#leavingFiles += 1
  }

  /** The file has them, or nobody wants it any more. */
  hasLeft(file: SegmentFile): void {
    const { leaving: bytes } = file
    if (bytes === undefined) return
    file.leaving = undefined
    this.#leavingBytes -= bytes.length
    this.#leavingFiles -= 1
    this.giveBack(file.segment, bytes)
  }

  /** It is none of the buffer any more; its bytes are given back when nothing writes them. */
  drop(segment: Segment): void {
    const at = this.#near.indexOf(segment)
    if (at < 0) return
    this.#near.splice(at, 1)
    this.#nearBytes -= segment.capacity
  }

  giveBack(segment: Segment, bytes: Buffer): void {
    if (bytes.length > 0) this.#memory.giveBack(segment, bytes)
  }

  released(segment: Segment): void {
    this.#memory.released(segment)
  }
}
