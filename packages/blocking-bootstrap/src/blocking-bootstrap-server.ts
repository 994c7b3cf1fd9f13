import { FileMaxScnStore } from '@aesop/checkpoint'
import { AcknowledgeRefusedError, type EventConsumer } from '@aesop/client'
import {
  type BeanContext,
  claimName,
  type Health,
  type Lifecycle,
  type Metric,
  namedPath,
  type Observable,
} from '@aesop/kernel'
import { type EventProducer, GeneratedScnProducer, type PhysicalSourceConfig } from '@aesop/producer'
import { FileSchemaRegistry } from '@aesop/schema'
import { join, resolve } from 'node:path'
import { type BlockingBootstrapConfig, type BlockingConsumers, type BlockingRegistration } from './blocking-beans.ts'
import { type BlockingSettings, parseBlockingProperties } from './blocking-settings.ts'
import { ConsumerMissingError, OneConsumerError, ProducerUnknownError, SourceTakenError } from './errors.ts'
import { FileRowsProgress } from './rows-progress.ts'
import { doneResult, progressLine } from './run-report.ts'
import { SourceRun } from './source-run.ts'
import { WindowFiles } from './window-file.ts'

/** Makes the producer of a registration that brings none. */
export type ProducerFor = (physicalSource: PhysicalSourceConfig) => Promise<EventProducer | undefined>

export interface BlockingBootstrapServerOptions extends BlockingConsumers {
  readonly config: BlockingBootstrapConfig
  readonly registrations: readonly BlockingRegistration[]
  readonly producerFor: ProducerFor
}

/** A part of the time for a stop that a consumer may take for what it was given. */
const GIVEN_UP_AT = 0.8
/** Where somebody looks. */
const SHOWN_EVERY_MS = 250

/**
 * Brings tables, and what happens to them meanwhile and afterwards, from their sources straight to consumers. Nothing is kept on the
 * way but how far they are: a source waits for its consumers.
 */
export class BlockingBootstrapServer implements Lifecycle, Observable {
  readonly #options: BlockingBootstrapServerOptions
  readonly #context: BeanContext
  readonly #settings: ReadonlyMap<BlockingRegistration, BlockingSettings>
  #runs: SourceRun[] = []
  #releases: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined
  #isUnfinished: boolean

