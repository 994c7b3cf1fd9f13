import { type Checkpoint, CheckpointUnwritableError, isScnSpace, SCN_SPACE_FORM } from '@aesop/checkpoint'
import { EventDecoder, EventTooLargeError } from '@aesop/event'
import {
  AesopError,
  type BackoffConfig,
  backoffMs,
  InvariantError,
  type Logger,
  messageOf,
  sleep,
  ToldBefore,
} from '@aesop/kernel'
import {
  formatStreamRequest,
  headers,
  type KeyFilter,
  ResponseMalformedError,
  ScnInFutureError,
  ScnNotFoundError,
  type StreamRequest,
} from '@aesop/wire'
import { type Dispatcher } from './dispatcher.ts'
import {
  ConsumerFailedError,
  ConsumerFatalError,
  ConsumerOverdueError,
  ConsumerRetriesExhaustedError,
  consumerText,
  PullerRetriesExhaustedError,
  SourceQuarantinedError,
} from './errors.ts'
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
import { readCatalogue, readSchemas } from './relay-catalogue.ts'
import { type RelayAddress, RelayConnection } from './relay-connection.ts'
import { type SourceCatalogue, type SubscribedSource } from './source-catalogue.ts'

export interface PullerOptions {
  readonly registration: string
  readonly logicalSources: readonly string[]
  readonly relays: readonly RelayAddress[]
  readonly machine: PullerConfig
  readonly dispatcher: Dispatcher
  /** Returns to the last checkpoint after a failure of the consumer, and how often. */
  readonly consumerRetries: BackoffConfig
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

/** Drives `puller-state` with a socket, a clock and a dispatcher; every decision is made there. */
export class Puller {
  readonly #options: PullerOptions
  #state: PullerState = initialPullerState
  #connection: RelayConnection | undefined
  #catalogue: SourceCatalogue | undefined
  #fetchBytes: number
  #requests: PullerEvent[] = []
  #wake: (() => void) | undefined
  #interrupt = new AbortController()
  #running: Promise<void> | undefined
  /** Whether to stop as soon as no window is open. */
  #isStopping = false
  #fault: Error | undefined
  #rollBackFirst = false
  #consumerFailures = 0
  #failsSinceMs: number | undefined
  readonly #told = new ToldBefore(TOLD_MAX)
  #saveFailures = 0
  #progressScn: bigint

  constructor(options: PullerOptions) {
    this.#options = options
    this.#fetchBytes = options.fetchBytes
    this.#progressScn = options.dispatcher.highestScn
  }

  get state(): PullerState {
    return this.#state
  }
  /** The last fault; undefined while everything goes well. */
  get fault(): Error | undefined {
    return this.#fault
  }
  /** For how long the consumer has failed at one place, in milliseconds; 0 while it does not. */
  get failingMs(): number {
    return this.#failsSinceMs === undefined ? 0 : performance.now() - this.#failsSinceMs
  }
  get relayAddress(): string | undefined {
    return this.#connection?.address
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
    this.#isStopping = true
    const stopNow = (): void => {
      this.#options.dispatcher.giveUp(new Error('the client stops'))
      this.#request({ kind: 'stop' })
    }
    giveUp?.addEventListener('abort', stopNow)
    if (!this.#isWithinWindow) this.#request({ kind: 'stop' })
    else if (giveUp?.aborted === true) stopNow()
    await this.#running
    giveUp?.removeEventListener('abort', stopNow)
  }

  /** Whether a window is open that may still come to its end. */
  get #isWithinWindow(): boolean {
    return this.#running !== undefined && this.#options.dispatcher.inWindow && !this.#rollBackFirst
  }

  /** Requests are answered in order; one that means nothing in the state it would meet disturbs nobody. */
  #request(event: PullerEvent): void {
    const { machine } = this.#options
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
      const { state, action } = next(this.#state, event, this.#options.machine, this.#options.random())
      this.#state = state
      event = this.#afterwards(await this.#perform(action))
    }
  }

  /** A request from outside goes before what came of the action; a window that broke off keeps no stop waiting. */
  #afterwards(result: PullerEvent): PullerEvent {
    const request = this.#requests.shift()
    // Whoever resumes has mended something: the consumer has its whole budget again.
    if (request?.kind === 'resume') this.#consumerFailures = 0
    if (request !== undefined) return request
    return this.#isStopping && !this.#isWithinWindow ? { kind: 'stop' } : result
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
    const fault = this.#fault ?? new InvariantError('a puller is suspended without a fault')
    const error =
      reason === 'retries-exhausted' ? new PullerRetriesExhaustedError(this.#state.attempt + 1, fault) : fault
    this.#fault = error
    this.#failsSinceMs = undefined
    this.#disconnect()
    await this.#options.onSuspended(error)
  }

