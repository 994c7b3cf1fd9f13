import { type Segment } from './segment.ts'

/** Segments of whole windows that a former process left. */
export interface LeftSegments {
  /** SCN before the first window that begins in them. */
  readonly prevScn: bigint
  /** Oldest first, each as `Segment.of` makes it; there is at least one. */
  readonly segments: readonly Segment[]
}

/**
 * Where the segments of one buffer come from and go to: memory that is used again, or files. DESIGN.md has the clauses.
 *
 * A segment is taken in memory, because a writer within a window can't wait. The store may let it leave memory
 * (`Segment.leave`) once the next one was taken, whole or with a part of the open window, and brings it back when a reader
 * comes to it. What waits for a disk gives a promise; one that is rejected is a fault of the disk, by name.
 */
export interface SegmentStore {
  /** Capacity of a usual segment, in bytes. */
  readonly segmentBytes: number
  /** What a former process left; asked once, before anything is taken to be written to. Undefined: nothing. */
  open(): LeftSegments | undefined | Promise<LeftSegments | undefined>
  /** A segment with that number and room for that many bytes, in memory. The writer leaves the one before. */
  take(capacityBytes: number, number: number): Segment
  /** A window was closed that begins in this segment, and goes on in those that follow by `next`. It must not throw. */
  windowClosed(first: Segment): void
  /** Takes back a segment that was evicted, rolled back or not to be used. While chunks hold it its bytes stay as they are. */
  giveBack(segment: Segment): void
  /** The last chunk of a segment that was given back has been released. */
  released(segment: Segment): void
  /** Brings the bytes of a segment back (`Segment.comeBack`); they stay for the rest of the turn in which the promise is kept. */
  load(segment: Segment): Promise<void>
  /** For a writer between windows: a promise while it should wait for the disk; undefined: it may go on. */
  whenRoom(): Promise<void> | undefined
  /** Called once, after the last window. What is kept for the next process is kept when this is done. */
  close(): void | Promise<void>
}
