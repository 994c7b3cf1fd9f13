import { type BootstrapStore, type SourceState } from '@aesop/bootstrap-store'
import { formatJson, type Health, type HttpGuard, type Logger, type Metric } from '@aesop/kernel'
import { formatEvents, PageServer, serverLimits, type ServerLimits } from '@aesop/stream-server'
import {
  formatScn,
  headers,
  parseBootstrapRequest,
  parseRequest,
  parseStartScnRequest,
  parseTargetScnRequest,
  paths,
  RelayBusyError,
  type RequestParameters,
} from '@aesop/wire'
import { type Express, type Request, type Response } from 'express'
import { BootstrapAnswers, type ScnAnswer } from './bootstrap-answers.ts'
import { BootstrapAddressMissingError, BootstrapListenError } from './errors.ts'
import { PeerTurns } from './peer-turns.ts'
import { ReaderSlots } from './reader-slots.ts'
import { StoreWatch } from './store-watch.ts'

export interface BootstrapServerOptions {
  readonly store: BootstrapStore
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /**
   * `host:port` by which clients reach it, and which their places carry. Default: where it listens; it has to be given where that is
   * every address of the machine.
   */
  readonly address?: string
  readonly guard: HttpGuard
  readonly log: Logger
  /** Without its first slash; default `admin`. */
  readonly healthPath?: string
  /** How long a request may take to arrive, in milliseconds; default 15,000; 0: without a limit. */
  readonly readTimeoutMs?: number
  readonly limits?: ServerLimits
  /** How many questions the store answers at a time; default 4. */
  readonly readers?: number
  /** How many requests of one address are answered at a time; default 8. */
  readonly requestsPerPeer?: number
  /** How long `/startSCN` waits for a store that is behind the client, in milliseconds; default 60,000. */
  readonly behindMs?: number
  /** Whether the snapshot of a source is left out where the log reaches back to what the client has; default: of each it is. */
  readonly leavesOut?: (source: string) => boolean
  /** Most rows of an answer of a snapshot, and of the log; left out: its bytes bound it. */
  readonly snapshotRows?: number
  readonly logRows?: number
  /** Names of the settings that were given, which `/config` shows. */
  readonly configuration?: () => readonly string[]
  /** How often the store is looked at for health and pages, in milliseconds; default 1,000. */
  readonly watchMs?: number
}

const EVERY_ADDRESS = new Set(['0.0.0.0', '::'])
const READERS = 4
const REQUESTS_PER_PEER = 8
const BEHIND_MS = 60_000
const WATCH_MS = 1_000
const READ_TIMEOUT_MS = 15_000
const PENDING_BYTES = 64 * 1024 * 1024
const NO_COUNTS = { startScn: 0, targetScn: 0, bootstrap: 0, rows: 0, bytes: 0, failed: 0 }
const SETTINGS = { connections: 'maxConnections', streams: 'maxStreams', pendingBytes: 'maxPendingBytes' }

/**
 * A bootstrap store over HTTP: `/startSCN`, `/bootstrap` and `/targetSCN` as Databus' bootstrap server answers them; see SPEC.md.
 * It only reads. What it answers is made by the store's threads.
 */
export class BootstrapServer {
  readonly #options: BootstrapServerOptions
  readonly #slots: ReaderSlots
  readonly #answers: BootstrapAnswers
  readonly #peers: PeerTurns
  readonly #pages: PageServer
  readonly #watch: StoreWatch
  readonly #counts = { ...NO_COUNTS }
  #port: number | undefined

