import { RequestBook, type RequestTotals, TrafficTotals } from '@aesop/stats'
import { type LocalRelay } from '@aesop/wire'
import { ClientBook } from './client-book.ts'
import { type Connections } from './connections.ts'
import { type RelayControl } from './control-pages.ts'
import { LocalDesk } from './local-desk.ts'
import { OpenStreams } from './open-streams.ts'
import { PendingBytes } from './pending-bytes.ts'
import { ProcessStats } from './process-stats.ts'
import { PageServer, type PageServerOptions } from './page-server.ts'
import { addRoutes } from './routes.ts'
import { SchemaAnswers } from './schemas-answer.ts'
import { type ServedSource } from './served-source.ts'
import { type ServerLimits } from './server-limits.ts'
import { StatsDesk, type StatsPage } from './stats-desk.ts'
import { statsPages } from './stats-pages.ts'
import { StreamSources } from './stream-sources.ts'
import { TurnGate } from './turn-gate.ts'

/** Of all answers together, in one turn of the event loop: what is looked at and made into text takes some milliseconds. */
const WORK_BYTES_MAX = 384 * 1024

/** What an HTTP server of windows serves, where, and to whom. */
export interface StreamServerOptions extends Omit<PageServerOptions, 'scnSpace'> {
  /** The physical sources that there are at first; each has its own order. */
  readonly sources: readonly ServedSource[]
  /** Pages of `/containerStats` that only its owner knows, by category: of what came in. Undefined: there is none. */
  readonly containerStats: (category: string) => StatsPage | readonly unknown[] | undefined
  /** What `/controlSources` and `/relayCommand` act on. */
  readonly control: RelayControl
  /** What `/config` shows: which settings were given, without their values. */
  readonly configuration: () => object
}

/** Windows over HTTP, with Databus' protocol; see DESIGN.md. It knows readers, and nothing of who writes. */
export class StreamServer {
  readonly connections: Connections
  readonly limits: ServerLimits
  readonly streams: OpenStreams
  readonly #local: LocalDesk
  readonly #options: StreamServerOptions
  readonly #pages: PageServer
  readonly #sources: StreamSources
  readonly #book: RequestBook
  readonly #clients = new ClientBook()
  readonly #process = new ProcessStats()
  readonly #pending: PendingBytes

  /** @throws SourcesClashError */
  constructor(options: StreamServerOptions) {
    const { limits, log } = options
    this.#options = options
    this.limits = limits
    this.#sources = new StreamSources(options.sources)
    this.#book = new RequestBook([], false, Date.now())
    this.#countSources()
    this.#pending = new PendingBytes(limits)
    const shared = { pending: this.#pending, gate: new TurnGate(WORK_BYTES_MAX) }
    const [requests, clients] = [this.#book, this.#clients]
    this.streams = new OpenStreams({ sources: this.#sources, limits, shared, log })
    this.#pages = new PageServer({ ...options, scnSpace: () => this.#scnSpace }, (app, { admission, connections }) => {
      const schemas = new SchemaAnswers(shared)
      const { streams } = this
      const desks = {
        sources: this.#sources,
        streams,
        schemas,
        stats: this.#statsDesk(connections),
        requests,
        clients,
        admission,
      }
      addRoutes(app, options, desks)
    })
    this.connections = this.#pages.connections
    this.#local = new LocalDesk({
      sources: this.#sources,
      streams: this.streams,
      requests,
      clients,
      connections: this.connections,
      log,
      isStopping: () => this.#pages.isStopping,
    })
  }

  /** One more source, while it listens: whoever asks from now on finds it. @throws SourcesClashError, and nothing has changed */
  addSource(served: ServedSource): void {
    this.#sources.add(served).open(this.#pages.http)
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
  async listen(): Promise<number> {
    for (const source of this.#sources.all) source.open(this.#pages.http)
    const port = await this.#pages.listen()
    this.#process.start()
    return port
  }

  /** Takes no more requests and ends streams between windows; those that can't end are cut after `graceMs`. */
  async endStreams(graceMs: number, signal?: AbortSignal): Promise<void> {
    this.#pages.stop()
    await this.streams.end(graceMs, signal)
  }

  /** Closes every socket; resolves when the port is free. */
  async close(): Promise<void> {
    this.#process.stop()
    this.#local.cut()
    for (const source of this.#sources.all) source.close()
    await this.#pages.close()
  }

  /** That of all answers; undefined: not known, or not one for all. */
  get #scnSpace(): string | undefined {
    const [first, ...others] = new Set(this.#sources.all.map(({ scnSpace }) => scnSpace))
    return others.length === 0 ? first : undefined
  }

  #statsDesk(connections: Connections): StatsDesk {
    const totals = new TrafficTotals(connections.counts, Date.now())
    const traffic: StatsPage = { counts: totals.tally, toJson: (nowMs) => totals.toJson(nowMs) }
    const [requests, clients, process] = [this.#book, this.#clients, this.#process]
    const ofOwner = this.#options.containerStats
    return new StatsDesk(statsPages({ requests, clients, process, ofOwner, traffic }))
  }
}
