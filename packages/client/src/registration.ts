import {
  bootstrapCheckpoint,
  type BootstrapPlace,
  bootstrapPlaceOf,
  Checkpoint,
  type CheckpointStore,
  CheckpointUnreadableError,
} from '@aesop/checkpoint'
import {
  AesopError,
  type Alert,
  fillRemedy,
  type Health,
  type LogKeys,
  type Logger,
  messageOf,
  type Meters,
  type Metric,
  silentMeters,
  silentTracer,
  type Tracer,
} from '@aesop/kernel'
import { CallbackTotals } from '@aesop/stats'
import {
  HttpLink,
  type KeyFilter,
  type LocalRelays,
  type RelayAddress,
  type RelayLink,
  ScnNotFoundError,
} from '@aesop/wire'
import { RegistrationBootstrap } from './bootstrap/registration-bootstrap.ts'
import { CheckpointSaver } from './checkpoint-saver.ts'
import { type ClientSettings } from './client-settings.ts'
import { type EventConsumer } from './consumer.ts'
import { onlineCallbacks } from './delivery-callbacks.ts'
import { type DeliveryConfig } from './delivery-policy.ts'
import { Dispatcher, type GivenWindows } from './dispatcher.ts'
import { AcknowledgeRefusedError, ClientFaultError, consumerText } from './errors.ts'
import { MeasuredStore } from './measured-store.ts'
import { FirstPlace } from './first-place.ts'
import { DirectLink } from './direct-link.ts'
import { Puller } from './puller.ts'
import { type PullerStatus } from './puller-state.ts'
import { type QuarantinePolicy } from './schema-change.ts'
import { formatStartFrom, type RegistrationStart } from './start-from.ts'
import { WindowsGiven } from './windows-given.ts'

export interface RegistrationOptions {
  readonly id: string
  readonly logicalSources: readonly string[]
  readonly consumer: EventConsumer
  readonly relays: readonly RelayAddress[]
  /** The relays of this process, which are read directly; left out: by HTTP, as all others. */
  readonly localRelays?: LocalRelays | undefined
  readonly store: CheckpointStore
  /** Names the store in errors. Default: the registration's own. */
  readonly keptIn?: string
  /** How many windows may be given beyond the stored checkpoint while the store fails or is slow. Default 100,000. */
  readonly unsavedWindowsMax?: number
  readonly settings: ClientSettings
  readonly followMs: number
  readonly eventBytesMax: number
  readonly aheadPatienceMs: number
  /** How long a relay may be silent beyond `followMs`, in milliseconds. Default 15,000. */
  readonly silenceMs?: number
  readonly filters: ReadonlyMap<string, KeyFilter>
  /** Who says that windows are done: their end, with the consumer's `onCheckpoint` (`window`, the default), or `acknowledge`. */
  readonly acknowledge?: AcknowledgePolicy
  /** What happens when rows of a source are left out from some place on. Default `suspend`. */
  readonly onSourceQuarantined?: QuarantinePolicy
  /** Where it begins without a checkpoint; left out: with the oldest window that the relay has. */
  readonly startFrom?: RegistrationStart | undefined
  /** The bootstrap servers that have its sources now. Default: none. */
  readonly bootstrapServers?: () => readonly RelayAddress[]
  /** What follows where a bootstrap store does not reach back to what the consumer has. Default `suspend`. */
  readonly onTooYoung?: TooYoungPolicy
  readonly log: Logger
  /** Default: nothing is kept. */
  readonly meters?: Meters | undefined
  /** Default: nobody is told. */
  readonly tracer?: Tracer | undefined
  /** Told when a bootstrap begins and ends. Default: nobody listens. */
  readonly publish?: ((alert: Alert) => void) | undefined
  /** How keys stand in errors and log lines. Default `hash`. */
  readonly logKeys?: LogKeys
  /** Called after each checkpoint that the consumer agreed to. */
  readonly onCheckpoint?: () => void
  /** What to do when the relay no longer holds what follows the checkpoint, where that is known better here. */
  readonly fallOffRemedy?: () => string | undefined
  readonly random?: () => number
}

