import { type Segment } from './segment.ts'
import { type SegmentList } from './segment-list.ts'

export interface WindowRetentionOptions {
  readonly list: SegmentList
  readonly maxBytes: number
  /** Whether a window may be larger than that. */
  readonly spills: boolean
  /** The SCN after which windows are needed; undefined, or left out: none is. */
  readonly neededAfterScn: (() => bigint | undefined) | undefined
  /** The segment that is written to. */
  readonly writeSegment: () => Segment
  /** The one in which the open window begins; undefined: none is open, or it has no event. */
  readonly windowSegment: () => Segment | undefined
}

/** Which windows of a buffer stay: they leave at the old end, whole segments of them, for room, by age, because of damage, or all. */
export class WindowRetention {
  /** The greatest SCN whose window is known and not there. */
  prevScn = -1n
  readonly #options: WindowRetentionOptions
  readonly #list: SegmentList

  constructor(options: WindowRetentionOptions) {
    this.#options = options
    this.#list = options.list
  }

  /** Bound of what is held: what is still needed may take as much again, for one window, and what was pinned a segment. */
  get heldBytesMax(): number {
    const { maxBytes, neededAfterScn } = this.#options
    return (neededAfterScn === undefined ? maxBytes : 2 * maxBytes) + this.#list.pinnedBytesMax
  }

  /** Where windows may be larger than the buffer, one leaves only when `maxBytes` are there besides it: else nobody could read it. One segment that is pinned does not count. */
  hasRoomFor(bytes: number): boolean {
    const list = this.#list
    const { spills, maxBytes } = this.#options
    return list.heldBytes - (spills ? list.oldestWindowsBytes : 0) - list.pinnedBytes + bytes <= maxBytes
  }

  /**
   * How many more bytes may be written before a segment leaves for room, if nothing keeps it: by a writer that asks whether it may write,
   * and whose events fill their segments. One that is pinned stays a little longer.
   */
  bytesBeforeLeaving(segment: Segment): number {
    const { maxBytes, spills } = this.#options
    const newest = this.#options.writeSegment()
    let heldBytes = newest.beforeCapacity + newest.capacity - segment.beforeCapacity
    if (spills) {
      heldBytes -= segment.capacity
      for (let next = segment.next; next !== newest && next?.isWithin === true; next = next.next)
        heldBytes -= next.capacity
    }
    const wanted = Math.ceil((maxBytes - heldBytes) / this.#list.segmentBytes)
    return wanted <= 0 ? 0 : newest.capacity - newest.writeEnd + (wanted - 1) * this.#list.segmentBytes
  }

  /** Whether it is the one that is written to. */
  isWrittenTo(segment: Segment): boolean {
    return segment === this.#options.writeSegment()
  }

  /** Lets the oldest windows go until there is room, or until the next one is needed. */
  makeRoomFor(bytes: number): void {
    while (!this.hasRoomFor(bytes) && this.#mayEvictOldest()) this.#evictOldest()
  }

  /** Lets windows go that are older and not needed, where segments of nothing else are there; in nanoseconds since 1970. */
  expire(beforeNanos: bigint): void {
    for (;;) {
      const [oldest, next] = this.#list.all
      if (oldest === undefined || next === undefined) return
      if (oldest === this.#options.writeSegment() || !this.#mayEvictOldest()) return
      if (oldest.lastEventOffset >= 0 && oldest.lastNanos >= beforeNanos) return
      this.#evictOldest()
    }
  }

  /** Drops a damaged segment and all before it: what is behind them is whole. Not while a window is open that began there. */
  lose(damaged: Segment, why: Error): void {
    const windowSegment = this.#options.windowSegment()
    const isOpen = windowSegment !== undefined && windowSegment.number <= damaged.number
    if (damaged.number < 0 || isOpen || damaged === this.#options.writeSegment()) return
    while (this.#list.all[0] !== damaged) this.#noteEvicted(this.#list.dropOldest())
    this.#noteEvicted(this.#list.setOldestAside(why))
  }

  /** Lets all go, also what is needed. @param prevScn after which SCN it begins anew */
  clear(prevScn: bigint): void {
    while (this.#list.dropOldest() !== undefined);
    this.prevScn = prevScn
  }

  #mayEvictOldest(): boolean {
    const { spills, neededAfterScn, writeSegment, windowSegment } = this.#options
    const oldest = this.#list.all[0]
    if (oldest === undefined || oldest === windowSegment()) return false
    if (spills && oldest === writeSegment()) return false
    if (oldest.firstWindowOffset < 0) return true
    const neededScn = neededAfterScn?.()
    return neededScn === undefined || oldest.lastWindowScn <= neededScn
  }

  /** Drops the oldest segment with all windows that begin in it. */
  #evictOldest(): void {
    this.#noteEvicted(this.#list.evictOldest())
    if (this.#options.spills) while (this.#isRest(this.#list.all[0])) this.#list.evictOldest()
  }

  /** Whether all that it has, and will have, is of a window whose beginning is gone. */
  #isRest(segment: Segment | undefined): boolean {
    const { writeSegment, windowSegment } = this.#options
    return segment?.isWithin === true && segment !== writeSegment() && segment !== windowSegment()
  }

  #noteEvicted(segment: Segment | undefined): void {
    if (segment !== undefined && segment.firstWindowOffset >= 0) this.prevScn = segment.lastWindowScn
  }
}
