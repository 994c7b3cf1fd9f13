import { type Segment } from './segment.ts'

/** Segments of whole windows that a former process left. */
export interface LeftSegments {
  /** SCN before the first window that begins in them. */
  readonly prevScn: bigint
  /** Oldest first, each as `Segment.of` makes it; there is at least one. */
  readonly segments: readonly Segment[]
}

/** What precedes a segment. */
export interface SegmentStart {
  /** SCN of the newest closed window. */
  readonly prevScn: bigint
  /** Whether its first event goes on with a window that began before it. */
  readonly continues: boolean
}

/** What one reader keeps of a segment that it reads where that lies: when it is evicted, its bytes stay readable. */
export interface SegmentHold {
  /** The store needed it back: what is left of it is read no more. */
  readonly isOver: boolean
  /** Twice is harmless. */
  release(): void
}

/**
 * Where the segments of one buffer come from and go to: memory that is used again, or files. DESIGN.md has the clauses.
 *
 * A segment is taken in memory, because a writer within a window can't wait. The store may let it leave memory
 * (`Segment.leave`) once the next one was taken, whole or with a part of the open window; readers then read pieces of it. What
 * waits for a disk gives a promise; one that is rejected is a fault of the disk, by name.
 */
export interface SegmentStore {
  /** Capacity of a usual segment, in bytes. */
  readonly segmentBytes: number
  /** Whether segments of an open window leave memory: then a window may be larger than the buffer. */
  readonly spills: boolean
  /** What a former process left; asked once, before anything is taken to be written to. Undefined: nothing. */
  open(): LeftSegments | undefined | Promise<LeftSegments | undefined>
  /** A segment with that number and room for that many bytes, in memory. The writer leaves the one before. */
  take(capacityBytes: number, number: number, start: SegmentStart): Segment
  /** A window was closed that begins in this segment, and goes on in those that follow by `next`. It must not throw. */
  windowClosed(first: Segment): void
  /**
   * Takes back a segment that was evicted, rolled back or not to be used. While chunks hold it its bytes stay as they are.
   * @param isEvicted readers that hold it go on to its end. Default false: their holds are over
   */
  giveBack(segment: Segment, isEvicted?: boolean): void
  /** Holds a segment of the buffer, that is away, for one reader. Left out, or undefined: it is gone when it is evicted. */
  hold?(segment: Segment): SegmentHold | undefined
  /** Takes back one that is damaged: what is left of it is nobody's any more, but may be looked at by people. */
  setAside(segment: Segment, why: Error): void
  /** The last chunk of a segment has been released: of one that was given back, or one that may leave now. */
  released(segment: Segment): void
  /** Bytes [from, to) of a segment that is away, for the buffer alone, which changes them. @throws SegmentDamagedError when they are no more */
  read(segment: Segment, from: number, to: number): Promise<Buffer>
  /** What `read` gave is looked at no more: other bytes may be read into its memory. Left out: its memory is used once. */
  takeBack?(bytes: Buffer): void
  /** For a writer between windows, or within one, where it can wait: a promise while it should wait for the disk; undefined: it may go on. */
  whenRoom(): Promise<void> | undefined
  /** A promise until all windows that are closed by now outlast a power cut; undefined: they never do, or they do. What it is rejected with says whether it can be tried again. */
  whenDurable(): Promise<void> | undefined
  /** Called once, after the last window. What is kept for the next process is kept when this is done. */
  close(): void | Promise<void>
}
