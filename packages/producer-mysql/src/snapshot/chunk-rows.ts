import { eventLimits } from '../log/event-limits.ts'
import { RowsEvent } from '../log/rows-event.ts'
import { RowChanges } from '../transaction/row-changes.ts'
import { type LogKeys } from '@aesop/kernel'
import { type EventVersion } from '@aesop/event'
import { ChunkSink } from './chunk-sink.ts'
import { type ChunkTable } from './chunk-table.ts'
import { placeAfter } from './key-place.ts'
import { type RowListener } from './tapped-rows.ts'
import { SnapshotColumnsChanged } from './columns-changed.ts'

/** So many bytes of images become events at once. */
const BATCH_BYTES = 64 * 1024
/** Rows beyond so many bytes of events wait for the next chunk. */
const CHUNK_BYTES_MAX = 32 * 1024 * 1024

export interface ChunkRowsOptions {
  readonly atScn: bigint
  readonly physicalPartition: number
  readonly eventVersion: EventVersion
  readonly largestEventBytes: number
  readonly logKeys: LogKeys
}

/** Packets of rows become images of the log, and those events, on the way that the stream's rows go. */
export class ChunkRows implements RowListener {
  /** Rows that came; those that did not fit into the chunk are among them. */
  came = 0
  readonly #table: ChunkTable
  readonly #sink: ChunkSink
  readonly #changes: RowChanges
  readonly #event: RowsEvent
  readonly #nanos = BigInt(Date.now()) * 1_000_000n
  readonly #at: Int32Array
  #images = Buffer.allocUnsafeSlow(2 * BATCH_BYTES)
  #end = 0
  #last = -1
  #isFull = false
  #fault: Error | undefined
  #next: string | undefined

  constructor(table: ChunkTable, options: ChunkRowsOptions) {
    const { atScn, physicalPartition, eventVersion, largestEventBytes, logKeys } = options
    this.#table = table
    this.#sink = new ChunkSink(atScn, physicalPartition, eventVersion)
    const limits = eventLimits(largestEventBytes, eventVersion)
    this.#changes = new RowChanges(this.#sink, limits, logKeys)
    this.#event = new RowsEvent(limits.loggedBytesMax)
    this.#event.frame = table.present
    this.#event.bitmapBytes = table.present.length
    this.#at = new Int32Array(table.columns.length)
  }

  onColumns(types: readonly number[]): void {
    const asked = this.#table.columns.filter(({ transfer }) => transfer !== undefined)
    const isAsKnown =
      asked.length === types.length && asked.every(({ wireTypes }, i) => wireTypes.includes(types[i] ?? -1))
    if (!isAsKnown)
      throw new SnapshotColumnsChanged(asked.map(({ name }, i) => `${name}: ${types[i] ?? 'none'}`).join())
  }

  onRow(bytes: Buffer, at: number, end: number): void {
    this.came++
    if (this.#isFull || this.#fault !== undefined) return
    this.#make(end - at + this.#table.grownBytes)
    this.#last = this.#end
    this.#end = this.#table.write(bytes, at, this.#images, this.#end)
    if (this.#end < BATCH_BYTES) return
    try {
      this.#flush()
    } catch (error) {
      this.#fault = error instanceof Error ? error : new Error(String(error))
    }
    this.#isFull = this.#sink.length >= CHUNK_BYTES_MAX
  }

  /** Whether rows came that did not fit. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** The events, and the place after the last row of them; undefined: there was none. @throws what a row could not become */
  finish(): { readonly bytes: Buffer; readonly rows: number; readonly last: string | undefined } {
    if (this.#fault !== undefined) throw this.#fault
    this.#flush()
    return { bytes: this.#sink.take(), rows: this.#sink.rows, last: this.#next }
  }

  #flush(): void {
    if (this.#end === 0) return
    if (!this.#table.isKeyless) {
      this.#table.scan(this.#images, this.#last, this.#at)
      this.#next = placeAfter(this.#table.key, this.#images, this.#at)
    }
    this.#event.bytes = this.#images
    this.#event.images = 0
    this.#event.end = this.#end
    this.#end = 0
    this.#changes.appendAll(this.#table.captured, this.#event, 'insert', this.#nanos)
  }

  #make(room: number): void {
    if (this.#images.length - this.#end >= room) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#images.length * 2, this.#end + room))
    this.#images.copy(larger, 0, 0, this.#end)
    this.#images = larger
  }
}
