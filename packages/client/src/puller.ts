import { AesopError, InvariantError, type Logger, sleep, ToldBefore } from '@aesop/kernel'
import { type KeyFilter, type RelayAddress, type RelayLink, ScnInFutureError, ScnNotFoundError } from '@aesop/wire'
import { AnswerReader, InterruptedError, type RelayInUse } from './answer-reader.ts'
import { type RegistrationBootstrap } from './bootstrap/registration-bootstrap.ts'
import { Delivery } from './delivery.ts'
import { type DeliveryConfig } from './delivery-policy.ts'
import { type Dispatcher } from './dispatcher.ts'
import { type FirstPlace } from './first-place.ts'
import { BootstrapServerMissingError, ConsumerFailedError, PullerRetriesExhaustedError } from './errors.ts'
import {
  type Fault,
  initialPullerState,
  isFresh,
  next,
  type PullerAction,
  type PullerConfig,
  type PullerEvent,
  type PullerState,
} from './puller-state.ts'
import { readCatalogue } from './relay-catalogue.ts'
import { type SourceCatalogue } from './source-catalogue.ts'

export interface PullerOptions {
  readonly registration: string
  readonly logicalSources: readonly string[]
  readonly relays: readonly RelayAddress[]
  /** Asked at each connection: the relay of the process may move. @throws RelayTokenUnreadableError */
  readonly linkTo: (relay: RelayAddress) => RelayLink
  readonly machine: Omit<PullerConfig, 'canBootstrap'>
  readonly bootstrap: RegistrationBootstrap
  /** What begins: the stream, or a bootstrap. */
  readonly phase: PullerState['phase']
  readonly dispatcher: Dispatcher
  /** Where reading begins that has no place yet; left out: with the oldest window of the relay. */
  readonly firstPlace?: FirstPlace | undefined
  /** What follows a failure of the consumer. */
  readonly policy: DeliveryConfig
  /** How long a response may keep streaming, in milliseconds; 0: plain polling. */
  readonly followMs: number
  /** Upper bound of one answer without follow, in bytes; grows to `eventBytesMax` when one event needs it. */
  readonly fetchBytes: number
  readonly eventBytesMax: number
  /** How long a relay may be silent beyond `followMs` while we wait for it, in milliseconds. */
  readonly silenceMs: number
  /** By the name of the source. */
  readonly filters: ReadonlyMap<string, KeyFilter>
  readonly log: Logger
  /** Called once each time the puller gives up; it stays so until it is resumed. */
  readonly onSuspended: (error: Error) => Promise<void>
  readonly random: () => number
}

/** Drives `puller-state` with a socket, a clock and a dispatcher; what follows a failure of the consumer is `delivery`'s, a bootstrap is `bootstrap`'s. */
export class Puller {
  readonly #options: PullerOptions
  readonly #delivery: Delivery
  readonly #reader: AnswerReader
  #state: PullerState
  #link: RelayLink | undefined
  #catalogue: SourceCatalogue | undefined
  #requests: PullerEvent[] = []
  #wake: (() => void) | undefined
  #interrupt = new AbortController()
  #running: Promise<void> | undefined
  readonly #told = new ToldBefore(TOLD_MAX)

