import { type LogicalSource, type Opcode } from '@aesop/event'
import { type AesopError, type Logger } from '@aesop/kernel'
import { type ChangeEventJson } from './event-json.ts'
import { type TableFacts } from '@aesop/schema'
import { type SchemaChange } from './schema-change.ts'

/**
 * The verdict of a callback, with Databus' names. The first three are successes. ERROR rolls back to the last
 * checkpoint and replays; ERROR_FATAL stops the registration, by name (Databus treats it as ERROR).
 */
export const ConsumerCallbackResult = {
  SUCCESS: 'SUCCESS',
  CHECKPOINT: 'CHECKPOINT',
  SKIP_CHECKPOINT: 'SKIP_CHECKPOINT',
  ERROR: 'ERROR',
  ERROR_FATAL: 'ERROR_FATAL',
} as const
export type ConsumerCallbackResult = (typeof ConsumerCallbackResult)[keyof typeof ConsumerCallbackResult]

/** What a callback returns that says nothing: written so that a callback of type `void` is one too. */
type Nothing = ReturnType<() => void>

/** Nothing returned means SUCCESS; a throw or a rejection means ERROR, and so does anything else, `null` too. */
export type Result =
  ConsumerCallbackResult | undefined | Nothing | Promise<ConsumerCallbackResult | undefined | Nothing>

/** The schema that a row was written with. */
export interface ChangeSchema {
  /** In hex, as the event carries it. */
  readonly id: string
  readonly version: number
  /** Primary key, columns and types of the row's table. Only an event of a user's own making, in a test, may have none. */
  readonly table?: TableFacts
}

/** How a bootstrap begins. */
export interface BootstrapStart {
  /** A whole snapshot follows, which has no deletes: forget what you have of these sources. False: what follows brings it up to date. */
  readonly complete: boolean
}

/** One change of one row. The object and its bytes are valid during the callback; `copy()` keeps them longer. */
export interface ChangeEvent {
  /** SCN of the window (transaction) that the change belongs to. */
  readonly scn: bigint
  readonly opcode: Opcode
  readonly key: bigint | string
  /**
   * The bytes of a key that is no long, as they are in the relay; a view. `key` shows them as text, with U+FFFD where they are no
   * UTF-8: two keys that differ may look the same there. Undefined: the key is a long. A MySQL source makes UTF-8 only, BINARY keys
   * as hex digits.
   */
  readonly keyBytes?: Uint8Array | undefined
  readonly source: LogicalSource
  /** Commit time, nanoseconds since 1970. */
  readonly timestampNanos: bigint
  readonly partition: { readonly physical: number; readonly logical: number }
  readonly schema: ChangeSchema
  /** The Avro value; a view. */
  readonly bytes: Uint8Array
  /**
   * The row, decoded on first use. number: int, INT UNSIGNED, float, double; bigint: BIGINT, BIT, TIMESTAMP
   * (microseconds since 1970); string: DECIMAL, dates, times, text, labels; Uint8Array: bytes; null.
   */
  readonly row: Readonly<Record<string, unknown>>
  /** The row before the change, only where the source was told to carry it. */
  readonly before?: Readonly<Record<string, unknown>>
  /** The same event in bytes of its own. */
  copy(): ChangeEvent
  /** What `JSON.stringify` writes: plain data, 64-bit integers as decimal text, bytes as base64. */
  toJSON(): ChangeEventJson
}

/**
 * What a user writes. Only `onDataEvent` is needed. Per window the callbacks come as in Databus:
 * onStartDataEventSequence, (onStartSource, onDataEvent …, onEndSource) …, onEndDataEventSequence, onCheckpoint.
 * An empty window brings only onCheckpoint.
 *
 * One callback runs at a time. The signal that each gets last fires when its promise has used up
 * `consumerTimeBudgetMs`, or when the client stops: the call has failed then, and its rows come again once it has
 * settled. One signal serves many calls; take listeners off it that were put on it.
 */
export interface EventConsumer {
  onDataEvent(event: ChangeEvent, signal: AbortSignal): Result
  onStartConsumption?(signal: AbortSignal): Result
  onStopConsumption?(signal: AbortSignal): Result
  onStartDataEventSequence?(scn: bigint, signal: AbortSignal): Result
  onEndDataEventSequence?(scn: bigint, signal: AbortSignal): Result
  onStartSource?(source: LogicalSource, signal: AbortSignal): Result
  onEndSource?(source: LogicalSource, signal: AbortSignal): Result
  onCheckpoint?(scn: bigint, signal: AbortSignal): Result
  /**
   * A table of this registration's sources was altered, truncated, dropped, renamed or made, or its rows are left out or were
   * passed over: between the rows of the window, where the log has it, whatever the filters of the registration. Without this
   * callback a TRUNCATE, DROP or RENAME is a warning in the log.
   */
  onSchemaChange?(change: SchemaChange, signal: AbortSignal): Result
  onRollback?(scn: bigint, signal: AbortSignal): Result
  onError?(error: AesopError, signal: AbortSignal): Result
  /**
   * In a bootstrap; each that is missing is that of the stream, but `onStartBootstrap` and `onStopBootstrap`. A consumer that may be told to
   * forget what it has (`startFrom: bootstrap`, `onTooYoung: complete`) needs `onStartBootstrap`; one that acknowledges windows itself needs
   * `onBootstrapCheckpoint`.
   */
  onBootstrapEvent?(event: ChangeEvent, signal: AbortSignal): Result
  onStartBootstrap?(signal: AbortSignal, start: BootstrapStart): Result
  onStopBootstrap?(signal: AbortSignal): Result
  onStartBootstrapSequence?(scn: bigint, signal: AbortSignal): Result
  onEndBootstrapSequence?(scn: bigint, signal: AbortSignal): Result
  onStartBootstrapSource?(source: LogicalSource, signal: AbortSignal): Result
  onEndBootstrapSource?(source: LogicalSource, signal: AbortSignal): Result
  onBootstrapCheckpoint?(scn: bigint, signal: AbortSignal): Result
  onBootstrapRollback?(scn: bigint, signal: AbortSignal): Result
  onBootstrapError?(error: AesopError, signal: AbortSignal): Result
}

export interface ConsumerContext {
  readonly registration: string
  readonly logicalSources: readonly string[]
  /**
   * Of a registration that says `acknowledge: consumer`: everything up to and with the window of this SCN is done, and need not
   * come again. Its checkpoint may be stored from now on, and a roll-back goes no further back. Until then nothing of what was
   * given is taken for done, whatever the callbacks return; at most `unsavedWindowsMax` windows are given beyond it. May be
   * called at any time, also within `onCheckpoint`, for the window that it is about, and `onStopConsumption`.
   *
   * - An SCN inside the stream that is the end of no window stands for the last window before it.
   * - One at or below an earlier one is ignored, and so is one of windows that were rolled back and have not come again.
   * - After the registration has ended it is ignored, with a line in the log.
   * - While it bootstraps it is ignored: there `onBootstrapCheckpoint` says that a batch is done, and may take its time.
   *
   * @throws AcknowledgeRefusedError when no such window was given yet, or the registration does not say so
   */
  readonly acknowledge: (scn: bigint) => void
  readonly partition?: { readonly id: number; readonly of: number }
  readonly log: Logger
}

/** Named in a descriptor: `class: ./consumer.ts#PersonConsumerFactory`. */
export interface ConsumerFactory {
  /** Called once per registration, or once per owned partition in a cluster. */
  createConsumer(context: ConsumerContext): EventConsumer | Promise<EventConsumer>
}
