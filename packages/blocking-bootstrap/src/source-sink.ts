import {
  type EventAppend,
  eventBytesMax,
  type EventVersion,
  scnAt,
  sealEvents,
  type ValueWriter,
  writeEvent,
} from '@aesop/event'
import { type CopySink } from '@aesop/producer'
import { type WindowFile, type WindowFiles } from './window-file.ts'

/** A window as it was closed: its events in memory, behind those that are in a file. */
export interface TakenWindow {
  readonly scn: bigint
  readonly timestampNanos: bigint
  readonly bytes: Buffer
  readonly file: WindowFile | undefined
}

export interface SourceSinkOptions {
  readonly physicalPartition: number
  readonly eventVersion: EventVersion
  /** From so many bytes on an open window goes on in a file. */
  readonly windowBytesMax: number
  readonly files: WindowFiles
  readonly take: (window: TakenWindow) => void
  readonly room: () => Promise<void> | undefined
}

const SLAB_BYTES = 1024 * 1024

/** Makes the windows of a source, whole, into bytes for its consumers; of many small ones in the same memory. */
export class SourceSink implements CopySink {
  readonly spills = true
  readonly #options: SourceSinkOptions
  #slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
  #from = 0
  #end = 0
  #timestampNanos = 0n
  #file: WindowFile | undefined

  constructor(options: SourceSinkOptions) {
    this.#options = options
  }

  beginWindow(): void {
    this.#from = this.#end
  }

  append(append: EventAppend, write: ValueWriter): void {
    const { physicalPartition, eventVersion } = this.#options
    this.#make(eventBytesMax(append.key, append.maxValueBytes, eventVersion))
    this.#timestampNanos = append.timestampNanos
    this.#end = writeEvent(this.#slab, this.#end, append, physicalPartition, eventVersion, write)
  }

  appendCopy(bytes: Buffer, at: number, length: number): void {
    this.#make(length)
    bytes.copy(this.#slab, this.#end, at, at + length)
    this.#end += length
  }

  endWindowCopy(bytes: Buffer, at: number): void {
    this.endWindow(scnAt(bytes, at))
  }

  endWindow(scn: bigint): void {
    sealEvents(this.#slab, this.#from, this.#end, Number(scn >> 32n), Number(BigInt.asIntN(32, scn)))
    const bytes = this.#slab.subarray(this.#from, this.#end)
    const file = this.#file
    this.#file = undefined
    this.#from = this.#end
    this.#options.take({ scn, timestampNanos: this.#timestampNanos, bytes, file })
  }

  rollbackWindow(): void {
    this.#end = this.#from
    void this.#file?.remove()
    this.#file = undefined
  }

  mark(): () => void {
    const length = (this.#file?.length ?? 0) + this.#end - this.#from
    return () => {
      const inFile = this.#file?.length ?? 0
      this.#file?.cut(length)
      this.#end = this.#from + Math.max(0, length - inFile)
    }
  }

  whenWritable(): Promise<void> | undefined {
    return this.#options.room()
  }

  whenSpilled(): Promise<void> | undefined {
    return this.#end - this.#from < this.#options.windowBytesMax ? undefined : this.#spill()
  }

  async #spill(): Promise<void> {
    this.#file ??= this.#options.files.next()
    await this.#file.append(this.#slab.subarray(this.#from, this.#end))
    this.#end = this.#from
  }

  #make(room: number): void {
    if (this.#slab.length - this.#end >= room) return
    const open = this.#end - this.#from
    const slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, 2 * open + room))
    this.#slab.copy(slab, 0, this.#from, this.#end)
    this.#slab = slab
    this.#from = 0
    this.#end = open
  }
}
