import { type Logger, sleep } from '@aesop/kernel'
import { type CountedRequest } from '@aesop/stats'
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
import { type ClientTraffic } from './client-book.ts'
import { type KnownReader, KnownReaders, readersAt } from './known-readers.ts'
import { LocalStream } from './local-stream.ts'
import { type ServerLimits } from './server-limits.ts'
import { type SharedWork } from './response-writer.ts'
import { reportOf, type ReaderReport } from './reader-report.ts'
import { SeveralSourcesWindows } from './several-windows.ts'
import { type StreamPart } from './stream-choice.ts'
import { type StreamSource } from './stream-source.ts'
import { OneSourceWindows, type StreamWindows } from './stream-windows.ts'
import { StreamResponse } from './stream-response.ts'
import { type StreamSources } from './stream-sources.ts'

export interface OpenStreamsOptions {
  readonly sources: StreamSources
  readonly limits: ServerLimits
  readonly shared: SharedWork
  readonly log: Logger
}

/** A stream, over a connection or in the process. */
interface OpenStream {
  readonly sentBytes: number
  readonly failure: unknown
  readonly wasOverrun: boolean
  /** Asks it to end at the next end of a window. */
  stop(): void
  /** Ends it at once. */
  cut(): void
}

/** What is read, for whom. */
interface Reading {
  readonly parts: readonly StreamPart[]
  readonly windows: StreamWindows
  /** Who reads: the connection. */
  readonly reader: object
  readonly by: StreamClient
}

/** For whom a stream is, and where it is counted. */
export interface StreamClient {
  readonly name: string
  readonly peer: string
  readonly counted: CountedRequest
  /** Undefined: there are too many clients to count what each is sent. */
  readonly traffic: ClientTraffic | undefined
}

/** The streams that are open, and how they end. */
export class OpenStreams {
  /** How many were refused because there were too many. */
  refused = 0
  /** Bytes of events that streams have sent and finished. */
  sentBytes = 0
  readonly #options: OpenStreamsOptions
  readonly #open = new Map<OpenStream, Promise<void>>()
  readonly #readings = new Map<OpenStream, Reading>()
  readonly #known = new KnownReaders()
  /** Which of several sources had the last turn on a connection. */
  readonly #lastTurns = new WeakMap<object, PhysicalPartition | undefined>()

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
    by: StreamClient,
    tellSpace: (scnSpace: string) => void,
  ): Promise<void> {
    const { sources, shared } = this.#options
    const request = parseStreamRequest(parameters)
    const parts = sources.ofStream(request)
    const scnSpace = spaceOf(parts)
    if (scnSpace !== undefined) tellSpace(scnSpace)
    this.#refuseTooMany()
    const { socket } = response.req
    const reading = this.#readingOf(parts, request, socket, by)
    const stream = new StreamResponse(reading.windows, request, response, shared, outdated(parts, socket))
    await this.#watch(stream, reading, stream.run())
  }

  /**
   * A stream for a client of this process, who begins it. There are as many as registrations are configured: they are counted, and not
   * refused.
   * @param connection tells the client from others
   * @throws InvalidRequestError
   */
  openLocal(request: StreamRequest, connection: object, by: StreamClient): LocalStream {
    const { sources, shared } = this.#options
    const parts = sources.ofStream(request)
    const reading = this.#readingOf(parts, request, connection, by)
    const stream = new LocalStream(reading.windows, request, shared.gate, spaceOf(parts))
    void this.#watch(stream, reading, stream.ended)
    return stream
  }

  async #watch(stream: OpenStream, reading: Reading, running: Promise<void>): Promise<void> {
    const { parts, windows, reader, by } = reading
    by.counted.about(parts.flatMap(({ ids }) => [...ids]))
    by.traffic?.begins(stream)
    const [only] = parts
    if (only !== undefined && parts.length === 1 && !only.checkpoint.isFlexible)
      by.counted.streamAsked(only.checkpoint.windowScn)
    this.#readings.set(stream, reading)
    const startedMs = performance.now()
    this.#open.set(
      stream,
      running.catch(() => undefined),
    )
    try {
      await running
    } finally {
      this.#open.delete(stream)
      this.#readings.delete(stream)
      this.#known.left(by.name, by.peer, windows.places())
      this.#ended(stream, by, startedMs)
      if (windows instanceof SeveralSourcesWindows) this.#lastTurns.set(reader, windows.last)
    }
  }

  #readingOf(parts: readonly StreamPart[], request: StreamRequest, reader: object, by: StreamClient): Reading {
    const [only, ...others] = parts
    const cursor = request.positions?.cursor ?? this.#lastTurns.get(reader)
    const windows =
      only !== undefined && others.length === 0
        ? new OneSourceWindows(only, request)
        : new SeveralSourcesWindows(parts, request, cursor)
    return { parts, windows, reader, by }
  }

  /** Who reads, and where each stands. */
  readers(): ReaderReport[] {
    return [...this.#readings].flatMap(
      ([
        { sentBytes },
        {
          windows,
          by: { name, peer },
        },
      ]) => windows.places().map((place) => ({ client: name, peer, sentBytes, ...reportOf(place) })),
    )
  }

  /** The same, with those between two answers: where each stands, and nothing that is to be looked for. */
  knownReaders(): KnownReader[] {
    const open = [...this.#readings.values()].flatMap(({ windows, by: { name, peer } }) =>
      readersAt(name, peer, windows.places()),
    )
    return this.#known.all(open)
  }

  /** Asks all streams to end between windows. */
  disconnect(): void {
    for (const stream of this.#open.keys()) stream.stop()
  }

  /**
   * Ends streams between windows; those that can't end are cut after `graceMs`, or when the signal aborts.
   * @param of ends those alone that read this source; left out: all
   */
  async end(graceMs: number, signal?: AbortSignal, of?: StreamSource): Promise<void> {
    const ending = [...this.#open].filter(([stream]) => of === undefined || this.#reads(stream, of))
    for (const [stream] of ending) stream.stop()
    const ended = Promise.all(ending.map(([, running]) => running))
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
    for (const [stream] of ending) if (this.#open.has(stream)) stream.cut()
    await ended
  }

  #reads(stream: OpenStream, source: StreamSource): boolean {
    return this.#readings.get(stream)?.parts.some((part) => part.source === source) === true
  }

  /** @throws RelayBusyError */
  #refuseTooMany(): void {
    const { streams, settings } = this.#options.limits
    if (this.#open.size < streams) return
    this.refused++
    throw RelayBusyError.of('streams', streams, settings.streams)
  }

  #ended(stream: OpenStream, { counted, traffic }: StreamClient, startedMs: number): void {
    const { log } = this.#options
    this.sentBytes += stream.sentBytes
    traffic?.ends(stream)
    counted.streamEnded(performance.now() - startedMs)
    if (stream.failure !== undefined) countFailure(counted, stream.failure)
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
function spaceOf(parts: readonly StreamPart[]): string | undefined {
  const [first, ...others] = new Set(parts.map(({ source }) => source.scnSpace))
  return others.length === 0 ? first : undefined
}

/** Counts a request that failed, before its answer or within it. */
export function countFailure(request: CountedRequest, error: unknown): void {
  request.failed(error instanceof InvalidRequestError)
  if (error instanceof ScnNotFoundError) request.scnNotFound()
}
