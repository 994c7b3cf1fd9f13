import { type MaxScn, type MaxScnStore } from '@aesop/checkpoint'
import { type BootstrapStore, type SourceState, type StoreWriter, type StreamDeclaration } from '@aesop/bootstrap-store'
import { type BeanContext, type Health, InvariantError, type Metric } from '@aesop/kernel'
import { type PhysicalSourceConfig } from '@aesop/producer'
import { RelayEventProducer } from '@aesop/producer-relay'
import { type SnapshotReader } from '@aesop/reading'
import { MemorySchemaRegistry } from '@aesop/schema'
import { ApplierLoop } from './applier-loop.ts'
import { BatchQueue } from './batch-queue.ts'
import { SeedingDesk } from './seeding-desk.ts'
import { StoreSink } from './store-sink.ts'

export interface BootstrapProducerOptions {
  /** The relay that is followed (`relay:` URI), and the sources that the store has. */
  readonly physicalSourceConfig: PhysicalSourceConfig
  readonly store: BootstrapStore
  /**
   * Reads the rows that were there before the relay. Undefined: there is nothing to read, and tables are served as the stream
   * makes them, which is whole only where the relay has had them from their first row on.
   */
  readonly snapshots?: SnapshotReader | undefined
  /** Bytes of windows that are written together; default 1 MiB. */
  readonly batchBytes?: number
  /** How long the first of them waits for others, in milliseconds; default 20. */
  readonly batchMs?: number
  /** How long the database may take for a chunk, in milliseconds; default 100. */
  readonly chunkMs?: number
  /** Tables that are seeded at a time; default 2. */
  readonly seedsAtOnce?: number
}

const BATCH_BYTES = 1024 * 1024
const BATCH_MS = 20
const BATCHES_WAITING = 2
const CHUNK_MS = 100
const SEEDS_AT_ONCE = 2

/** Fills a bootstrap store: follows a relay into its log, brings that into the snapshot tables, and seeds tables that are not whole. */
export class BootstrapProducer {
  readonly #options: BootstrapProducerOptions
  readonly #context: BeanContext
  readonly #stream: StreamDeclaration
  #writer: StoreWriter | undefined
  #producer: RelayEventProducer | undefined
  #queue: BatchQueue | undefined
  #sink: StoreSink | undefined
  #applier: ApplierLoop | undefined
  #seeding: SeedingDesk | undefined
  #failure: Error | undefined

  constructor(options: BootstrapProducerOptions, context: BeanContext) {
    this.#options = options
    this.#context = context
    const { name, sources, schemaChangeSourceId } = options.physicalSourceConfig
    this.#stream = { name, sources: sources.map((source) => source.name), schemaChangeId: schemaChangeSourceId }
  }

  /** @throws StoreInUseError, and what the relays say that are asked where to begin */
  async start(): Promise<void> {
    const writer = (this.#writer = await this.#options.store.openWriter())
    const states = await writer.declare(this.#stream)
    const producer = (this.#producer = new RelayEventProducer(this.#options, this.#context))
    const begin = await this.#prepare(producer, states)
    this.#openSink(writer, producer, begin)
    this.#startSeeding(writer)
    const sink = this.#sink
    if (sink === undefined) throw new InvariantError('a sink was opened')
    await producer.start(begin, sink)
  }

  /** What has come is written. Twice is harmless. */
  async stop(): Promise<void> {
    await this.#producer?.stop()
    this.#sink?.close()
    await this.#seeding?.stop()
    await this.#queue?.stop()
    await this.#applier?.stop()
    await this.#writer?.close()
    this.#writer = undefined
  }

  health(): Health {
    const fault = this.#failure ?? this.#queue?.fault ?? this.#applier?.fault
    if (this.#failure !== undefined) return { status: 'down', detail: this.#failure.message }
    if (fault !== undefined) return { status: 'degraded', detail: fault.message }
    const waits = this.#seeding?.progress.find((each) => each.fault !== undefined)
    if (waits !== undefined)
      return { status: 'degraded', detail: `the seeding of ${waits.source} waits: ${waits.fault}` }
    return this.#producer?.health() ?? { status: 'up' }
  }

  metrics(): readonly Metric[] {
    return this.#seeding?.metrics() ?? []
  }

  describe(): unknown {
    const { store } = this.#options
    return { store: store.name, relay: this.#producer?.describe(), seeding: this.#seeding?.progress ?? [] }
  }

  /** Where the relay is followed from: behind what the store has, or, of an empty one, the oldest window that there is. */
  async #prepare(producer: RelayEventProducer, states: readonly SourceState[]): Promise<bigint> {
    const writer = this.#writer
    const [first] = states
    if (first === undefined || writer === undefined) throw new InvariantError('a stream has sources')
    const { logScn, scnSpace } = first.stream
    const stored = scnSpace === undefined ? undefined : { scn: logScn, scnSpace, savedAtMs: Date.now() }
    const begin = await producer.prepare({
      physicalSource: this.#options.physicalSourceConfig,
      schemas: new MemorySchemaRegistry(),
      maxScn: storedIn(stored),
      initialScn: undefined,
      fail: (error) => {
        this.#fail(error)
      },
    })
    if (stored === undefined) await writer.breakStream(this.#stream.name, begin, spaceOf(producer))
    return begin
  }

  #openSink(writer: StoreWriter, producer: RelayEventProducer, begin: bigint): void {
    const { physicalSourceConfig, batchBytes = BATCH_BYTES, batchMs = BATCH_MS } = this.#options
    const { log } = this.#context
    this.#applier = new ApplierLoop({ writer, stream: this.#stream.name, stepBytes: batchBytes, log })
    this.#queue = new BatchQueue({
      writer,
      stream: this.#stream,
      waitingMax: BATCHES_WAITING,
      log,
      onWritten: () => this.#applier?.wake(),
      onFailed: (error) => {
        this.#fail(error)
      },
    })
    this.#sink = new StoreSink({
      queue: this.#queue,
      scnSpace: spaceOf(producer),
      reachedScn: begin,
      sources: new Map(physicalSourceConfig.sources.map(({ id, name }) => [id, name])),
      schemaChangeId: this.#stream.schemaChangeId,
      batchBytes,
      batchMs,
    })
    this.#applier.start()
  }

  #startSeeding(writer: StoreWriter): void {
    const { store, snapshots, chunkMs = CHUNK_MS, seedsAtOnce = SEEDS_AT_ONCE } = this.#options
    const applier = this.#applier
    if (applier === undefined) throw new InvariantError('the applier runs')
    const { log } = this.#context
    const sources = this.#stream.sources
    this.#seeding = new SeedingDesk({
      store,
      sources,
      seedsAtOnce,
      seeder: { writer, reader: snapshots, applier, log, chunkMs },
    })
    this.#seeding.start()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#context.log.error(`the bootstrap producer can not go on: ${error.message}`)
  }
}

/** It follows no relay that does not tell its space. */
function spaceOf({ scnSpace }: RelayEventProducer): string {
  if (scnSpace === undefined) throw new InvariantError('a relay that is followed tells its SCN space')
  return scnSpace
}

/** The store keeps the place beside the windows; what the producer saves says nothing more. */
function storedIn(stored: MaxScn | undefined): MaxScnStore {
  return { load: () => stored, save: () => undefined }
}