  constructor(options: PullerOptions) {
    const { policy, log, random } = options
    this.#options = options
    this.#state = { ...initialPullerState, phase: options.phase }
    this.#delivery = new Delivery({ policy, log, random, nowMs: () => performance.now() })
    this.#reader = new AnswerReader({
      ...options,
      onProgress: () => {
        this.#progressed()
      },
      onEnd: () => {
        this.#delivery.answered()
      },
      onStopPlace: () => {
        this.#request({ kind: 'stop' })
      },
    })
  }

  get state(): PullerState {
    return this.#state
  }
  /** The last fault; undefined while everything goes well. */
  get fault(): Error | undefined {
    return this.#delivery.fault
  }
  /** For how long the consumer has failed at one place, in milliseconds; 0 while it does not. */
  get failingMs(): number {
    return this.#delivery.failingMs
  }
  get relayAddress(): string | undefined {
    return this.#link?.address
  }
  /** How the relay in use is reached. */
  get transport(): RelayLink['transport'] | undefined {
    return this.#link?.transport
  }

  start(): void {
    this.#running ??= this.#run()
  }

  pause(): void {
    this.#request({ kind: 'pause' })
  }

  resume(): void {
    this.#request({ kind: 'resume' })
  }

  /**
   * Lets a window that is open come to its end, so that nothing of it comes again, unless `giveUp` aborts before.
   * Resolves when the consumer will not be called any more. Twice is harmless.
   */
  async stop(giveUp?: AbortSignal): Promise<void> {
    this.#reader.isStopping = true
    const stopNow = (): void => {
      const reason = new Error('the client stops')
      this.#options.dispatcher.giveUp(reason)
      this.#options.bootstrap.giveUp(reason)
      this.#request({ kind: 'stop' })
    }
    giveUp?.addEventListener('abort', stopNow)
    if (!this.#isWithinWindow) this.#request({ kind: 'stop' })
    else if (giveUp?.aborted === true) stopNow()
    await this.#running
    giveUp?.removeEventListener('abort', stopNow)
  }

  /** Whether a window is open, or a batch of a bootstrap. */
  get #isOpen(): boolean {
    return this.#options.dispatcher.inWindow || this.#options.bootstrap.isOpen
  }

  /** Whether one is open that may still come to its end. */
  get #isWithinWindow(): boolean {
    return this.#running !== undefined && this.#isOpen && !this.#delivery.owesRollback
  }

  get #machine(): PullerConfig {
    return { ...this.#options.machine, canBootstrap: this.#options.bootstrap.isKnown }
  }

  /** Requests are answered in order; one that means nothing in the state it would meet disturbs nobody. */
  #request(event: PullerEvent): void {
    const machine = this.#machine
    const before = this.#requests.reduce((state, request) => next(state, request, machine, 0).state, this.#state)
    const { state } = next(before, event, machine, 0)
    if (state === before) return
    if (this.#running === undefined) {
      this.#state = state
      return
    }
    this.#requests.push(event)
    this.#interrupt.abort()
    this.#wake?.()
  }

  async #run(): Promise<void> {
    let event: PullerEvent = { kind: 'start' }
    while (this.#state.status !== 'stopped') {
      const { state, action } = next(this.#state, event, this.#machine, this.#options.random())
      this.#state = state
      event = this.#afterwards(await this.#perform(action))
    }
  }

  /** A request from outside goes before what came of the action; a window that broke off keeps no stop waiting. */
  #afterwards(result: PullerEvent): PullerEvent {
    const request = this.#requests.shift()
    // Whoever resumes has mended something: the consumer has its whole budget again.
    if (request?.kind === 'resume') this.#delivery.resumed()
    if (request !== undefined) return request
    return this.#reader.isStopping && !this.#isWithinWindow ? { kind: 'stop' } : result
  }

  /** Does what the state asks for, until it is done or somebody outside wants something else. */
  async #perform(action: PullerAction): Promise<PullerEvent> {
    this.#interrupt = new AbortController()
    // A request that came before is answered first; what it interrupts has not begun.
    if (this.#requests.length > 0 && action.kind !== 'rest') this.#interrupt.abort()
    switch (action.kind) {
      case 'register':
        return this.#guarded(() => this.#register(action.relay))
      case 'stream':
        return this.#guarded(() => this.#stream(action.fromLatest))
      case 'bootstrap':
        return this.#guarded(() => this.#bootstrap())
      case 'wait':
        await sleep(action.ms, this.#interrupt.signal)
        return { kind: 'waited' }
      case 'suspend':
        await this.#suspended(action.reason)
        return this.#rest()
      case 'rest':
      case 'none':
        return this.#rest()
    }
  }

  async #rest(): Promise<PullerEvent> {
    this.#disconnect()
    if (this.#state.status !== 'stopped' && this.#requests.length === 0) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
      this.#wake = undefined
    }
    return { kind: 'waited' }
  }

  async #suspended(reason: 'fault' | 'retries-exhausted' | 'consumer'): Promise<void> {
    const fault = this.fault ?? new InvariantError('a puller is suspended without a fault')
    const error =
      reason === 'retries-exhausted' ? new PullerRetriesExhaustedError(this.#state.attempt + 1, fault) : fault
    this.#delivery.suspended(error)
    this.#disconnect()
    await this.#options.onSuspended(error)
  }

  /** Turns whatever was thrown into an event; nothing thrown is lost. */
  async #guarded(work: () => Promise<PullerEvent>): Promise<PullerEvent> {
    try {
      return await work()
    } catch (error) {
      const isOpen = this.#isOpen
      if (!this.#interrupt.signal.aborted || error instanceof ConsumerFailedError) return this.#eventOf(error, isOpen)
      this.#delivery.brokeOff(isOpen)
      return { kind: 'waited' }
    }
  }

  #eventOf(error: unknown, inWindow: boolean): PullerEvent {
    const outcome = this.#delivery.failed(error, inWindow)
    if (outcome?.kind === 'again') return { kind: 'rolled-back', delayMs: outcome.delayMs }
    if (outcome?.kind === 'stop' || !(error instanceof AesopError)) return { kind: 'fatal' }
    const fault = faultOf(error)
    const level = this.#isOldNews(error, fault) ? 'debug' : 'warn'
    this.#options.log[level](error.message, { code: error.code, fault, attempt: this.#state.attempt })
    this.#disconnect()
    return { kind: 'fault', fault }
  }

  /** A relay that does not have what follows the checkpoint is asked again and again: it says so once. */
  #isOldNews({ code }: AesopError, fault: Fault): boolean {
    if (fault !== 'fell-off' && fault !== 'ahead') return false
    return this.#told.has(this.relayAddress ?? '', code, this.#options.dispatcher.position.windowScn)
  }

  async #register(relay: number): Promise<PullerEvent> {
    const address = this.#options.relays[relay]
    if (address === undefined) throw new InvariantError(`there is no relay ${relay}`)
    this.#disconnect()
    await this.#consumerSettled()
    const { logicalSources, linkTo } = this.#options
    // A link stays with one address, even where the relay of the process may move.
    const { host, port, token } = address
    const link = linkTo({ host, port, token })
    this.#link = link
    this.#catalogue = await readCatalogue(link, logicalSources, this.#interrupt.signal)
    return { kind: 'registered' }
  }

  /** A call that is overdue comes to its end before anything else is given: an old value must not overwrite a newer one. */
  async #consumerSettled(): Promise<void> {
    const { dispatcher, bootstrap, log, registration } = this.#options
    const overdue = dispatcher.overdue ?? bootstrap.overdue
    if (overdue === undefined) return
    const { callback, scn } = overdue
    log.warn(`the registration "${registration}" goes on when its call of ${callback} has settled`, { scn })
    await dispatcher.whenSettled(this.#interrupt.signal)
    await bootstrap.whenSettled(this.#interrupt.signal)
    if (this.#interrupt.signal.aborted) throw new InterruptedError()
  }

  get #relay(): RelayInUse {
    const link = this.#link
    const catalogue = this.#catalogue
    if (link === undefined || catalogue === undefined) throw new InvariantError('there is no relay in use')
    return { link, catalogue }
  }

  async #bootstrap(): Promise<PullerEvent> {
    const { bootstrap, dispatcher } = this.#options
    const end = await bootstrap.run({
      relay: this.#relay,
      dispatcher,
      delivery: this.#delivery,
      signal: this.#interrupt.signal,
      onStopPlace: () => {
        if (this.#reader.isStopping) this.#request({ kind: 'stop' })
      },
    })
    if (end.kind === 'finished') return { kind: 'bootstrapped' }
    this.#delivery.fault = end.error
    return { kind: 'bootstrap-failed', reason: end.reason === 'consumer' ? 'consumer' : 'fault' }
  }

  async #stream(fromLatest: boolean): Promise<PullerEvent> {
    const { link, catalogue } = this.#relay
    const { dispatcher, firstPlace } = this.#options
    const { signal } = this.#interrupt
    if (this.#delivery.owesRollback) await dispatcher.rollback()
    this.#delivery.rolledBack()
    await firstPlace?.begin(dispatcher, link, catalogue, signal)
    const empty = await this.#reader.read({ link, catalogue }, fromLatest, signal)
    return { kind: 'stream-ended', empty }
  }

  #progressed(): void {
    if (!isFresh(this.#state)) {
      this.#state = next(this.#state, { kind: 'progress' }, this.#machine, 0).state
    }
    this.#delivery.progressed()
  }

  #disconnect(): void {
    this.#link?.close()
    this.#link = undefined
  }
}

/** How many places that relays do not have are remembered, so that each is logged once. */
const TOLD_MAX = 100

function faultOf(error: AesopError): Fault {
  if (error instanceof ScnNotFoundError) return 'fell-off'
  if (error instanceof ScnInFutureError || error instanceof BootstrapServerMissingError) return 'ahead'
  return error.canRetry ? 'retry' : 'refused'
}
