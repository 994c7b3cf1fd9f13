import { bootstrapCheckpoint, type BootstrapPlace, type Checkpoint } from '@aesop/checkpoint'
import { type EventView, SCHEMA_CHANGE_SOURCE } from '@aesop/event'
import { type AesopError, type LogKeys, type Logger, shownKey } from '@aesop/kernel'
import { Caller } from '../caller.ts'
import { ConsumerCallbackResult, type Result } from '../consumer.ts'
import { type BootstrapCallbacks } from '../delivery-callbacks.ts'
import { type Delivery } from '../delivery.ts'
import { type CallbackPlace, EventOrderError, SchemaMissingError } from '../errors.ts'
import { RowEvent } from '../row-event.ts'
import { type QuarantinePolicy, readSchemaChange, SchemaChangeDesk } from '../schema-change.ts'
import { type EventSchema, type SourceCatalogue, type SubscribedSource } from '../source-catalogue.ts'
import { type BootstrapReceiver, type ReceiverFault } from './bootstrapper.ts'

export interface BootstrapDeliveryOptions {
  readonly registration: string
  readonly logicalSources: readonly string[]
  readonly onSourceQuarantined: QuarantinePolicy
  readonly callbacks: BootstrapCallbacks
  /** Stores a place; what follows waits for it. @throws CheckpointUnwritableError, as a rejection */
  readonly keep: (checkpoint: Checkpoint) => Promise<void>
  /** What follows a failure of the consumer, in the phase of a bootstrap. */
  readonly delivery: Delivery
  /** How long a promise of a callback may take before its signal fires, in milliseconds; 0 or less: unlimited. */
  readonly timeBudgetMs: number
  /** How the key of a row stands in an error. Default `hash`. */
  readonly logKeys?: LogKeys
  readonly log: Logger
}

const NO_SOURCE = Number.NaN

/**
 * Calls a consumer with what a bootstrap brings: each batch is a sequence, of the SCN that its snapshot or its round of logs comes to,
 * with a checkpoint behind it. Where the consumer does not agree to that, a roll-back goes further back.
 */
export class BootstrapDelivery implements BootstrapReceiver {
  readonly #options: BootstrapDeliveryOptions
  readonly #caller: Caller
  readonly #changes: SchemaChangeDesk
  /** Events that were given, whether or not they have come before. */
  rows = 0
  #catalogue: SourceCatalogue | undefined
  #refresh: ((source: SubscribedSource) => Promise<void>) | undefined
  /** Where a roll-back goes. */
  #kept: BootstrapPlace | undefined
  #asked: BootstrapPlace | undefined
  #isOpen = false
  #scn = -1n
  #events = 0
  #sourceId = NO_SOURCE
  #source: SubscribedSource | undefined
  #event: RowEvent | undefined

