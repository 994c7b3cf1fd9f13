import { type EventKey } from '@aesop/event'

/** Where a source stands, with Databus' numbers; SPEC.md says what leads from one to another. Only ACTIVE is served. */
export const SOURCE_STATUSES = {
  NEW: 1,
  SEEDING: 2,
  SEEDING_CATCHUP: 3,
  ACTIVE: 4,
  INACTIVE: 5,
  FELL_OFF_RELAY: 6,
} as const
export type SourceStatus = keyof typeof SOURCE_STATUSES

/** The windows of one physical source. SCNs are −1 before the first window. */
export interface StreamState {
  readonly name: string
  /** Identity of the SCN space; undefined before the first window. */
  readonly scnSpace: string | undefined
  /** All windows up to here are in the log: the writer goes on behind it. */
  readonly logScn: bigint
  /** All windows up to here are in the snapshot tables. */
  readonly appliedScn: bigint
  /** Id of the source `com.aesop.SchemaChange` of the relay. */
  readonly schemaChangeId: number
}

/** How far the rows of a table are entered that were there before. */
export interface SeedingState {
  /** The how-manieth seeding of the source it is, from 1. */
  readonly number: number
  /** appliedScn when it began: its chunks' SCNs are at or above it. */
  readonly startScn: bigint
  /** Greatest SCN of a chunk that is in; −1: none is. */
  readonly endScn: bigint
  /** Where the next chunk begins, as the reader of the database names it; undefined: at the beginning of the table. */
  readonly cursor: string | undefined
  readonly rows: bigint
  /** All chunks are in: what is left is to find the rows that none of them had. */
  readonly isRead: boolean
  /** The condition that the rows fulfil; undefined: it is the whole table. */
  readonly where: string | undefined
}

export interface SourceState {
  readonly name: string
  /** Of the store that it is in: ids of rows and ordinals mean nothing in another one. */
  readonly storeId: string
  readonly stream: StreamState
  readonly status: SourceStatus
  /** The log has all windows after it. */
  readonly logStartScn: bigint
  /** All deletes after it are there, as tombstones. */
  readonly minScn: bigint
  /** SCN of the last TRUNCATE or DROP; −1: there was none. */
  readonly clearedScn: bigint
  /** The last one, at an end or not; undefined: there was none. */
  readonly seeding: SeedingState | undefined
}

/** Events of one source in the order of the log, of one or more windows, without ends of windows. */
export interface Piece {
  readonly source: string
  /** Whole events. */
  readonly bytes: Buffer
  readonly rows: number
  readonly firstScn: bigint
  readonly lastScn: bigint
}

export interface WindowBatch {
  readonly scnSpace: string
  readonly pieces: readonly Piece[]
  /** With these pieces all windows up to here are whole; undefined: the last window goes on in the next batch. */
  readonly endScn: bigint | undefined
}

/** A part of a table as it stood at `atScn`. */
export interface Chunk {
  /** Whole events, each an UPSERT with the SCN `atScn`. */
  readonly bytes: Buffer
  readonly atScn: bigint
  /** What was seen beyond `atScn` lies at or below it in the stream. */
  readonly visibleScn: bigint
  /** Where the next one begins; undefined: the table is at its end. */
  readonly next: string | undefined
}

export interface StreamDeclaration {
  readonly name: string
  readonly sources: readonly string[]
  /** Id of the source `com.aesop.SchemaChange` of the relay: its events are no rows, and tell what happens to tables. */
  readonly schemaChangeId: number
}

/** Writes; SPEC.md, "What writes". Calls are done one after the other. All reject with StoreFailedError when the database fails. */
export interface StoreWriter {
  /** Makes what is not there yet, and says how it stands. @throws StoreFormatError */
  declare(stream: StreamDeclaration): Promise<readonly SourceState[]>
  /** @returns false: all of it was there already @throws StoreSpaceForeignError */
  writeWindows(stream: string, batch: WindowBatch): Promise<boolean>
  /** Brings about `maxBytes` of pieces into the snapshot tables. @returns the state; applied whole when appliedScn is logScn */
  apply(stream: string, maxBytes: number): Promise<StreamState>
  /** A gap: what is there is served to nobody, the log begins anew after `scn` in `scnSpace`. */
  breakStream(stream: string, scn: bigint, scnSpace: string): Promise<void>
  /** Begins a seeding; with an equal condition where one is under way, goes on with it, unless it is to begin anew. */
  beginSeeding(source: string, where: string | undefined, isAnew?: boolean): Promise<SourceState>
  /**
   * @returns `early`: appliedScn has not reached the chunk's visibleScn yet; `void`: the source is not being seeded, because its
   * table has changed meanwhile. Nothing was done then
   */
  putChunk(source: string, chunk: Chunk): Promise<'entered' | 'early' | 'void'>
  /** One step of the end, at most `maxRows` rows looked at. */
  endSeeding(source: string, maxRows: number): Promise<'done' | 'more' | 'void'>
  /** A table that is complete without a seeding: the stream has had it from its first row on. */
  activate(source: string): Promise<void>
  deactivate(source: string): Promise<void>
  /**
   * One step: pieces of the oldest log of a stream that is applied whole, where a limit is passed with it. Nobody is given that
   * log from the first step on. @returns false: there was none
   */
  purgeLog(stream: string, limits: LogLimits): Promise<boolean>
  /**
   * Drops tombstones below an SCN, to which minScn rises; looks at the `maxRows` rows after an id, 0n at the beginning.
   * @returns the id of the last one; undefined: there were none
   */
  purgeTombstones(source: string, belowScn: bigint, afterId: bigint, maxRows: number): Promise<bigint | undefined>
  /** Notes that appliedScn was reached by now; once an hour is kept. */
  noteTime(stream: string): Promise<void>
  /** The greatest SCN that is known to have been applied at a time, in milliseconds since 1970; undefined: none is. What is older is forgotten. */
  scnReachedBefore(stream: string, ms: number): Promise<bigint | undefined>
  close(): Promise<void>
}

