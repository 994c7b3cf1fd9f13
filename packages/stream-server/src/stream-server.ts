import { type HttpGuard, type Logger } from '@aesop/kernel'
import { RequestBook, type RequestTotals, TrafficTotals } from '@aesop/stats'
import { type LocalRelay } from '@aesop/wire'
import { createServer, type Server, type ServerOptions } from 'node:http'
import { Admission } from './admission.ts'
import { ClientBook } from './client-book.ts'
import { Connections } from './connections.ts'
import { type RelayControl } from './control-pages.ts'
import { LocalDesk } from './local-desk.ts'
import { OpenStreams } from './open-streams.ts'
import { PendingBytes } from './pending-bytes.ts'
import { ProcessStats } from './process-stats.ts'
import { routes, sendHealthWord } from './routes.ts'
import { SchemaAnswers } from './schemas-answer.ts'
import { type ServedSource } from './served-source.ts'
import { type ServerLimits } from './server-limits.ts'
import { StatsDesk, type StatsPage } from './stats-desk.ts'
import { statsPages } from './stats-pages.ts'
import { StreamSources } from './stream-sources.ts'
import { TurnGate } from './turn-gate.ts'

const KEEP_ALIVE = { keepAliveTimeout: 65_000 } as const
const READ_CHECKS_MAX_MS = 1_000
/** Of all answers together, in one turn of the event loop: what is looked at and made into text takes some milliseconds. */
const WORK_BYTES_MAX = 384 * 1024

/** What an HTTP server of windows serves, where, and to whom. */
export interface StreamServerOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** Without its first slash. */
  readonly healthPath: string
  /** How long a request may take to arrive; 0: without a limit. */
  readonly readTimeoutMs: number
  readonly limits: ServerLimits
  readonly guard: HttpGuard
  /** The physical sources that there are at first; each has its own order. */
  readonly sources: readonly ServedSource[]
  /** Pages of `/containerStats` that only its owner knows, by category: of what came in. Undefined: there is none. */
  readonly containerStats: (category: string) => StatsPage | readonly unknown[] | undefined
  /** What `/controlSources` and `/relayCommand` act on. */
  readonly control: RelayControl
  /** What `/config` shows: which settings were given, without their values. */
  readonly configuration: () => object
  readonly log: Logger
  /** Whether all is well, and in which state. */
  readonly status: () => { readonly good: boolean; readonly status: string; readonly message: string }
}

/** Windows over HTTP, with Databus' protocol; see DESIGN.md. It knows readers, and nothing of who writes. */
export class StreamServer {
  readonly connections: Connections
  readonly limits: ServerLimits
  readonly streams: OpenStreams
  readonly #local: LocalDesk
  readonly #options: StreamServerOptions
  readonly #server: Server
  readonly #sources: StreamSources
  readonly #book: RequestBook
  readonly #clients = new ClientBook()
  readonly #process = new ProcessStats()
  readonly #pending: PendingBytes
  #stopping = false

