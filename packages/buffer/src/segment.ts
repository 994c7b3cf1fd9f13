import { sealEvents } from '@aesop/event'
import { type BufferChunk } from './buffer-chunk.ts'

/** An index entry is made for the first window that begins this many bytes after the last entry, or a part of the capacity. */
const INDEX_STEP_BYTES_MIN = 4096
const INDEX_ENTRIES_MAX = 1024
/** The SCN of events whose window is not closed, where they are kept out of memory: so they have checksums, too. */
const NO_SCN_YET = -1n
const NONE = -1
const NOTHING = Buffer.alloc(0)

/** All that is to be known of a segment whose bytes lie elsewhere: plain data, for a footer. */
export interface SegmentSummary {
  readonly number: number
  readonly capacityBytes: number
  readonly visibleEnd: number
  readonly visibleEvents: number
  /** The same with what the open window has here. */
  readonly writeEnd: number
  readonly writtenEvents: number
  readonly lastWrittenOffset: number
  readonly firstWindowOffset: number
  readonly lastWindowOffset: number
  readonly lastWindowScn: bigint
  readonly lastEventOffset: number
  readonly endsWithWindow: boolean
  readonly firstWindowNanos: bigint
  readonly lastNanos: bigint
  readonly unsealed: Unsealed | undefined
  readonly indexScns: readonly bigint[]
  readonly indexOffsets: readonly number[]
}

/** Events whose SCN is known, and not written into them yet. */
export interface Unsealed {
  readonly from: number
  readonly to: number
  readonly scn: bigint
}

/**
 * A piece of the buffer: bytes of events, one after the other, and a sparse index of the windows that begin in it. The
 * owner keeps the order `0 <= visibleEnd <= writeEnd <= capacity`. Its bytes may leave memory; what is known of them
 * stays, and is enough to search and to count.
 */
export class Segment {
  readonly capacity: number
  /** Empty while the segment is away. */
  bytes: Buffer
  /** Grows from segment to segment; −1 while the segment is free or retired, so that cursors see that it is gone. */
  number = NONE
  /** Bytes of events, and of capacity, of all segments before it since the buffer began. */
  beforeBytes = 0
  beforeCapacity = 0
  /** How many readers are about to read it as the oldest. */
  pins = 0
  /** End of the events of closed windows. */
  visibleEnd = 0
  /** End of all events, the open window's included. */
  writeEnd = 0
  /** Up to where it may be written: its capacity, or nothing once its bytes have left. */
  writeLimit: number
  /** How many events lie before `writeEnd`, the bytes of their values, and where the last one begins. */
  writtenEvents = 0
  writtenValueBytes = 0
  lastWrittenOffset = NONE
  /** Where the first window that begins here begins; −1: none does. */
  firstWindowOffset = NONE
  /** Where the last one does. */
  lastWindowOffset = NONE
  /** Offset of the last visible event. */
  lastEventOffset = NONE
  /** Whether that closes a window. */
  endsWithWindow = false
  /** How many events are visible, ends of windows among them, and the bytes of their values. */
  visibleEvents = 0
  visibleValueBytes = 0
  /** SCN of the last window that begins here; meaningless while `firstWindowOffset` is −1. */
  lastWindowScn = -1n
  /** Commit time of the first window that begins here, and of the last visible event; in nanoseconds since 1970. */
  firstWindowNanos = 0n
  lastNanos = 0n
  next: Segment | undefined
  /** Chunks that readers hold. */
  readonly holders = new Set<BufferChunk>()
  readonly indexScns: BigInt64Array
  readonly indexOffsets: Uint32Array
  indexLength = 0
  readonly #indexStepBytes: number
  /** Of the window that was open when it left, once that is closed. */
  #unsealed: Unsealed | undefined

