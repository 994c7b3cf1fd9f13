import { type Checkpoint } from '@aesop/checkpoint'
import { type EventView, SCHEMA_CHANGE_SOURCE } from '@aesop/event'
import { type AesopError, type LogKeys, type Logger, shownKey } from '@aesop/kernel'
import { type CallbackTotals } from '@aesop/stats'
import { type AnswerHead } from '@aesop/wire'
import { Caller } from './caller.ts'
import { chain, type ConsumerCalls } from './consumer-calls.ts'
import { ConsumerCallbackResult, type Result } from './consumer.ts'
import { type DeliveryCallbacks } from './delivery-callbacks.ts'
import { type CallbackPlace, EventOrderError, SchemaMissingError } from './errors.ts'
import { ReadPlace } from './read-place.ts'
import { RowEvent } from './row-event.ts'
import { readSchemaChange, type QuarantinePolicy, type SchemaChange, SchemaChangeDesk } from './schema-change.ts'
import { type EventSchema, type SourceCatalogue, type SubscribedSource } from './source-catalogue.ts'

export interface DispatcherOptions {
  readonly registration: string
  readonly logicalSources: readonly string[]
  readonly onSourceQuarantined: QuarantinePolicy
  /** What is called with the events: `onlineCallbacks` of a consumer, for those of the stream. */
  readonly callbacks: DeliveryCallbacks
  /** Where the registration stood when it was last seen; flexible: it has no place yet. */
  readonly checkpoint: Checkpoint
  /**
   * Keeps the place where a registration that had none begins. No row is given before it has returned, or its promise is
   * fulfilled. @throws CheckpointUnwritableError, or rejects with it: then it is called again at the next try
   */
  readonly begin: (place: Checkpoint) => Promise<void> | undefined
  /** Gets every checkpoint that the consumer agreed to, in order; a promise holds back what comes next. */
  readonly acknowledge: (checkpoint: Checkpoint) => Promise<void> | undefined
  /** Where the consumer itself acknowledges windows: takes each that was given whole, in the place of `acknowledge`. */
  readonly given?: GivenWindows
  /** How long a promise of a callback may take before its signal fires, in milliseconds; 0 or less: unlimited. */
  readonly timeBudgetMs: number
  /** How the key of a row stands in an error. Default `hash`. */
  readonly logKeys?: LogKeys
  readonly totals: CallbackTotals
  readonly log: Logger
}

export interface GivenWindows {
  /** A window was given whole: it may be acknowledged from now on. */
  window(end: Checkpoint): void
  /** The same again, for windows that come again. */
  rolledBack(): void
  /** @returns a promise where nothing more may be given before it is fulfilled */
  room(): Promise<void> | undefined
}

const NO_SOURCE = Number.NaN