  /** @throws BootstrapAddressMissingError */
  constructor(options: BootstrapServerOptions) {
    const { store, readers = READERS, requestsPerPeer = REQUESTS_PER_PEER, behindMs = BEHIND_MS } = options
    const { leavesOut = () => true, snapshotRows, logRows, watchMs = WATCH_MS, log } = options
    this.#options = options
    if (options.address === undefined && EVERY_ADDRESS.has(options.host))
      throw new BootstrapAddressMissingError(options.host)
    this.#slots = new ReaderSlots(store, readers)
    this.#watch = new StoreWatch({ slots: this.#slots, storeName: store.name, log, everyMs: watchMs })
    const address = (): string => this.address
    this.#answers = new BootstrapAnswers({ slots: this.#slots, address, behindMs, leavesOut, snapshotRows, logRows })
    this.#peers = new PeerTurns(requestsPerPeer)
    this.#pages = new PageServer(
      {
        ...options,
        healthPath: options.healthPath ?? 'admin',
        readTimeoutMs: options.readTimeoutMs ?? READ_TIMEOUT_MS,
        limits: options.limits ?? defaultLimits(),
        scnSpace: () => undefined,
        // A store that is not whole yet is no reason to take the server away: its clients wait.
        status: () => ({ good: true, status: 'RUNNING', message: this.health().detail ?? '' }),
      },
      (app) => {
        this.#addPages(app)
      },
    )
  }

  /** `host:port`, by which clients know that their place is of this server. */
  get address(): string {
    return this.#options.address ?? `${this.#options.host}:${this.#port ?? this.#options.port}`
  }

  /** Names of the sources that the store has; the set grows while the server runs. */
  get sources(): ReadonlySet<string> {
    return this.#watch.names
  }

  /** Listens, whether its store is there yet or not. @returns the port @throws BootstrapListenError */
  async start(): Promise<number> {
    const { host, port } = this.#options
    try {
      this.#port = await this.#pages.listen()
    } catch (cause) {
      throw new BootstrapListenError(host, port, cause)
    }
    await this.#watch.start()
    return this.#port
  }

  /** Takes no more requests, cuts those that are answered, and lets go of the store. Twice is harmless. */
  async stop(): Promise<void> {
    await this.#pages.close()
    await this.#watch.stop()
    await this.#slots.close()
  }

  health(): Health {
    return this.#watch.health()
  }

  metrics(): readonly Metric[] {
    const count = (what: keyof typeof NO_COUNTS, help: string): Metric => ({
      name: `aesop_bootstrap_server_${what.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_total`,
      help,
      type: 'counter',
      value: this.#counts[what],
    })
    return [
      count('startScn', 'Bootstraps that began or began anew.'),
      count('targetScn', 'Rounds of catch-up that began.'),
      count('bootstrap', 'Batches that were answered.'),
      count('rows', 'Events in them.'),
      count('bytes', 'Bytes in them.'),
      count('failed', 'Requests that were refused or failed.'),
      {
        name: 'aesop_bootstrap_server_busy',
        help: 'Questions that the store answers now.',
        type: 'gauge',
        value: this.#slots.busy,
      },
    ]
  }

  describe(): unknown {
    const sources = this.#watch.sources.map(shownSource)
    return { address: this.address, store: this.#options.store.name, sources, ...this.#counts }
  }

  #addPages(app: Express): void {
    const add = (path: string, answer: (parameters: RequestParameters, response: Response) => Promise<void>): void => {
      app.all(path, (request, response) => this.#inTurn(request, response, answer))
    }
    add(paths.startScn, async (parameters, response) => {
      const gone = new AbortController()
      response.once('close', () => {
        gone.abort()
      })
      this.#counts.startScn++
      sendScn(response, await this.#answers.startScn(parseStartScnRequest(parameters), gone.signal))
    })
    add(paths.targetScn, async (parameters, response) => {
      this.#counts.targetScn++
      sendScn(response, await this.#answers.targetScn(parseTargetScnRequest(parameters)))
    })
    add(paths.bootstrap, (parameters, response) => this.#sendBatch(parameters, response))
    app.get(paths.config, (_request, response) => {
      response.end(formatJson({ given: this.#options.configuration?.() ?? [] }))
    })
  }

  async #inTurn(
    request: Request,
    response: Response,
    answer: (parameters: RequestParameters, response: Response) => Promise<void>,
  ): Promise<void> {
    response.setHeader(headers.bootstrapServer, this.address)
    const end = this.#peers.take(request.socket.remoteAddress ?? '')
    try {
      const max = this.#options.requestsPerPeer ?? REQUESTS_PER_PEER
      if (end === undefined) throw RelayBusyError.of('requests of this address', max, 'requestsPerPeer')
      await answer(parseRequest(request.originalUrl, request.headers).parameters, response)
    } catch (error) {
      this.#counts.failed++
      throw error
    } finally {
      end?.()
    }
  }

  async #sendBatch(parameters: RequestParameters, response: Response): Promise<void> {
    const request = parseBootstrapRequest(parameters)
    const { bytes, rows, isPhaseCompleted, pendingBytes, storeId } = await this.#answers.batch(request)
    response.setHeader(headers.bootstrapStore, storeId)
    if (pendingBytes !== undefined) response.setHeader(headers.pendingEventSize, pendingBytes)
    if (isPhaseCompleted) response.setHeader(headers.phaseCompleted, 'TRUE')
    // Of an answer with a length Databus' Java client takes the first 8 KiB, and believes that they are all.
    response.setHeader('Transfer-Encoding', 'chunked')
    this.#counts.bootstrap++
    this.#counts.rows += rows
    this.#counts.bytes += bytes.length
    response.end(request.output === 'binary' ? bytes : [...formatEvents(bytes, request.output)].join(''))
  }
}

/** A source for people: SCNs as text, because they have 64 bits. */
function shownSource({ name, stream, status, logStartScn, minScn, clearedScn, seeding }: SourceState): object {
  return {
    name,
    physicalSource: stream.name,
    status,
    logScn: String(stream.logScn),
    appliedScn: String(stream.appliedScn),
    logStartScn: String(logStartScn),
    minScn: String(minScn),
    clearedScn: String(clearedScn),
    ...(seeding && { rowsSeeded: Number(seeding.rows), seededAtScn: String(seeding.endScn) }),
  }
}

function sendScn(response: Response, { scn, storeId }: ScnAnswer): void {
  response.setHeader(headers.bootstrapStore, storeId)
  response.end(formatScn(scn))
}

function defaultLimits(): ServerLimits {
  const wanted = { maxConnections: undefined, maxStreams: undefined, maxPendingBytes: PENDING_BYTES }
  return serverLimits(wanted, undefined, SETTINGS).limits
}
