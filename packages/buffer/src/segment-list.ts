import { type CursorPlace } from './buffer-cursor.ts'
import { type Segment } from './segment.ts'
import { type SegmentHold, type SegmentStart, type SegmentStore } from './segment-store.ts'
import { oldestWindow } from './window-search.ts'

/** The segments that a buffer uses, oldest first, each linked to the next; they are taken from a store and given back to it. */
export class SegmentList {
  readonly all: Segment[] = []
  /** Sum of their capacities. */
  heldBytes = 0
  readonly #store: SegmentStore
  #number = 0
  #wasPinned = false

  constructor(store: SegmentStore) {
    this.#store = store
  }

  /** Capacity of a usual one. */
  get segmentBytes(): number {
    return this.#store.segmentBytes
  }

  /** A new one at the end, to be written to. */
  take(capacityBytes: number, start: SegmentStart): Segment {
    const segment = this.#store.take(capacityBytes, this.#number++, start)
    this.#add(segment)
    return segment
  }

  /** Adds one that a former process left; its number stays, and is above those before. */
  adopt(segment: Segment): void {
    this.#number = segment.number + 1
    this.#add(segment)
  }

  /** @returns the oldest one, which is of the list no more, and nobody's */
  dropOldest(): Segment | undefined {
    return this.#giveBack(this.all.shift(), false)
  }

  /** The same to make room: readers that hold it read it to its end. */
  evictOldest(): Segment | undefined {
    return this.#giveBack(this.all.shift(), true)
  }

  /** Holds a segment for a reader that reads it where it lies; undefined: it is gone when it leaves. */
  hold(segment: Segment): SegmentHold | undefined {
    return this.#store.hold?.(segment)
  }

  /** The same with one that is damaged. */
  setOldestAside(why: Error): Segment | undefined {
    return this.#leaves(this.all.shift(), (segment) => {
      this.#store.setAside(segment, why)
    })
  }

  /** Capacity of the oldest segment, and of those behind it that its last window goes on in, or of the rest of one that is gone. */
  get oldestWindowsBytes(): number {
    let bytes = this.all[0]?.capacity ?? 0
    for (let at = 1; this.all[at]?.isWithin === true; at++) bytes += this.all[at]?.capacity ?? 0
    return bytes
  }

  /** What may be held more while somebody is about to read the oldest segment. */
  get pinnedBytes(): number {
    return (this.all[0]?.pins ?? 0) > 0 ? this.#store.segmentBytes : 0
  }
  /** The same, of all that was ever pinned: it stays until the next segment is taken. */
  get pinnedBytesMax(): number {
    return this.#wasPinned ? this.#store.segmentBytes : 0
  }

  /** Keeps the oldest segment for as long as it takes to write one more. @returns how to let it go; twice is harmless */
  pinOldest(): () => void {
    const oldest = this.all[0]
    if (oldest === undefined) return () => undefined
    const { number } = oldest
    let isPinned = true
    oldest.pins++
    this.#wasPinned = true
    return () => {
      // A segment that has left is used again, for something else.
      if (isPinned && oldest.number === number) oldest.pins--
      isPinned = false
    }
  }

  /** @returns the one that is the newest then */
  dropNewest(): Segment | undefined {
    this.#giveBack(this.all.pop(), false)
    const newest = this.all.at(-1)
    if (newest !== undefined) newest.next = undefined
    return newest
  }

  /** Where the newest window begins, whose beginning is there. */
  get newestWindow(): CursorPlace | undefined {
    const segment = this.all.findLast(({ firstWindowOffset }) => firstWindowOffset >= 0)
    return segment && { segment, offset: segment.lastWindowOffset }
  }

  /** Commit time of the oldest window; undefined while there is none. */
  get oldestNanos(): bigint | undefined {
    return oldestWindow(this.all)?.segment.firstWindowNanos
  }

  /** Commit time of the newest window, or of the rest of it; undefined while there is none. */
  get newestNanos(): bigint | undefined {
    return this.all.findLast(({ lastEventOffset }) => lastEventOffset >= 0)?.lastNanos
  }

  #add(segment: Segment): void {
    const last = this.all.at(-1)
    if (last !== undefined) last.next = segment
    // Nothing is written any more to the one before, for as long as it has one behind it.
    segment.beforeBytes = last === undefined ? 0 : last.beforeBytes + last.writeEnd
    segment.beforeCapacity = last === undefined ? 0 : last.beforeCapacity + last.capacity
    this.all.push(segment)
    this.heldBytes += segment.capacity
  }

  #giveBack(segment: Segment | undefined, isEvicted: boolean): Segment | undefined {
    return this.#leaves(segment, (given) => {
      this.#store.giveBack(given, isEvicted)
    })
  }

  #leaves(segment: Segment | undefined, to: (segment: Segment) => void): Segment | undefined {
    if (segment === undefined) return undefined
    this.heldBytes -= segment.capacity
    segment.retire()
    to(segment)
    return segment
  }
}

/** Bytes of a segment and of those that follow it. */
export function capacityFrom(first: Segment | undefined): number {
  let bytes = 0
  for (let segment = first; segment !== undefined; segment = segment.next) bytes += segment.capacity
  return bytes
}
