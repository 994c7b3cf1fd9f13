import { type Checkpoint, isScnSpace, SCN_SPACE_FORM } from '@aesop/checkpoint'
import { EventDecoder, EventTooLargeError } from '@aesop/event'
import { formatStreamRequest, headers, type KeyFilter, ResponseMalformedError, type StreamRequest } from '@aesop/wire'
import { type Dispatcher } from './dispatcher.ts'
import { readSchemas } from './relay-catalogue.ts'
import { RelayConnection } from './relay-connection.ts'
import { type SourceCatalogue, type SubscribedSource } from './source-catalogue.ts'

export interface AnswerReaderOptions {
  readonly registration: string
  readonly dispatcher: Dispatcher
  /** How long a response may keep streaming, in milliseconds; 0: plain polling. */
  readonly followMs: number
  /** Upper bound of one answer without follow, in bytes; grows to `eventBytesMax` when one event needs it. */
  readonly fetchBytes: number
  readonly eventBytesMax: number
  /** How long a relay may be silent beyond `followMs` while we wait for it, in milliseconds. */
  readonly silenceMs: number
  /** By the name of the source. */
  readonly filters: ReadonlyMap<string, KeyFilter>
  /** A window newer than any before was processed. */
  readonly onProgress: () => void
  /** The relay sent its answer to the end, without a fault. */
  readonly onEnd: () => void
  /** A stop was asked for, and no window is open any more. */
  readonly onStopPlace: () => void
}

/** What an answer of `/stream` is read from. */
export interface RelayInUse {
  readonly connection: RelayConnection
  readonly catalogue: SourceCatalogue
}

/** Reads answers of `/stream` from their first byte to their last, and gives their events to a dispatcher. */
export class AnswerReader {
  /** Whether to tell where a window ends. */
  isStopping = false
  readonly #options: AnswerReaderOptions
  #fetchBytes: number
  #progressScn: bigint

  constructor(options: AnswerReaderOptions) {
    this.#options = options
    this.#fetchBytes = options.fetchBytes
    this.#progressScn = options.dispatcher.highestScn
  }

  /**
   * Reads one answer. @returns whether it brought nothing, and at once: the relay is not to be asked again before a pause
   * @throws InterruptedError when the signal aborts; whatever relay, network or consumer say
   */
  async read(relay: RelayInUse, fromLatest: boolean, signal: AbortSignal): Promise<boolean> {
    const { dispatcher, followMs, eventBytesMax } = this.#options
    const { connection, catalogue } = relay
    dispatcher.bind(catalogue, (source) => this.#learnSchemas(source, connection, signal))
    const startedMs = performance.now()
    const silenceMs = followMs + this.#options.silenceMs
    const asked = this.#requestFor(catalogue, fromLatest)
    const response = await connection.open(formatStreamRequest(asked), silenceMs, signal)
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
      await this.#dispatchAll(decoder, signal)
      if (signal.aborted) throw new InterruptedError()
    }
    decoder.end()
    this.#options.onEnd()
    if (chunks === 0 && pendingBytes > 0) return this.#growFetch(pendingBytes)
    // A relay that followed has kept us waiting already; one that did not is asked again after a pause, unless it
    // brought something new: bytes alone, like an end of a window that was seen before, are none.
    const followed = followMs > 0 && performance.now() - startedMs >= followMs / 2
    return !followed && isSamePlace(asked.checkpoint, dispatcher.position)
  }

  #requestFor(catalogue: SourceCatalogue, fromLatestScn: boolean): StreamRequest {
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

  async #dispatchAll(decoder: EventDecoder, signal: AbortSignal): Promise<void> {
    const { dispatcher, onProgress, onStopPlace } = this.#options
    try {
      for (let view = decoder.next(); view !== undefined; view = decoder.next()) {
        const pending = dispatcher.dispatch(view)
        if (pending !== undefined) await pending
        else if (!this.isStopping) continue
        if (this.isStopping && !dispatcher.inWindow) onStopPlace()
        if (signal.aborted) return
      }
    } finally {
      if (dispatcher.highestScn > this.#progressScn) {
        this.#progressScn = dispatcher.highestScn
        onProgress()
      }
    }
  }

  #growFetch(pendingBytes: number): boolean {
    if (pendingBytes > this.#options.eventBytesMax) {
      throw new EventTooLargeError(pendingBytes, this.#options.eventBytesMax)
    }
    // A relay that says so of an event that would have fitted is asked again after a pause.
    const wouldHaveFitted = pendingBytes <= this.#fetchBytes
    this.#fetchBytes = Math.max(this.#fetchBytes, pendingBytes)
    return wouldHaveFitted
  }

  /** The socket in use is busy with the stream: the schemas come over another one. */
  async #learnSchemas(source: SubscribedSource, connection: RelayConnection, signal: AbortSignal): Promise<void> {
    const beside = new RelayConnection(connection.relay, this.#options.registration)
    try {
      source.learn(await readSchemas(beside, [source.source.id], signal))
    } finally {
      beside.close()
    }
  }
}

/** Ends what is being done because of a request from outside. */
export class InterruptedError extends Error {}

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