  constructor(options: BootstrapDeliveryOptions) {
    this.#options = options
    const { registration, logicalSources, onSourceQuarantined, callbacks, timeBudgetMs, log } = options
    const tellsChanges = callbacks.schemaChange !== undefined
    this.#changes = new SchemaChangeDesk(registration, logicalSources, tellsChanges, onSourceQuarantined, log)
    this.#caller = new Caller({
      callbacks: { ...callbacks, start: (signal) => callbacks.start(signal, { complete: false }) },
      timeBudgetMs,
      placeOf: (callback) => this.#placeOf(callback),
      agreed: () => this.#agree(),
      refused: (scn, reason) => {
        log.warn('onBootstrapCheckpoint failed; the checkpoint stays where it was', { scn, reason })
      },
      log,
    })
  }

  /** Whether a batch is given that has not ended. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** The call that used up its time twice and goes on: until it settles the consumer may be given nothing. */
  get overdue(): CallbackPlace | undefined {
    return this.#caller.calls.overdue
  }

  /** Resolves when no call is overdue, or when the signal aborts. */
  whenSettled(signal: AbortSignal): Promise<void> {
    return this.#caller.calls.whenSettled(signal)
  }

  /** Fires the signal of the call that runs: its batch is given up. */
  giveUp(reason: Error): void {
    this.#caller.calls.fire(reason)
  }

  /** Tells the consumer why nothing comes any more. */
  tell(error: AesopError): Promise<void> {
    return this.#caller.tell(error)
  }

  /** Goes on without the rows that made it stop. */
  acceptQuarantine(): void {
    this.#changes.accept()
  }

  /**
   * Tells what the relay serves whose events the store has, and how a source learns the schema that an event of it names. What is left of
   * a batch that was interrupted is forgotten.
   */
  bind(catalogue: SourceCatalogue, refresh: (source: SubscribedSource) => Promise<void>): void {
    this.#catalogue = catalogue
    this.#refresh = refresh
    this.#leave()
  }

  async begin(place: BootstrapPlace, isComplete: boolean): Promise<void> {
    await this.#rollBack()
    await this.#options.keep(bootstrapCheckpoint(place))
    this.#kept = place
    const { callbacks } = this.#options
    await this.#caller.data('start', () => callbacks.start(this.#caller.calls.signal, { complete: isComplete }))
  }

  /** The consumer has everything. @throws ConsumerFailedError, ConsumerFatalError, ConsumerOverdueError, as a rejection */
  async end(): Promise<void> {
    await this.#caller.data('stop', () => this.#options.callbacks.stop(this.#caller.calls.signal))
  }

  take(view: EventView, place: BootstrapPlace): Promise<void> | undefined {
    return view.sourceId === this.#sourceId ? this.#row(view) : this.#takeOther(view, place)
  }

  async batchEnds(place: BootstrapPlace): Promise<void> {
    if (this.#isOpen) {
      await this.#leaveSource()
      await this.#caller.about('endSequence', this.#scn)
      this.#leave()
    } else this.#scn = sequenceOf(place)
    this.#asked = place
    await this.#caller.checkpoint(this.#scn, 0n)
    this.#options.delivery.progressed()
  }

  failed(error: unknown): ReceiverFault | undefined {
    const { delivery } = this.#options
    const outcome = delivery.failed(error, this.#isOpen)
    if (outcome === undefined) return undefined
    this.#leave()
    const fault = delivery.fault ?? (error as Error)
    if (outcome.kind === 'stop' || this.#kept === undefined) return { kind: 'stop', error: fault }
    return { kind: 'again', place: this.#kept, delayMs: outcome.delayMs }
  }

  brokeOff(): BootstrapPlace | undefined {
    const place = this.#isOpen ? this.#kept : undefined
    this.#leave()
    return place
  }

  #agree(): Promise<void> | undefined {
    this.#kept = this.#asked
    return this.#kept === undefined ? undefined : this.#options.keep(bootstrapCheckpoint(this.#kept))
  }

  async #rollBack(): Promise<void> {
    const { delivery } = this.#options
    if (!delivery.owesRollback) return
    await this.#caller.rollback(this.#kept === undefined ? -1n : sequenceOf(this.#kept))
    delivery.rolledBack()
  }

  /** An event of another source than the one before, or the first of its batch. */
  async #takeOther(view: EventView, place: BootstrapPlace): Promise<void> {
    await this.#rollBack()
    if (!this.#isOpen) {
      this.#isOpen = true
      this.#scn = sequenceOf(place)
      await this.#caller.about('startSequence', this.#scn)
    }
    await this.#leaveSource()
    if (view.sourceId === this.#catalogue?.changesId) return this.#change(view)
    await this.#enterSource(view.sourceId)
    await this.#row(view)
  }

  #row(view: EventView): Promise<void> | undefined {
    const schema = this.#source?.schemaOf(view)
    return schema === undefined ? this.#rowOfNewSchema(view) : this.#deliver(view, schema)
  }

  /** A table was altered since its relay was asked: it tells of the new version. */
  async #rowOfNewSchema(view: EventView): Promise<void> {
    const source = this.#source
    if (source === undefined) throw new EventOrderError('a row of no source')
    await this.#refresh?.(source)
    const schema = source.schemaOf(view)
    if (schema === undefined) throw this.#schemaMissing(source.source.name, view)
    await this.#deliver(view, schema)
  }

  #deliver(view: EventView, schema: EventSchema): Promise<void> | undefined {
    const event = (this.#event ??= new RowEvent(view.bytes, view.offset, schema))
    event.moveTo(view.bytes, view.offset, schema)
    this.#events++
    this.rows++
    let result: Result
    try {
      result = this.#options.callbacks.event(event, this.#caller.calls.signal)
    } catch (error) {
      result = Promise.reject(error instanceof Error ? error : new Error(String(error)))
    }
    if (result === undefined || result === ConsumerCallbackResult.SUCCESS) return undefined
    return this.#caller.calls.settle(result, () => this.#rowPlace(event))
  }

  async #change(view: EventView): Promise<void> {
    const schema = this.#catalogue?.source(view.sourceId)?.schemaOf(view)
    if (schema === undefined) throw this.#schemaMissing(SCHEMA_CHANGE_SOURCE, view)
    const change = readSchemaChange(view, schema)
    if (change === undefined) return
    const { schemaChange } = this.#options.callbacks
    if (this.#changes.isToBeTold(change))
      await this.#caller.data('schemaChange', () => schemaChange?.(change, this.#caller.calls.signal))
    this.#changes.refuseQuarantined(change, this.#events)
    this.#events++
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
    if (source === undefined) return undefined
    this.#sourceId = NO_SOURCE
    this.#source = undefined
    return this.#caller.about('endSource', source)
  }

  #leave(): void {
    this.#isOpen = false
    this.#events = 0
    this.#sourceId = NO_SOURCE
    this.#source = undefined
  }

  #schemaMissing(source: string, view: EventView): SchemaMissingError {
    return new SchemaMissingError(source, view.schemaId.toString('hex'), { scn: view.scn, ordinal: this.#events })
  }

  #placeOf(callback: string): CallbackPlace {
    const { registration } = this.#options
    const source = this.#source?.source.name
    return { registration, callback, scn: this.#scn, ...(source === undefined ? {} : { source }) }
  }

  #rowPlace({ key, scn }: RowEvent): CallbackPlace {
    const shown = shownKey(key, this.#options.logKeys ?? 'hash')
    const place = { ...this.#placeOf(this.#options.callbacks.names.event), scn, ordinal: this.#events - 1 }
    return shown === undefined ? place : { ...place, key: shown }
  }
}

/** What the consumer comes to with this batch and those after it. */
function sequenceOf({ phase, startScn, targetScn }: BootstrapPlace): bigint {
  return phase === 'snapshot' ? startScn : targetScn
}
