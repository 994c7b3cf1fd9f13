import {
  type BootstrapStore,
  type LogBounds,
  type SourceState,
  type SourceStatus,
  type StoreWriter,
  type StreamDeclaration,
} from '@aesop/bootstrap-store'
import {
  type BackoffConfig,
  type BeanContext,
  type Health,
  InvariantError,
  messageOf,
  type Metric,
  sleep,
} from '@aesop/kernel'
import { type PhysicalSourceConfig } from '@aesop/producer'
import { type SnapshotReader } from '@aesop/reading'
import { type RelayAddress } from '@aesop/wire'
import { ApplierLoop } from './applier-loop.ts'
import { NotComparableError, SeedingImpossibleError } from './errors.ts'
import { Retention, RETENTION, type RetentionSettings } from './retention.ts'
import { SeedThrottle } from './seed-throttle.ts'
import { SeedingDesk } from './seeding-desk.ts'
import { type SeedingProgress } from './seeding-progress.ts'
import { silenceOf, STALL_MS } from './stall-watch.ts'
import { StreamFollower } from './stream-follower.ts'
import { type TableReport } from './verify/table-report.ts'
import { TableVerifier } from './verify/table-verifier.ts'

export interface BootstrapProducerOptions {
  /** The relay that is followed (`relay:` URI), and the sources that the store has. */
  readonly physicalSourceConfig: PhysicalSourceConfig
  readonly store: BootstrapStore
  /** The relays that are followed, asked for at each attempt; left out: those of the uri. */
  readonly relays?: (() => readonly RelayAddress[]) | undefined
  /**
   * Reads the rows that were there before the relay. Undefined: there is nothing to read, and tables are served as the stream
   * makes them, which is whole only where the relay has had them from their first row on.
   */
  readonly snapshots?: SnapshotReader | undefined
  /** When a log is full; left out: as the store does it. */
  readonly logBounds?: LogBounds
  /** Waits before a store that failed is asked again; default 100 ms to 5 s. */
  readonly storeRetries?: BackoffConfig
  /** Bytes of windows that are written together; default 1 MiB. */
  readonly batchBytes?: number
  /** How long the first of them waits for others, in milliseconds; default 20. */
  readonly batchMs?: number
  /** How long the database may take for a chunk, in milliseconds; default 100. */
  readonly chunkMs?: number
  /** Tables that are seeded at a time; default 2. */
  readonly seedsAtOnce?: number
  /** Bytes of chunks of one table that may wait for the stream; default 32 MiB. */
  readonly seedAheadBytes?: number
  /** What stands still so long is told, in milliseconds; default 45,000. */
  readonly stallMs?: number
  /** Spares the database that tables are read from; several producers may have one together. Left out: it waits where chunks take three times as long as at their best. */
  readonly throttle?: SeedThrottle
  /** What leaves the store by itself; left out: `RETENTION`. */
  readonly retention?: RetentionSettings
}

const BATCH_BYTES = 1024 * 1024
const BATCH_MS = 20
const CHUNK_MS = 100
const SEEDS_AT_ONCE = 2
const SEED_AHEAD_BYTES = 32 * 1024 * 1024
const LOAD_FACTOR = 3
const PATIENCE_MS = 60_000
/** Below what a command waits for the page. */
const REPORT_MS = 2000
const STORE_RETRIES: BackoffConfig = {
  initSleepMs: 100,
  sleepIncFactor: 2,
  sleepIncDeltaMs: 0,
  maxSleepMs: 5000,
  maxRetryNum: Infinity,
}

/** Where a source stands by what is stored. */
export interface StoredSourceReport {
  readonly source: string
  readonly status: SourceStatus
  readonly logScn: bigint
  readonly appliedScn: bigint
  readonly seededRows: bigint
  readonly where: string | undefined
}

/** What whoever compares tables wants to be told, and how long. */
export interface VerifyQuestion {
  readonly signal: AbortSignal
  readonly onMoved: (report: TableReport) => void
  /** How long a store may stand still while it is waited for, and a relay may not answer; default a minute. */
  readonly patienceMs?: number
}

/** What a producer says of itself. */
export interface BootstrapProducerReport {
  readonly store: string
  readonly relay: object
  readonly sources: readonly StoredSourceReport[]
  /** Why they stand there as they were seen last, and not as they are; undefined: they do not. */
  readonly fault?: string | undefined
  /** Whether seedings are held. */
  readonly isPaused: boolean
  readonly seeding: readonly SeedingProgress[]
}

