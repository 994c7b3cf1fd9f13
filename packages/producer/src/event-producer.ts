import { type Observable } from '@aesop/kernel'
import { type SchemaRegistry } from '@aesop/schema'
import { type MaxScnStore } from '@aesop/checkpoint'
import { type PhysicalSourceConfig } from './physical-source-config.ts'
import { type PassedOver, type PassOver } from './pass-over.ts'
import { type PlaceFinder } from './place-finder.ts'
import { type FoundStart, type LateReading, type SnapshotReader, type StartFrom } from '@aesop/reading'
import { type WindowSink } from './window-sink.ts'

/** What the relay gives a producer before it starts it. */
export interface ProducerContext {
  readonly physicalSource: PhysicalSourceConfig
  /** Schemas that the producer reads or registers; a schema is registered before the first event that names it. */
  readonly schemas: SchemaRegistry
  /** Where the producer notes how far it has come; loaded and saved by the producer, shared with nobody. */
  readonly maxScn: MaxScnStore
  /** The SCN to begin after when nothing is stored (`…sequenceNumbersHandler.file.initVal`); undefined: `startFrom` decides. */
  readonly initialScn: bigint | undefined
  /**
   * SCN of the newest window that the buffer has from a former process. It keeps what it has only where the source goes on right
   * after it: a producer that can begins there. Undefined, or left out: the buffer is empty.
   */
  readonly restoredScn?: bigint | undefined
  /** SCN space of those windows; undefined, or left out: not known. */
  readonly restoredScnSpace?: string | undefined
  /** SCN before the oldest window that it has from there: who needs older ones is not served by it. */
  readonly restoredAfterScn?: bigint | undefined
  /**
   * SCN after which the registrations of this process still need windows. A producer that reads nothing late begins no later, where it
   * can, and stores a place from which it can do so again: it asks at `prepare` and at each save. One that does sees to it, at `prepare`,
   * that they can be served late. Undefined: nobody says.
   */
  readonly readersSinceScn?: () => bigint | undefined
  /** Transactions to go past, each time that they are met; left out: none. */
  readonly passOvers?: readonly PassOver[]
  /** To be called each time that one was passed over. */
  readonly passedOver?: (passed: PassedOver) => void
  /** To be called when the producer can never go on: the relay reports it and the process ends in order. */
  readonly fail: (error: Error) => void
}

export interface ProducerStatus {
  readonly state: 'stopped' | 'connecting' | 'running' | 'paused' | 'waiting' | 'failed'
  /** SCN of the last window that was handed to the sink; −1 before the first. */
  readonly scn: bigint
  /** What it waits for or why it failed, for people. */
  readonly detail?: string
  /** What keeps changes from it although it runs, for people: a setting of the server, a table that is not there, a full disk. */
  readonly concern?: string
  /**
   * After a restart a producer may begin earlier than where it had come, to fill the buffer again: the SCN that it had
   * reached, for as long as it is behind it. A reader with a checkpoint up to here is not ahead of its source.
   */
  readonly rereadUntilScn?: bigint
  /** Commit time of the last window, in milliseconds since 1970. */
  readonly lastEventMs?: number
  /** Until when at least what follows that window can be read, in milliseconds since 1970; left out: for ever, or not known. */
  readonly logLastsUntilMs?: number
}

/**
 * Turns the changes of one physical source into windows.
 *
 * `prepare` is called first and resolves when it is known where the source begins: the SCN that precedes the first
 * window, from which the buffer serves. `start` then resolves once the source is connected; what comes later is
 * reported through `status` and `ProducerContext.fail`. `stop` resolves when nothing more will reach the sink; twice is
 * harmless.
 */
export interface EventProducer extends Pick<Observable, 'metrics' | 'describe'> {
  readonly name: string
  /**
   * Identity of the SCN space that the SCNs of its windows are of. It is known, and on disk, when `prepare` has resolved, and
   * stays the same until `stop`. A producer that reads from another relay hands on the one that it is told there. Left out
   * or undefined: not known, unless the physical source is given one.
   */
  readonly scnSpace?: string | undefined
  /**
   * Reads windows again that its sink has lost and its source still has, the same bytes under the same SCNs (`LateReading`).
   * Known when `prepare` has resolved; it reads from `start` until `stop`. Left out or undefined: what the sink has lost is gone.
   */
  readonly lateReading?: LateReading | undefined
  /**
   * Where its log has the oldest change, or the first of a time: what follows that place can be read late from then on. Asked between
   * `start` and `stop`. Left out: only what the sink holds is looked through.
   * @throws AesopError where the source can't be asked now
   */
  readonly findStart?: ((from: Exclude<StartFrom, { kind: 'latest' }>) => Promise<FoundStart>) | undefined
  /**
   * Reads rows of its tables as they are, in the form that its windows have them (`SnapshotReader`). Known when `prepare` has resolved;
   * it reads from `start` until `stop`. Left out or undefined: its tables are known by their changes alone.
   */
  readonly snapshotReader?: SnapshotReader | undefined
  /**
   * What of its configuration decides over the bytes of its windows, as text, as it is when it is asked. Windows that were kept under another
   * one are not served on. Called before `prepare`. Left out: nobody knows.
   */
  readonly configurationOf?:
    ((physicalSource: PhysicalSourceConfig, schemas: SchemaRegistry) => () => string) | undefined
  /** Binds the producer to its source and says after which SCN it will begin. @throws AesopError of a static fault */
  prepare(context: ProducerContext): Promise<bigint>
  start(sinceScn: bigint, sink: WindowSink): Promise<void>
  pause(): void
  resume(): void
  stop(): Promise<void>
  status(): ProducerStatus
  /** What it knows of places of its source, without being prepared or started; left out: a place is an SCN. */
  placeFinder?(physicalSource: PhysicalSourceConfig): PlaceFinder
}