  /** @throws SourcesClashError */
  constructor(options: StreamServerOptions) {
    const { limits, log, readTimeoutMs } = options
    this.#options = options
    this.limits = limits
    this.#sources = new StreamSources(options.sources)
    this.#book = new RequestBook([], false, Date.now())
    this.#countSources()
    this.connections = new Connections(limits, log)
    this.#pending = new PendingBytes(limits)
    const shared = { pending: this.#pending, gate: new TurnGate(WORK_BYTES_MAX) }
    const [requests, clients] = [this.#book, this.#clients]
    this.streams = new OpenStreams({ sources: this.#sources, limits, shared, log })
    const app = routes(options, {
      sources: this.#sources,
      streams: this.streams,
      schemas: new SchemaAnswers(shared),
      stats: this.#statsDesk(),
      requests,
      clients,
      admission: this.#admission(),
    })
    this.#local = new LocalDesk({
      sources: this.#sources,
      streams: this.streams,
      requests,
      clients,
      connections: this.connections,
      log,
      isStopping: () => this.#stopping,
    })
    this.#server = createServer({ ...readLimits(readTimeoutMs), ...KEEP_ALIVE }, app)
    this.connections.watch(this.#server)
  }

  /** One more source, while it listens: whoever asks from now on finds it. @throws SourcesClashError, and nothing has changed */
  addSource(served: ServedSource): void {
    this.#sources.add(served).open(this.#server)
    this.#countSources()
  }

  /**
   * Requests for it are refused by name from now on. Its streams end between windows; those that can't end are cut after `graceMs`,
   * or when the signal aborts. All other streams go on.
   */
  async removeSource(served: ServedSource, graceMs: number, signal?: AbortSignal): Promise<void> {
    const source = this.#sources.all.find((each) => each.served === served)
    if (source === undefined) return
    this.#sources.remove(source)
    this.#countSources()
    await this.streams.end(graceMs, signal, source)
    source.close()
  }

  #countSources(): void {
    const { logical, only } = this.#sources
    const ids = logical.map(({ id }) => id)
    this.#book.serve(ids, only !== undefined, Date.now())
  }

  /** Counters of all requests. */
  get requests(): RequestTotals {
    return this.#book.total
  }

  /** Bytes that wait in all connections for their readers. */
  get pendingBytes(): number {
    return this.#pending.bytes
  }

  /** The server as clients of its own process see it, once it listens there. */
  localAt(port: number): LocalRelay {
    return this.#local.at(this.#options.host, port)
  }

  /** @returns the port. Rejects with what the system says. */
  listen(): Promise<number> {
    const { host, port } = this.#options
    for (const source of this.#sources.all) source.open(this.#server)
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject)
        // Node emits what accept says (EMFILE), and a process ends by an error that nobody hears.
        this.#server.on('error', (error) => {
          this.connections.acceptFailed(error)
        })
        this.#process.start()
        const address = this.#server.address()
        resolve(typeof address === 'object' && address !== null ? address.port : port)
      })
    })
  }

  /** Takes no more requests and ends streams between windows; those that can't end are cut after `graceMs`. */
  async endStreams(graceMs: number, signal?: AbortSignal): Promise<void> {
    this.#stopping = true
    await this.streams.end(graceMs, signal)
  }

  /** Closes every socket; resolves when the port is free. */
  async close(): Promise<void> {
    this.#stopping = true
    this.#process.stop()
    this.#local.cut()
    for (const source of this.#sources.all) source.close()
    if (!this.#server.listening) return
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve()
      })
    })
    this.#server.closeAllConnections()
    await closed
  }

  #admission(): Admission {
    const { guard, healthPath, status } = this.#options
    return new Admission({
      guard,
      healthPath,
      connections: this.connections,
      scnSpace: () => this.#scnSpace,
      isStopping: () => this.#stopping,
      sendWord: (response) => {
        sendHealthWord(response, status().good)
      },
    })
  }

  /** That of all answers; undefined: not known, or not one for all. */
  get #scnSpace(): string | undefined {
    const [first, ...others] = new Set(this.#sources.all.map(({ scnSpace }) => scnSpace))
    return others.length === 0 ? first : undefined
  }

  #statsDesk(): StatsDesk {
    const totals = new TrafficTotals(this.connections.counts, Date.now())
    const traffic: StatsPage = { counts: totals.tally, toJson: (nowMs) => totals.toJson(nowMs) }
    const [requests, clients, process] = [this.#book, this.#clients, this.#process]
    const ofOwner = this.#options.containerStats
    return new StatsDesk(statsPages({ requests, clients, process, ofOwner, traffic }))
  }
}

/** Node looks for requests that take too long only every half minute, unless it is told to look more often. */
function readLimits(readTimeoutMs: number): ServerOptions {
  if (readTimeoutMs === 0) return { requestTimeout: 0, headersTimeout: 0 }
  const connectionsCheckingInterval = Math.min(READ_CHECKS_MAX_MS, Math.ceil(readTimeoutMs / 4))
  return { requestTimeout: readTimeoutMs, headersTimeout: readTimeoutMs, connectionsCheckingInterval }
}
