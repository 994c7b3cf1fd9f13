import { type EventVersion, type LogicalSource } from '@aesop/event'
import { type FoundStart, type SnapshotReader, type StartFrom, type WindowSource } from '@aesop/reading'
import { type SourceSchema } from '@aesop/wire'

/** What a server has to know of the schemas of a physical source. */
export interface ServedSchemas {
  /** How often versions were added since it began. */
  readonly revision: number
  /** All versions of the schema of a logical source, oldest first. */
  versions(source: string): readonly { readonly version: number; readonly text: SourceSchema['schema'] }[]
  /** The `revision` with which the newest version of a source came; 0: it was there at first, or there is none. */
  revisionOf(source: string): number
}

/** What is held of a physical source right now. An SCN of −1, a time of undefined: there is nothing. */
export interface HeldWindows {
  readonly minScn: bigint
  readonly lastScn: bigint
  /** Commit times of the oldest and the newest window, in milliseconds since 1970. */
  readonly oldestMs: number | undefined
  readonly newestMs: number | undefined
}

/** The windows after one: their bytes, and when the oldest of them was committed, in milliseconds since 1970. */
export interface WindowsBehind {
  readonly bytes?: number
  readonly oldestMs?: number
}

/** A physical source that is served: where its windows are, and what clients are told of it. */
export interface ServedSource {
  readonly name: string
  /** Id of the physical partition. */
  readonly id: number
  /** As anybody may see it: without user and password. */
  readonly uri: string
  /** What a reader gets that names no sources. */
  readonly tables: readonly LogicalSource[]
  /** All that can be asked for: the tables, and what is told only to those who name it. */
  readonly served: readonly LogicalSource[]
  readonly windows: WindowSource
  /** Layout of the events in them. Left out: 1. */
  readonly eventVersion?: EventVersion
  readonly schemas: ServedSchemas
  /** The SCN space of its windows; undefined: not known, and nobody's is foreign. */
  readonly scnSpace: string | undefined
  held(): HeldWindows
  /** What follows a window; left out, or an empty answer: it is not to be told at once. Nothing is read elsewhere for it. */
  behind?(scn: bigint): WindowsBehind
  /** Where somebody begins who has no place yet. @throws AesopError where the source can't be asked now */
  findStart(from: StartFrom): Promise<FoundStart>
  /** Reads its tables as they are; left out: nobody does. */
  readonly snapshots?: SnapshotReader
  /** Whether a checkpoint above the newest SCN waits for its windows instead of failing. */
  mayStillCome(scn: bigint): boolean
}