  /** @throws BlockingPropertyError, OneConsumerError, ConsumerMissingError */
  constructor(options: BlockingBootstrapServerOptions, context: BeanContext) {
    this.#options = options
    this.#context = context
    const { config, registrations } = options
    checkConsumers(options)
    this.#isUnfinished = config.until !== undefined || config.readRows
    this.#settings = new Map(
      registrations.map((registration) => [
        registration,
        parseBlockingProperties({ ...config.bootstrapProperties, ...registration.properties }),
      ]),
    )
  }

  /** @throws AesopError of what is stored, of a source, or of a consumer, as a rejection */
  async start(): Promise<void> {
    const { progressMs } = this.#options.config
    for (const note of new Set([...this.#settings.values()].flatMap(({ notes }) => notes))) this.#context.log.info(note)
    try {
      for (const [registration, settings] of this.#settings) {
        const run = await this.#runOf(registration, settings)
        this.#runs.push(run)
        await run.start()
      }
    } catch (error) {
      await this.stop()
      throw error
    }
    const everyMs = this.#context.showProgress === undefined ? progressMs : Math.min(progressMs, SHOWN_EVERY_MS)
    if (everyMs > 0) this.#timer = setInterval(this.#tell, everyMs)
  }

  /** A bounded run is over when it has come to its place, another one has all rows to bring. */
  get isUnfinished(): boolean {
    return this.#isUnfinished
  }

  /** What consumers are being given comes to its end. Twice is harmless. */
  async stop(): Promise<void> {
    this.#tellNoMore()
    const { stopTimeoutMs } = this.#context
    const limit =
      stopTimeoutMs === undefined ? new AbortController().signal : AbortSignal.timeout(stopTimeoutMs * GIVEN_UP_AT)
    const runs = this.#runs.splice(0)
    const ends = await Promise.allSettled(runs.map((run) => run.stop(limit)))
    for (const release of this.#releases.splice(0)) release()
    if (runs.length > 0) this.#tellEnd(runs)
    const failed = ends.find((end) => end.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  health(): Health {
    const all = this.#runs.map((run) => run.health())
    const worst = all.find(({ status }) => status === 'down') ?? all.find(({ status }) => status === 'degraded')
    return worst ?? { status: 'up' }
  }

  metrics(): readonly Metric[] {
    return this.#runs.flatMap((run) => run.metrics())
  }

  describe(): unknown {
    const { numberOfPartitions, executorQueueSize, queueBytes, until } = this.#options.config
    return {
      numberOfPartitions,
      executorQueueSize,
      queueBytes,
      until,
      sources: this.#runs.map((run) => run.describe()),
    }
  }

  async #runOf(registration: BlockingRegistration, settings: BlockingSettings): Promise<SourceRun> {
    const { config } = this.#options
    const { physicalSource } = registration
    const { projectsRoot, stateDirectory, log } = this.#context
    const own = join(stateDirectory, 'blocking-bootstrap')
    const given = settings.placeDirectory ?? config.maxScnDirectoryLocation
    const folder = given === undefined ? own : resolve(projectsRoot, given)
    const rowsPath = namedPath(folder, physicalSource.name, '.rows.json')
    this.#claim(physicalSource.name, rowsPath)
    const handWritten = settings.schemaDirectory ?? config.schemaRegistryLocation
    return new SourceRun({
      physicalSource,
      producer: await this.#producerOf(registration),
      schemas: new FileSchemaRegistry({
        derived: join(stateDirectory, 'schemas'),
        ...(handWritten === undefined ? {} : { handWritten: resolve(projectsRoot, handWritten) }),
      }),
      placeStore: new FileMaxScnStore(namedPath(folder, physicalSource.name, '.place.json')),
      rowsStore: new FileRowsProgress(rowsPath),
      files: new WindowFiles(namedPath(own, physicalSource.name, '.windows')),
      consumerOf: (partition) => this.#consumerOf(physicalSource, partition),
      partitions: config.numberOfPartitions,
      rowsMax: config.executorQueueSize,
      bytesMax: config.queueBytes,
      chunkRows: config.chunkRows,
      readsRows: config.readRows,
      until: config.until,
      initialScn: settings.initialScn,
      retries: settings.retries,
      log,
      onFinished: () => {
        this.#finished()
      },
      onFailed: (error) => {
        this.#context.fail(error)
      },
    })
  }

  #claim(name: string, path: string): void {
    const release = claimName(this.#context.shared, 'blocking bootstrap', path.toLowerCase())
    if (release === undefined) throw new SourceTakenError(name, path)
    this.#releases.push(release)
  }

  async #producerOf({ eventProducer, physicalSource, scnGenerator }: BlockingRegistration): Promise<EventProducer> {
    const producer = eventProducer ?? (await this.#options.producerFor(physicalSource))
    if (producer === undefined) throw new ProducerUnknownError(physicalSource.name, physicalSource.uri)
    return scnGenerator === undefined ? producer : new GeneratedScnProducer(producer, physicalSource.name, scnGenerator)
  }

  async #consumerOf({ name, sources }: PhysicalSourceConfig, partition: number): Promise<EventConsumer> {
    const { consumer, consumerFactory, config } = this.#options
    const registration = `${name}/${partition}`
    const made =
      consumer ??
      (await consumerFactory?.createConsumer({
        registration,
        logicalSources: sources.map((source) => source.name),
        acknowledge: (scn) => {
          throw new AcknowledgeRefusedError(registration, scn, 'a blocking bootstrap asks onCheckpoint')
        },
        partition: { id: partition, of: config.numberOfPartitions },
        log: this.#context.log,
      }))
    if (typeof made?.onDataEvent !== 'function')
      throw new ConsumerMissingError('has a consumer without the method onDataEvent')
    return made
  }

  /** All sources are where they were to go. */
  #finished(): void {
    if (this.#runs.length < this.#settings.size || !this.#runs.every(({ hasFinished }) => hasFinished)) return
    this.#tellNoMore()
    this.#context.finish?.(doneResult(this.#runs))
  }

  readonly #tell = (): void => {
    const lines = this.#runs.flatMap((run) => progressLine(run) ?? [])
    const { log } = this.#context
    if (this.#context.showProgress === undefined) for (const { text } of lines) log.info(text)
    else this.#context.showProgress(lines)
  }

  #tellEnd(runs: readonly SourceRun[]): void {
    const unfinished = runs.filter((run) => run.isUnfinished)
    this.#isUnfinished = unfinished.length > 0
    for (const { name, tables } of unfinished) {
      const rows = Object.fromEntries(tables.map(({ source, rows }) => [source, rows]))
      this.#context.log.info('stopped before the end; the next start goes on', { physicalSource: name, rows })
    }
  }

  #tellNoMore(): void {
    clearInterval(this.#timer)
    this.#context.showProgress?.([])
  }
}

function checkConsumers({ consumer, consumerFactory, config, registrations }: BlockingBootstrapServerOptions): void {
  if ((consumer === undefined) === (consumerFactory === undefined))
    throw new ConsumerMissingError(consumer === undefined ? 'has no consumer' : 'has a consumer and a consumerFactory')
  const { numberOfPartitions } = config
  if (consumer !== undefined && numberOfPartitions * registrations.length > 1)
    throw new OneConsumerError(numberOfPartitions, registrations.length)
}
