import {
  type EventAppend,
  endOfPeriodBytes,
  type EventVersion,
  type EventWriter,
  eventWriterOf,
  scnAt,
  timestampNanosAt,
  valueOffsetAt,
  type ValueWriter,
  writeEndOfPeriod,
} from '@aesop/event'
import { type WindowSource } from '@aesop/reading'
import { type BufferCursor, type CursorPlace, type CursorStep } from './buffer-cursor.ts'
import { BufferReader } from './buffer-reader.ts'
import { type EventBufferOptions, storeOf } from './event-buffer-options.ts'
import {
  BufferFullError,
  refuseVersion,
  ScnOrderError,
  ValueOverflowError,
  WindowStateError,
  WindowTooLargeError,
} from './errors.ts'
import { FarReading } from './far-reading.ts'
import { type FarStep } from './far-step.ts'
import { type ReaderRoom, roomOf } from './reader-room.ts'
import { Segment } from './segment.ts'
import { capacityFrom, SegmentList } from './segment-list.ts'
import { type LeftSegments, type SegmentStore } from './segment-store.ts'
import { type PlacesHome, type SeekResult, WindowPlaces } from './window-places.ts'
import { WindowRetention } from './window-retention.ts'
import { oldestWindow } from './window-search.ts'
import { WriterWait } from './writer-wait.ts'

export type ReadResult = CursorStep | FarStep<CursorStep> | Exclude<SeekResult, { kind: 'found' }> | FarStep<SeekResult>

/** The last windows of one physical source, as bytes of the wire; see DESIGN.md. One writer, any number of readers. */
export class EventBuffer implements PlacesHome, WindowSource {
  readonly maxBytes: number
  readonly physicalPartition: number
  readonly eventVersion: EventVersion
  readonly store: SegmentStore
  /** Whether a window may be larger than memory: its segments leave it meanwhile. */
  readonly spills: boolean
  /** What readers read of segments that are away. */
  readonly far: FarReading
  readonly #list: SegmentList
  readonly #retention: WindowRetention
  readonly #places: WindowPlaces
  readonly #writer: EventWriter
  readonly #wait: WriterWait
  readonly #listeners = new Set<() => void>()
  #lastScn = -1n
  #started = false
  /** Whether it holds what a former process left. */
  #isRestored = false
  /** Windows up to here are there already, and come again from a source that went back a little. */
  #comesAgainUntil = -1n
  #windows = 0
  #events = 0
  #eventBytes = 0
  #payloadBytes = 0
  /** The segment that is written to: one without room, before the first is taken. */
  #write = new Segment(0)
  #windowOpen = false
  /** Where the open window begins; undefined until it has an event. */
  #windowSegment: Segment | undefined
  #windowOffset = 0
  #windowNanos = 0n
  #timestampNanos = 0n
  /** Whether a reset that waits may be done; undefined: none waits. */
  #mayReset: (() => boolean) | undefined
  readonly #durableBeside: (() => Promise<void> | undefined) | undefined