/** When a log is full, and the next one begins at the end of a window; left out: as the store does it. */
export interface LogBounds {
  /** Default 256 MiB. */
  readonly bytes?: number | undefined
  /** Age, in milliseconds; default an hour. */
  readonly ms?: number | undefined
  /** Default: any number. */
  readonly rows?: number | undefined
}

/** A log goes when one of them is passed; undefined: not looked at. */
export interface LogLimits {
  readonly maxBytes?: number
  readonly maxLogs?: number
  readonly maxAgeMs?: number
}

export interface SnapshotQuestion {
  readonly source: string
  /** Id of the store that `afterId` is of; undefined: whichever it is. */
  readonly storeId?: string | undefined
  /** Id of the last row that was got; 0n at the beginning. */
  readonly afterId: bigint
  readonly startScn: bigint
  /** What the consumer has; 0n or below: nothing, it forgets what it had. */
  readonly sinceScn: bigint
  /** Whether it can be told by a SchemaChange event that a table was emptied. */
  readonly takesSchemaChanges: boolean
  readonly maxBytes: number
  /** At least 1; undefined: as many as have room. */
  readonly maxRows?: number | undefined
}

export interface LogQuestion {
  readonly source: string
  /** Id of the store that `afterOrdinal` is of; undefined: whichever it is. */
  readonly storeId?: string | undefined
  /** Ordinal of the last event that was got; 0n at the beginning. */
  readonly afterOrdinal: bigint
  readonly startScn: bigint
  readonly targetScn: bigint
  readonly sinceScn: bigint
  readonly maxBytes: number
  readonly maxRows?: number | undefined
}

/** Whole events; of a snapshot `place` is an id, of the log an ordinal. */
export type StoreAnswer =
  | {
      readonly kind: 'events'
      readonly bytes: Buffer
      readonly rows: number
      /** Goes on after it; where nothing came it has moved, too. */
      readonly place: bigint
      /** Nothing more comes after it. */
      readonly isDone: boolean
    }
  /** The next event alone has more bytes than were asked for. */
  | { readonly kind: 'tooSmall'; readonly pendingBytes: number }

/** What stands for the key of a row, where that is not the same row. */
export interface StoredDifference {
  /** Which of the events that were asked about, from 0. */
  readonly index: number
  readonly key: string
  /** `absent`: nothing has the key; `deleted`: a tombstone; `other`: another value; `damaged`: no event of this key and SCN. */
  readonly found: 'absent' | 'deleted' | 'other' | 'damaged'
  /** Of what stands there; −1: nothing does. */
  readonly scn: bigint
}

export interface StoredComparison {
  readonly state: SourceState
  /** Of what stands for the keys. */
  readonly ids: readonly bigint[]
  readonly differences: readonly StoredDifference[]
}

export interface LiveRowsQuestion {
  readonly source: string
  /** Id of the last row that was looked at; 0n at the beginning. */
  readonly afterId: bigint
  /** Rows above it are left out. */
  readonly atMostScn: bigint
  readonly maxRows: number
}

export interface LiveRows {
  readonly state: SourceState
  readonly rows: readonly { readonly id: bigint; readonly key: string }[]
  /** Goes on after it. */
  readonly place: bigint
  readonly isDone: boolean
}

/** Reads; SPEC.md, "What reads". */
export interface StoreReader {
  /** All sources, or those that are named. @throws StoreSourceUnknownError */
  states(sources?: readonly string[]): Promise<readonly SourceState[]>
  /** @throws StoreReplacedError, StoreSourceNotServedError, SnapshotOutdatedError, StoreTooYoungError */
  snapshot(question: SnapshotQuestion): Promise<StoreAnswer>
  /** @throws StoreReplacedError, StoreSourceNotServedError, SnapshotOutdatedError, StoreTooYoungError, StoreLogPurgedError */
  log(question: LogQuestion): Promise<StoreAnswer>
  /** What stands for one key now: its event, a tombstone too; undefined: nothing. */
  event(source: string, key: EventKey): Promise<Buffer | undefined>
  /** Which of these rows, whole events of a chunk, do not stand in the store with the same value. Whatever the status. */
  compare(question: { readonly source: string; readonly bytes: Buffer }): Promise<StoredComparison>
  /** Rows that are not deleted, in the order of their ids. Whatever the status. */
  liveRows(question: LiveRowsQuestion): Promise<LiveRows>
  close(): Promise<void>
}

export interface BootstrapStore {
  /** For people: where it is, without a password. */
  readonly name: string
  /** @throws StoreInUseError, StoreFormatError, StoreFailedError */
  openWriter(bounds?: LogBounds): Promise<StoreWriter>
  /** @throws StoreMissingError, StoreFormatError, StoreFailedError */
  openReader(): Promise<StoreReader>
  close(): Promise<void>
}
