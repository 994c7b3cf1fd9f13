import {
  type EventAppend,
  eventBytesMax,
  type EventVersion,
  sealEvent,
  type ValueWriter,
  writeEvent,
} from '@aesop/event'
import { type WindowSink } from '@aesop/producer'

const FIRST_BYTES = 256 * 1024

/** Events of one chunk, one after the other, each with the SCN of the chunk. It is no window: it begins and ends none. */
export class ChunkSink implements WindowSink {
  rows = 0
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #end = 0
  readonly #high: number
  readonly #low: number
  readonly #partition: number
  readonly #version: EventVersion

  constructor(scn: bigint, physicalPartition: number, version: EventVersion) {
    this.#high = Number(scn >> 32n)
    this.#low = Number(BigInt.asIntN(32, scn))
    this.#partition = physicalPartition
    this.#version = version
  }

  get length(): number {
    return this.#end
  }

  append(append: EventAppend, write: ValueWriter): void {
    this.#make(eventBytesMax(append.key, append.maxValueBytes, this.#version))
    const from = this.#end
    const end = writeEvent(this.#bytes, from, append, this.#partition, this.#version, write)
    sealEvent(this.#bytes, from, this.#high, this.#low)
    this.#end = end
    this.rows++
  }

  take(): Buffer {
    return this.#bytes.subarray(0, this.#end)
  }

  #make(room: number): void {
    if (this.#bytes.length - this.#end >= room) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#end + room))
    this.#bytes.copy(larger, 0, 0, this.#end)
    this.#bytes = larger
  }

  beginWindow(): void {
    // A chunk is no window.
  }
  endWindow(): void {
    // A chunk is no window.
  }
  rollbackWindow(): void {
    // A chunk is no window.
  }
  whenWritable(): undefined {
    return undefined
  }
}