/** Who acknowledges windows: see `ConsumerContext.acknowledge`. */
export type AcknowledgePolicy = 'window' | 'consumer'

/** Whether a registration that a bootstrap store does not reach back to is suspended, or forgets what it has and gets everything. */
export type TooYoungPolicy = 'suspend' | 'complete'

/** For how long a consumer may fail at one place, or a store be behind, before the relay of its process goes on without it. */
const FAILING_MS = 5_000
const RESTING: ReadonlySet<PullerStatus> = new Set(['paused', 'suspended', 'stopped'])
/** Far more than are given between two saves of a store that is in order. */
export const UNSAVED_WINDOWS_MAX = 100_000
/** Databus' default; without a word of the user every relay of a longer list is asked, too. */
const FALL_OFF_RETRIES = 5
const SILENCE_MS = 15_000

/** One consumer with its sources, its place in the stream and its connection: what a client runs. */
export class Registration {
  readonly id: string
  readonly totals = new CallbackTotals()
  readonly #options: RegistrationOptions
  #dispatcher: Dispatcher | undefined
  #puller: Puller | undefined
  #saver: CheckpointSaver | undefined
  #bootstrap: RegistrationBootstrap | undefined
  readonly #given = new WindowsGiven()
  #stopping: Promise<void> | undefined
  #hasEnded = false
  #giveUp: AbortSignal | undefined

  constructor(options: RegistrationOptions) {
    this.id = options.id
    this.#options = options
  }

  /**
   * Calls `onStartConsumption` and begins to pull. Relays that can't be reached are no reason to fail.
   * @throws CheckpointUnreadableError, CheckpointInvalidError, ConsumerFailedError, ConsumerFatalError
   */
  async start(): Promise<void> {
    const { store, settings, log, unsavedWindowsMax = UNSAVED_WINDOWS_MAX } = this.#options
    const keptIn = this.#keptIn
    if (settings.clearBeforeUse) await store.clear()
    this.#saver = new CheckpointSaver({ store: this.#measured(store), keptIn, unsavedWindowsMax, log })
    const stored = await this.#load(store)
    const place = stored === undefined ? undefined : bootstrapPlaceOf(stored)
    const checkpoint = place === undefined ? stored : Checkpoint.flexible()
    this.#dispatcher = this.#makeDispatcher(checkpoint ?? this.#firstCheckpoint(), this.#saver)
    this.#bootstrap = this.#makeBootstrap(place, this.#saver)
    this.#puller = this.#makePuller(this.#dispatcher, this.#bootstrap, stored === undefined)
    await this.#dispatcher.start()
    // A stop may have come while the store or the consumer took their time.
    if (this.#stopping === undefined) this.#puller.start()
  }

  get #keptIn(): string {
    return this.#options.keptIn ?? `the store of the registration "${this.id}"`
  }