/**
 * Calls a consumer with the events of a stream, in Databus' order. One event at a time: when `dispatch` returns a
 * promise, the next event may come only after it. Callbacks that return no promise cost none.
 *
 * A failure leaves the dispatcher where it was; its owner calls `rollback` and feeds it again from `checkpoint`.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions
  readonly #callbacks: DeliveryCallbacks
  readonly #totals: CallbackTotals
  readonly #caller: Caller
  readonly #calls: ConsumerCalls
  readonly #place: ReadPlace
  readonly #changes: SchemaChangeDesk
  #catalogue: SourceCatalogue | undefined
  #refresh: ((source: SubscribedSource) => Promise<void>) | undefined
  #event: RowEvent | undefined

  #inWindow = false
  #windowScn = -1n
  #windowScnLow = 0
  #windowEvents = 0
  #sourceId = NO_SOURCE
  #source: SubscribedSource | undefined
  /** Events of a window that was not opened for them. */
  #unseen = { scn: -1n, events: 0 }

  /** @throws CheckpointInvalidError when the checkpoint is no place to start from */
  constructor(options: DispatcherOptions) {
    this.#options = options
    this.#callbacks = options.callbacks
    this.#totals = options.totals
    const { registration, logicalSources, callbacks, onSourceQuarantined, timeBudgetMs, log } = options
    const tellsChanges = callbacks.schemaChange !== undefined
    this.#changes = new SchemaChangeDesk(registration, logicalSources, tellsChanges, onSourceQuarantined, log)
    this.#place = new ReadPlace(options.checkpoint)
    this.#caller = new Caller({
      callbacks,
      timeBudgetMs,
      placeOf: (callback) => this.#placeOf(callback),
      agreed: (scn, timestampNanos) =>
        options.given === undefined
          ? options.acknowledge(this.#place.agree(this.#place.endOf(scn, timestampNanos)))
          : undefined,
      refused: (scn, reason) => {
        this.#totals.numSysErrorsProcessed++
        log.warn('onCheckpoint failed; the checkpoint stays where it was', { scn, reason })
      },
      log,
    })
    this.#calls = this.#caller.calls
  }

  /** Whether there is a place to come back to. */
  get hasBegun(): boolean {
    return this.#place.hasBegun
  }

  /** Keeps the place where reading is to begin, in the place of the oldest window that a relay has. @throws CheckpointUnwritableError */
  async beginAt(place: Checkpoint): Promise<void> {
    await this.#options.begin(place)
    this.#place.beginAt(place)
  }

  /** Where a rollback goes: the last window that the consumer agreed to. */
  get checkpoint(): Checkpoint {
    return this.#place.checkpoint
  }
  get inWindow(): boolean {
    return this.#inWindow
  }
  /** The newest window ever processed whole; it never goes back. */
  get highestScn(): bigint {
    return this.#place.highestScn
  }
  /** SCN of the last window that was processed whole; −1 before the first. */
  get readScn(): bigint {
    return this.#place.lastScn
  }
  /** SCN of the window that is open, else of the last one. */
  get scn(): bigint {
    return this.#inWindow ? this.#windowScn : this.#place.lastScn
  }

  /** Where reading goes on when nothing went wrong: also within a window that a relay has cut. */
  get position(): Checkpoint {
    return this.#inWindow ? this.#place.positionWithin(this.#windowScn, this.#windowEvents) : this.#place.position
  }

  /**
   * What the relay says of the answer that follows, where it says so: the SCN before its first window, and its SCN space.
   * @throws ScnSpaceForeignError when reading stands at a place of another one
   */
  answerBegins(head: AnswerHead): void {
    this.#place.answerBegins(head, this.position)
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
  start(): Promise<void> {
    return this.#caller.start()
  }

  /** The consumer's last callback. @throws ConsumerFailedError, ConsumerFatalError, ConsumerOverdueError, as a rejection */
  stop(): Promise<void> {
    return this.#caller.stop()
  }

  /** Tells the consumer why nothing comes any more; one that is still busy hears it when it is done. */
  tell(error: AesopError): Promise<void> {
    return this.#caller.tell(error)
  }

  /**
   * Forgets the window that is open and tells the consumer to go back to the last checkpoint.
   * @throws ConsumerOverdueError, as a rejection
   */
  rollback(): Promise<void> {
    this.#leaveWindow()
    this.#place.rollback()
    this.#options.given?.rolledBack()
    this.#totals.numRollbacks++
    return this.#caller.rollback(this.#place.checkpoint.windowScn)
  }

  /** The consumer has acknowledged what it was given up to the end of this window. */
  acknowledged(end: Checkpoint): void {
    if (end.windowScn > this.#place.checkpoint.windowScn) this.#place.agree(end)
  }

  /** Goes on without the rows that made it stop. */
  acceptQuarantine(): void {
    this.#changes.accept()
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
    return this.#rowOfOther(view, sourceId)
  }

  /** A row of another source or window than the one before; after a wait it goes on with the first step that is not done yet. */
  #rowOfOther(view: EventView, sourceId: number): Promise<void> | undefined {
    const wait =
      this.#openWindow(view) ??
      (sourceId === this.#sourceId ? undefined : (this.#leaveSource() ?? this.#enterSource(sourceId)))
    return wait === undefined ? this.#row(view) : this.#rowOfOtherAfter(wait, view, sourceId)
  }

  /** This, and what waits below, is apart from what does not wait, which would make room for what a closure holds at every call. */
  async #rowOfOtherAfter(wait: Promise<void>, view: EventView, sourceId: number): Promise<void> {
    await wait
    await this.#rowOfOther(view, sourceId)
  }

  #row(view: EventView): Promise<void> | undefined {
    if (view.scnLow !== this.#windowScnLow) {
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
      result = this.#callbacks.event(event, this.#calls.signal)
    } catch (error) {
      result = Promise.reject(error instanceof Error ? error : new Error(String(error)))
    }
    if (result === undefined || result === ConsumerCallbackResult.SUCCESS) {
      this.#delivered()
      return undefined
    }
    return this.#deliveredAfter(result, event)
  }

  #deliveredAfter(result: Result, event: RowEvent): Promise<void> | undefined {
    const place = (): CallbackPlace => this.#rowPlace(event)
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

  /** What concerns nobody here opens no window: to the consumer it is as if it were not there. */
  #schemaChange(view: EventView): Promise<void> | undefined {
    const scn = view.scn
    if (this.#inWindow && scn !== this.#windowScn)
      throw new EventOrderError(`an event of SCN ${scn} inside the window of SCN ${this.#windowScn}`)
    const changes = this.#catalogue?.source(view.sourceId)
    const schema = changes?.schemaOf(view)
    if (changes === undefined || schema === undefined) throw this.#schemaMissing(SCHEMA_CHANGE_SOURCE, view)
    const change = readSchemaChange(view, schema)
    if (change === undefined || !this.#changes.isToBeTold(change)) {
      if (change !== undefined) this.#changes.refuseQuarantined(change, this.#ordinalOf(scn))
      this.#unseenEvent(scn)
      return undefined
    }
    return chain(this.#openWindow(view), () => chain(this.#leaveSource(), () => this.#tellChange(change)))
  }

  #tellChange(change: SchemaChange): Promise<void> | undefined {
    const { schemaChange, names } = this.#callbacks
    const ordinal = this.#windowEvents
    const told = this.#caller.data(
      'schemaChange',
      () => schemaChange?.(change, this.#calls.signal),
      () => ({ ...this.#placeOf(names.schemaChange), source: change.source, ordinal }),
    )
    return chain(told, () => {
      this.#changes.refuseQuarantined(change, ordinal)
      this.#windowEvents++
      return undefined
    })
  }

  /** It counts in the place within its window: a relay that is asked for the rest skips what it has sent. */
  #unseenEvent(scn: bigint): void {
    if (this.#inWindow) this.#windowEvents++
    else this.#unseen = { scn, events: this.#ordinalOf(scn) + 1 }
  }

  /** How many events of the window that an event belongs to came before it. */
  #ordinalOf(scn: bigint): number {
    if (this.#inWindow) return this.#windowEvents
    return this.#unseen.scn === scn ? this.#unseen.events : 0
  }

  #schemaMissing(source: string, view: EventView): SchemaMissingError {
    const { scn } = view
    return new SchemaMissingError(source, view.schemaId.toString('hex'), { scn, ordinal: this.#ordinalOf(scn) })
  }

  /** A table was altered while we were reading: the relay tells of the new version. */
  async #rowOfNewSchema(view: EventView): Promise<void> {
    const source = this.#source
    if (source !== undefined) await this.#refresh?.(source)
    const schema = source?.schemaOf(view)
    const name = source?.source.name ?? String(this.#sourceId)
    if (schema === undefined) throw this.#schemaMissing(name, view)
    await this.#deliver(view, schema)
  }

  #openWindow(view: EventView): Promise<void> | undefined {
    if (this.#inWindow) return undefined
    const scn = view.scn
    const { lastScn, hasBegun } = this.#place
    if (scn <= lastScn) throw new EventOrderError(`a window of SCN ${scn} after SCN ${lastScn}`)
    const begun = hasBegun ? undefined : this.#begin(scn)
    return begun === undefined ? this.#windowOpens(view, scn) : this.#windowOpensAfter(begun, view, scn)
  }

  async #windowOpensAfter(begun: Promise<void>, view: EventView, scn: bigint): Promise<void> {
    await begun
    await this.#windowOpens(view, scn)
  }

  #windowOpens(view: EventView, scn: bigint): Promise<void> | undefined {
    this.#place.windowBegins()
    this.#windowEvents = this.#ordinalOf(scn)
    this.#inWindow = true
    this.#windowScn = scn
    this.#windowScnLow = view.scnLow
    return this.#caller.about('startSequence', scn)
  }

  #begin(scn: bigint): Promise<void> | undefined {
    return chain(this.#options.begin(this.#place.begin(scn)), () => {
      this.#place.hasBegun = true
      return undefined
    })
  }

  #enterSource(sourceId: number): Promise<void> | undefined {
    const subscribed = this.#catalogue?.source(sourceId)
    if (subscribed === undefined)
      throw new EventOrderError(`an event of the source ${sourceId}, which was not asked for`)
    this.#sourceId = sourceId
    this.#source = subscribed
    return this.#caller.about('startSource', subscribed.source)
  }

  #leaveSource(): Promise<void> | undefined {
    const source = this.#source?.source
    if (Number.isNaN(this.#sourceId) || source === undefined) return undefined
    this.#sourceId = NO_SOURCE
    return this.#caller.about('endSource', source)
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
    const left = this.#leaveSource()
    if (left !== undefined) return this.#endWindowAfter(left, scn, timestampNanos)
    return this.#endWindow(scn, timestampNanos)
  }

  async #endWindowAfter(left: Promise<void>, scn: bigint, timestampNanos: bigint): Promise<void> {
    await left
    await this.#endWindow(scn, timestampNanos)
  }

  #endWindow(scn: bigint, timestampNanos: bigint): Promise<void> | undefined {
    const told = this.#caller.about('endSequence', scn)
    if (told !== undefined) return this.#windowDoneAfter(told, scn, timestampNanos)
    return this.#windowDone(scn, timestampNanos)
  }

  async #windowDoneAfter(told: Promise<void>, scn: bigint, timestampNanos: bigint): Promise<void> {
    await told
    await this.#windowDone(scn, timestampNanos)
  }

  #emptyWindow(scn: bigint, timestampNanos: bigint): Promise<void> | undefined {
    const { lastScn, hasBegun } = this.#place
    if (scn < lastScn) throw new EventOrderError(`an empty window of SCN ${scn} after SCN ${lastScn}`)
    if (scn === lastScn) return undefined
    return hasBegun
      ? this.#emptyWindowDone(scn, timestampNanos)
      : chain(this.#begin(scn), () => this.#emptyWindowDone(scn, timestampNanos))
  }

  #emptyWindowDone(scn: bigint, timestampNanos: bigint): Promise<void> | undefined {
    this.#place.windowBegins()
    return this.#windowDone(scn, timestampNanos)
  }

  #windowDone(scn: bigint, timestampNanos: bigint): Promise<void> | undefined {
    this.#leaveWindow()
    this.#place.windowDone(scn)
    this.#totals.windowProcessed(scn, timestampNanos)
    const { given } = this.#options
    if (given === undefined) return this.#caller.checkpoint(scn, timestampNanos)
    return this.#windowGiven(given, scn, timestampNanos)
  }

  #windowGiven(given: GivenWindows, scn: bigint, timestampNanos: bigint): Promise<void> | undefined {
    given.window(this.#place.endOf(scn, timestampNanos))
    return chain(this.#caller.checkpoint(scn, timestampNanos), () => given.room())
  }

  #leaveWindow(): void {
    this.#inWindow = false
    this.#sourceId = NO_SOURCE
    this.#windowEvents = 0
  }

  #placeOf(callback: string): CallbackPlace {
    const { registration } = this.#options
    const source = this.#source?.source.name
    const isWithin = !Number.isNaN(this.#sourceId) && source !== undefined
    return { registration, callback, scn: this.scn, ...(isWithin ? { source } : {}) }
  }

  #rowPlace({ key }: RowEvent): CallbackPlace {
    const shown = shownKey(key, this.#options.logKeys ?? 'hash')
    const place = this.#placeOf(this.#callbacks.names.event)
    return { ...place, ordinal: this.#windowEvents, ...(shown === undefined ? {} : { key: shown }) }
  }
}