  /** Turns whatever was thrown into an event; nothing thrown is lost, and nothing unknown is retried as if it were known. */
  async #guarded(work: () => Promise<PullerEvent>): Promise<PullerEvent> {
    try {
      return await work()
    } catch (error) {
      // A window that breaks off, by a failure or on the way to another relay, begins anew at the last checkpoint.
      if (this.#options.dispatcher.inWindow || error instanceof ConsumerFailedError) this.#rollBackFirst = true
      if (this.#interrupt.signal.aborted && !(error instanceof ConsumerFailedError)) return { kind: 'waited' }
      return this.#eventOf(error)
    }
  }

  #eventOf(error: unknown): PullerEvent {
    if (error instanceof ConsumerFailedError) return this.#consumerFailed(error)
    if (error instanceof CheckpointUnwritableError) return this.#placeNotKept(error)
    this.#fault = error instanceof Error ? error : new Error(messageOf(error))
    const isFatal =
      error instanceof ConsumerFatalError ||
      error instanceof ConsumerOverdueError ||
      error instanceof SourceQuarantinedError
    if (isFatal || !(error instanceof AesopError)) return { kind: 'fatal' }
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

  /** Goes back to the last checkpoint, as often as the budget allows without getting past the place of the failure. */
  #consumerFailed(failure: ConsumerFailedError): PullerEvent {
    const { consumerRetries, log, random } = this.#options
    this.#fault = failure
    const { maxRetryNum } = consumerRetries
    if (maxRetryNum >= 0 && this.#consumerFailures >= maxRetryNum) {
      this.#fault = new ConsumerRetriesExhaustedError(this.#consumerFailures + 1, failure)
      return { kind: 'fatal' }
    }
    const delayMs = backoffMs(consumerRetries, this.#consumerFailures, random())
    this.#failsSinceMs ??= performance.now()
    this.#consumerFailures++
    const text = consumerText(failure)
    const own = text === undefined ? {} : { error: text }
    log.warn(failure.message, { code: failure.code, tries: this.#consumerFailures, delayMs, ...own })
    return { kind: 'rolled-back', delayMs }
  }

  /** The relay is not to blame for a full disk: it is asked again when there may be room, for ever. */
  #placeNotKept(error: CheckpointUnwritableError): PullerEvent {
    const { machine, log, random } = this.#options
    this.#fault = error
    const delayMs = backoffMs(machine.retries, this.#saveFailures, random())
    this.#saveFailures++
    log.warn(error.message, { code: error.code, tries: this.#saveFailures, delayMs })
    return { kind: 'rolled-back', delayMs }
  }

  async #register(relay: number): Promise<PullerEvent> {
    const address = this.#options.relays[relay]
    if (address === undefined) throw new InvariantError(`there is no relay ${relay}`)
    this.#disconnect()
    await this.#consumerSettled()
    const { logicalSources, registration } = this.#options
    // A connection stays with one address, even where the relay of the process may move.
    const { host, port, token } = address
    this.#connection = new RelayConnection({ host, port, token }, registration)
    this.#catalogue = await readCatalogue(this.#connection, logicalSources, this.#interrupt.signal)
    return { kind: 'registered' }
  }

  /** A call that is overdue comes to its end before anything else is given: an old value must not overwrite a newer one. */
  async #consumerSettled(): Promise<void> {
    const { dispatcher, log, registration } = this.#options
    const { overdue } = dispatcher
    if (overdue === undefined) return
    const { callback, scn } = overdue
    log.warn(`the registration "${registration}" goes on when its call of ${callback} has settled`, { scn })
    await dispatcher.whenSettled(this.#interrupt.signal)
    if (this.#interrupt.signal.aborted) throw new InterruptedError()
  }

  /** One answer of `/stream`, from its first byte to its last. */
  async #stream(fromLatest: boolean): Promise<PullerEvent> {
    const { dispatcher, followMs, eventBytesMax } = this.#options
    const connection = this.#connection
    const catalogue = this.#catalogue
    if (connection === undefined || catalogue === undefined) throw new InvariantError('streaming without a relay')
    if (this.#rollBackFirst) await dispatcher.rollback()
    this.#rollBackFirst = false
    dispatcher.bind(catalogue, (source) => this.#learnSchemas(source, connection))
    const startedMs = performance.now()
    const silenceMs = followMs + this.#options.silenceMs
    const asked = this.#streamRequest(catalogue, fromLatest)
    const path = formatStreamRequest(asked)
    const response = await connection.open(path, silenceMs, this.#interrupt.signal)
    dispatcher.answerBegins({
      address: connection.address,
      previousScn: previousScnOf(response.headers[headers.previousScn]),
      scnSpace: scnSpaceOf(response.headers[headers.scnSpace]),
    })
    const pendingBytes = Number(response.headers[headers.pendingEventSize] ?? 0)
    const decoder = new EventDecoder(eventBytesMax)
    let chunks = 0
    for await (const chunk of connection.chunks(response, silenceMs)) {
      chunks++
      decoder.push(chunk)
      await this.#dispatchAll(decoder)
      if (this.#interrupt.signal.aborted) throw new InterruptedError()
    }
    decoder.end()
    if (!(this.#fault instanceof ConsumerFailedError)) this.#fault = undefined
    if (chunks === 0 && pendingBytes > 0) return this.#growFetch(pendingBytes)
    // A relay that followed has kept us waiting already; one that did not is asked again after a pause, unless it
    // brought something new: bytes alone, like an end of a window that was seen before, are none.
    const followed = followMs > 0 && performance.now() - startedMs >= followMs / 2
    return { kind: 'stream-ended', empty: !followed && isSamePlace(asked.checkpoint, dispatcher.position) }
  }

  #streamRequest(catalogue: SourceCatalogue, fromLatestScn: boolean): StreamRequest {
    const { dispatcher, filters, followMs } = this.#options
    return {
      sources: catalogue.ids,
      checkpoint: dispatcher.position,
      fromLatestScn,
      sizeBytes: this.#fetchBytes,
      output: 'binary',
      eventVersionMax: 0,
      filters: new Map([...filters].flatMap(([name, filter]) => idEntry(catalogue.idOf(name), filter))),
      followMs,
    }
  }

  async #dispatchAll(decoder: EventDecoder): Promise<void> {
    const { dispatcher } = this.#options
    const { signal } = this.#interrupt
    try {
      for (let view = decoder.next(); view !== undefined; view = decoder.next()) {
        const pending = dispatcher.dispatch(view)
        if (pending !== undefined) await pending
        else if (!this.#isStopping) continue
        if (this.#isStopping && !dispatcher.inWindow) this.#request({ kind: 'stop' })
        if (signal.aborted) return
      }
    } finally {
      if (dispatcher.highestScn > this.#progressScn) this.#progressed(dispatcher.highestScn)
    }
  }

  /** Something newer than ever was processed: whatever was wrong is over. */
  #progressed(scn: bigint): void {
    this.#progressScn = scn
    if (!isFresh(this.#state)) {
      this.#state = next(this.#state, { kind: 'progress' }, this.#options.machine, 0).state
    }
    this.#consumerFailures = 0
    this.#saveFailures = 0
    this.#fault = undefined
  }

  #growFetch(pendingBytes: number): PullerEvent {
    if (pendingBytes > this.#options.eventBytesMax) {
      throw new EventTooLargeError(pendingBytes, this.#options.eventBytesMax)
    }
    // A relay that says so of an event that would have fitted is asked again after a pause.
    const empty = pendingBytes <= this.#fetchBytes
    this.#fetchBytes = Math.max(this.#fetchBytes, pendingBytes)
    return { kind: 'stream-ended', empty }
  }

  /** The socket in use is busy with the stream: the schemas come over another one. */
  async #learnSchemas(source: SubscribedSource, connection: RelayConnection): Promise<void> {
    const beside = new RelayConnection(connection.relay, this.#options.registration)
    try {
      source.learn(await readSchemas(beside, [source.source.id], this.#interrupt.signal))
    } finally {
      beside.close()
    }
  }

  #disconnect(): void {
    this.#connection?.close()
    this.#connection = undefined
  }
}

/** How many places that relays do not have are remembered, so that each is logged once. */
const TOLD_MAX = 100

/** Ends what is being done because of a request from outside; never seen beyond this file. */
class InterruptedError extends Error {}

function isSamePlace(one: Checkpoint, other: Checkpoint): boolean {
  return one.windowScn === other.windowScn && one.windowOffset === other.windowOffset
}

function idEntry(id: number | undefined, filter: KeyFilter): [number, KeyFilter][] {
  return id === undefined ? [] : [[id, filter]]
}

/** @throws ResponseMalformedError when what the relay says is no SCN */
function previousScnOf(text: string | string[] | undefined): bigint | undefined {
  if (text === undefined) return undefined
  if (typeof text === 'string' && /^\d{1,19}$/.test(text)) return BigInt(text)
  throw new ResponseMalformedError(`${headers.previousScn} is ${String(text)}, expected an SCN`)
}

/** @throws ResponseMalformedError when what the relay says names no SCN space */
function scnSpaceOf(text: string | string[] | undefined): string | undefined {
  if (text === undefined || isScnSpace(text)) return text
  throw new ResponseMalformedError(`${headers.scnSpace} is ${String(text)}, expected ${SCN_SPACE_FORM}`)
}

function faultOf(error: AesopError): Fault {
  if (error instanceof ScnNotFoundError) return 'fell-off'
  if (error instanceof ScnInFutureError) return 'ahead'
  return error.canRetry ? 'retry' : 'refused'
}
