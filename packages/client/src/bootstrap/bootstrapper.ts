import { type BootstrapPlace } from '@aesop/checkpoint'
import { AesopError, InvariantError, type Logger, sleep } from '@aesop/kernel'
import {
  BootstrapElsewhereError,
  BootstrapOutdatedError,
  BootstrapTooOldError,
  BootstrapTooYoungError,
  type KeyFilter,
  type RelayAddress,
} from '@aesop/wire'
import { BootstrapLink } from './bootstrap-link.ts'
import {
  type BootstrapAction,
  type BootstrapConfig,
  type BootstrapEvent,
  type BootstrapFault,
  type BootstrapState,
  next,
} from './bootstrap-state.ts'
import { type EventView } from '@aesop/event'

/** Who gets what a bootstrap brings. What a method throws is asked of `failed`. */
export interface BootstrapReceiver {
  /**
   * A bootstrap begins, or goes on. Keeps the place, and only then tells the consumer: one that has forgotten what it has
   * must not come back to where it had it.
   */
  begin(place: BootstrapPlace, isComplete: boolean): Promise<void>
  /** An event of the batch that follows this place. */
  take(view: EventView, place: BootstrapPlace): Promise<void> | undefined
  /** All events up to this place were given. Resolves when the next ones may come. */
  batchEnds(place: BootstrapPlace): Promise<void>
  /**
   * What follows an error that may be the receiver's own; `again`: everything behind this place is given once more, after a wait.
   * Undefined: it is not.
   */
  failed(error: unknown): ReceiverFault | undefined
  /** A batch was broken off by somebody else. @returns where the consumer goes back to; undefined: nothing of the batch was given */
  brokeOff(): BootstrapPlace | undefined
}

export type ReceiverFault =
  | { readonly kind: 'again'; readonly place: BootstrapPlace; readonly delayMs: number }
  | { readonly kind: 'stop'; readonly error: Error }

export interface BootstrapperOptions {
  readonly registration: string
  readonly config: BootstrapConfig
  /** In the order of `config.servers`. */
  readonly servers: readonly RelayAddress[]
  readonly receiver: BootstrapReceiver
  /** By the name of the source. */
  readonly filters: ReadonlyMap<string, KeyFilter>
  /** Upper bound of one event, in bytes. */
  readonly eventBytesMax: number
  readonly log: Logger
  readonly random: () => number
}

export type BootstrapEnd =
  /** The consumer has everything up to and with this SCN. */
  | { readonly kind: 'finished'; readonly scn: bigint; readonly scnSpace: string | undefined }
  | { readonly kind: 'suspended'; readonly reason: 'fault' | 'retries-exhausted' | 'consumer'; readonly error: Error }

/** Drives `bootstrap-state` with a socket and a clock. One that was interrupted is made anew from the place that was kept last. */
export class Bootstrapper {
  readonly #options: BootstrapperOptions
  #state: BootstrapState
  #link: BootstrapLink | undefined
  #linked = -1
  #fault: Error | undefined

  constructor(state: BootstrapState, options: BootstrapperOptions) {
    this.#options = options
    this.#state = state
  }

  get state(): BootstrapState {
    return this.#state
  }
  /** The last fault; undefined while everything goes well. */
  get fault(): Error | undefined {
    return this.#fault
  }

  /** Runs to the end. @throws the reason of the signal when it aborts */
  async run(signal: AbortSignal): Promise<BootstrapEnd> {
    try {
      let event: BootstrapEvent = { kind: this.#state.status === 'suspended' ? 'resume' : 'start' }
      for (;;) {
        const { config, random } = this.#options
        const { state, action } = next(this.#state, event, config, random())
        this.#state = state
        signal.throwIfAborted()
        if (action.kind === 'finish') return { kind: 'finished', scn: action.scn, scnSpace: action.scnSpace }
        if (action.kind === 'suspend') return { kind: 'suspended', reason: action.reason, error: this.#lastFault() }
        event = await this.#guarded(action, signal)
      }
    } finally {
      this.#disconnect()
    }
  }

  #lastFault(): Error {
    return this.#fault ?? new InvariantError('a bootstrap is suspended without a fault')
  }

  /** Turns whatever was thrown into an event; nothing thrown is lost. */
  async #guarded(action: BootstrapAction, signal: AbortSignal): Promise<BootstrapEvent> {
    try {
      return await this.#perform(action, signal)
    } catch (error) {
      signal.throwIfAborted()
      this.#disconnect()
      return this.#eventOf(error)
    }
  }

  #eventOf(error: unknown): BootstrapEvent {
    const { receiver, log, registration } = this.#options
    const own = receiver.failed(error)
    if (own?.kind === 'again') return { kind: 'rolled-back', place: own.place, delayMs: own.delayMs }
    this.#fault = own?.error ?? (error instanceof Error ? error : new InvariantError(String(error)))
    if (own !== undefined || !(error instanceof AesopError)) return { kind: 'fatal' }
    const fault = faultOf(error)
    log.warn(`the bootstrap of "${registration}": ${error.message}`, { code: error.code, fault })
    return { kind: 'fault', fault, place: receiver.brokeOff() }
  }

  async #perform(action: BootstrapAction, signal: AbortSignal): Promise<BootstrapEvent> {
    const { receiver } = this.#options
    switch (action.kind) {
      case 'begin':
        await receiver.begin(action.place, action.isComplete)
        return { kind: 'begun' }
      case 'ask-start':
        return { kind: 'scn', ...(await this.#linkTo(action.server).startScn(action.place, signal)) }
      case 'ask-target': {
        const scn = await this.#linkTo(action.server).targetScn(action.place, signal)
        return { kind: 'scn', scn, server: action.place.server ?? '' }
      }
      case 'read':
        return this.#read(action, signal)
      case 'wait':
        await sleep(action.ms, signal)
        return { kind: 'waited' }
      default:
        throw new InvariantError(`a bootstrap has nothing to do (${action.kind})`)
    }
  }

  /** The place is kept when the next thing is asked for: it has the end of a phase in it, too. */
  async #read(action: BootstrapAction & { kind: 'read' }, signal: AbortSignal): Promise<BootstrapEvent> {
    const { receiver, filters, eventBytesMax, config, random } = this.#options
    const { place, server, batchBytes } = action
    const filter = filters.get(place.phase === 'snapshot' ? place.snapshotSource : place.catchupSource)
    const request = { place, batchBytes, eventBytesMax, filter }
    const batch = await this.#linkTo(server).read(request, (view) => receiver.take(view, place), signal)
    const event: BootstrapEvent = { kind: 'batch', batch }
    const { state } = next(this.#state, event, config, random())
    if (state.place !== place && state.hasBegun) {
      await receiver.batchEnds(state.place)
      this.#fault = undefined
    }
    return event
  }

  #linkTo(server: number): BootstrapLink {
    if (this.#link !== undefined && this.#linked === server) return this.#link
    this.#disconnect()
    const { servers, config, registration } = this.#options
    const address = servers[server]
    if (address === undefined) throw new InvariantError(`there is no bootstrap server ${server}`)
    this.#linked = server
    return (this.#link = new BootstrapLink(address, config.sources, registration))
  }

  #disconnect(): void {
    this.#link?.close()
    this.#link = undefined
  }
}

function faultOf(error: AesopError): BootstrapFault {
  if (error instanceof BootstrapTooOldError) return 'too-old'
  if (error instanceof BootstrapTooYoungError) return 'too-young'
  if (error instanceof BootstrapOutdatedError) return 'outdated'
  if (error instanceof BootstrapElsewhereError) return 'elsewhere'
  return error.canRetry ? 'retry' : 'refused'
}
