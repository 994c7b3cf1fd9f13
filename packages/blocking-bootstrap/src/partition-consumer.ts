import {
  bootstrapCallbacks,
  Caller,
  type CallbackPlace,
  ConsumerCallbackResult,
  Delivery,
  type DeliveryCallbacks,
  type EventConsumer,
  onlineCallbacks,
  readSchemaChange,
  type Result,
  RowEvent,
  SchemaChangeDesk,
  SchemaMissingError,
  type SourceCatalogue,
  type SubscribedSource,
} from '@aesop/client'
import { EventView, SCHEMA_CHANGE_SOURCE } from '@aesop/event'
import { AesopError, type LogKeys, type Logger, messageOf, shownKey, silentLogger, sleep } from '@aesop/kernel'
import { NotAgreedError } from './errors.ts'
import { type PartitionQueue } from './partition-queue.ts'
import { type RetrySettings } from './retry-settings.ts'
import { type Share } from './share.ts'

export interface PartitionConsumerOptions {
  /** For errors and logs: `<physical source>/<partition>`. */
  readonly name: string
  readonly partition: number
  readonly logicalSources: readonly string[]
  readonly consumer: EventConsumer
  readonly queue: PartitionQueue
  readonly catalogue: SourceCatalogue
  /** Lets a source learn the schemas that came since. */
  readonly learn: (source: SubscribedSource) => void
  readonly retries: RetrySettings
  readonly logKeys: LogKeys
  readonly log: Logger
  /** The consumer is done with a share: it need not come again. */
  readonly onAgreed: (share: Share, partition: number) => void
  /** Nothing more can be given to this consumer. */
  readonly onFailed: (error: Error) => void
  /** Whether nothing more comes. */
  readonly isOver: () => boolean
  /** Whether nothing more can come before this consumer agrees. */
  readonly isStuck: () => boolean
}

const NO_SOURCE = Number.NaN
/** How often a consumer that has not agreed is looked at, in milliseconds. */
const LOOK_MS = 100

/**
 * Gives the shares of one partition to its consumer, one call at a time: a share is a sequence of its own, with its checkpoint behind
 * it. What fails is given again from the last checkpoint that the consumer agreed to; until then it stays in memory.
 */
export class PartitionConsumer {
  readonly #options: PartitionConsumerOptions
  readonly #online: Caller
  readonly #rows: Caller
  readonly #delivery: Delivery
  readonly #changes: SchemaChangeDesk
  readonly #stopping = new AbortController()
  readonly #view = new EventView()
  /** Given since the last agreement, oldest first; what fails begins anew with the first. */
  #given: Share[] = []
  #running: Promise<void> | undefined
  #agreements = 0
  /** The last share with a change of a table, where all partitions have met. */
  #metIn: Share | undefined
  /** What the share is that is being given, for errors. */
  #scn = -1n
  #ordinal = 0
  #sourceId = NO_SOURCE
  #source: SubscribedSource | undefined
  #event: RowEvent | undefined
  #agreedScn = -1n

