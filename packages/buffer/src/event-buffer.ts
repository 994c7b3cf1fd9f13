import {
  type EventAppend,
  endOfPeriodBytes,
  eventBytesMax,
  valueOffsetAt,
  type ValueWriter,
  writeEndOfPeriod,
  writeEvent,
} from '@aesop/event'
import { type Future, type Gone, type WindowSource } from '@aesop/reading'
import { type BufferCursor, type CursorPlace, type CursorStep } from './buffer-cursor.ts'
import { BufferReader } from './buffer-reader.ts'
import { BufferFullError, ScnOrderError, ValueOverflowError, WindowStateError, WindowTooLargeError } from './errors.ts'
import { Segment } from './segment.ts'
import { SegmentList } from './segment-list.ts'
import { SegmentPool } from './segment-pool.ts'
import { segmentBytesFor } from './segment-size.ts'
import { type LeftSegments, type SegmentStore } from './segment-store.ts'
import { type PlacesHome, type SeekResult, WindowPlaces } from './window-places.ts'
import { oldestWindow } from './window-search.ts'
import { WriterWait } from './writer-wait.ts'

export interface EventBufferOptions {
  /** Sum of the segments, in bytes. */
  readonly maxBytes: number
  /** Written into every event. */
  readonly physicalPartition: number
  /**
   * The SCN after which windows are still needed: while one of them would have to go to make room, a writer is asked to
   * wait. Asked only when the buffer is full. Undefined, or left out: none is, and the oldest window makes room.
   */
  readonly neededAfterScn?: () => bigint | undefined
  /** Of segments in memory; left out: derived from `maxBytes`. */
  readonly segmentBytes?: number
  /** Where segments come from; left out: memory that is used again. A store serves one buffer. */
  readonly store?: SegmentStore
}

export type ReadResult = CursorStep | Gone | Future

/** The last windows of one physical source, as bytes of the wire; see DESIGN.md. One writer, any number of readers. */
export class EventBuffer implements PlacesHome, WindowSource {
  readonly maxBytes: number
  readonly physicalPartition: number
  readonly store: SegmentStore
  readonly #list: SegmentList
  readonly #places: WindowPlaces
  readonly #wait: WriterWait
  readonly #listeners = new Set<() => void>()
  #prevScn = -1n
  #lastScn = -1n
  #started = false
  /** Whether it holds what a former process left. */
  #isRestored = false
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
  readonly #neededAfterScn: (() => bigint | undefined) | undefined

