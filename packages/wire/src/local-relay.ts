import { type LogicalSource } from '@aesop/event'
import { type SnapshotReader } from '@aesop/reading'
import { type ListedPhysicalSource } from './physical-sources.ts'
import { type SourceSchema } from './register.ts'
import { type StartFrom, type StartPlace } from './start-place.ts'
import { type StreamRequest } from './stream-request.ts'

/**
 * A relay as clients of its own process see it: the commands of the protocol as calls, with the same answers, errors and counts.
 * No token is asked for: a token keeps out who reaches the port, and who runs in the process has its memory already.
 */
export interface LocalRelay {
  /** Where it listens for all others. */
  readonly host: string
  readonly port: number
  /** A client comes, with the name that it has among clients, and is counted as a connection until it leaves. */
  connect(client: string): LocalConnection
}

/** What the requests of one client go through. A relay that stops refuses them with RequestFailedError. */
export interface LocalConnection {
  /** What can be asked for: `/sources`. @throws RequestFailedError */
  sources(): readonly LogicalSource[]
  /** Which sources belong together: `/physicalSources`. @throws RequestFailedError */
  physicalSources(): readonly ListedPhysicalSource[]
  /** All versions of the schemas of sources: `/register`. @throws RequestFailedError, InvalidRequestError */
  schemas(sourceIds: readonly number[]): readonly SourceSchema[]
  /** Where somebody begins who has no place yet: `/startPlace`. Rejects with what that would answer. */
  startPlace(sourceIds: readonly number[], from: StartFrom): Promise<StartPlace>
  /** Rows of tables as they are: `/snapshot` and `/snapshotTable`. Rejects with what those would answer. */
  readonly snapshots: SnapshotReader
  /** Windows from a place on: `/stream`, until the signal aborts. Rejects with what that would answer. */
  stream(request: StreamRequest, signal: AbortSignal): Promise<LocalAnswer>
  /** Ends what is open. Twice is harmless. */
  close(): void
}

/**
 * | state  | `next`                                                          | what leads on                                          |
 * | ------ | --------------------------------------------------------------- | ------------------------------------------------------ |
 * | open   | whole events, when there are some                               | the request is satisfied, or the relay stops: ended    |
 * | ended  | undefined                                                       |                                                        |
 * | failed | the first call rejects with what trailers would say, then ended | a place that is gone, a filter that can't judge, disks |
 * | cut    | undefined, and `wasCut`                                         | the relay could not wait until a window ended          |
 * | closed | undefined; a call that waits gets it at once                    | the client, by `close` or its signal                   |
 */
export interface LocalAnswer {
  /** The SCN space of the windows; undefined: not known. */
  readonly scnSpace: string | undefined
  /** The SCN before the first window, where the client asked without a place. */
  readonly previousScn: bigint | undefined
  /** Once it has ended: the bytes of the next event, which are more than the answer had room for; 0: there is none. */
  readonly pendingEventBytes: number
  /** Whether it ended as a connection that breaks. */
  readonly wasCut: boolean
  /** Whole events that need no proof; they stay as they are until the next call. One call at a time. */
  next(): Promise<Buffer | undefined>
  /** Ends it. Twice is harmless. */
  close(): void
}
