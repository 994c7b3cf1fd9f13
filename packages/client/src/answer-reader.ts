import { type Checkpoint } from '@aesop/checkpoint'
import { EventTooLargeError } from '@aesop/event'
import { type EventRun, type KeyFilter, type RelayAnswer, type RelayLink, type StreamRequest } from '@aesop/wire'
import { type Dispatcher } from './dispatcher.ts'
import { type SourceCatalogue, type SubscribedSource } from './source-catalogue.ts'
import { TurnTime } from './turn-time.ts'

export interface AnswerReaderOptions {
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
  readonly link: RelayLink
  readonly catalogue: SourceCatalogue
}

/** Reads answers of `/stream` from their first byte to their last, and gives their events to a dispatcher. */
export class AnswerReader {
  /** Whether to tell where a window ends. */
  isStopping = false
  readonly #options: AnswerReaderOptions
  readonly #turn = new TurnTime()
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
    const { link, catalogue } = relay
    dispatcher.bind(catalogue, (source) => learnSchemas(source, link, signal))
    const startedMs = performance.now()
    const asked = this.#requestFor(catalogue, fromLatest)
    const silenceMs = followMs + this.#options.silenceMs
    const answer = await link.stream(asked, { silenceMs, eventBytesMax }, signal)
    const isEmpty = await this.#readEvents(answer, signal)
    this.#options.onEnd()
    if (isEmpty && answer.pendingBytes > 0) return this.#growFetch(answer.pendingBytes)
    // A relay that followed has kept us waiting already; one that did not is asked again after a pause, unless it
    // brought something new: bytes alone, like an end of a window that was seen before, are none.
    const followed = followMs > 0 && performance.now() - startedMs >= followMs / 2
    return !followed && isSamePlace(asked.checkpoint, dispatcher.position)
  }

  /** @returns whether there were none */
  async #readEvents(answer: RelayAnswer, signal: AbortSignal): Promise<boolean> {
    let isEmpty = true
    try {
      this.#options.dispatcher.answerBegins(answer.head)
      for (let run = await answer.next(); run !== undefined; run = await answer.next()) {
        isEmpty = false
        await this.#dispatchAll(run, signal)
        if (signal.aborted) throw new InterruptedError()
      }
    } finally {
      await answer.close()
    }
    return isEmpty
  }

  #requestFor(catalogue: SourceCatalogue, fromLatestScn: boolean): StreamRequest {
    const { dispatcher, filters, followMs } = this.#options
    return {
      sources: catalogue.ids,
      checkpoint: dispatcher.position,
      fromLatestScn,
      sizeBytes: this.#fetchBytes,
      output: 'binary',
      eventVersionMax: 2,
      filters: new Map([...filters].flatMap(([name, filter]) => idEntry(catalogue.idOf(name), filter))),
      followMs,
    }
  }

  async #dispatchAll(run: EventRun, signal: AbortSignal): Promise<void> {
    const { dispatcher, onProgress, onStopPlace } = this.#options
    this.#turn.begin()
    try {
      for (let view = run.next(); view !== undefined; view = run.next()) {
        const pending = dispatcher.dispatch(view)
        if (pending !== undefined) await pending
        const turn = this.#turn.spend()
        if (turn !== undefined) await turn
        else if (pending === undefined && !this.isStopping) continue
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
}

/** The link in use is busy with the stream: the schemas come over another one. */
export async function learnSchemas(source: SubscribedSource, link: RelayLink, signal: AbortSignal): Promise<void> {
  const beside = link.beside()
  try {
    source.learn(await beside.schemas([source.source.id], signal))
  } finally {
    beside.close()
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
