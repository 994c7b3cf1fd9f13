import { type EventBuffer } from '@aesop/buffer'
import {
  type AesopError,
  ANSWER_HEADERS,
  formatJson,
  type HttpAim,
  type HttpGuard,
  type Logger,
  messageOf,
  sleep,
  systemCodeOf,
  ToldBefore,
} from '@aesop/kernel'
import { type PhysicalSourceConfig } from '@aesop/producer'
import { type SchemaRegistry } from '@aesop/schema'
import { type RequestName, RequestTotals, TrafficTotals } from '@aesop/stats'
import {
  type BufferSource,
  Connections,
  ConnectionSchemas,
  PendingBytes,
  type RelayLimits,
  RequestOrder,
  sendSchemas,
  type SharedWork,
  StatsDesk,
  StreamResponse,
  tooMuchWaits,
  TurnGate,
} from '@aesop/stream-server'
import * as wire from '@aesop/wire'
import express, { type NextFunction, type Request, type Response } from 'express'
import { createServer, type Server, type ServerOptions } from 'node:http'
import { RelayListenError, RelayPortInUseError } from './errors.ts'
import { type InboundEvents } from './inbound-events.ts'
import { type RelayConfig } from './relay-config.ts'
import { formatBufferInfo, formatPhysicalSources, requestedSchemas, unknownSource } from './relay-pages.ts'

const KEEP_ALIVE = { keepAliveTimeout: 65_000 } as const
const READ_CHECKS_MAX_MS = 1_000
const PLACE_ERRORS = [wire.ScnNotFoundError, wire.ScnInFutureError, wire.ScnSpaceForeignError]
const ANSWER_HEADERS_LIST = Object.entries(ANSWER_HEADERS)
/** How many places that are not to be had are remembered, so that each is logged once. */
const TOLD_MAX = 1_000
/** Of all answers together, in one turn of the event loop: what is looked at and made into text takes some milliseconds. */
const WORK_BYTES_MAX = 384 * 1024
/** How many answers to /register are made at a time: each has a compressor, of some 256 KiB. */
const REGISTERS_MAX = 256

/** What the HTTP server shows. */
export interface RelayServerOptions {
  readonly config: RelayConfig
  readonly limits: RelayLimits
  readonly guard: HttpGuard
  readonly physicalSource: PhysicalSourceConfig
  readonly schemas: SchemaRegistry
  readonly source: BufferSource
  readonly inbound: InboundEvents
  readonly log: Logger
  /** Whether the relay is well, and in which state. */
  readonly status: () => { readonly good: boolean; readonly status: string; readonly message: string }
}

/** The relay's HTTP side: routes, streams, and how they end. */
export class RelayServer {
  readonly requests = new RequestTotals(Date.now())
  readonly connections: Connections
  readonly limits: RelayLimits
  /** Streams that were refused because there were too many. */
  refusedStreams = 0
  /** Bytes of events that streams have sent and finished. */
  streamedBytes = 0
  readonly #options: RelayServerOptions
  readonly #server: Server
  readonly #stats: StatsDesk
  readonly #told = new ToldBefore(TOLD_MAX)
  readonly #streams = new Map<StreamResponse, Promise<void>>()
  readonly #known: ConnectionSchemas
  readonly #order = new RequestOrder()
  readonly #shared: SharedWork
  #registers = 0
  #stopping = false

  constructor(options: RelayServerOptions) {
    this.#options = options
    const { limits, log } = options
    this.limits = limits
    this.connections = new Connections(limits, log)
    this.#shared = {
      pending: new PendingBytes(limits.pendingBytes, limits.streams),
      gate: new TurnGate(WORK_BYTES_MAX),
    }
    this.#stats = this.#statsDesk()
    this.#known = new ConnectionSchemas(options.schemas)
    this.#server = createServer({ ...readLimits(options.config.readTimeoutMs), ...KEEP_ALIVE }, this.#app())
    this.connections.watch(this.#server)
    this.#known.watch(this.#server)
  }

  get streams(): number {
    return this.#streams.size
  }

  /** Bytes that wait in all connections for their readers. */
  get pendingBytes(): number {
    return this.#shared.pending.bytes
  }

