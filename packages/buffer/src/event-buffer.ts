import {
  type EventAppend,
  eventBytesMax,
  eventLayout,
  sealEvent,
  type ValueWriter,
  writeEndOfPeriod,
  writeEvent,
} from '@aesop/event'
import { type Future, type Gone, type WindowSource } from '@aesop/reading'
import { BufferCursor, type CursorHome, type CursorPlace, type CursorStep } from './buffer-cursor.ts'
import { BufferReader } from './buffer-reader.ts'
import { BufferFullError, ScnOrderError, ValueOverflowError, WindowStateError, WindowTooLargeError } from './errors.ts'
import { valueBytesAt } from './event-walk.ts'
import { type Segment } from './segment.ts'
import { SegmentPool } from './segment-pool.ts'
import { segmentBytesFor } from './segment-size.ts'
import { findWindowAfter, findWindowAt, oldestWindow } from './window-search.ts'

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
  /** Left out: derived from `maxBytes`. */
  readonly segmentBytes?: number
}

/** Where a reader that names an SCN stands. */
export type SeekResult = { readonly kind: 'found'; readonly cursor: BufferCursor } | Gone | Future

export type ReadResult = CursorStep | Gone | Future

/** The last windows of one physical source, as bytes of the wire; see DESIGN.md. One writer, any number of readers. */
export class EventBuffer implements CursorHome, WindowSource {
  readonly maxBytes: number
  readonly physicalPartition: number
  readonly #pool: SegmentPool
  readonly #segments: Segment[] = []
  readonly #listeners = new Set<() => void>()
  #segmentNumber = 0
  #heldBytes = 0
  #prevScn = -1n
  #lastScn = -1n
  #started = false
  #windows = 0
  #events = 0
  #eventBytes = 0
  #payloadBytes = 0
  #lastWindow: CursorPlace | undefined
  #write: Segment
  #waitsNoMore = false
  #windowOpen = false
  /** Where the open window begins; undefined until it has an event. */
  #windowSegment: Segment | undefined
  #windowOffset = 0
  #timestampNanos = 0n
  readonly #neededAfterScn: (() => bigint | undefined) | undefined
  #writable: { promise: Promise<void>; resolve: () => void } | undefined

  constructor(options: EventBufferOptions) {
    this.maxBytes = options.maxBytes
    this.physicalPartition = options.physicalPartition
    this.#neededAfterScn = options.neededAfterScn
    const segmentBytes = options.segmentBytes ?? segmentBytesFor(options.maxBytes)
    const retiredBytesMax = Math.max(Math.floor(options.maxBytes / 4), 2 * segmentBytes)
    this.#pool = new SegmentPool(segmentBytes, options.maxBytes, retiredBytesMax)
    this.#write = this.#activate(segmentBytes)
  }