  constructor(options: EventBufferOptions) {
    this.maxBytes = options.maxBytes
    this.physicalPartition = options.physicalPartition
    this.eventVersion = options.eventVersion ?? 1
    this.#writer = eventWriterOf(this.eventVersion)
    this.#durableBeside = options.durableBeside
    this.store = storeOf(options)
    this.spills = this.store.spills
    this.#list = new SegmentList(this.store)
    this.#retention = new WindowRetention({
      list: this.#list,
      maxBytes: options.maxBytes,
      spills: this.spills,
      neededAfterScn: options.neededAfterScn,
      writeSegment: () => this.#write,
      windowSegment: () => this.#windowSegment,
    })
    this.#places = new WindowPlaces(this.#list, this)
    this.far = new FarReading(this.store, this.#retention, this.#places.pieces)
    this.#wait = new WriterWait(
      () => this.#mayReset === undefined && (this.#retention.hasRoomFor(1) || this.#makeWritable()),
      () => this.store.whenRoom(),
    )
    this.#write.reset(0)
    if (options.store === undefined) this.#activate(this.store.segmentBytes)
  }

  /** SCN of the oldest window; −1 while there is none. */
  get minScn(): bigint {
    const place = oldestWindow(this.#list.all)
    return place === undefined ? -1n : place.segment.firstWindowScn
  }
  /** The greatest SCN whose window is known and not there: reading from it on misses nothing. */
  get prevScn(): bigint {
    return this.#retention.prevScn
  }
  /** SCN of the newest window, or `prevScn` while there is none. */
  get lastScn(): bigint {
    return this.#lastScn
  }
  get segments(): readonly Segment[] {
    return this.#list.all
  }
  /** Bound of `heldBytes`: what is still needed may take as much again, for one window, and what was pinned a segment. */
  get heldBytesMax(): number {
    return this.#retention.heldBytesMax
  }
  /** Bytes of all segments in use. */
  get heldBytes(): number {
    return this.#list.heldBytes
  }
  /** Events of closed windows since the start, their ends not counted. */
  get events(): number {
    return this.#events
  }
  /** Their bytes, with those of the ends of windows. */
  get eventBytes(): number {
    return this.#eventBytes
  }
  /** Bytes of the values of those events. */
  get payloadBytes(): number {
    return this.#payloadBytes
  }
  /** Commit time of the oldest window, in nanoseconds since 1970; undefined while there is none. */
  get oldestNanos(): bigint | undefined {
    return this.#list.oldestNanos
  }
  /** Commit time of the newest window, or of the rest of it; undefined while there is none. */
  get newestNanos(): bigint | undefined {
    return this.#list.newestNanos
  }
  /** Windows closed since the start. */
  get windows(): number {
    return this.#windows
  }

  /**
   * Takes up what a former process left in the store; called once, before `start`.
   * @returns SCN of the newest window of it, where the source has to go on; undefined: there is none
   */
  open(): bigint | undefined | Promise<bigint | undefined> {
    const left = this.store.open()
    return left instanceof Promise ? left.then((found) => this.#adopt(found)) : this.#adopt(left)
  }

  /**
   * Says after which SCN the source begins; called once, before the first window. What a former process left stays when the
   * source goes on within it, or where it ends: windows that come again are passed over. Else it goes: there would be a hole.
   */
  start(prevScn: bigint): void {
    if (this.#started) throw new WindowStateError('start', 'the buffer is started already')
    this.#started = true
    if (this.#isRestored && this.prevScn <= prevScn && prevScn <= this.#lastScn) {
      this.#comesAgainUntil = this.#lastScn
    } else {
      this.#retention.clear(prevScn)
      this.#lastScn = prevScn
    }
    this.#write.retire()
    this.#activate(this.store.segmentBytes)
  }

  /** Gives back what a former process left, before `start`: it is of something else. */
  forget(): void {
    if (this.#started) throw new WindowStateError('forget', 'the buffer is started already')
    this.#retention.clear(this.prevScn)
    this.#isRestored = false
  }

  /** Ends the store, after the last window; one that is open is given up. */
  close(): void | Promise<void> {
    this.rollbackWindow()
    return this.store.close()
  }

  beginWindow(): void {
    if (!this.#started) throw new WindowStateError('beginWindow', 'the buffer is not started')
    if (this.#windowOpen) throw new WindowStateError('beginWindow', 'a window is open')
    this.#windowOpen = true
  }

  append(append: EventAppend, write: ValueWriter): void {
    if (!this.#windowOpen) throw new WindowStateError('append', 'no window is open')
    const writer = this.#writer
    const bytesMax = writer.bytesMax(append.key, append.maxValueBytes)
    const segment = this.#roomFor(bytesMax)
    const from = segment.writeEnd
    const end = writer.write(segment.bytes, from, append, this.physicalPartition, write)
    if (end - from > bytesMax) throw new ValueOverflowError(append.sourceId, end - from, bytesMax)
    this.#timestampNanos = append.timestampNanos
    this.#noteWritten(segment, from, end, end - writer.valueOffsetAt(segment.bytes, from))
  }

  /** Adds a whole event of another buffer as it is there: it has its checksums, and gets its SCN again when the window is closed. @throws EventVersionForeignError */
  appendCopy(bytes: Buffer, at: number, length: number): void {
    if (!this.#windowOpen) throw new WindowStateError('appendCopy', 'no window is open')
    refuseVersion(bytes, at, this.eventVersion)
    const segment = this.#roomFor(length)
    const from = segment.writeEnd
    bytes.copy(segment.bytes, from, at, at + length)
    this.#timestampNanos = timestampNanosAt(bytes, at)
    this.#noteWritten(segment, from, from + length, from + length - valueOffsetAt(segment.bytes, from))
  }

  /** Closes the window as it is closed in another buffer, by the event at `at`. @throws ScnOrderError as `endWindow` */
  endWindowCopy(bytes: Buffer, at: number): void {
    this.#timestampNanos = timestampNanosAt(bytes, at)
    this.endWindow(scnAt(bytes, at))
  }

  /** @throws ScnOrderError when `scn` is not above `lastScn`; the window stays open then */
  endWindow(scn: bigint): void {
    if (!this.#windowOpen) throw new WindowStateError('endWindow', 'no window is open')
    if (scn <= this.#lastScn) {
      if (scn > this.#comesAgainUntil) throw new ScnOrderError(scn, this.#lastScn)
      this.rollbackWindow()
      return
    }
    const { physicalPartition, eventVersion } = this
    const segment = this.#roomFor(endOfPeriodBytes(eventVersion))
    const from = segment.writeEnd
    const end = writeEndOfPeriod(segment.bytes, from, scn, physicalPartition, eventVersion, this.#timestampNanos)
    this.#noteWritten(segment, from, end, 0)
    this.#publish(scn, segment, from)
    for (const listener of this.#listeners) listener()
    this.#resetIfDue()
  }

  rollbackWindow(): void {
    const first = this.#windowSegment
    this.#windowOpen = false
    this.#windowSegment = undefined
    if (first !== undefined) {
      first.rollBack()
      while (this.#write !== first) this.#dropNewest()
    }
    this.#resetIfDue()
  }

  /** Whether a reset waits. */
  get isResetting(): boolean {
    return this.#mayReset !== undefined
  }

  /**
   * Lets all windows go, also those that are needed, and begins anew right after the newest: at once between windows, else when the one
   * that is open has ended. Readers find out as when they are overrun; who had all goes on.
   *
   * @param mayReset asked between windows, and at each `recheck`: the writer waits until it says so. Left out: at once
   */
  reset(mayReset: () => boolean = atOnce): void {
    if (!this.#started) return
    this.#mayReset = mayReset
    this.#resetIfDue()
  }

  #resetIfDue(): void {
    if (this.#mayReset === undefined || this.#windowOpen || !this.#mayReset()) return
    this.#mayReset = undefined
    this.#retention.clear(this.#lastScn)
    this.#activate(this.store.segmentBytes)
    this.recheck()
  }

  /** Remembers where the open window has come to; what comes back forgets what was added to this window since. */
  mark(): () => void {
    if (!this.#windowOpen) throw new WindowStateError('mark', 'no window is open')
    const segment = this.#windowSegment === undefined ? undefined : this.#write
    const forget = segment?.mark()
    const timestampNanos = this.#timestampNanos
    return () => {
      if (!this.#windowOpen) throw new WindowStateError('mark', 'the window that was marked is not open any more')
      this.#timestampNanos = timestampNanos
      if (segment === undefined || forget === undefined) {
        this.rollbackWindow()
        this.#windowOpen = true
        return
      }
      while (this.#write !== segment) this.#dropNewest()
      forget()
    }
  }

  /** A promise while a window that is still needed would have to go to make room for the next one. */
  whenWritable(): Promise<void> | undefined {
    return this.#wait.whenWritable()
  }

  /** The same within a window, for a writer that can wait there: while too much of it is on its way out of memory. */
  whenSpilled(): Promise<void> | undefined {
    return this.#wait.unlessOver(this.store.whenRoom())
  }

  /** A promise until what is closed outlasts a power cut; undefined: it does, or never will. */
  whenDurable(): Promise<void> | undefined {
    const waits = [this.store.whenDurable(), this.#durableBeside?.()].filter((wait) => wait !== undefined)
    return waits.length < 2 ? waits[0] : Promise.all(waits).then(() => undefined)
  }

  /** Lets windows go that are older and not needed, where segments of nothing else are there; in nanoseconds since 1970. */
  expire(beforeNanos: bigint): void {
    this.#retention.expire(beforeNanos)
  }

  /** Whether a writer waits for room. */
  get isBlocked(): boolean {
    return this.#wait.isBlocked
  }

  /** Looks again at what is needed, and lets a writer that waits go on when there is room: cheap when none waits. */
  recheck(): void {
    this.#resetIfDue()
    this.#wait.recheck()
  }

  /** Lets a writer go on that waits, and never asks one to wait again: it was told to stop, and would not see it. */
  stopWaiting(): void {
    this.#wait.end()
  }

  /**
   * Bytes of the windows after `scn`, for who wants to know how far behind a reader is; undefined: they are gone. Where its place lies in a
   * segment that is away nothing is read for it: the bytes are those from the indexed window before it.
   */
  bytesAfter(scn: bigint): number | undefined {
    return this.roomAfter(scn)?.behindBytes
  }

  /** How far what follows `scn` is from both ends of the buffer, as far as it is known without reading; undefined: it is gone. */
  roomAfter(scn: bigint): ReaderRoom | undefined {
    const place = this.#places.placeAfter(scn)
    if (place === undefined) return undefined
    return roomOf(
      'kind' in place ? { segment: place.segment, offset: place.from } : place,
      this.tail(),
      this.#retention,
    )
  }

  /** Calls the listener once per closed window, within `endWindow`; it must not throw. @returns how to end it */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  pin(): () => void {
    return this.#list.pinOldest()
  }

  openReader(): BufferReader {
    return new BufferReader(this)
  }

  /**
   * The place of a reader that has seen window `sinceScn` whole (`windowOffset` below 0) or its first `windowOffset`
   * events. A `sinceScn` of −1 begins with the oldest window.
   */
  seek(sinceScn: bigint, windowOffset: number): SeekResult | FarStep<SeekResult> {
    return this.#places.seek(sinceScn, windowOffset)
  }

  /** The place before the newest window, which is then delivered again; the end while there is none. */
  seekLatest(): BufferCursor {
    return this.#places.seekLatest()
  }

  /** One chunk from a position: what a reader does that keeps no cursor. */
  read(sinceScn: bigint, windowOffset: number, maxBytes: number): ReadResult {
    const seek = this.seek(sinceScn, windowOffset)
    return seek.kind === 'found' ? seek.cursor.next(maxBytes) : seek
  }

  /** The end of what is visible: while a window is open it may lie in an older segment than the writer. */
  tail(): CursorPlace {
    const segment = this.#windowSegment ?? this.#write
    return { segment, offset: segment.visibleEnd }
  }

  /** The last chunk has been released of a segment that was given back. */
  released(segment: Segment): void {
    this.store.released(segment)
  }

  /** A segment with room for `bytes` after its `writeEnd`. */
  #roomFor(bytes: number): Segment {
    const segment = this.#write
    if (segment.writeLimit - segment.writeEnd >= bytes) return segment
    // With the end of its window beside it, so that an event may be as large as the buffer.
    return this.#makeRoom(Math.max(bytes + endOfPeriodBytes(this.eventVersion), this.store.segmentBytes))
  }

  /**
   * A window that begins in a buffer that is not full finds its room at the cost of what is needed: up to twice `maxBytes`. Where
   * segments spill, it finds room whatever its size.
   */
  #makeRoom(capacityBytes: number): Segment {
    const windowBytes = capacityFrom(this.#windowSegment) + capacityBytes
    if (!this.spills && windowBytes > this.maxBytes) throw new WindowTooLargeError(windowBytes, this.maxBytes)
    // A window that comes again is given up at its end: what is there does not leave for it.
    if (this.#comesAgainUntil < 0n) this.#retention.makeRoomFor(capacityBytes)
    if (!this.spills && this.heldBytes + capacityBytes > 2 * this.maxBytes)
      throw new BufferFullError(this.heldBytes, this.maxBytes)
    return this.#activate(capacityBytes)
  }

  /** @returns whether the buffer is not full, after what is not needed any more has left it */
  #makeWritable(): boolean {
    this.#retention.makeRoomFor(1)
    if (this.#list.all.length === 0) this.#activate(this.store.segmentBytes)
    return this.#retention.hasRoomFor(1)
  }

  #activate(capacityBytes: number): Segment {
    const start = { prevScn: this.#lastScn, continues: this.#windowSegment !== undefined }
    this.#write = this.#list.take(capacityBytes, start)
    return this.#write
  }

  #dropNewest(): void {
    this.#write = this.#list.dropNewest() ?? this.#write
  }

  #adopt(left: LeftSegments | undefined): bigint | undefined {
    if (left === undefined) return undefined
    this.#isRestored = true
    for (const segment of left.segments) this.#list.adopt(segment)
    this.#retention.prevScn = left.prevScn
    this.#lastScn = this.#list.newestWindow?.segment.lastWindowScn ?? left.prevScn
    return this.#lastScn
  }

  #noteWritten(segment: Segment, from: number, end: number, valueBytes: number): void {
    if (this.#windowSegment === undefined) {
      this.#windowSegment = segment
      this.#windowOffset = from
      this.#windowNanos = this.#timestampNanos
    }
    segment.writeEnd = end
    segment.writtenEvents += 1
    segment.writtenValueBytes += valueBytes
    segment.lastWrittenOffset = from
  }

  /** Seals the events of the open window, up to its end (sealed already), and makes them visible. */
  #publish(scn: bigint, last: Segment, endOffset: number): void {
    const first = this.#windowSegment as Segment
    let from = this.#windowOffset
    for (let segment: Segment | undefined = first; segment !== undefined; segment = segment.next) {
      segment.seal(from, segment === last ? endOffset : segment.writeEnd, scn)
      this.#events += segment.writtenEvents - segment.visibleEvents
      this.#payloadBytes += segment.writtenValueBytes - segment.visibleValueBytes
      this.#eventBytes += segment.writeEnd - from
      segment.publish(this.#timestampNanos, segment === last)
      from = 0
    }
    // The end of the window is none of its events.
    this.#events -= 1
    first.addWindow(scn, this.#windowOffset, this.#windowNanos)
    this.#windowOpen = false
    this.#windowSegment = undefined
    this.#lastScn = scn
    this.#comesAgainUntil = -1n
    this.#windows += 1
    this.store.windowClosed(first)
  }
}

function atOnce(): boolean {
  return true
}