  constructor(options: EventBufferOptions) {
    this.maxBytes = options.maxBytes
    this.physicalPartition = options.physicalPartition
    this.#neededAfterScn = options.neededAfterScn
    this.store = options.store ?? poolFor(options)
    this.#list = new SegmentList(this.store)
    this.#places = new WindowPlaces(this.#list, this)
    this.#wait = new WriterWait(
      () => this.heldBytes < this.maxBytes || this.#makeWritable(),
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
    return this.#prevScn
  }
  /** SCN of the newest window, or `prevScn` while there is none. */
  get lastScn(): bigint {
    return this.#lastScn
  }
  get segments(): readonly Segment[] {
    return this.#list.all
  }
  /** Bound of `heldBytes`: what is still needed may take as much again, for one window. */
  get heldBytesMax(): number {
    return this.#neededAfterScn === undefined ? this.maxBytes : 2 * this.maxBytes
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
   * source goes on where it ends; else it goes, because there would be a hole behind it, or windows that come again.
   */
  start(prevScn: bigint): void {
    if (this.#started) throw new WindowStateError('start', 'the buffer is started already')
    this.#started = true
    if (!this.#isRestored || this.#lastScn !== prevScn) {
      if (this.#isRestored) while (this.#list.dropOldest() !== undefined);
      this.#prevScn = prevScn
      this.#lastScn = prevScn
    }
    if (this.#list.all.length > 0) return
    this.#write.retire()
    this.#activate(this.store.segmentBytes)
  }

  /** Ends the store, after the last window. */
  close(): void | Promise<void> {
    return this.store.close()
  }

  beginWindow(): void {
    if (!this.#started) throw new WindowStateError('beginWindow', 'the buffer is not started')
    if (this.#windowOpen) throw new WindowStateError('beginWindow', 'a window is open')
    this.#windowOpen = true
  }

  append(append: EventAppend, write: ValueWriter): void {
    if (!this.#windowOpen) throw new WindowStateError('append', 'no window is open')
    const bytesMax = eventBytesMax(append.key, append.maxValueBytes)
    const segment = this.#roomFor(bytesMax)
    const from = segment.writeEnd
    const end = writeEvent(segment.bytes, from, append, this.physicalPartition, write)
    if (end - from > bytesMax) throw new ValueOverflowError(append.sourceId, end - from, bytesMax)
    this.#timestampNanos = append.timestampNanos
    this.#noteWritten(segment, from, end, end - valueOffsetAt(segment.bytes, from))
  }

  /** @throws ScnOrderError when `scn` is not above `lastScn`; the window stays open then */
  endWindow(scn: bigint): void {
    if (!this.#windowOpen) throw new WindowStateError('endWindow', 'no window is open')
    if (scn <= this.#lastScn) throw new ScnOrderError(scn, this.#lastScn)
    const segment = this.#roomFor(endOfPeriodBytes())
    const from = segment.writeEnd
    const end = writeEndOfPeriod(segment.bytes, from, scn, this.physicalPartition, this.#timestampNanos)
    this.#noteWritten(segment, from, end, 0)
    this.#publish(scn, segment, from)
    this.#listeners.forEach(call)
  }

  rollbackWindow(): void {
    const first = this.#windowSegment
    this.#windowOpen = false
    this.#windowSegment = undefined
    if (first === undefined) return
    first.rollBack()
    while (this.#write !== first) this.#dropNewest()
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

  /** Whether a writer waits for room. */
  get isBlocked(): boolean {
    return this.#wait.isBlocked
  }

  /** Looks again at what is needed, and lets a writer that waits go on when there is room: cheap when none waits. */
  recheck(): void {
    this.#wait.recheck()
  }

  /** Lets a writer go on that waits, and never asks one to wait again: it was told to stop, and would not see it. */
  stopWaiting(): void {
    this.#wait.end()
  }

  /** Calls the listener once per closed window, within `endWindow`; it must not throw. @returns how to end it */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  openReader(): BufferReader {
    return new BufferReader(this)
  }

  /**
   * The place of a reader that has seen window `sinceScn` whole (`windowOffset` below 0) or its first `windowOffset`
   * events. A `sinceScn` of −1 begins with the oldest window.
   */
  seek(sinceScn: bigint, windowOffset: number): SeekResult {
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

  /** Brings the bytes of a segment back into memory, unless it has been given back meanwhile. */
  load(segment: Segment): Promise<void> {
    return segment.isAway && segment.number >= 0 ? this.store.load(segment) : Promise.resolve()
  }

  /** Goes on with a cursor that a seek has left on its way. */
  skip(cursor: BufferCursor): SeekResult {
    return this.#places.skip(cursor)
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
    return this.#makeRoom(Math.max(bytes + endOfPeriodBytes(), this.store.segmentBytes))
  }

  /** A window that begins in a buffer that is not full finds its room at the cost of what is needed: up to twice `maxBytes`. */
  #makeRoom(capacityBytes: number): Segment {
    const windowBytes = this.#windowCapacity() + capacityBytes
    if (windowBytes > this.maxBytes) throw new WindowTooLargeError(windowBytes, this.maxBytes)
    while (this.heldBytes + capacityBytes > this.maxBytes && this.#mayEvictOldest()) this.#evictOldest()
    if (this.heldBytes + capacityBytes > 2 * this.maxBytes) throw new BufferFullError(this.heldBytes, this.maxBytes)
    return this.#activate(capacityBytes)
  }

  /** Bytes of the segments that the open window lies in. */
  #windowCapacity(): number {
    let bytes = 0
    for (let segment = this.#windowSegment; segment !== undefined; segment = segment.next) bytes += segment.capacity
    return bytes
  }

  /** @returns whether the buffer is not full, after what is not needed any more has left it */
  #makeWritable(): boolean {
    while (this.heldBytes >= this.maxBytes && this.#mayEvictOldest()) this.#evictOldest()
    if (this.#list.all.length === 0) this.#activate(this.store.segmentBytes)
    return this.heldBytes < this.maxBytes
  }

  #mayEvictOldest(): boolean {
    const oldest = this.#list.all[0]
    if (oldest === undefined || oldest === this.#windowSegment) return false
    if (oldest.firstWindowOffset < 0) return true
    const neededAfterScn = this.#neededAfterScn?.()
    return neededAfterScn === undefined || oldest.lastWindowScn <= neededAfterScn
  }

  #activate(capacityBytes: number): Segment {
    this.#write = this.#list.take(capacityBytes)
    return this.#write
  }

  /** Drops the oldest segment with all windows that begin in it. */
  #evictOldest(): void {
    const oldest = this.#list.dropOldest()
    if (oldest !== undefined && oldest.firstWindowOffset >= 0) this.#prevScn = oldest.lastWindowScn
  }

  #dropNewest(): void {
    this.#write = this.#list.dropNewest() ?? this.#write
  }

  #adopt(left: LeftSegments | undefined): bigint | undefined {
    if (left === undefined) return undefined
    this.#isRestored = true
    for (const segment of left.segments) {
      this.#list.adopt(segment)
      this.#write = segment
    }
    this.#prevScn = left.prevScn
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
    this.#windows += 1
    this.store.windowClosed(first)
  }
}

function poolFor({ maxBytes, segmentBytes = segmentBytesFor(maxBytes) }: EventBufferOptions): SegmentPool {
  return new SegmentPool(segmentBytes, maxBytes, Math.max(Math.floor(maxBytes / 4), 2 * segmentBytes))
}

function call(listener: () => void): void {
  listener()
}