  constructor(capacityBytes: number, bytes: Buffer = Buffer.allocUnsafeSlow(capacityBytes)) {
    this.capacity = capacityBytes
    this.writeLimit = capacityBytes
    this.bytes = bytes
    this.#indexStepBytes = Math.max(INDEX_STEP_BYTES_MIN, Math.ceil(capacityBytes / INDEX_ENTRIES_MAX))
    const entries = Math.ceil(capacityBytes / this.#indexStepBytes) + 1
    this.indexScns = new BigInt64Array(entries)
    this.indexOffsets = new Uint32Array(entries)
  }

  /** A segment of a former process, whose bytes are away. */
  static of(summary: SegmentSummary): Segment {
    const { capacityBytes, indexScns, indexOffsets, unsealed, ...fields } = summary
    const segment = new Segment(capacityBytes, NOTHING)
    Object.assign(segment, fields)
    segment.writeLimit = 0
    segment.indexScns.set(indexScns)
    segment.indexOffsets.set(indexOffsets)
    segment.indexLength = indexScns.length
    segment.#unsealed = unsealed
    return segment
  }

  summary(): SegmentSummary {
    return {
      number: this.number,
      capacityBytes: this.capacity,
      visibleEnd: this.visibleEnd,
      visibleEvents: this.visibleEvents,
      writeEnd: this.writeEnd,
      writtenEvents: this.writtenEvents,
      lastWrittenOffset: this.lastWrittenOffset,
      firstWindowOffset: this.firstWindowOffset,
      lastWindowOffset: this.lastWindowOffset,
      lastWindowScn: this.lastWindowScn,
      lastEventOffset: this.lastEventOffset,
      endsWithWindow: this.endsWithWindow,
      firstWindowNanos: this.firstWindowNanos,
      lastNanos: this.lastNanos,
      unsealed: this.#unsealed,
      indexScns: [...this.indexScns.subarray(0, this.indexLength)],
      indexOffsets: [...this.indexOffsets.subarray(0, this.indexLength)],
    }
  }

  /** Whether all that is visible in it is of a window that began before it. */
  get isWithin(): boolean {
    return this.firstWindowOffset === NONE && this.visibleEnd > 0
  }

  get isAway(): boolean {
    return this.bytes.length === 0
  }

  /** Makes the segment ready for use (again). */
  reset(number: number): void {
    this.number = number
    this.pins = 0
    this.visibleEnd = 0
    this.writeEnd = 0
    this.writeLimit = this.capacity
    this.writtenEvents = 0
    this.writtenValueBytes = 0
    this.lastWrittenOffset = NONE
    this.firstWindowOffset = NONE
    this.lastWindowOffset = NONE
    this.lastEventOffset = NONE
    this.endsWithWindow = false
    this.visibleEvents = 0
    this.visibleValueBytes = 0
    this.lastWindowScn = -1n
    this.firstWindowNanos = 0n
    this.lastNanos = 0n
    this.next = undefined
    this.indexLength = 0
    this.#unsealed = undefined
  }

  retire(): void {
    this.number = NONE
    this.next = undefined
  }

  /**
   * Lets the bytes go, up to `writeEnd`, to whoever keeps them from now on; chunks keep theirs. Nothing more is written here. Events
   * of the open window get an SCN of −1 until that is closed: so each proves its checksums wherever it is kept.
   * @returns all its bytes
   */
  leave(): Buffer {
    const { bytes } = this
    sealAll(bytes, this.visibleEnd, this.writeEnd, NO_SCN_YET)
    this.bytes = NOTHING
    this.writeLimit = 0
    return bytes
  }

  /** Gives the events from `from` on, up to `to`, the SCN of their window: now, or to each when it is read. */
  seal(from: number, to: number, scn: bigint): void {
    if (this.isAway) this.#unsealed = { from, to, scn }
    else sealAll(this.bytes, from, to, scn)
  }

  /** Gives the event at `at` of bytes that were read, and at `offset` of this segment, the SCN that it left without. */
  reveal(bytes: Buffer, at: number, offset: number): void {
    if (this.#unsealed === undefined) return
    const { from, to, scn } = this.#unsealed
    if (offset >= from && offset < to) sealAll(bytes, at, at + 1, scn)
  }

  /** What was written becomes visible. */
  publish(nanos: bigint, endsWithWindow: boolean): void {
    this.visibleEnd = this.writeEnd
    this.visibleEvents = this.writtenEvents
    this.visibleValueBytes = this.writtenValueBytes
    this.lastEventOffset = this.lastWrittenOffset
    this.lastNanos = nanos
    this.endsWithWindow = endsWithWindow
  }

  /** Forgets what was written and is not visible. */
  rollBack(): void {
    this.writeEnd = this.visibleEnd
    this.writtenEvents = this.visibleEvents
    this.writtenValueBytes = this.visibleValueBytes
    this.lastWrittenOffset = this.lastEventOffset
  }

  /** Remembers what is written. @returns how to forget what was added since */
  mark(): () => void {
    const { writeEnd, writtenEvents, writtenValueBytes, lastWrittenOffset } = this
    return () => {
      Object.assign(this, { writeEnd, writtenEvents, writtenValueBytes, lastWrittenOffset })
    }
  }

  /** Notes that a closed window begins at `offset`. Offsets and SCNs rise from call to call. */
  addWindow(scn: bigint, offset: number, nanos = 0n): void {
    if (this.firstWindowOffset === NONE) {
      this.firstWindowOffset = offset
      this.firstWindowNanos = nanos
    }
    this.lastWindowOffset = offset
    this.lastWindowScn = scn
    const last = this.indexLength - 1
    if (last >= 0 && offset - (this.indexOffsets[last] as number) < this.#indexStepBytes) return
    this.indexScns[last + 1] = scn
    this.indexOffsets[last + 1] = offset
    this.indexLength = last + 2
  }

  get firstWindowScn(): bigint {
    return this.indexScns[0] as bigint
  }

  /** SCN of the window that the index has at that offset. */
  indexedScn(offset: number): bigint {
    return this.indexScns[this.indexOffsets.subarray(0, this.indexLength).indexOf(offset)] as bigint
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

/** Seals the events that begin from `from` on and before `to`. */
function sealAll(bytes: Buffer, from: number, to: number, scn: bigint): void {
  halves.setBigInt64(0, scn)
  const high = halves.getInt32(0)
  const low = halves.getInt32(4)
  sealEvents(bytes, from, to, high, low)
}

/** Takes an SCN apart. */
const halves = new DataView(new ArrayBuffer(8))
