import { InvariantError } from '@aesop/kernel'
import { Segment } from './segment.ts'
import { type LeftSegments, type SegmentStore } from './segment-store.ts'

const NEVER_AWAY = 'a segment of memory never leaves it'

/**
 * Segments that never leave memory and are gone with the process. Gives out segments and takes evicted ones back. Evicted segments that readers still hold wait as retired; when they
 * exceed their bound, the holders of the oldest are told to let go.
 */
export class SegmentPool implements SegmentStore {
  readonly segmentBytes: number
  readonly spills = false
  readonly #retiredBytesMax: number
  readonly #freeBytesMax: number
  readonly #free: Segment[] = []
  readonly #retired = new Set<Segment>()
  #retiredBytes = 0

  constructor(segmentBytes: number, freeBytesMax: number, retiredBytesMax: number) {
    this.segmentBytes = segmentBytes
    this.#freeBytesMax = freeBytesMax
    this.#retiredBytesMax = retiredBytesMax
  }

  get freeSegments(): readonly Segment[] {
    return this.#free
  }
  get retiredBytes(): number {
    return this.#retiredBytes
  }

  open(): LeftSegments | undefined {
    return undefined
  }

  take(capacityBytes: number, number: number): Segment {
    const used = capacityBytes === this.segmentBytes ? this.#free.pop() : undefined
    const segment = used ?? new Segment(capacityBytes)
    segment.reset(number)
    return segment
  }

  windowClosed(): void {
    // What is closed is where it stays.
  }

  read(): Promise<Buffer> {
    throw new InvariantError(NEVER_AWAY)
  }

  setAside(): void {
    throw new InvariantError(NEVER_AWAY)
  }

  whenRoom(): undefined {
    return undefined
  }

  whenDurable(): undefined {
    return undefined
  }

  close(): void {
    // There is nothing to keep.
  }

  giveBack(segment: Segment): void {
    segment.retire()
    if (segment.holders.size === 0) {
      this.#keep(segment)
      return
    }
    this.#retired.add(segment)
    this.#retiredBytes += segment.capacity
    this.#letGo()
  }

  /** Called when the last holder of a retired segment has let go. */
  released(segment: Segment): void {
    if (!this.#retired.delete(segment)) return
    this.#retiredBytes -= segment.capacity
    this.#keep(segment)
  }

  #keep(segment: Segment): void {
    const fits = (this.#free.length + 1) * this.segmentBytes <= this.#freeBytesMax
    if (segment.capacity === this.segmentBytes && fits) this.#free.push(segment)
  }

  #letGo(): void {
    let excessBytes = this.#retiredBytes - this.#retiredBytesMax
    for (const segment of [...this.#retired]) {
      if (excessBytes <= 0) return
      excessBytes -= segment.capacity
      for (const chunk of [...segment.holders]) chunk.onOverrun?.()
    }
  }
}
