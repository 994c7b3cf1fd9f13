import { type Logger } from '@aesop/kernel'
import { type SnapshotReader } from '@aesop/reading'
import { type CountedRequest, type RequestBook, type RequestName } from '@aesop/stats'
import {
  formatError,
  formatStreamRequest,
  type LocalAnswer,
  type LocalConnection,
  type LocalRelay,
  parseError,
  parseRequest,
  parseStreamRequest,
  RequestFailedError,
  snapshotFailure,
  type SourceSchema,
  type StreamRequest,
} from '@aesop/wire'
import { type ClientBook, type ClientTraffic } from './client-book.ts'
import { type Connections } from './connections.ts'
import { FailureAnswers } from './failure-answers.ts'
import { type LocalStream } from './local-stream.ts'
import { countFailure, type OpenStreams, type StreamClient } from './open-streams.ts'
import { type StreamSources } from './stream-sources.ts'

export interface LocalDeskOptions {
  readonly sources: StreamSources
  readonly streams: OpenStreams
  readonly requests: RequestBook
  readonly clients: ClientBook
  readonly connections: Connections
  readonly log: Logger
  readonly isStopping: () => boolean
}

/** The address that a client of the same process is counted under. */
const PEER = '127.0.0.1'

/** Clients of the same process: what they ask is answered as over HTTP, and counted and logged as there. */
export class LocalDesk {
  readonly #options: LocalDeskOptions
  readonly #failures: FailureAnswers
  readonly #streams = new Set<LocalStream>()

  constructor(options: LocalDeskOptions) {
    this.#options = options
    this.#failures = new FailureAnswers(options.log)
  }

  /** The desk of a server that listens there. */
  at(host: string, port: number): LocalRelay {
    return { host, port, connect: (client) => this.#connect(client) }
  }

  /** Ends every stream at once. */
  cut(): void {
    for (const stream of this.#streams) stream.cut()
  }

  #connect(client: string): LocalConnection {
    const traffic = this.#options.clients.met(client)
    const { gets, leaves } = this.#options.connections.enterLocal()
    let open: LocalStream | undefined
    let isOpen = true
    const connection: LocalConnection = {
      sources: () => this.#counted('sources', client, () => this.#options.sources.logical),
      physicalSources: () => {
        this.#refuseStopping()
        return this.#options.sources.all.map(({ served: { name, tables } }) => ({ name, sources: tables }))
      },
      schemas: (sourceIds) =>
        this.#counted('register', client, (counted) => {
          counted.about(sourceIds)
          return this.#schemas(sourceIds)
        }),
      startPlace: async (sources, from) => {
        this.#refuseStopping()
        return this.#options.sources.startPlace({ sources, from }).catch((error: unknown) => {
          this.#failures.note(error, '/startPlace of this process', PEER)
          throw asTold(error)
        })
      },
      snapshots: {
        describe: (source) => this.#snapshot((reader) => reader.describe(source), source),
        readChunk: (request, either) => this.#snapshot((reader) => reader.readChunk(request, either), request.source),
      },
      stream: async (request, signal) => {
        const by = this.#clientOf(client, traffic)
        const stream = (open = this.#answered(by.counted, 'stream', () => this.#open(request, connection, by)))
        signal.addEventListener('abort', () => {
          stream.close()
        })
        if (signal.aborted) stream.close()
        await stream.begin().catch((error: unknown) => {
          throw this.#failed('stream', by.counted, error)
        })
        return answerOf(stream, gets)
      },
      close: () => {
        if (isOpen) {
          leaves()
          traffic?.left()
        }
        isOpen = false
        open?.close()
      },
    }
    traffic?.came(connection)
    return connection
  }

  async #snapshot<Answer>(ask: (reader: SnapshotReader) => Promise<Answer>, source: string): Promise<Answer> {
    this.#refuseStopping()
    try {
      return await ask(this.#options.sources.snapshotsOf(source))
    } catch (error) {
      this.#failures.note(error, '/snapshot of this process', PEER)
      throw asTold(snapshotFailure(error))
    }
  }

  #clientOf(name: string, traffic: ClientTraffic | undefined): StreamClient {
    return { name, peer: PEER, traffic, counted: this.#options.requests.called('stream', PEER, name) }
  }

  #schemas(sourceIds: readonly number[]): SourceSchema[] {
    return this.#options.sources.schemasOf({ sources: sourceIds, protocolVersion: 2, compress: false })
  }

  #open(request: StreamRequest, connection: LocalConnection, by: StreamClient): LocalStream {
    const stream = this.#options.streams.openLocal(asAsked(request), connection, by)
    this.#streams.add(stream)
    void stream.ended.then(() => this.#streams.delete(stream))
    return stream
  }

  #counted<Answer>(name: RequestName, client: string, answer: (counted: CountedRequest) => Answer): Answer {
    const counted = this.#options.requests.called(name, PEER, client)
    return this.#answered(counted, name, () => answer(counted))
  }

  #answered<Answer>(counted: CountedRequest, name: RequestName, answer: () => Answer): Answer {
    try {
      this.#refuseStopping()
      return answer()
    } catch (error) {
      throw this.#failed(name, counted, error)
    }
  }

  #failed(name: RequestName, counted: CountedRequest, error: unknown): Error {
    countFailure(counted, error)
    this.#failures.note(error, `/${name} of this process`, PEER)
    return asTold(error)
  }

  /** @throws RequestFailedError */
  #refuseStopping(): void {
    if (this.#options.isStopping()) throw new RequestFailedError('the relay is stopping')
  }
}

function answerOf(stream: LocalStream, gets: (bytes: number) => void): LocalAnswer {
  const { scnSpace, previousScn } = stream
  return {
    scnSpace,
    previousScn,
    get pendingEventBytes() {
      return stream.pendingEventBytes
    },
    get wasCut() {
      return stream.wasCut
    },
    next: async () => {
      try {
        const bytes = await stream.next()
        if (bytes !== undefined) gets(bytes.length)
        return bytes
      } catch (error) {
        // It is counted where the stream ends.
        throw asTold(error)
      }
    },
    close: () => {
      stream.close()
    },
  }
}

/** The request as it reads when it has come over HTTP: what would be refused there is refused here. @throws InvalidRequestError */
function asAsked(request: StreamRequest): StreamRequest {
  return parseStreamRequest(parseRequest(formatStreamRequest(request), {}).parameters)
}

/** The error that a client makes of what it is told over HTTP. */
function asTold(error: unknown): Error {
  const { headers, body } = formatError(error)
  return parseError(headers, body) ?? new RequestFailedError(String(error))
}
