import { Checkpoint } from '@aesop/checkpoint'
import { type EventView, eventLayout, SCHEMA_CHANGE_SOURCE } from '@aesop/event'
import {
  type AesopError,
  cutText,
  type LogKeys,
  type Logger,
  messageOf,
  OWN_ERROR_BYTES_MAX,
  shownKey,
} from '@aesop/kernel'
import { type CallbackTotals } from '@aesop/stats'
import { ScnSpaceForeignError } from '@aesop/wire'
import { chain, ConsumerCalls, isPromise, type Verdict } from './consumer-calls.ts'
import { ConsumerCallbackResult, type EventConsumer, type Result } from './consumer.ts'
import {
  type CallbackPlace,
  ConsumerOverdueError,
  consumerText,
  EventOrderError,
  SchemaMissingError,
} from './errors.ts'
import { RowEvent } from './row-event.ts'
import { readSchemaChange, type QuarantinePolicy, type SchemaChange, SchemaChangeDesk } from './schema-change.ts'
import { type EventSchema, type SourceCatalogue, type SubscribedSource } from './source-catalogue.ts'

export interface DispatcherOptions {
  readonly registration: string
  readonly logicalSources: readonly string[]
  readonly onSourceQuarantined: QuarantinePolicy
  readonly consumer: EventConsumer
  /** Where the registration stood when it was last seen; flexible: it has no place yet. */
  readonly checkpoint: Checkpoint
  /**
   * Keeps the place where a registration that had none begins; returns when it is on disk, because no row may be given
   * before. @throws CheckpointUnwritableError: then it is called again at the next try
   */
  readonly begin: (place: Checkpoint) => void
  /** Gets every checkpoint that the consumer agreed to, in order. */
  readonly acknowledge: (checkpoint: Checkpoint) => void
  /** How long a promise of a callback may take before its signal fires, in milliseconds; 0 or less: unlimited. */
  readonly timeBudgetMs: number
  /** How the key of a row stands in an error. Default `hash`. */
  readonly logKeys?: LogKeys
  readonly totals: CallbackTotals
  readonly log: Logger
}

/** What a relay says before the first event of an answer. */
export interface AnswerHead {
  readonly address: string
  readonly previousScn: bigint | undefined
  readonly scnSpace: string | undefined
}

const NO_SOURCE = Number.NaN
const AT_SCN_LOW = eventLayout.AT_SEQUENCE + 4

