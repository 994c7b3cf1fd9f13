import { type BootstrapPlace, bootstrapPlaceOf, Checkpoint } from '@aesop/checkpoint'
import { type AesopError, type Alert, type BackoffConfig, type LogKeys, type Logger } from '@aesop/kernel'
import { type KeyFilter, type RelayAddress, UnknownCommandError } from '@aesop/wire'
import { learnSchemas, type RelayInUse } from '../answer-reader.ts'
import { type EventConsumer } from '../consumer.ts'
import { bootstrapCallbacks } from '../delivery-callbacks.ts'
import { type Delivery } from '../delivery.ts'
import { type Dispatcher } from '../dispatcher.ts'
import {
  BootstrapRetriesExhaustedError,
  BootstrapServerMissingError,
  type CallbackPlace,
  ConsumerUnfitError,
} from '../errors.ts'
import { type QuarantinePolicy } from '../schema-change.ts'
import { BootstrapDelivery } from './bootstrap-delivery.ts'
import { type BootstrapConfig, bootstrapFrom, newBootstrap } from './bootstrap-state.ts'
import { type BootstrapEnd, Bootstrapper, type BootstrapReceiver } from './bootstrapper.ts'
import { BootstrapReport, type BootstrapProgress } from './bootstrap-report.ts'
import { faultOfConsumer } from './fit-consumer.ts'

export interface RegistrationBootstrapOptions {
  readonly registration: string
  readonly logicalSources: readonly string[]
  readonly consumer: EventConsumer
  /** Who says that windows are done, and with `consumer` needs `onBootstrapCheckpoint`. */
  readonly acknowledge: 'window' | 'consumer'
  readonly onSourceQuarantined: QuarantinePolicy
  /** The servers that have all of these sources, now: that of the process comes and goes. */
  readonly servers: () => readonly RelayAddress[]
  /** Where a bootstrap was when the process ended; undefined: there is none to go on with. */
  readonly place: BootstrapPlace | undefined
  readonly settings: BootstrapSettings
  /** By the name of the source. */
  readonly filters: ReadonlyMap<string, KeyFilter>
  readonly eventBytesMax: number
  /** Stores a place; what follows waits for it. @throws CheckpointUnwritableError, as a rejection */
  readonly keep: (checkpoint: Checkpoint) => Promise<void>
  readonly logKeys: LogKeys
  readonly log: Logger
  /** Left out: nobody listens. */
  readonly publish?: ((alert: Alert) => void) | undefined
  readonly random: () => number
}

/** How a registration bootstraps; see `BootstrapConfig`. */
export interface BootstrapSettings {
  /** Between questions to a server that fails; `maxRetryNum` below 0: for ever. */
  readonly retries: BackoffConfig
  readonly retriesBeforeRestart: number
  readonly onTooYoung: BootstrapConfig['onTooYoung']
  readonly batchBytes: number
  readonly timeBudgetMs: number
}

/** What a bootstrap takes from who reads the stream. */
export interface BootstrapRun {
  readonly relay: RelayInUse
  readonly dispatcher: Dispatcher
  readonly delivery: Delivery
  readonly signal: AbortSignal
  /** A batch has ended, or was broken off: who wants to stop may, and nothing comes again. */
  readonly onStopPlace: () => void
}

/** The bootstraps of one registration, one after the other, and its face to people meanwhile. */
export class RegistrationBootstrap {
  readonly #options: RegistrationBootstrapOptions
  readonly #report: BootstrapReport
  #receiver: BootstrapDelivery | undefined
  #bootstrapper: Bootstrapper | undefined
  #place: BootstrapPlace | undefined

  constructor(options: RegistrationBootstrapOptions) {
    this.#options = options
    this.#place = options.place
    const { registration, log, publish } = options
    this.#report = new BootstrapReport({ registration, log, publish: (alert) => publish?.(alert), now: Date.now })
  }

  /** Whether there is a server to ask. */
  get isKnown(): boolean {
    return this.#options.servers().length > 0
  }

  /** Where the one stands that is not at its end: kept, and to be gone on with. */
  get place(): BootstrapPlace | undefined {
    return this.#place
  }

  /** Whether the consumer was ever given a bootstrap. */
  get hasGiven(): boolean {
    return this.#receiver !== undefined
  }

  /** Whether a batch is given that has not ended. */
  get isOpen(): boolean {
    return this.#receiver?.isOpen === true
  }

  get overdue(): CallbackPlace | undefined {
    return this.#receiver?.overdue
  }

  get progress(): BootstrapProgress | undefined {
    return this.#report.progress(this.#receiver?.rows ?? 0)
  }

