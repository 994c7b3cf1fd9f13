import { type EventAppend, type ValueWriter } from '@aesop/event'

/**
 * How events enter a buffer. One window is open at a time, and nothing of it is visible to a reader before `endWindow`.
 *
 * A window is one transaction of the source: `beginWindow`, any number of `append`, then `endWindow(scn)` with an SCN
 * above the last one, or `rollbackWindow`. An empty window is legal: it only moves the SCN.
 */
export interface WindowSink {
  /** SCN before the oldest window that the sink holds: what a reader may still ask for comes after it. Left out: it holds nothing. */
  readonly prevScn?: bigint
  beginWindow(): void
  /**
   * Adds one event to the open window. `write` puts the value in place and returns the offset after it; it may write at
   * most `append.maxValueBytes` bytes. The `append` object may be reused by the caller afterwards.
   */
  append(append: EventAppend, write: ValueWriter): void
  /**
   * Adds a whole event of another buffer as it is there, of which `length` bytes begin at `at`; its checksums were proven. It gets its SCN
   * again when the window is closed. Left out: this sink can't.
   */
  appendCopy?(bytes: Buffer, at: number, length: number): void
  /** Closes the window as it is closed in another buffer, by the event at `at`. Left out: this sink can't. */
  endWindowCopy?(bytes: Buffer, at: number): void
  /** Closes the window: its events become visible together, under this SCN. */
  endWindow(scn: bigint): void
  /** Forgets the open window. Harmless when none is open. */
  rollbackWindow(): void
  /**
   * Remembers where the open window has come to. What comes back forgets all that was added to this window since; it may be
   * called as long as the window is open and was not brought back further. Left out: this sink can't.
   */
  mark?(): () => void
  /** Resolves when the sink takes more; a producer awaits it between windows. Undefined means: go on at once. */
  whenWritable(): Promise<void> | undefined
  /** Whether a window may be larger than memory: then its producer awaits `whenSpilled` within one, as often as it can. Left out: no. */
  readonly spills?: boolean
  /** Resolves when what was appended has left memory, but for a bound. Undefined means: go on at once. */
  whenSpilled?(): Promise<void> | undefined
  /**
   * Resolves when all closed windows outlast a power cut: before a place is stored from which they do not come again. Rejected
   * while the disk can't be written to. Undefined, or left out: they do, or the source's log alone keeps them.
   */
  whenDurable?(): Promise<void> | undefined
}
