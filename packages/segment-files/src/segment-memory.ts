import { Segment } from '@aesop/buffer'

/**
 * The memory that segments are written to, used again: a new piece costs the system more than the events that fill it. Bytes that
 * chunks still show are kept apart until they are released; when those are too many, the holders of the oldest are told to let go.
 */
export class SegmentMemory {
  readonly segmentBytes: number
  readonly #lentBytesMax: number
  readonly #freeMax: number
  readonly #free: Buffer[] = []
  readonly #lent = new Map<Segment, Buffer>()
  #lentBytes = 0

  constructor(segmentBytes: number, freeMax: number, lentBytesMax: number) {
    this.segmentBytes = segmentBytes
    this.#freeMax = freeMax
    this.#lentBytesMax = lentBytesMax
  }

  take(capacityBytes: number): Segment {
    const used = capacityBytes === this.segmentBytes ? this.#free.pop() : undefined
    return used === undefined ? new Segment(capacityBytes) : new Segment(capacityBytes, used)
  }

  /** Takes back what a segment was written to, once nobody shows it. */
  giveBack(segment: Segment, bytes: Buffer): void {
    if (segment.holders.size === 0) {
      this.#keep(bytes)
      return
    }
    this.#lent.set(segment, bytes)
    this.#lentBytes += bytes.length
    this.#letGo()
  }

  /** The last chunk of a segment was released. */
  released(segment: Segment): void {
    const bytes = this.#lent.get(segment)
    if (bytes === undefined) return
    this.#lent.delete(segment)
    this.#lentBytes -= bytes.length
    this.#keep(bytes)
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === this.segmentBytes && this.#free.length < this.#freeMax) this.#free.push(bytes)
  }

  #letGo(): void {
    let excessBytes = this.#lentBytes - this.#lentBytesMax
    for (const [segment, { length }] of [...this.#lent]) {
      if (excessBytes <= 0) return
      excessBytes -= length
      for (const chunk of [...segment.holders]) chunk.onOverrun?.()
    }
  }
}