  /** SCN of the oldest window; −1 while there is none. */
  get minScn(): bigint {
    const place = oldestWindow(this.#segments)
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
    return this.#segments
  }
  get pool(): SegmentPool {
    return this.#pool
  }
  /** Bound of `heldBytes`: what is still needed may take as much again, for one window. */
  get heldBytesMax(): number {
    return this.#neededAfterScn === undefined ? this.maxBytes : 2 * this.maxBytes
  }
  /** Bytes of all segments in use. */
  get heldBytes(): number {
    return this.#heldBytes
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
  /** Where the oldest window begins; undefined while there is none. */
  get firstEvent(): { readonly bytes: Buffer; readonly offset: number } | undefined {
    const place = oldestWindow(this.#segments)
    return place && { bytes: place.segment.bytes, offset: place.offset }
  }
  /** Where the end of the newest window is; undefined while there is none. */
  get newestEnd(): { readonly bytes: Buffer; readonly offset: number } | undefined {
    const segment = this.#segments.findLast(({ lastEventOffset }) => lastEventOffset >= 0)
    return segment && { bytes: segment.bytes, offset: segment.lastEventOffset }
  }
  /** Windows closed since the start. */
  get windows(): number {
    return this.#windows
  }

  /** Says after which SCN the source begins; called once, before the first window. */
  start(prevScn: bigint): void {
    if (this.#started) throw new WindowStateError('start', 'the buffer is started already')
    this.#started = true
    this.#prevScn = prevScn
    this.#lastScn = prevScn
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
    this.#noteWritten(segment, from, end)
  }

  /** @throws ScnOrderError when `scn` is not above `lastScn`; the window stays open then */
  endWindow(scn: bigint): void {
    if (!this.#windowOpen) throw new WindowStateError('endWindow', 'no window is open')
    if (scn <= this.#lastScn) throw new ScnOrderError(scn, this.#lastScn)
    const segment = this.#roomFor(eventLayout.END_OF_PERIOD_BYTES)
    const from = segment.writeEnd
    const end = writeEndOfPeriod(segment.bytes, from, scn, this.physicalPartition, this.#timestampNanos)
    this.#noteWritten(segment, from, end)
    this.#publish(scn, segment, from)
    this.#listeners.forEach(call)
  }

  rollbackWindow(): void {
    const first = this.#windowSegment
    this.#windowOpen = false
    this.#windowSegment = undefined
    if (first === undefined) return
    first.writeEnd = this.#windowOffset
    while (this.#write !== first) this.#dropNewest()
  }

  /** Remembers where the open window has come to; what comes back forgets what was added to this window since. */
  mark(): () => void {
    if (!this.#windowOpen) throw new WindowStateError('mark', 'no window is open')
    const segment = this.#windowSegment === undefined ? undefined : this.#write
    const offset = this.#write.writeEnd
    const timestampNanos = this.#timestampNanos
    return () => {
      if (!this.#windowOpen) throw new WindowStateError('mark', 'the window that was marked is not open any more')
      this.#timestampNanos = timestampNanos
      if (segment === undefined) {
        this.rollbackWindow()
        this.#windowOpen = true
        return
      }
      while (this.#write !== segment) this.#dropNewest()
      segment.writeEnd = offset
    }
  }

  /** A promise while a window that is still needed would have to go to make room for the next one. */
  whenWritable(): Promise<void> | undefined {
    if (this.#heldBytes < this.maxBytes || this.#makeWritable()) return undefined
    if (this.#writable === undefined) {
      let resolve: () => void = () => undefined
      const promise = new Promise<void>((done) => (resolve = done))
      this.#writable = { promise, resolve }
    }
    return this.#writable.promise
  }

  /** Whether a writer waits for room. */
  get isBlocked(): boolean {
    return this.#writable !== undefined
  }

  /** Looks again at what is needed, and lets a writer that waits go on when there is room: cheap when none waits. */
  recheck(): void {
    if (this.#writable !== undefined && this.#makeWritable()) this.#letGo()
  }

  /** Lets a writer go on that waits, and never asks one to wait again: it was told to stop, and would not see it. */
  stopWaiting(): void {
    this.#waitsNoMore = true
    this.#letGo()
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
    if (sinceScn === -1n) return this.#found(oldestWindow(this.#segments) ?? this.#tail(), this.#prevScn, true)
    if (sinceScn > this.#lastScn) return { kind: 'future', lastScn: this.#lastScn }
    if (windowOffset >= 0) return this.#seekWithin(sinceScn, windowOffset)
    const place = this.placeAfter(sinceScn)
    return place === undefined ? this.#gone() : this.#found(place, sinceScn, true)
  }

  /** The place before the newest window, which is then delivered again; the end while there is none. */
  seekLatest(): BufferCursor {
    const place = this.#lastWindow ?? this.#tail()
    return new BufferCursor(this, place, this.#prevScn, true)
  }

  /** One chunk from a position: what a reader does that keeps no cursor. */
  read(sinceScn: bigint, windowOffset: number, maxBytes: number): ReadResult {
    const seek = this.seek(sinceScn, windowOffset)
    return seek.kind === 'found' ? seek.cursor.next(maxBytes) : seek
  }

  placeAfter(scn: bigint): CursorPlace | undefined {
    if (scn < this.#prevScn) return undefined
    return scn >= this.#lastScn ? this.#tail() : findWindowAfter(this.#segments, scn)
  }

  readonly reclaim = (segment: Segment): void => {
    this.#pool.reclaim(segment)
  }

  #seekWithin(scn: bigint, windowOffset: number): SeekResult {
    // Of the window before the oldest one there is no rest to go on with.
    if (scn <= this.#prevScn) return this.#gone()
    const found = findWindowAt(this.#segments, scn, windowOffset)
    if (found !== undefined) return this.#found(found.place, scn, found.atWindowEnd)
    const place = this.placeAfter(scn)
    return place === undefined ? this.#gone() : this.#found(place, scn, true)
  }

  #found(place: CursorPlace, scn: bigint, atWindowEnd: boolean): SeekResult {
    return { kind: 'found', cursor: new BufferCursor(this, place, scn, atWindowEnd) }
  }

  #gone(): SeekResult {
    return { kind: 'gone', prevScn: this.#prevScn }
  }

  /** The end of what is visible: while a window is open it may lie in an older segment than the writer. */
  #tail(): CursorPlace {
    const segment = this.#windowSegment ?? this.#write
    return { segment, offset: segment.visibleEnd }
  }

  /** A segment with room for `bytes` after its `writeEnd`. */
  #roomFor(bytes: number): Segment {
    const segment = this.#write
    if (segment.capacity - segment.writeEnd >= bytes) return segment
    // With the end of its window beside it, so that an event may be as large as the buffer.
    return this.#makeRoom(Math.max(bytes + eventLayout.END_OF_PERIOD_BYTES, this.#pool.segmentBytes))
  }

  /** A window that begins in a buffer that is not full finds its room at the cost of what is needed: up to twice `maxBytes`. */
  #makeRoom(capacityBytes: number): Segment {
    const windowBytes = this.#windowCapacity() + capacityBytes
    if (windowBytes > this.maxBytes) throw new WindowTooLargeError(windowBytes, this.maxBytes)
    while (this.#heldBytes + capacityBytes > this.maxBytes && this.#mayEvictOldest()) this.#evictOldest()
    if (this.#heldBytes + capacityBytes > 2 * this.maxBytes) throw new BufferFullError(this.#heldBytes, this.maxBytes)
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
    while (this.#heldBytes >= this.maxBytes && this.#mayEvictOldest()) this.#evictOldest()
    if (this.#segments.length === 0) this.#activate(this.#pool.segmentBytes)
    return this.#heldBytes < this.maxBytes || this.#waitsNoMore
  }

  #letGo(): void {
    this.#writable?.resolve()
    this.#writable = undefined
  }

  #mayEvictOldest(): boolean {
    const oldest = this.#segments[0]
    if (oldest === undefined || oldest === this.#windowSegment) return false
    if (oldest.firstWindowOffset < 0) return true
    const neededAfterScn = this.#neededAfterScn?.()
    return neededAfterScn === undefined || oldest.lastWindowScn <= neededAfterScn
  }

  #activate(capacityBytes: number): Segment {
    const segment = this.#pool.take(capacityBytes, this.#segmentNumber++)
    const last = this.#segments.at(-1)
    if (last !== undefined) last.next = segment
    this.#segments.push(segment)
    this.#heldBytes += segment.capacity
    this.#write = segment
    return segment
  }

  /** Drops the oldest segment with all windows that begin in it. */
  #evictOldest(): void {
    const oldest = this.#segments.shift()
    if (oldest === undefined) return
    if (oldest.firstWindowOffset >= 0) this.#prevScn = oldest.lastWindowScn
    if (this.#lastWindow?.segment === oldest) this.#lastWindow = undefined
    this.#heldBytes -= oldest.capacity
    this.#pool.giveBack(oldest)
  }

  #dropNewest(): void {
    const newest = this.#segments.pop()
    if (newest === undefined) return
    this.#heldBytes -= newest.capacity
    this.#pool.giveBack(newest)
    this.#write = this.#segments.at(-1) ?? newest
    this.#write.next = undefined
  }

  #noteWritten(segment: Segment, from: number, end: number): void {
    if (this.#windowSegment === undefined) {
      this.#windowSegment = segment
      this.#windowOffset = from
    }
    segment.writeEnd = end
  }

  /** Seals the events of the open window, up to its end (sealed already), and makes them visible. */
  #publish(scn: bigint, last: Segment, endOffset: number): void {
    const first = this.#windowSegment as Segment
    halves.setBigInt64(0, scn)
    const high = halves.getInt32(0)
    const low = halves.getInt32(4)
    let from = this.#windowOffset
    for (let segment: Segment | undefined = first; segment !== undefined; segment = segment.next) {
      this.#sealEvents(segment, from, segment === last ? endOffset : segment.writeEnd, high, low)
      this.#eventBytes += segment.writeEnd - from
      segment.visibleEnd = segment.writeEnd
      from = 0
    }
    last.lastEventOffset = endOffset
    last.visibleEvents += 1
    first.addWindow(scn, this.#windowOffset)
    this.#lastWindow = { segment: first, offset: this.#windowOffset }
    this.#windowOpen = false
    this.#windowSegment = undefined
    this.#lastScn = scn
    this.#windows += 1
  }

  /** Seals the events of one segment, and counts them. */
  #sealEvents(segment: Segment, from: number, to: number, scnHigh: number, scnLow: number): void {
    const { bytes } = segment
    let events = 0
    let payloadBytes = 0
    for (let at = from; at < to;) {
      segment.lastEventOffset = at
      const end = sealEvent(bytes, at, scnHigh, scnLow)
      payloadBytes += valueBytesAt(bytes, at, end)
      events += 1
      at = end
    }
    segment.visibleEvents += events
    this.#events += events
    this.#payloadBytes += payloadBytes
  }
}

/** Takes an SCN apart. */
const halves = new DataView(new ArrayBuffer(8))

function call(listener: () => void): void {
  listener()
}