/** Fills a bootstrap store: follows a relay into its log, brings that into the snapshot tables, and seeds tables that are not whole. */
export class BootstrapProducer {
  readonly #options: BootstrapProducerOptions
  readonly #context: BeanContext
  readonly #stream: StreamDeclaration
  #writer: StoreWriter | undefined
  #follower: StreamFollower | undefined
  #applier: ApplierLoop | undefined
  #seeding: SeedingDesk | undefined
  #retention: Retention | undefined
  #failure: Error | undefined
  /** Since when the store has a gap that is being mended. */
  #gap: { readonly told: string; isSeen: boolean } | undefined

  constructor(options: BootstrapProducerOptions, context: BeanContext) {
    this.#options = options
    this.#context = context
    const { name, sources, schemaChangeSourceId } = options.physicalSourceConfig
    this.#stream = { name, sources: sources.map((source) => source.name), schemaChangeId: schemaChangeSourceId }
  }

  /** Name of the physical source. */
  get name(): string {
    return this.#stream.name
  }

  /**
   * Where no relay can be followed now, it goes on to ask them.
   * @throws StoreInUseError, StoreFormatError, StoreFailedError, and what the relays say that trying again can't help
   */
  async start(): Promise<void> {
    const { store, logBounds } = this.#options
    const writer = (this.#writer = await store.openWriter(logBounds))
    await writer.declare(this.#stream)
    this.#startApplier(writer)
    this.#startSeeding(writer)
    this.#startRetention(writer)
    this.#follower = this.#followerInto(writer)
    await this.#follower.start()
  }

  /** What has come is written. Twice is harmless. */
  async stop(): Promise<void> {
    await this.#follower?.stop()
    await this.#seeding?.stop()
    await this.#retention?.stop()
    await this.#applier?.stop()
    await this.#writer?.close()
    this.#writer = undefined
  }

  health(): Health {
    if (this.#failure !== undefined) return { status: 'down', detail: this.#failure.message }
    const follows = this.#follower?.health() ?? { status: 'up' }
    if (follows.status !== 'up') return follows
    const fault = this.#applier?.fault
    if (fault !== undefined) return { status: 'degraded', detail: fault.message }
    const silentMs = this.#seeding?.storeSilentMs ?? 0
    if (silentMs >= (this.#options.stallMs ?? STALL_MS)) return { status: 'degraded', detail: silenceOf(silentMs) }
    const waits = this.#seeding?.progress.find((each) => each.fault !== undefined)
    if (waits !== undefined)
      return { status: 'degraded', detail: `the seeding of ${waits.source} waits: ${waits.fault}` }
    const kept = this.#retention?.fault
    if (kept !== undefined) return { status: 'degraded', detail: `what is old stays in the store: ${kept}` }
    return this.#isMended() ? follows : { status: 'degraded', detail: this.#gap?.told ?? '' }
  }

  metrics(): readonly Metric[] {
    return [...(this.#seeding?.metrics() ?? []), ...(this.#retention?.metrics() ?? [])]
  }

  /** As `describe`, after a look at the store, which is waited for some seconds. */
  async report(): Promise<BootstrapProducerReport> {
    const over = new AbortController()
    const tooLong = sleep(REPORT_MS, over.signal).then(() => 'it does not answer')
    const fault = await Promise.race([this.#lookFault(), tooLong])
    over.abort()
    return { ...this.describe(), ...(fault !== undefined && { fault }) }
  }

  /** By what was seen last. */
  describe(): BootstrapProducerReport {
    const { store } = this.#options
    return {
      store: store.name,
      relay: this.#follower?.describe() ?? {},
      sources: (this.#seeding?.states ?? []).map(sourceReport),
      isPaused: this.#seeding?.isPaused ?? false,
      seeding: this.#seeding?.progress ?? [],
    }
  }

  get sources(): readonly string[] {
    return this.#stream.sources
  }

  has(source: string): boolean {
    return this.#stream.sources.includes(source)
  }

  /** Where its sources stand by what is stored, whoever writes to the store now. @throws StoreFormatError, StoreFailedError */
  async storedSources(): Promise<readonly StoredSourceReport[]> {
    const reader = await this.#options.store.openReader()
    try {
      const states = await reader.states()
      return states.filter(({ name }) => this.has(name)).map(sourceReport)
    } finally {
      await reader.close()
    }
  }

  /**
   * Compares a table with what is stored of it, whoever writes to the store now. SPEC.md, "Verifying".
   * @throws StoreMissingError, StoreFormatError, StoreFailedError
   */
  async verify(source: string, question: VerifyQuestion): Promise<TableReport> {
    const { store, snapshots: tables } = this.#options
    if (tables === undefined) throw new NotComparableError(source, 'seeding: none says that tables are not read')
    const reader = await store.openReader()
    try {
      return await new TableVerifier(source, { patienceMs: PATIENCE_MS, ...question, store: reader, tables }).run()
    } finally {
      await reader.close()
    }
  }

  /** Reads a table again from its beginning. @throws SeedingSourceUnknownError, SeedingImpossibleError, and what the relay says */
  async seed(source: string, where: string | undefined): Promise<void> {
    await this.#desk(source).seed(source, where)
  }

  /** Ends the seeding of a table. @throws SeedingSourceUnknownError, SeedingImpossibleError */
  async cancel(source: string): Promise<void> {
    await this.#desk(source).cancel(source)
  }

  /** No more chunks are read, until `resume` or the end of the process. */
  pause(): void {
    this.#seeding?.pause()
  }

  resume(): void {
    this.#seeding?.resume()
  }

  /** Why the store could not be looked at; undefined: it was. */
  async #lookFault(): Promise<string | undefined> {
    try {
      await this.#seeding?.look()
      return undefined
    } catch (error) {
      return messageOf(error)
    }
  }

  #desk(source: string): SeedingDesk {
    if (this.#seeding === undefined) throw new SeedingImpossibleError(source, 'its producer does not run')
    return this.#seeding
  }

  /** Once all tables are served that a gap made void. */
  #isMended(): boolean {
    const gap = this.#gap
    if (gap === undefined) return true
    const states = this.#seeding?.states ?? []
    const areServed = states.every(({ status }) => status === 'ACTIVE' || status === 'INACTIVE')
    gap.isSeen ||= !areServed
    if (gap.isSeen && areServed) this.#gap = undefined
    return this.#gap === undefined
  }

  #startApplier(writer: StoreWriter): void {
    const { batchBytes = BATCH_BYTES } = this.#options
    const { log } = this.#context
    this.#applier = new ApplierLoop({
      writer,
      stream: this.#stream.name,
      stepBytes: batchBytes,
      log,
      onFailed: (error) => {
        this.#fail(error)
      },
    })
    this.#applier.start()
  }

  #startSeeding(writer: StoreWriter): void {
    const { store, snapshots, chunkMs = CHUNK_MS, seedsAtOnce = SEEDS_AT_ONCE } = this.#options
    const { throttle = new SeedThrottle({ loadFactor: LOAD_FACTOR }), seedAheadBytes = SEED_AHEAD_BYTES } =
      this.#options
    const { stallMs = STALL_MS } = this.#options
    const applier = this.#applier
    if (applier === undefined) throw new InvariantError('the applier runs')
    const { log } = this.#context
    const sources = this.#stream.sources
    this.#seeding = new SeedingDesk({
      store,
      sources,
      seedsAtOnce,
      stallMs,
      seeder: { writer, reader: snapshots, applier, log, chunkMs, throttle, aheadBytes: seedAheadBytes },
    })
    this.#seeding.start()
  }

  #startRetention(writer: StoreWriter): void {
    const { retention: settings = RETENTION } = this.#options
    const { name: stream, sources } = this.#stream
    this.#retention = new Retention({ writer, stream, sources, settings, log: this.#context.log })
    this.#retention.start()
  }

  #followerInto(writer: StoreWriter): StreamFollower {
    const { physicalSourceConfig, relays, snapshots, storeRetries = STORE_RETRIES } = this.#options
    const { batchBytes = BATCH_BYTES, batchMs = BATCH_MS } = this.#options
    const options = {
      writer,
      stream: this.#stream,
      physicalSource: physicalSourceConfig,
      relays,
      batchBytes,
      batchMs,
      storeRetries,
      onWritten: () => this.#applier?.wake(),
      mendsGaps: snapshots !== undefined,
      onGap: (error: Error) => {
        this.#tellGap(error)
      },
      onFailed: (error: Error) => {
        this.#fail(error)
      },
    }
    return new StreamFollower(options, this.#context)
  }

  #tellGap(error: Error): void {
    const message = `the store of ${this.name} has a gap, and its tables are being read again: ${error.message}`
    this.#gap = { told: message, isSeen: false }
    this.#context.log.error(message)
    this.#context.publish?.({ type: 'alert', severity: 'error', message })
  }

  /** Several parts may see one fault: the first one is told. */
  #fail(error: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#context.log.error(`the bootstrap producer can not go on: ${error.message}`)
    this.#context.fail(error)
  }
}

function sourceReport({ name, status, stream, seeding }: SourceState): StoredSourceReport {
  const { logScn, appliedScn } = stream
  return { source: name, status, logScn, appliedScn, seededRows: seeding?.rows ?? 0n, where: seeding?.where }
}