  constructor(options: PartitionConsumerOptions) {
    this.#options = options
    const { consumer, name, logicalSources, partition, log, retries } = options
    const bootstrap = bootstrapCallbacks(consumer)
    const tellsChanges = consumer.onSchemaChange !== undefined
    this.#online = this.#callerOf(onlineCallbacks(consumer))
    this.#rows = this.#callerOf({ ...bootstrap, start: (signal) => bootstrap.start(signal, { complete: false }) })
    // One of them warns of what no consumer is told.
    const deskLog = partition === 0 ? log : silentLogger
    this.#changes = new SchemaChangeDesk(name, logicalSources, tellsChanges, 'suspend', deskLog)
    const policy = { retries: retries.dispatcherRetries, exhausted: 'stop' } as const
    this.#delivery = new Delivery({
      policy: { online: policy, bootstrap: policy, saveRetries: retries.dispatcherRetries },
      log,
      random: Math.random,
      nowMs: () => performance.now(),
    })
  }

  /** Why it does not get on; undefined: it does. */
  get fault(): Error | undefined {
    return this.#delivery.fault
  }

  /**
   * @param rows undefined: they were all given before, in another process
   * @throws ConsumerFailedError, ConsumerFatalError, ConsumerOverdueError, as a rejection
   */
  async start(rows: { readonly complete: boolean } | undefined): Promise<void> {
    await this.#online.start()
    if (rows !== undefined) {
      const { consumer } = this.#options
      const { calls } = this.#rows
      await this.#rows.data('start', () => bootstrapCallbacks(consumer).start(calls.signal, rows))
    }
    this.#running = this.#run()
  }

  /**
   * Ends with the share that is being given; no other is begun.
   * @param limit fires when the share is to be given up
   * @throws what `onStopConsumption` comes to, as a rejection
   */
  async stop(limit: AbortSignal): Promise<void> {
    this.#stopping.abort()
    if (this.#running === undefined) return
    const giveUp = (): void => {
      for (const { calls } of [this.#online, this.#rows]) calls.fire(new Error('the blocking bootstrap stops'))
    }
    limit.addEventListener('abort', giveUp)
    await this.#running
    limit.removeEventListener('abort', giveUp)
    this.#running = undefined
    const isBusy = this.#online.calls.overdue !== undefined || this.#rows.calls.overdue !== undefined
    if (!isBusy) await this.#online.stop()
  }

  #callerOf(callbacks: DeliveryCallbacks): Caller {
    return new Caller({
      callbacks,
      timeBudgetMs: this.#options.retries.consumerTimeBudgetMs,
      placeOf: (callback) => this.#placeOf(callback),
      agreed: () => {
        this.#agreements++
        return undefined
      },
      refused: (scn, reason) => {
        this.#options.log.warn('onCheckpoint failed; the checkpoint stays where it was', { scn, reason })
      },
      log: this.#options.log,
    })
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    try {
      while (!isAborted(signal)) {
        const share = await this.#next(signal)
        if (share === undefined) continue
        this.#given.push(share)
        await this.#untilGiven(signal)
      }
    } catch (cause) {
      const error = this.#delivery.fault ?? (cause instanceof Error ? cause : new Error(messageOf(cause)))
      this.#options.onFailed(error)
      if (error instanceof AesopError) await this.#online.tell(error)
    }
  }

  /** Undefined: nothing has come yet. Who has not agreed is looked at now and then. */
  async #next(signal: AbortSignal): Promise<Share | undefined> {
    const { queue } = this.#options
    if (this.#given.length === 0) return queue.next(signal)
    if (queue.isEmpty) await this.#insist()
    return queue.next(AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]))
  }

  /** Where nothing more comes the consumer is asked once more. @throws NotAgreedError where it has to agree and does not */
  async #insist(): Promise<void> {
    const { isOver, isStuck, name } = this.#options
    const last = this.#given.at(-1)
    if (last === undefined || (!isOver() && !isStuck())) return
    const caller = last.kind === 'rows' ? this.#rows : this.#online
    if (!(await this.#asks(caller, last))) throw new NotAgreedError(name, this.#given.length)
    this.#agree(this.#given.length)
  }

  /** Gives what is not agreed to, from the newest on, and after a failure from the oldest on. */
  async #untilGiven(signal: AbortSignal): Promise<void> {
    for (let from = this.#given.length - 1; !isAborted(signal);) {
      try {
        await this.#giveFrom(from, signal)
        this.#delivery.progressed()
        return
      } catch (error) {
        this.#leave()
        if (isAborted(signal)) return
        const outcome = this.#delivery.failed(error, true)
        if (outcome?.kind !== 'again') throw error
        await sleep(outcome.delayMs, signal)
        if (isAborted(signal)) return
        await this.#online.rollback(this.#agreedScn)
        this.#delivery.rolledBack()
        from = 0
      }
    }
  }

  async #giveFrom(from: number, signal: AbortSignal): Promise<void> {
    for (let at = from; at < this.#given.length; at++) {
      const share = this.#given[at]
      if (share === undefined || signal.aborted) return
      const hasAgreed = await this.#give(share)
      // A change of a table has let go of those before it.
      at = this.#given.indexOf(share)
      if (!hasAgreed) continue
      this.#agree(at + 1)
      at = -1
    }
  }

  /** The first so many need not come again. */
  #agree(count: number): void {
    const { onAgreed, partition } = this.#options
    for (const share of this.#given.splice(0, count)) {
      this.#agreedScn = share.scn
      onAgreed(share, partition)
    }
  }

  /** @returns whether the consumer agrees to come back to its end */
  async #give(share: Share): Promise<boolean> {
    this.#scn = share.scn
    this.#ordinal = 0
    if (share.kind === 'rows-end') return this.#endRows()
    const caller = share.kind === 'rows' ? this.#rows : this.#online
    await caller.about('startSequence', share.scn)
    for await (const { bytes, offsets } of share.pieces()) {
      for (const offset of offsets) {
        const wait = this.#take(this.#view.moveTo(bytes, offset), caller, share)
        if (wait !== undefined) await wait
      }
    }
    await this.#leaveSource(caller)
    await caller.about('endSequence', share.scn)
    // What concerns all partitions is not given again after the others have gone on.
    return (await this.#asks(caller, share)) || this.#metIn === share
  }

  async #asks(caller: Caller, { scn, timestampNanos }: Share): Promise<boolean> {
    const before = this.#agreements
    await caller.checkpoint(scn, timestampNanos)
    return this.#agreements > before
  }

  async #endRows(): Promise<boolean> {
    await this.#rows.data('stop', () => this.#rows.callbacks.stop(this.#rows.calls.signal))
    return true
  }

  #take(view: EventView, caller: Caller, share: Share): Promise<void> | undefined {
    return view.sourceId === this.#sourceId ? this.#row(view, caller) : this.#takeOther(view, caller, share)
  }

  async #takeOther(view: EventView, caller: Caller, share: Share): Promise<void> {
    await this.#leaveSource(caller)
    if (view.sourceId === this.#options.catalogue.changesId) return this.#change(view, caller, share)
    const source = this.#options.catalogue.source(view.sourceId)
    if (source === undefined) throw this.#schemaMissing(String(view.sourceId), view)
    this.#sourceId = view.sourceId
    this.#source = source
    await caller.about('startSource', source.source)
    await this.#row(view, caller)
  }

  #row(view: EventView, caller: Caller): Promise<void> | undefined {
    const source = this.#source
    const schema = source?.schemaOf(view) ?? this.#learned(source, view)
    if (schema === undefined) throw this.#schemaMissing(source?.source.name ?? '', view)
    const event = (this.#event ??= new RowEvent(view.bytes, view.offset, schema))
    event.moveTo(view.bytes, view.offset, schema)
    this.#ordinal++
    let result: Result
    try {
      result = caller.callbacks.event(event, caller.calls.signal)
    } catch (error) {
      result = Promise.reject(error instanceof Error ? error : new Error(String(error)))
    }
    if (result === undefined || result === ConsumerCallbackResult.SUCCESS) return undefined
    return caller.calls.settle(result, () => this.#rowPlace(event, caller))
  }

  /** A table may have been altered since the consumer was made. */
  #learned(source: SubscribedSource | undefined, view: EventView): ReturnType<SubscribedSource['schemaOf']> {
    if (source === undefined) return undefined
    this.#options.learn(source)
    return source.schemaOf(view)
  }

  /** What befell a table befell the keys of all partitions: it is told when all before it is given everywhere, and before all after it. */
  async #change(view: EventView, caller: Caller, share: Share): Promise<void> {
    const { catalogue, partition } = this.#options
    const changes = catalogue.source(view.sourceId)
    const schema = changes === undefined ? undefined : (changes.schemaOf(view) ?? this.#learned(changes, view))
    if (schema === undefined) throw this.#schemaMissing(SCHEMA_CHANGE_SOURCE, view)
    const change = readSchemaChange(view, schema)
    if (change === undefined) return
    const { signal } = this.#stopping
    this.#agree(this.#given.indexOf(share))
    await share.barrier?.arrive(partition, signal)
    if (signal.aborted) throw new Error('the blocking bootstrap stops')
    if (this.#changes.isToBeTold(change))
      await caller.data('schemaChange', () => caller.callbacks.schemaChange?.(change, caller.calls.signal))
    this.#changes.refuseQuarantined(change, this.#ordinal)
    this.#ordinal++
    this.#metIn = share
    await share.barrier?.leave(partition, signal)
  }

  #leaveSource(caller: Caller): Promise<void> | undefined {
    const source = this.#source?.source
    if (source === undefined) return undefined
    this.#leave()
    return caller.about('endSource', source)
  }

  #leave(): void {
    this.#sourceId = NO_SOURCE
    this.#source = undefined
  }

  #schemaMissing(source: string, view: EventView): SchemaMissingError {
    return new SchemaMissingError(source, view.schemaId.toString('hex'), { scn: this.#scn, ordinal: this.#ordinal })
  }

  #placeOf(callback: string): CallbackPlace {
    const source = this.#source?.source.name
    const { name } = this.#options
    return { registration: name, callback, scn: this.#scn, ...(source === undefined ? {} : { source }) }
  }

  #rowPlace({ key }: RowEvent, caller: Caller): CallbackPlace {
    const shown = shownKey(key, this.#options.logKeys)
    const place = { ...this.#placeOf(caller.callbacks.names.event), ordinal: this.#ordinal - 1 }
    return shown === undefined ? place : { ...place, key: shown }
  }
}

/** Asked after an await: it may have changed. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}