  #measured(store: CheckpointStore): MeasuredStore {
    const { meters = silentMeters, tracer = silentTracer } = this.#options
    return new MeasuredStore(store, this.id, meters, tracer)
  }

  async #load(store: CheckpointStore): Promise<Checkpoint | undefined> {
    try {
      return await store.load()
    } catch (error) {
      const known = error instanceof AesopError ? error : new CheckpointUnreadableError(this.#keptIn, error)
      throw fillRemedy(known, '<id>', this.id)
    }
  }

  /** See `ConsumerContext.acknowledge`. @throws AcknowledgeRefusedError */
  acknowledge(scn: bigint): void {
    if (this.#options.acknowledge !== 'consumer') throw this.#refused(scn, 'it says acknowledge: window')
    if (typeof scn !== 'bigint') throw this.#refused(scn, 'expected a bigint')
    const highestScn = this.#dispatcher?.highestScn ?? -1n
    if (scn > highestScn)
      throw this.#refused(
        scn,
        highestScn < 0n ? 'no window was given yet' : `it was given windows up to SCN ${highestScn}`,
      )
    if (this.#hasEnded) {
      this.#options.log.warn(`the registration "${this.id}" has ended: SCN ${scn} is acknowledged too late`, { scn })
      return
    }
    // In a bootstrap onBootstrapCheckpoint says what is done.
    if (this.isBootstrapping) return
    const taken = this.#given.take(scn)
    if (taken === undefined) return
    this.#dispatcher?.acknowledged(taken.newest)
    this.#saver?.take(taken.newest, taken.count)
    this.#options.onCheckpoint?.()
  }

  #refused(scn: unknown, fault: string): AcknowledgeRefusedError {
    return new AcknowledgeRefusedError(this.id, scn, fault)
  }

  pause(): void {
    this.#puller?.pause()
  }

  /** Goes on after a pause, or after the registration was suspended by an error. */
  resume(): void {
    if (this.#puller?.state.status === 'suspended') {
      this.#dispatcher?.acceptQuarantine()
      this.#bootstrap?.acceptQuarantine()
    }
    this.#puller?.resume()
  }

  /**
   * Finishes the window that is open, calls `onStopConsumption` and saves the last checkpoint. Twice is harmless.
   * @param giveUp when it aborts, the window is not finished: its rows come again at the next start
   * @param limit when it aborts, the last checkpoint is not waited for any more
   * @throws CheckpointUnwritableError when it could not be saved, StoreSilentError when it is not known whether it was
   */
  stop(giveUp?: AbortSignal, limit?: AbortSignal): Promise<void> {
    this.#giveUp ??= giveUp
    this.#stopping ??= this.#stop(giveUp, limit)
    return this.#stopping
  }

  async #stop(giveUp: AbortSignal | undefined, limit: AbortSignal | undefined): Promise<void> {
    // What was agreed to is on disk even when the time is over before the rest is done.
    this.#saver?.flush()
    const pulled = this.#puller?.stop(giveUp)
    this.#saver?.release()
    await pulled
    const [said] = await Promise.allSettled([this.#sayStop()])
    this.#hasEnded = true
    // A stop that leaves an older checkpoint behind than it says is none in order.
    const [saved] = await Promise.allSettled([this.#saver?.close(limit)])
    for (const each of [said, saved]) if (each.status === 'rejected') throw each.reason
  }

  async #sayStop(): Promise<void> {
    const overdue = this.#dispatcher?.overdue ?? this.#bootstrap?.overdue
    if (overdue === undefined) return this.#dispatcher?.stop()
    const { callback, scn } = overdue
    this.#options.log.warn(`onStopConsumption is not called: the call of ${callback} has not settled`, { scn })
  }

  /** Without a checkpoint: from the oldest window that the relay has, unless the properties say otherwise. */
  #firstCheckpoint(): Checkpoint {
    return this.#options.settings.consumeCurrent === false ? Checkpoint.online(0n) : Checkpoint.flexible()
  }

  #makeDispatcher(checkpoint: Checkpoint, saver: CheckpointSaver): Dispatcher {
    const { onCheckpoint } = this.#options
    return new Dispatcher({
      registration: this.id,
      logicalSources: this.#options.logicalSources,
      onSourceQuarantined: this.#options.onSourceQuarantined ?? 'suspend',
      callbacks: onlineCallbacks(this.#options.consumer),
      checkpoint,
      begin: (place) => saver.saveNow(place),
      acknowledge: (acknowledged) => {
        const room = saver.acknowledge(acknowledged)
        onCheckpoint?.()
        return room
      },
      ...(this.#options.acknowledge === 'consumer' ? { given: this.#givenTo(saver) } : {}),
      timeBudgetMs: this.#options.settings.consumerTimeBudgetMs,
      logKeys: this.#options.logKeys ?? 'hash',
      totals: this.totals,
      log: this.#options.log,
    })
  }

  #givenTo(saver: CheckpointSaver): GivenWindows {
    return {
      window: (end) => {
        this.#given.add(end)
        saver.give()
      },
      rolledBack: () => {
        this.#given.clear()
        saver.withdraw()
      },
      room: () => saver.room(),
    }
  }

  #makeBootstrap(place: BootstrapPlace | undefined, saver: CheckpointSaver): RegistrationBootstrap {
    const { settings, consumer, logicalSources, filters, eventBytesMax, log, publish } = this.#options
    const { bootstrapServers, acknowledge = 'window', onTooYoung = 'suspend', logKeys = 'hash' } = this.#options
    return new RegistrationBootstrap({
      registration: this.id,
      logicalSources,
      consumer,
      acknowledge,
      onSourceQuarantined: this.#options.onSourceQuarantined ?? 'suspend',
      servers: bootstrapServers ?? (() => []),
      place,
      settings: { ...settings.bootstrap, onTooYoung },
      filters,
      eventBytesMax,
      keep: async (checkpoint) => saver.saveNow(checkpoint),
      logKeys,
      log,
      publish,
      random: this.#options.random ?? Math.random,
    })
  }

  #makePuller(dispatcher: Dispatcher, bootstrap: RegistrationBootstrap, isNew: boolean): Puller {
    const { settings, relays, aheadPatienceMs, followMs, eventBytesMax, filters, log, logicalSources } = this.#options
    const { startFrom } = this.#options
    const beginsByBootstrap = bootstrap.place !== undefined || (isNew && startFrom?.kind === 'bootstrap')
    return new Puller({
      registration: this.id,
      firstPlace:
        isNew && startFrom !== undefined && startFrom.kind !== 'bootstrap' ? new FirstPlace(startFrom) : undefined,
      bootstrap,
      phase: beginsByBootstrap ? 'bootstrap' : 'online',
      logicalSources,
      relays,
      linkTo: (relay) => this.#linkTo(relay),
      machine: {
        relays: relays.length,
        retries: settings.pullerRetries,
        pollMs: settings.pullerRetries.initSleepMs,
        fallOffRetries: settings.numRetriesOnFallOff ?? Math.max(FALL_OFF_RETRIES, this.#options.relays.length - 1),
        readLatestScnOnError: settings.readLatestScnOnError,
        aheadPatienceMs,
      },
      dispatcher,
      policy: policyOf(settings),
      followMs,
      fetchBytes: settings.fetchBytes,
      eventBytesMax,
      silenceMs: this.#options.silenceMs ?? SILENCE_MS,
      filters,
      log,
      onSuspended: (error) => this.#suspended(error),
      random: this.#options.random ?? Math.random,
    })
  }

  #linkTo(relay: RelayAddress): RelayLink {
    const local = this.#options.localRelays?.at(relay.host, relay.port)
    return local === undefined ? new HttpLink(relay, this.id) : new DirectLink(local, this.id)
  }

  /** Tells log and consumer why nothing comes any more; health tells it from now on. */
  async #suspended(error: Error): Promise<void> {
    const known = fillRemedy(this.#named(error), '<id>', this.id)
    const text = consumerText(known)
    this.#options.log.error(`the registration "${this.id}" is suspended: ${known.message}`, {
      code: known.code,
      ...known.fields,
      remedy: known.remedy,
      ...(text === undefined ? {} : { error: text }),
    })
    this.#saver?.flush()
    this.totals.numErrorsReceived++
    const isInBootstrap = this.isBootstrapping && this.#bootstrap?.hasGiven === true
    await (isInBootstrap ? this.#bootstrap : this.#dispatcher)?.tell(known)
  }

  #named(error: Error): AesopError {
    if (!(error instanceof AesopError)) return new ClientFaultError(error)
    const remedy = error instanceof ScnNotFoundError ? this.#options.fallOffRemedy?.() : undefined
    return remedy === undefined ? error : new ScnNotFoundError(error.message, { remedy, fields: error.fields })
  }

  /** Where it goes on after a fault; of one that bootstraps that names how far its bootstrap is. */
  get checkpoint(): Checkpoint | undefined {
    const place = this.#bootstrap?.place
    return place === undefined ? this.#dispatcher?.checkpoint : bootstrapCheckpoint(place)
  }

  /** Whether it is given a snapshot and what follows it, and no relay is read. */
  get isBootstrapping(): boolean {
    return this.#puller?.state.phase === 'bootstrap'
  }

  /** SCN up to which it has read; −1 before the first window. */
  get readScn(): bigint {
    return this.#dispatcher?.readScn ?? -1n
  }

  /** Whether it reads its relay by itself: not paused, suspended, stopped or bootstrapping, and its consumer does not fail for long. */
  get isRunning(): boolean {
    // A window that is being finished at the end is still read, one that was given up comes again at the next start.
    const finishes = this.#dispatcher?.inWindow === true && this.#giveUp?.aborted !== true
    if (this.#stopping !== undefined && !finishes) return false
    const { status } = this.#puller?.state ?? { status: 'idle' as const }
    const failingMs = Math.max(this.#puller?.failingMs ?? 0, this.#saver?.heldMs ?? 0)
    return !RESTING.has(status) && !this.isBootstrapping && failingMs < FAILING_MS
  }

  health(): Health {
    const status = this.#puller?.state.status ?? 'idle'
    const fault = this.#puller?.fault ?? this.#saver?.fault
    const detail = fault === undefined ? '' : `: ${messageOf(fault)}`
    if (status === 'suspended') return { status: 'down', detail: `${this.id} is suspended${detail}` }
    if (status === 'paused') return { status: 'degraded', detail: `${this.id} is paused` }
    if (this.isBootstrapping) return { status: 'degraded', detail: `${this.id} bootstraps${this.#progress}${detail}` }
    if (fault !== undefined) return { status: 'degraded', detail: `${this.id} is ${status}${detail}` }
    return { status: 'up' }
  }

  /** How far its bootstrap is, for people. */
  get #progress(): string {
    const progress = this.#bootstrap?.progress
    if (progress === undefined) return ''
    const { phase, source, rows, since, server } = progress
    return ` (${phase} of ${source}, ${rows} rows since ${since}, from ${server})`
  }

  metrics(): readonly Metric[] {
    const { finished, rows } = this.#bootstrap?.totals ?? { finished: 0, rows: 0 }
    const metric = (name: string, help: string, type: Metric['type'], value: number): Metric => ({
      name: `aesop_client_${name}`,
      help,
      type,
      value,
      labels: { registration: this.id },
    })
    return [
      ...this.totals.metrics('aesop_client', this.id),
      metric(
        'bootstrapping',
        '1 while it is given a snapshot and what follows it.',
        'gauge',
        Number(this.isBootstrapping),
      ),
      metric('bootstraps_total', 'Bootstraps that came to their end.', 'counter', finished),
      metric('bootstrap_rows_total', 'Row changes that bootstraps gave.', 'counter', rows),
    ]
  }

  describe(): Readonly<Record<string, unknown>> {
    const { startFrom } = this.#options
    return {
      id: this.id,
      logicalSources: this.#options.logicalSources,
      relays: this.#options.relays,
      relay: this.#puller?.relayAddress,
      transport: this.#puller?.transport,
      state: this.#puller?.state.status ?? 'idle',
      checkpoint: this.#bootstrap?.place === undefined ? this.#dispatcher?.checkpoint.windowScn : undefined,
      scnSpace: this.checkpoint?.scnSpace,
      startFrom: startFrom === undefined ? undefined : formatStartFrom(startFrom),
      phase: this.#puller?.state.phase ?? 'online',
      bootstrap: this.#bootstrap?.progress,
      fault: this.#puller?.fault?.message,
      ...this.totals.toJson(),
    }
  }
}

/** A bootstrap has a budget of its own. */
function policyOf({ dispatcherRetries, bootstrap, pullerRetries: saveRetries }: ClientSettings): DeliveryConfig {
  const exhausted = 'stop'
  const online = { retries: dispatcherRetries, exhausted } as const
  return { online, bootstrap: { retries: bootstrap.dispatcherRetries, exhausted }, saveRetries }
}
