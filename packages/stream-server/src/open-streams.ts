import { type Logger, sleep } from '@aesop/kernel'
import { type RequestName, type RequestTotals } from '@aesop/stats'
import {
  parseStreamRequest,
  type PhysicalPartition,
  RelayBusyError,
  type RequestParameters,
  ScnNotFoundError,
  type StreamRequest,
  InvalidRequestError,
} from '@aesop/wire'
import { type ServerResponse } from 'node:http'
import { type Socket } from 'node:net'
import { type ServerLimits } from './server-limits.ts'
import { type SharedWork } from './response-writer.ts'
import { SeveralSourcesWindows } from './several-windows.ts'
import { type StreamPart } from './stream-choice.ts'
import { OneSourceWindows, type StreamWindows } from './stream-windows.ts'
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
  /** Which of several sources had the last turn on a connection. */
  readonly #lastTurns = new WeakMap<Socket, PhysicalPartition | undefined>()

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
    const parts = sources.ofStream(request)
    const scnSpace = oneSpaceOf(parts.map(({ source }) => source.scnSpace))
    if (scnSpace !== undefined) tellSpace(scnSpace)
    this.#refuseTooMany()
    const [only] = parts
    if (only !== undefined && parts.length === 1 && !only.checkpoint.isFlexible)
      requests.streamAsked(only.checkpoint.windowScn)
    const startedMs = performance.now()
    const { socket } = response.req
    const reading = this.#readingOf(parts, request, socket)
    const stream = new StreamResponse(reading, request, response, shared, outdated(parts, socket))
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
      if (reading instanceof SeveralSourcesWindows) this.#lastTurns.set(socket, reading.last)
    }
  }

  #readingOf(parts: readonly StreamPart[], request: StreamRequest, socket: Socket): StreamWindows {
    const [only, ...others] = parts
    if (only !== undefined && others.length === 0) return new OneSourceWindows(only, request)
    return new SeveralSourcesWindows(parts, request, request.positions?.cursor ?? this.#lastTurns.get(socket))
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

/** Whether the connection is older than a schema of what is sent; it is asked for each chunk. */
function outdated(parts: readonly StreamPart[], socket: Socket): () => boolean {
  const [only, ...others] = parts.map(({ source, ids }) =>
    source.connectionSchemas.outdated(socket, source.tablesOf(ids)),
  )
  if (only !== undefined && others.length === 0) return only
  return () => [only, ...others].some((isOutdated) => isOutdated?.() === true)
}

/** The one that all have; undefined: they have several, or one is not known. */
function oneSpaceOf(spaces: readonly (string | undefined)[]): string | undefined {
  const [first, ...others] = new Set(spaces)
  return others.length === 0 ? first : undefined
}

/** Counts a request that failed, before its answer or within it. */
export function countFailure(requests: RequestTotals, name: RequestName, error: unknown): void {
  requests.failed(name, error instanceof InvalidRequestError)
  if (error instanceof ScnNotFoundError) requests.scnNotFound()
}
