/**
 * Whole events, as they go over the wire: a view that stays as it is until `release`. Who holds one for long may hold
 * memory or a file with it; `onOverrun` asks to drop it.
 */
export interface WindowChunk {
  readonly kind: 'chunk'
  readonly bytes: Buffer
  /** SCN of the last event in it. */
  readonly scn: bigint
  /** True when the last event closes its window. */
  readonly endsWindow: boolean
  /** Set by the holder: called when the memory is needed back; must lead to `release`. */
  onOverrun: (() => void) | undefined
  /** Lets the bytes go: they may change from now on. Twice is harmless. */
  release(): void
}

/** Windows after the SCN are no more: the oldest that is there comes after `prevScn`. */
export interface Gone {
  readonly kind: 'gone'
  readonly prevScn: bigint
  /** Why, for people, where there is more to say than that they are old. */
  readonly reason?: string
}

/** The SCN is above every one that is there. */
export interface Future {
  readonly kind: 'future'
  readonly lastScn: bigint
}

/** Where a place is that a reader was sent to. */
export type SeekStep = { readonly kind: 'found' } | Gone | Future

/** What comes next. */
export type ReadStep =
  | WindowChunk
  /** Nothing more is there now. */
  | { readonly kind: 'caughtUp' }
  /** The next event has more than the bytes that were asked for. */
  | { readonly kind: 'tooSmall'; readonly pendingEventBytes: number }
  /** The reader was too slow: what follows `scn`, or the rest of that window, is gone. */
  | { readonly kind: 'overrun'; readonly scn: bigint }
  | Gone
  | Future

/** Where windows lie: in memory, in files, or in the log that they came from, because they are held no more. */
export type ReadsFrom = 'memory' | 'files' | 'log'

/**
 * Reads the windows of one physical source in the order of their SCNs, wherever they lie; SPEC.md has the states.
 *
 * What is in memory is answered at once. A promise is given only where a disk or a network has to be waited for, and
 * nothing else may be asked of the reader until it is kept, but to close it. A fault of disk or network rejects it, with an AesopError.
 */
export interface WindowReader {
  /** SCN of the last window that was read wholly or in part; before the first chunk, the one after which reading begins. */
  readonly scn: bigint
  /** True when the next event begins a window. */
  readonly atWindowEnd: boolean
  /** Where it reads now. Left out: memory. */
  readonly readsFrom?: ReadsFrom
  /**
   * Goes to the place of somebody who has seen the window `scn` whole (`windowOffset` below 0) or its first `windowOffset`
   * events. An `scn` of −1 is the place before the oldest window.
   */
  seek(scn: bigint, windowOffset: number): SeekStep | Promise<SeekStep>
  /** Goes before the newest window, which is then read again; to the end, where there is none. */
  seekLatest(): SeekStep | Promise<SeekStep>
  /**
   * The next whole events, at most `maxBytes` of them; with `toWindowEnd` they end where a window ends, if one does within
   * these bytes. Whoever asks releases the chunk. While the place is gone or lies in the future, the answer says so.
   */
  next(maxBytes: number, toWindowEnd?: boolean): ReadStep | Promise<ReadStep>
  /** Lets go of what the reader holds; its chunks stay until their release. Twice is harmless, and nothing is read after. */
  close(): void
}

/** What holds windows of one physical source, for any number of readers. */
export interface WindowSource {
  openReader(): WindowReader
  /**
   * Keeps the oldest windows for who is about to read them, for as long as it takes to write one segment more; each place of the beginning
   * is kept once. Left out: nothing is kept. @returns how to let them go; twice is harmless
   */
  pin?(): () => void
  /** Calls the listener once for each window that can be read from now on; it must not throw. @returns how to end it */
  subscribe(listener: () => void): () => void
}
