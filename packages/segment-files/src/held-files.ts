import { type Segment, type SegmentHold } from '@aesop/buffer'
import { type SegmentFile } from './segment-file.ts'

/** How many that have left the buffer are held at most. */
const EVICTED_MAX = 8
/** How long one is held of which nobody reads anything. */
const UNREAD_MS = 60_000

class Hold implements SegmentHold {
  isOver = false
  readonly #onRelease: (hold: Hold) => void

  constructor(onRelease: (hold: Hold) => void) {
    this.#onRelease = onRelease
  }

  release(): void {
    if (this.isOver) return
    this.isOver = true
    this.#onRelease(this)
  }
}

/** Which files readers are within, and which of those are of the buffer no more; SPEC.md says for how long they are held. */
export class HeldFiles {
  readonly #nowMs: () => number
  readonly #onEnd: (file: SegmentFile) => void
  readonly #holds = new Map<SegmentFile, Set<Hold>>()
  /** Those that have left the buffer, in that order, and when each was read last. */
  readonly #evicted = new Map<Segment, { readonly file: SegmentFile; readMs: number }>()

  /** @param onEnd nobody holds a file any more that has left the buffer */
  constructor(nowMs: () => number, onEnd: (file: SegmentFile) => void) {
    this.#nowMs = nowMs
    this.#onEnd = onEnd
  }

  hold(file: SegmentFile): SegmentHold {
    const holds = this.#holds.get(file) ?? new Set()
    this.#holds.set(file, holds)
    const hold = new Hold((released) => {
      holds.delete(released)
      if (holds.size === 0) this.end(file)
    })
    holds.add(hold)
    return hold
  }

  isHeld(file: SegmentFile): boolean {
    return this.#holds.has(file)
  }

  /** It leaves the buffer, and stays readable to those who hold it. */
  evict(file: SegmentFile): void {
    if (!this.isHeld(file)) return
    this.#evicted.set(file.segment, { file, readMs: this.#nowMs() })
    const [oldest] = this.#evicted.values()
    if (oldest !== undefined && this.#evicted.size > EVICTED_MAX) this.end(oldest.file)
  }

  /** The file of a segment that has left the buffer and is held; it is about to be read. */
  fileOf(segment: Segment): SegmentFile | undefined {
    const evicted = this.#evicted.get(segment)
    if (evicted !== undefined) evicted.readMs = this.#nowMs()
    return evicted?.file
  }

  /** Ends the holds of those that nobody reads. */
  endUnread(): void {
    const sinceMs = this.#nowMs() - UNREAD_MS
    for (const { file, readMs } of this.#evicted.values()) if (readMs <= sinceMs) this.end(file)
  }

  /** The disk has no room, or the buffer ends. */
  endEvicted(): void {
    for (const { file } of this.#evicted.values()) this.end(file)
  }

  /** Nobody holds it from now on. */
  end(file: SegmentFile): void {
    for (const hold of this.#holds.get(file) ?? []) hold.isOver = true
    this.#holds.delete(file)
    if (this.#evicted.delete(file.segment)) this.#onEnd(file)
  }
}