  /** @returns the port. @throws RelayPortInUseError, RelayListenError */
  listen(): Promise<number> {
    const { host, port } = this.#options.config
    return new Promise((resolve, reject) => {
      const failed = (cause: Error): void => {
        const inUse = systemCodeOf(cause) === 'EADDRINUSE'
        reject(inUse ? new RelayPortInUseError(host, port, cause) : new RelayListenError(host, port, cause))
      }
      this.#server.once('error', failed)
      this.#server.listen(port, host, () => {
        this.#server.off('error', failed)
        // Node emits what accept says (EMFILE), and a process ends by an error that nobody hears.
        this.#server.on('error', (error) => {
          this.connections.acceptFailed(error)
        })
        const address = this.#server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : port)
      })
    })
  }

  /** Takes no more requests and ends streams between windows; those that can't end are cut after `graceMs`. */
  async endStreams(graceMs: number, signal?: AbortSignal): Promise<void> {
    this.#stopping = true
    for (const stream of this.#streams.keys()) stream.stop()
    const ended = Promise.all(this.#streams.values())
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
    for (const stream of this.#streams.keys()) stream.cut()
    await ended
  }

  /** Closes every socket; resolves when the port is free. */
  async close(): Promise<void> {
    this.#stopping = true
    if (!this.#server.listening) return
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve()
      })
    })
    this.#server.closeAllConnections()
    await closed
  }

  #app(): express.Express {
    const app = express()
    app.disable('x-powered-by').disable('etag').set('query parser', false)
    const { physicalSource, source, config } = this.#options
    app.use((request, response, next) => {
      response.setHeader('Content-Type', 'text/plain; charset=UTF-8')
      for (const [name, value] of ANSWER_HEADERS_LIST) response.setHeader(name, value)
      this.#admit(request, response, next)
    })
    app.use((request, response, next) => {
      this.#letIn(request, response, { wantsWord: request.path === `/${config.healthPath}` })
      // Positions are in many answers, in errors too: all of them say of which space they are.
      if (source.scnSpace !== undefined) response.setHeader(wire.headers.scnSpace, source.scnSpace)
      if (this.#stopping) response.setHeader('Connection', 'close')
      next(this.#stopping ? new wire.RequestFailedError('the relay is stopping') : undefined)
    })
    app.all(
      '/sources',
      this.#counted('sources', (request, response) => {
        response.end(wire.formatSources(physicalSource.servedSources, wire.parseSourcesRequest(request)))
      }),
    )
    app.all(
      '/register',
      this.#counted('register', (request, response) => this.#register(request, response)),
    )
    app.all(
      '/stream',
      this.#counted('stream', (request, response) => this.#stream(request, response)),
    )
    app.all(`/${config.healthPath}`, (_request, response) => {
      this.#health(response)
    })
    app.all(`/${config.healthPath}/status`, (_request, response) => {
      const { good, status, message } = this.#options.status()
      response.statusCode = good ? 200 : 503
      response.end(`${formatJson({ status, message })}\n`)
    })
    app.all('/physicalSources', (_request, response) => {
      response.end(formatPhysicalSources(physicalSource))
    })
    app.all('/bufferInfo/*rest', (request, response) => {
      response.end(this.#bufferInfo(request.path, source.buffer))
    })
    app.all(['/containerStats/*rest', '/relayStats/*rest'], (request, response) => {
      if (request.method === 'PUT' || request.method === 'POST') this.#letIn(request, response, { isAction: true })
      const { subPath, parameters } = wire.parseRequest(request.originalUrl, request.headers)
      response.end(this.#stats.answer(request.method, subPath, parameters))
    })
    app.use((request) => {
      throw wire.UnknownCommandError.of(request.path.slice(1))
    })
    app.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
      this.#fail(error, request, response, next)
    })
    return app
  }

  /** A connection that is one too many is told so; requests of one connection wait for each other. */
  #admit(request: Request, response: Response, next: NextFunction): void {
    const turn = this.#order.turn(request, response)
    if (turn === undefined) {
      this.#checkConnection(request, response)
      next()
    } else {
      void turn.then((comes) => {
        if (comes) next()
      })
    }
  }

  /** @throws RelayBusyError */
  #checkConnection({ socket }: Request, response: Response): void {
    try {
      this.connections.check(socket)
    } catch (error) {
      response.setHeader('Connection', 'close')
      throw error
    }
  }

  /** Lets a request pass that may. @throws RequestRefusedError, TokenRefusedError */
  #letIn(request: Request, response: Response, aim: HttpAim): void {
    const verdict = this.#options.guard.check(request, aim)
    if (verdict.refusal === undefined) {
      request.url = request.originalUrl = verdict.target
      return
    }
    const { status, message, headers = {} } = verdict.refusal
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    const isOfToken = status === 401 || status === 429 || status === 503
    const ofKind = isOfToken ? wire.TokenRefusedError : wire.RequestRefusedError
    throw new ofKind(message, { fields: { status } })
  }

  #counted(name: RequestName, answer: (request: wire.RequestParameters, response: Response) => void | Promise<void>) {
    return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
      this.requests.called(name, peerOf(request))
      try {
        await answer(wire.parseRequest(request.originalUrl, request.headers).parameters, response)
      } catch (error) {
        this.#countFailure(name, error)
        next(error)
      }
    }
  }

  #countFailure(name: RequestName, error: unknown): void {
    this.requests.failed(name, error instanceof wire.InvalidRequestError)
    if (error instanceof wire.ScnNotFoundError) this.requests.scnNotFound()
  }

  async #register(request: wire.RequestParameters, response: Response): Promise<void> {
    const register = wire.parseRegisterRequest(request)
    const schemas = requestedSchemas(this.#options.physicalSource, this.#options.schemas, register)
    const { pending } = this.#shared
    if (pending.isFull) throw tooMuchWaits(pending.max)
    if (this.#registers >= REGISTERS_MAX) throw wire.RelayBusyError.of('answers to /register', REGISTERS_MAX, 'a relay')
    response.setHeader(wire.headers.protocolVersion, register.protocolVersion)
    this.#registers++
    try {
      await sendSchemas(response, schemas, register, this.#shared)
    } finally {
      this.#registers--
    }
  }

  async #stream(parameters: wire.RequestParameters, response: Response): Promise<void> {
    const { source, log } = this.#options
    const request = wire.parseStreamRequest(parameters)
    const unknown = request.sources?.find((id) => !source.sourceIds.has(id))
    if (unknown !== undefined) throw unknownSource('stream', unknown)
    if (this.#streams.size >= this.limits.streams) this.#refuseStream()
    const { windowScn, isFlexible } = request.checkpoint
    if (!isFlexible) this.requests.streamAsked(windowScn)
    const startedMs = performance.now()
    const isOutdated = this.#known.outdated(response.req.socket, this.#namesOf(request.sources))
    const stream = new StreamResponse(source, request, response, this.#shared, isOutdated)
    const running = stream.run()
    this.#streams.set(
      stream,
      running.catch(() => undefined),
    )
    try {
      await running
    } finally {
      this.#streams.delete(stream)
      this.streamedBytes += stream.sentBytes
      this.requests.streamEnded(performance.now() - startedMs)
      if (stream.failure !== undefined) this.#countFailure('stream', stream.failure)
      if (stream.wasOverrun)
        log.warn('a slow reader was cut: the buffer needed its bytes back', { sentBytes: stream.sentBytes })
    }
  }

  /** @throws RelayBusyError */
  #refuseStream(): never {
    this.refusedStreams++
    throw wire.RelayBusyError.of('streams', this.limits.streams, 'databus.relay.container.maxStreams')
  }

  /** Names of the sources with these ids; left out: of all. */
  #namesOf(ids: readonly number[] | undefined): string[] {
    const { sources } = this.#options.physicalSource
    return sources.filter(({ id }) => ids?.includes(id) !== false).map(({ name }) => name)
  }

  #health(response: Response): void {
    const { good } = this.#options.status()
    response.statusCode = good ? 200 : 503
    response.end(good ? 'GOOD\n' : 'BAD\n')
  }

  #bufferInfo(path: string, buffer: EventBuffer): string {
    const [, direction, ...rest] = decodeURIComponent(path).slice(1).split('/')
    if (direction !== 'inbound') throw new wire.InvalidRequestError(`Invalid value for bufferInfo.prefix: ${path}`)
    const partition = rest.join(':')
    const { name, id } = this.#options.physicalSource
    if (partition !== `${name}:${id}`)
      throw new wire.BufferNotFoundError(`there is no buffer ${partition}, only ${name}:${id}`)
    return formatBufferInfo(buffer)
  }

  #statsDesk(): StatsDesk {
    const { requests, connections } = this
    const { inbound } = this.#options
    const traffic = new TrafficTotals(connections.counts, Date.now())
    return new StatsDesk({
      containerStats: new Map([
        ['inbound/events/total', { counts: inbound.totals.tally, toJson: (nowMs) => inbound.toJson(nowMs) }],
        ['outbound/total', { counts: traffic.tally, toJson: (nowMs) => traffic.toJson(nowMs) }],
      ]),
      relayStats: new Map([['outbound/http/total', { counts: requests, toJson: (nowMs) => requests.toJson(nowMs) }]]),
    })
  }

  #fail(error: unknown, request: Request, response: Response, next: NextFunction): void {
    this.#options.log[this.#levelOf(error, peerOf(request))](
      `${request.method} ${request.path} failed: ${messageOf(error)}`,
    )
    if (response.headersSent) {
      next(error)
      return
    }
    const { status, headers, body } = wire.formatError(error)
    response.statusCode = status
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    response.end(body)
  }

  /** A client that asks for what the relay does not have asks again and again: each of its places is news once. */
  #levelOf(error: unknown, peer: string): 'warn' | 'debug' {
    if (!PLACE_ERRORS.some((known) => error instanceof known)) return 'debug'
    const { code, fields } = error as AesopError
    return this.#told.has(peer, code, String(fields['scn'])) ? 'debug' : 'warn'
  }
}

/** The address of a client: it comes from another port each time. */
function peerOf(request: Request): string {
  return request.socket.remoteAddress ?? ''
}

/** Node looks for requests that take too long only every half minute, unless it is told to look more often. */
function readLimits(readTimeoutMs: number): ServerOptions {
  if (readTimeoutMs === 0) return { requestTimeout: 0, headersTimeout: 0 }
  const connectionsCheckingInterval = Math.min(READ_CHECKS_MAX_MS, Math.ceil(readTimeoutMs / 4))
  return { requestTimeout: readTimeoutMs, headersTimeout: readTimeoutMs, connectionsCheckingInterval }
}
