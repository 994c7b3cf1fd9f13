import {
  type LeftSegments,
  Segment,
  SegmentDamagedError,
  type SegmentStart,
  type SegmentStore,
  type SegmentSummary,
} from '@aesop/buffer'
import { setImmediate as nextTurn } from 'node:timers/promises'

interface Copy {
  readonly bytes: Buffer
  readonly segment: Segment
}

/** What a process leaves: bytes as they were written, and what is known of them. */
export interface Left {
  readonly prevScn: bigint
  readonly segments: readonly { readonly summary: SegmentSummary; readonly bytes: Buffer }[]
}

/**
 * A store that answers with promises and keeps next to nothing in memory: a segment leaves when so many newer ones are there,
 * is written once, and leaves again as soon as it may.
 */
export class FarSegments implements SegmentStore {
  readonly segmentBytes: number
  /** How often each segment that is in use was written, by its number. */
  readonly writes = new Map<number, number>()
  reads = 0
  readonly aside: Segment[] = []
  readonly starts: SegmentStart[] = []
  readonly spills = true
  windows = 0
  waits = 0
  isClosed = false
  readonly #inMemory: number
  readonly #left: Left | undefined
  readonly #copies = new Map<Segment, Copy>()
  readonly #near: Segment[] = []

  constructor(segmentBytes: number, inMemory: number, left?: Left) {
    this.segmentBytes = segmentBytes
    this.#inMemory = inMemory
    this.#left = left
  }

  async open(): Promise<LeftSegments | undefined> {
    await nextTurn()
    if (this.#left === undefined) return undefined
    const segments = this.#left.segments.map(({ summary, bytes }) => {
      const segment = Segment.of(summary)
      segment.rollBack()
      this.#copies.set(segment, { bytes, segment })
      return segment
    })
    return { prevScn: this.#left.prevScn, segments }
  }

  take(capacityBytes: number, number: number, start: SegmentStart): Segment {
    const segment = new Segment(capacityBytes)
    segment.reset(number)
    this.starts.push(start)
    this.#near.push(segment)
    while (this.#near.length > this.#inMemory) this.#leave(this.#near.shift() as Segment)
    return segment
  }

  windowClosed(): void {
    this.windows++
  }

  giveBack(segment: Segment): void {
    this.#copies.delete(segment)
    const at = this.#near.indexOf(segment)
    if (at >= 0) this.#near.splice(at, 1)
  }

  released(): void {
    // Nothing is used again.
  }

  setAside(segment: Segment): void {
    this.aside.push(segment)
    this.giveBack(segment)
  }

  /** Changes a byte of an event in the middle of a segment. */
  damage(which: (segment: Segment) => boolean): Segment {
    for (const [segment, { bytes }] of this.#copies) {
      if (!which(segment)) continue
      const at = segment.visibleEnd >> 1
      bytes[at] = (bytes[at] as number) ^ 1
      return segment
    }
    throw new Error('no such segment')
  }

  async read(segment: Segment, from: number, to: number): Promise<Buffer> {
    this.reads++
    await nextTurn()
    const copy = this.#copies.get(segment)
    if (copy === undefined) throw new SegmentDamagedError('of a test', 'it is not there')
    return Buffer.from(copy.bytes.subarray(from, to))
  }

  whenDurable(): undefined {
    return undefined
  }

  whenRoom(): Promise<void> | undefined {
    this.waits++
    return this.waits % 2 === 0 ? nextTurn() : undefined
  }

  async close(): Promise<void> {
    await nextTurn()
    this.isClosed = true
  }

  /** What the next process finds, of a buffer with these segments. */
  leftOf({ segments, prevScn }: { readonly segments: readonly Segment[]; readonly prevScn: bigint }): Left {
    const visible = segments.filter(({ visibleEnd }) => visibleEnd > 0)
    return {
      prevScn,
      segments: visible.map((segment) => ({
        summary: segment.summary(),
        bytes: this.#copies.get(segment)?.bytes ?? Buffer.from(segment.bytes),
      })),
    }
  }

  #leave(segment: Segment): void {
    this.writes.set(segment.number, (this.writes.get(segment.number) ?? 0) + 1)
    this.#copies.set(segment, { bytes: Buffer.from(segment.leave()), segment })
  }
}
