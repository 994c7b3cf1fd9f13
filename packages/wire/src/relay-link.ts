import { type EventView, type LogicalSource } from '@aesop/event'
import { type ListedPhysicalSource } from './physical-sources.ts'
import { type SourceSchema } from './register.ts'
import { type StartFrom, type StartPlace } from './start-place.ts'
import { type StreamRequest } from './stream-request.ts'

/** How a relay is reached: by HTTP, or in its own process. */
export type RelayTransport = 'direct' | 'http'

/** What one registration asks one relay, whichever way it is reached. Every failure is one of ours. */
export interface RelayLink {
  /** Host and port, for people. */
  readonly address: string
  readonly transport: RelayTransport
  /** What can be asked for. */
  sources(signal: AbortSignal): Promise<readonly LogicalSource[]>
  /** Which sources belong together; nothing, where a relay does not tell. */
  physicalSources(signal: AbortSignal): Promise<readonly ListedPhysicalSource[]>
  /** Every version of the schemas of sources. */
  schemas(sourceIds: readonly number[], signal: AbortSignal): Promise<readonly SourceSchema[]>
  /** Where somebody begins who has no place yet, in the physical source of these sources. @throws UnknownCommandError of a Databus relay */
  startPlace(sourceIds: readonly number[], from: StartFrom, signal: AbortSignal): Promise<StartPlace>
  /** An answer with windows, whose events are still to be read. */
  stream(request: StreamRequest, bounds: AnswerBounds, signal: AbortSignal): Promise<RelayAnswer>
  /** Another link to the same relay, for what is asked while an answer is read. */
  beside(): RelayLink
  close(): void
}

/** What a relay says before the first event of an answer. */
export interface AnswerHead {
  readonly address: string
  readonly previousScn: bigint | undefined
  readonly scnSpace: string | undefined
}

export interface AnswerBounds {
  /** How long the relay may be silent while it is waited for, in milliseconds. */
  readonly silenceMs: number
  /** Upper bound of one event, in bytes. */
  readonly eventBytesMax: number
}

/** An answer to `/stream`, from its first event to its last. */
export interface RelayAnswer {
  readonly head: AnswerHead
  /** Once it has ended: the bytes of the next event, where it is larger than the answer could be; else 0. */
  readonly pendingBytes: number
  /**
   * The events that have come; undefined: the answer has ended well. One call at a time, when the events before are done with: they
   * stay until then.
   * @throws AesopError when it was broken off, or failed after its first byte
   */
  next(): Promise<EventRun | undefined>
  /** To be called at the end, however that came. */
  close(): Promise<void> | void
}

/** Whole events, one after the other. The view is moved by the following call. @throws EventCorruptError, EventTooLargeError */
export interface EventRun {
  next(): EventView | undefined
}