/**
 * Calls a consumer with the events of a stream, in Databus' order. One event at a time: when `dispatch` returns a
 * promise, the next event may come only after it. Callbacks that return no promise cost none.
 *
 * A failure leaves the dispatcher where it was; its owner calls `rollback` and feeds it again from `checkpoint`.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #consumer: EventConsumer
  readonly #totals: CallbackTotals
  readonly #calls: ConsumerCalls
  #catalogue: SourceCatalogue | undefined
  #refresh: ((source: SubscribedSource) => Promise<void>) | undefined
  #event: RowEvent | undefined

  /** Where a rollback goes: the last window that the consumer agreed to. */
  #checkpoint: Checkpoint
  /** The last window that was processed whole. */
  #lastScn: bigint
  #highestScn: bigint
  /** Whether `#checkpoint` is a place that a store keeps. */
  #hasBegun: boolean
  #previousScn: bigint | undefined
  /** The SCN space of the place where reading stands; undefined: not known. */
  #scnSpace: string | undefined
  /** That of the relay whose answer is read; undefined: it tells none. */
  #relayScnSpace: string | undefined

  #inWindow = false
  #windowScn = -1n
  #windowScnLow = 0
  #windowEvents = 0
  #sourceId = NO_SOURCE
  #source: SubscribedSource | undefined
  readonly #changes: SchemaChangeDesk
  /** Events of a window that was not opened for them. */
  #unseen = { scn: -1n, events: 0 }

  /** @throws CheckpointInvalidError when the checkpoint is no place to start from */
  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#consumer = options.consumer
    this.#totals = options.totals
    const { registration, logicalSources, consumer, onSourceQuarantined, log } = options
    this.#changes = new SchemaChangeDesk(registration, logicalSources, consumer, onSourceQuarantined, log)
    this.#calls = new ConsumerCalls(options.timeBudgetMs)
    this.#checkpoint = options.checkpoint.lastWholeWindow()
    this.#lastScn = this.#checkpoint.windowScn
    this.#scnSpace = this.#checkpoint.scnSpace
    this.#highestScn = this.#lastScn
    this.#hasBegun = !this.#checkpoint.isFlexible
  }

  get checkpoint(): Checkpoint {
    return this.#checkpoint
  }
  get inWindow(): boolean {
    return this.#inWindow
  }
  /** The newest window ever processed whole; it never goes back. */
  get highestScn(): bigint {
    return this.#highestScn
  }
  /** SCN of the last window that was processed whole; −1 before the first. */
  get readScn(): bigint {
    return this.#lastScn
  }
  /** SCN of the window that is open, else of the last one. */
  get scn(): bigint {
    return this.#inWindow ? this.#windowScn : this.#lastScn
  }

  /** Where reading goes on when nothing went wrong: also within a window that a relay has cut. */
  get position(): Checkpoint {
    if (this.#inWindow) {
      return Checkpoint.within(this.#windowScn, this.#lastScn, BigInt(this.#windowEvents), this.#scnSpace)
    }
    return this.#lastScn < 0n ? Checkpoint.flexible() : Checkpoint.online(this.#lastScn, -1n, this.#scnSpace)
  }

  /**
   * What the relay says of the answer that follows, where it says so: the SCN before its first window, and its SCN space.
   * @throws ScnSpaceForeignError when reading stands at a place of another one
   */
  answerBegins({ address, previousScn, scnSpace }: AnswerHead): void {
    const { position } = this
    const ours = position.isFlexible ? undefined : this.#scnSpace
    if (ours !== undefined && scnSpace !== undefined && ours !== scnSpace) {
      throw ScnSpaceForeignError.of(position.windowScn, ours, `the relay at ${address}`, scnSpace)
    }
    this.#previousScn = previousScn
    this.#relayScnSpace = scnSpace
  }

  /** Tells what the relay in use serves; `refresh` lets a source learn the schema that an event of it names. */
  bind(catalogue: SourceCatalogue, refresh: (source: SubscribedSource) => Promise<void>): void {
    this.#catalogue = catalogue
    this.#refresh = refresh
    this.#unseen = { scn: -1n, events: 0 }
    // The numbers of the sources may be other ones on another relay.
    if (!this.#inWindow) this.#source = undefined
  }

  /** The call that used up its time twice and goes on: until it settles the consumer may be given nothing. */
  get overdue(): CallbackPlace | undefined {
    return this.#calls.overdue
  }

  /** Resolves when no call is overdue, or when the signal aborts. */
  whenSettled(signal: AbortSignal): Promise<void> {
    return this.#calls.whenSettled(signal)
  }

  /** Fires the signal of the call that runs: its window is given up. */
  giveUp(reason: Error): void {
    this.#calls.fire(reason)
  }

  /** @throws ConsumerFailedError, ConsumerFatalError, ConsumerOverdueError, as a rejection */
  async start(): Promise<void> {
    await this.#call('onStartConsumption', () => this.#consumer.onStartConsumption?.(this.#calls.signal))
  }

  /** The consumer's last callback. @throws ConsumerFailedError, ConsumerFatalError, ConsumerOverdueError, as a rejection */
  async stop(): Promise<void> {
    await this.#call('onStopConsumption', () => this.#consumer.onStopConsumption?.(this.#calls.signal))
  }

  /** Tells the consumer why nothing comes any more; one that is still busy hears it when it is done. */
  async tell(error: AesopError): Promise<void> {
    const tell = async (): Promise<void> => {
      try {
        await this.#call('onError', () => this.#consumer.onError?.(error, this.#calls.signal))
      } catch (failure) {
        this.#options.log.warn('onError failed', { error: failureText(failure) })
      }
    }
    if (this.#calls.overdue === undefined) await tell()
    else this.#calls.putOff(tell)
  }

  /**
   * Forgets the window that is open and tells the consumer to go back to the last checkpoint.
   * @throws ConsumerOverdueError, as a rejection
   */
  async rollback(): Promise<void> {
    this.#leaveWindow()
    this.#lastScn = this.#checkpoint.windowScn
    this.#scnSpace = this.#checkpoint.scnSpace
    this.#totals.numRollbacks++
    try {
      await this.#call('onRollback', () => this.#consumer.onRollback?.(this.#checkpoint.windowScn, this.#calls.signal))
    } catch (error) {
      if (error instanceof ConsumerOverdueError) throw error
      this.#options.log.warn('onRollback failed; the rows come again all the same', { error: failureText(error) })
    }
  }

  /**
   * Processes one event; the view must stay where it is until the promise, if there is one, is fulfilled.
   * @throws ConsumerFailedError, ConsumerFatalError, ConsumerOverdueError, CheckpointUnwritableError, EventOrderError,
   * SchemaMissingError: at once or as a rejection
   */
  dispatch(view: EventView): Promise<void> | undefined {
    const sourceId = view.sourceId
    if (sourceId === this.#sourceId && this.#inWindow) return this.#row(view)
    if (sourceId < 0) return this.#control(view)
    if (sourceId === this.#catalogue?.changesId) return this.#schemaChange(view)
    return chain(this.#openWindow(view), () =>
      chain(this.#leaveSource(), () => chain(this.#enterSource(sourceId), () => this.#row(view))),
    )
  }

  #row(view: EventView): Promise<void> | undefined {
    if (view.bytes.readInt32BE(view.offset + AT_SCN_LOW) !== this.#windowScnLow) {
      throw new EventOrderError(`an event of SCN ${view.scn} inside the window of SCN ${this.#windowScn}`)
    }
    const schema = this.#source?.schemaOf(view)
    return schema === undefined ? this.#rowOfNewSchema(view) : this.#deliver(view, schema)
  }

  #deliver(view: EventView, schema: EventSchema): Promise<void> | undefined {
    this.#totals.numDataEventsReceived++
    const event = this.#eventAt(view, schema)
    let result: Result
    try {
      result = this.#consumer.onDataEvent(event, this.#calls.signal)
    } catch (error) {
      result = Promise.reject(error instanceof Error ? error : new Error(String(error)))
    }
    if (result === undefined || result === ConsumerCallbackResult.SUCCESS) {
      this.#delivered()
      return undefined
    }
    const place = (): CallbackPlace => this.#place('onDataEvent', event)
    return chain(this.#calls.settle(result, place), () => {
      this.#delivered()
      return undefined
    })
  }

  #delivered(): void {
    this.#windowEvents++
    this.#totals.numDataEventsProcessed++
  }

  #eventAt(view: EventView, schema: EventSchema): RowEvent {
    if (this.#event !== undefined) return this.#event.moveTo(view.bytes, view.offset, schema)
    this.#event = new RowEvent(view.bytes, view.offset, schema)
    return this.#event
  }

  /** Goes on without the rows that made it stop. */
  acceptQuarantine(): void {
    this.#changes.accept()
  }

  /** What concerns nobody here opens no window: to the consumer it is as if it were not there. */
  #schemaChange(view: EventView): Promise<void> | undefined {
    const scn = view.scn
    if (this.#inWindow && scn !== this.#windowScn)
      throw new EventOrderError(`an event of SCN ${scn} inside the window of SCN ${this.#windowScn}`)
    const changes = this.#catalogue?.source(view.sourceId)
    const schema = changes?.schemaOf(view)
    if (changes === undefined || schema === undefined)
      throw new SchemaMissingError(SCHEMA_CHANGE_SOURCE, view.schemaId.toString('hex'))
    const change = readSchemaChange(view, schema)
    if (change === undefined || !this.#changes.isToBeTold(change)) {
      if (change !== undefined) this.#changes.refuseQuarantined(change)
      this.#unseenEvent(scn)
      return undefined
    }
    return chain(this.#openWindow(view), () => chain(this.#leaveSource(), () => this.#tellChange(change)))
  }

  #tellChange(change: SchemaChange): Promise<void> | undefined {
    const told = this.#call('onSchemaChange', () => this.#consumer.onSchemaChange?.(change, this.#calls.signal))
    return chain(told, () => {
      this.#changes.refuseQuarantined(change)
      this.#windowEvents++
      return undefined
    })
  }

  /** It counts in the place within its window: a relay that is asked for the rest skips what it has sent. */
  #unseenEvent(scn: bigint): void {
    if (this.#inWindow) this.#windowEvents++
    else this.#unseen = { scn, events: this.#unseen.scn === scn ? this.#unseen.events + 1 : 1 }
  }

  /** A table was altered while we were reading: the relay tells of the new version. */
  async #rowOfNewSchema(view: EventView): Promise<void> {
    const source = this.#source
    if (source !== undefined) await this.#refresh?.(source)
    const schema = source?.schemaOf(view)
    const name = source?.source.name ?? String(this.#sourceId)
    if (schema === undefined) throw new SchemaMissingError(name, view.schemaId.toString('hex'))
    await this.#deliver(view, schema)
  }

  #openWindow(view: EventView): Promise<void> | undefined {
    if (this.#inWindow) return undefined
    const scn = view.scn
    if (scn <= this.#lastScn) throw new EventOrderError(`a window of SCN ${scn} after SCN ${this.#lastScn}`)
    if (!this.#hasBegun) this.#begin(scn)
    this.#scnSpace = this.#relayScnSpace
    this.#inWindow = true
    this.#windowScn = scn
    this.#windowScnLow = view.bytes.readInt32BE(view.offset + AT_SCN_LOW)
    this.#windowEvents = this.#unseen.scn === scn ? this.#unseen.events : 0
    return this.#call('onStartDataEventSequence', () =>
      this.#consumer.onStartDataEventSequence?.(scn, this.#calls.signal),
    )
  }

  /**
   * From its first window on a registration has a place to come back to: asked for anywhere once more, a relay would
   * begin with what it holds by then, and what it has forgotten in between would be missed without a word.
   */
  #begin(scn: bigint): void {
    if (this.#checkpoint.isFlexible) {
      // One below the first window, as in Databus, is as good: no window can lie between.
      const previousScn = this.#previousScn ?? scn - 1n
      if (previousScn < 0n || previousScn >= scn) {
        throw new EventOrderError(`a first window of SCN ${scn}, said to follow SCN ${previousScn}`)
      }
      this.#checkpoint = Checkpoint.online(previousScn, -1n, this.#relayScnSpace)
      this.#lastScn = previousScn
    }
    this.#options.begin(this.#checkpoint)
    this.#hasBegun = true
  }

  #enterSource(sourceId: number): Promise<void> | undefined {
    const subscribed = this.#catalogue?.source(sourceId)
    if (subscribed === undefined)
      throw new EventOrderError(`an event of the source ${sourceId}, which was not asked for`)
    this.#sourceId = sourceId
    this.#source = subscribed
    return this.#call('onStartSource', () => this.#consumer.onStartSource?.(subscribed.source, this.#calls.signal))
  }

  #leaveSource(): Promise<void> | undefined {
    const source = this.#source?.source
    if (Number.isNaN(this.#sourceId) || source === undefined) return undefined
    this.#sourceId = NO_SOURCE
    return this.#call('onEndSource', () => this.#consumer.onEndSource?.(source, this.#calls.signal))
  }

  /** Control events other than ends of windows are for clients that bootstrap. */
  #control(view: EventView): Promise<void> | undefined {
    this.#totals.numSysEventsReceived++
    if (!view.isEndOfPeriod) return undefined
    const scn = view.scn
    const timestampNanos = view.timestampNanos
    if (!this.#inWindow) return this.#emptyWindow(scn, timestampNanos)
    if (scn !== this.#windowScn) {
      throw new EventOrderError(`the window of SCN ${this.#windowScn} ends with SCN ${scn}`)
    }
    return chain(this.#leaveSource(), () =>
      chain(
        this.#call('onEndDataEventSequence', () => this.#consumer.onEndDataEventSequence?.(scn, this.#calls.signal)),
        () => this.#windowDone(scn, timestampNanos),
      ),
    )
  }

  #emptyWindow(scn: bigint, timestampNanos: bigint): Promise<void> | undefined {
    if (scn < this.#lastScn) throw new EventOrderError(`an empty window of SCN ${scn} after SCN ${this.#lastScn}`)
    if (scn === this.#lastScn) return undefined
    if (!this.#hasBegun) this.#begin(scn)
    this.#scnSpace = this.#relayScnSpace
    return this.#windowDone(scn, timestampNanos)
  }

  #windowDone(scn: bigint, timestampNanos: bigint): Promise<void> | undefined {
    this.#leaveWindow()
    this.#lastScn = scn
    if (scn > this.#highestScn) this.#highestScn = scn
    this.#totals.windowProcessed(scn, Number(timestampNanos / 1_000_000n), Date.now())
    return this.#askCheckpoint(scn, timestampNanos)
  }

  #leaveWindow(): void {
    this.#inWindow = false
    this.#sourceId = NO_SOURCE
    this.#windowEvents = 0
  }

  /** A consumer that does not agree to a checkpoint goes on without it: that is no failure. */
  #askCheckpoint(scn: bigint, timestampNanos: bigint): Promise<void> | undefined {
    if (this.#consumer.onCheckpoint === undefined) {
      this.#agreed(scn, timestampNanos)
      return undefined
    }
    let result: Result
    try {
      result = this.#consumer.onCheckpoint(scn, this.#calls.signal)
    } catch (error) {
      this.#refused(scn, failureText(error))
      return undefined
    }
    if (!isPromise(result)) {
      this.#answered(scn, timestampNanos, result as Verdict)
      return undefined
    }
    return this.#calls
      .verdictOf(result, () => this.#place('onCheckpoint'))
      .then(
        (verdict) => {
          this.#answered(scn, timestampNanos, verdict)
        },
        (error: unknown) => {
          if (error instanceof ConsumerOverdueError) throw error
          this.#refused(scn, failureText(error))
        },
      )
  }

  #answered(scn: bigint, timestampNanos: bigint, verdict: Verdict): void {
    const { SUCCESS, CHECKPOINT, SKIP_CHECKPOINT } = ConsumerCallbackResult
    if (verdict === undefined || verdict === SUCCESS || verdict === CHECKPOINT) this.#agreed(scn, timestampNanos)
    else if (verdict !== SKIP_CHECKPOINT) this.#refused(scn, `it returned ${verdict}`)
  }

  #agreed(scn: bigint, timestampNanos: bigint): void {
    this.#checkpoint = Checkpoint.online(scn, timestampNanos, this.#scnSpace)
    this.#options.acknowledge(this.#checkpoint)
  }

  #refused(scn: bigint, reason: string): void {
    this.#totals.numSysErrorsProcessed++
    this.#options.log.warn('onCheckpoint failed; the checkpoint stays where it was', { scn, reason })
  }

  /** @throws ConsumerFailedError, ConsumerFatalError, ConsumerOverdueError: at once or as a rejection */
  #call(callback: string, invoke: () => Result): Promise<void> | undefined {
    let result: Result
    try {
      result = invoke()
    } catch (error) {
      result = Promise.reject(error instanceof Error ? error : new Error(String(error)))
    }
    return this.#calls.settle(result, () => this.#place(callback))
  }

  #place(callback: string, event?: RowEvent): CallbackPlace {
    const { registration } = this.#options
    const source = this.#source?.source.name
    return {
      registration,
      callback,
      scn: this.scn,
      ...(Number.isNaN(this.#sourceId) || source === undefined ? {} : { source }),
      ...(event === undefined ? {} : this.#rowPlace(event)),
    }
  }

  #rowPlace({ key }: RowEvent): { ordinal: number; key?: string } {
    const shown = shownKey(key, this.#options.logKeys ?? 'hash')
    return { ordinal: this.#windowEvents, ...(shown === undefined ? {} : { key: shown }) }
  }
}

/** What went wrong in a callback whose failure changes nothing, in the words of whoever knows them. */
function failureText(error: unknown): string {
  return consumerText(error) ?? cutText(messageOf(error), OWN_ERROR_BYTES_MAX)
}
