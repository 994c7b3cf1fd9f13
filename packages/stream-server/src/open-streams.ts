import { type Logger, sleep } from '@aesop/kernel'
import { type RequestName, type RequestTotals } from '@aesop/stats'
import {
  parseStreamRequest,
  RelayBusyError,
  type RequestParameters,
  ScnNotFoundError,
  InvalidRequestError,
} from '@aesop/wire'
import { type ServerResponse } from 'node:http'
import { type ServerLimits } from './server-limits.ts'
import { type SharedWork } from './response-writer.ts'
import { StreamResponse } from './stream-response.ts'
import { type StreamSources } from './stream-sources.ts'

export interface OpenStreamsOptions {
  readonly sources: StreamSources
  readonly limits: ServerLimits
  readonly shared: SharedWork
  readonly requests: RequestTotals
  readonly log: Logger
}

/** The streams that are open, and how they end. */
export class OpenStreams {
  /** How many were refused because there were too many. */
  refused = 0
  /** Bytes of events that streams have sent and finished. */
  sentBytes = 0
  readonly #options: OpenStreamsOptions
  readonly #open = new Map<StreamResponse, Promise<void>>()

  constructor(options: OpenStreamsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#open.size
  }

  /** Answers `/stream`. @throws InvalidRequestError, RelayBusyError, and what a StreamResponse throws */
  async answer(
    parameters: RequestParameters,
    response: ServerResponse,
    tellSpace: (scnSpace: string) => void,
  ): Promise<void> {
    const { sources, shared, requests } = this.#options
    const request = parseStreamRequest(parameters)
    const source = sources.ofStream(request.sources)
    if (source.scnSpace !== undefined) tellSpace(source.scnSpace)
    this.#refuseTooMany()
    const { windowScn, isFlexible } = request.checkpoint
    if (!isFlexible) requests.streamAsked(windowScn)
    const startedMs = performance.now()
    const isOutdated = source.connectionSchemas.outdated(response.req.socket, source.tablesOf(request.sources))
    const stream = new StreamResponse(source, request, response, shared, isOutdated)
    const running = stream.run()
    this.#open.set(
      stream,
      running.catch(() => undefined),
    )
    try {
      await running
    } finally {
      this.#open.delete(stream)
      this.#ended(stream, startedMs)
    }
  }

  /** Ends streams between windows; those that can't end are cut after `graceMs`, or when the signal aborts. */
  async end(graceMs: number, signal?: AbortSignal): Promise<void> {
    for (const stream of this.#open.keys()) stream.stop()
    const ended = Promise.all(this.#open.values())
    const done = new AbortController()
    signal?.addEventListener(
      'abort',
      () => {
        done.abort()
      },
      { once: true },
    )
    await Promise.race([ended, signal?.aborted === true ? undefined : sleep(graceMs, done.signal)])
    done.abort()
    for (const stream of this.#open.keys()) stream.cut()
    await ended
  }

  /** @throws RelayBusyError */
  #refuseTooMany(): void {
    const { streams, settings } = this.#options.limits
    if (this.#open.size < streams) return
    this.refused++
    throw RelayBusyError.of('streams', streams, settings.streams)
  }

  #ended(stream: StreamResponse, startedMs: number): void {
    const { requests, log } = this.#options
    this.sentBytes += stream.sentBytes
    requests.streamEnded(performance.now() - startedMs)
    if (stream.failure !== undefined) countFailure(requests, 'stream', stream.failure)
    if (stream.wasOverrun)
      log.warn('a slow reader was cut: the buffer needed its bytes back', { sentBytes: stream.sentBytes })
  }
}

/** Counts a request that failed, before its answer or within it. */
export function countFailure(requests: RequestTotals, name: RequestName, error: unknown): void {
  requests.failed(name, error instanceof InvalidRequestError)
  if (error instanceof ScnNotFoundError) requests.scnNotFound()
}