  /** Bootstraps that came to their end, and events that they gave. */
  get totals(): { readonly finished: number; readonly rows: number } {
    return { finished: this.#report.finished, rows: this.#receiver?.rows ?? 0 }
  }

  async whenSettled(signal: AbortSignal): Promise<void> {
    await this.#receiver?.whenSettled(signal)
  }

  giveUp(reason: Error): void {
    this.#receiver?.giveUp(reason)
  }

  async tell(error: AesopError): Promise<void> {
    await this.#receiver?.tell(error)
  }

  acceptQuarantine(): void {
    this.#receiver?.acceptQuarantine()
  }

  /**
   * Begins one, or goes on with the one that was interrupted. When it is finished, the stream goes on behind what was given.
   * @throws BootstrapServerMissingError, ConsumerUnfitError, what the relay says, what a callback of its end throws,
   * CheckpointUnwritableError, and the reason of the signal
   */
  async run(run: BootstrapRun): Promise<BootstrapEnd> {
    const { registration, logicalSources, acknowledge, consumer } = this.#options
    const servers = this.#options.servers()
    if (servers.length === 0) throw new BootstrapServerMissingError(registration, logicalSources)
    const fault = faultOfConsumer(consumer, { acknowledges: acknowledge === 'consumer' })
    if (fault !== undefined) throw new ConsumerUnfitError(registration, fault)
    if (this.#place === undefined) await leaveStream(run)
    run.delivery.enter('bootstrap')
    const receiver = this.#receiverOf(run)
    const end = await this.#asked(await this.#bootstrapperOf(run, receiver, servers), run.signal)
    if (end.kind === 'finished') await this.#finish(run, receiver, end)
    return end
  }

  async #asked(bootstrapper: Bootstrapper, signal: AbortSignal): Promise<BootstrapEnd> {
    this.#bootstrapper = bootstrapper
    const end = await bootstrapper.run(signal)
    if (end.kind === 'finished') return end
    this.#report.gaveUp(end.error)
    if (end.reason !== 'retries-exhausted') return end
    return { ...end, error: new BootstrapRetriesExhaustedError(bootstrapper.state.attempt + 1, end.error) }
  }

  /** The consumer is told first: killed in between it is told once more, rather than never. */
  async #finish({ dispatcher, delivery }: BootstrapRun, receiver: BootstrapDelivery, end: Finished): Promise<void> {
    await receiver.end()
    await dispatcher.beginAt(Checkpoint.online(end.scn, -1n, end.scnSpace))
    this.#place = undefined
    delivery.enter('online')
    this.#report.ended(end.scn, receiver.rows)
  }

  #receiverOf({ relay, delivery, signal }: BootstrapRun): BootstrapDelivery {
    const { consumer, settings, keep, ...same } = this.#options
    const receiver = (this.#receiver ??= new BootstrapDelivery({
      ...same,
      callbacks: bootstrapCallbacks(consumer),
      keep: async (checkpoint) => {
        await keep(checkpoint)
        this.#place = bootstrapPlaceOf(checkpoint)
      },
      delivery,
      timeBudgetMs: settings.timeBudgetMs,
    }))
    receiver.bind(relay.catalogue, (source) => learnSchemas(source, relay.link, signal))
    return receiver
  }

  async #bootstrapperOf(
    run: BootstrapRun,
    receiver: BootstrapDelivery,
    servers: readonly RelayAddress[],
  ): Promise<Bootstrapper> {
    const { registration, settings, logicalSources, filters, eventBytesMax, log, random } = this.#options
    const addresses = servers.map(({ host, port }) => `${host}:${port}`)
    const config: BootstrapConfig = { ...settings, sources: logicalSources, servers: addresses }
    const state =
      this.#place === undefined ? newBootstrap(...(await beginningOf(run)), config) : bootstrapFrom(this.#place, config)
    return new Bootstrapper(state, {
      registration,
      config,
      servers,
      receiver: this.#watched(receiver, addresses, run.onStopPlace),
      filters,
      eventBytesMax,
      log,
      random,
    })
  }

  /** Notes what passes, and where a stop costs nothing. */
  #watched(receiver: BootstrapDelivery, servers: readonly string[], onStopPlace: () => void): BootstrapReceiver {
    const { registration, consumer } = this.#options
    const at = (place: BootstrapPlace): void => {
      this.#report.at(place, servers[this.#bootstrapper?.state.server ?? 0] ?? '')
    }
    return {
      begin: async (place, isComplete) => {
        const fault = isComplete ? faultOfConsumer(consumer, { forgets: true }) : undefined
        if (fault !== undefined) throw new ConsumerUnfitError(registration, fault)
        this.#report.begins(place, isComplete, receiver.rows)
        await receiver.begin(place, isComplete)
        at(place)
      },
      take: (view, place) => receiver.take(view, place),
      batchEnds: async (place) => {
        await receiver.batchEnds(place)
        at(place)
        onStopPlace()
      },
      failed: (error) => {
        const fault = receiver.failed(error)
        if (fault !== undefined) onStopPlace()
        return fault
      },
      brokeOff: () => {
        const place = receiver.brokeOff()
        onStopPlace()
        return place
      },
    }
  }
}

type Finished = Extract<BootstrapEnd, { kind: 'finished' }>

/** The consumer goes back to its checkpoint, from which a bootstrap brings it on: what it was given beyond it comes again. */
async function leaveStream({ dispatcher, delivery }: BootstrapRun): Promise<void> {
  const isBeyond = dispatcher.readScn !== dispatcher.checkpoint.windowScn
  if (delivery.owesRollback || isBeyond) await dispatcher.rollback()
  delivery.rolledBack()
}

/** What the consumer has, and in which SCN space; where nobody said, the relay says in which a bootstrap has to be. */
async function beginningOf({ dispatcher, relay, signal }: BootstrapRun): Promise<[bigint, string | undefined]> {
  const { checkpoint } = dispatcher
  const sinceScn = checkpoint.isFlexible ? 0n : checkpoint.windowScn
  return [sinceScn, checkpoint.scnSpace ?? (await spaceOf(relay, signal))]
}

/** Undefined: it is a relay of Databus, which knows of no space. */
async function spaceOf({ link, catalogue }: RelayInUse, signal: AbortSignal): Promise<string | undefined> {
  try {
    return (await link.startPlace(catalogue.ids, { kind: 'latest' }, signal)).scnSpace
  } catch (error) {
    if (error instanceof UnknownCommandError) return undefined
    throw error
  }
}
