import { type MaxScnStore } from '@aesop/checkpoint'
import { type EventConsumer, SourceCatalogue } from '@aesop/client'
import { SCHEMA_CHANGE_SCHEMA, SCHEMA_CHANGE_SOURCE } from '@aesop/event'
import { type Health, InvariantError, type Logger, type Metric } from '@aesop/kernel'
import { type EventProducer, type PhysicalSourceConfig } from '@aesop/producer'
import { type SchemaRegistry } from '@aesop/schema'
import { type SourceSchema } from '@aesop/wire'
import { DonePlace } from './done-place.ts'
import { NoRowsReaderError, ProgressAstrayError } from './errors.ts'
import { PartitionConsumer } from './partition-consumer.ts'
import { type RetrySettings } from './retry-settings.ts'
import { type RowsProgress, type RowsProgressStore } from './rows-progress.ts'
import { RowsKeeper } from './rows-keeper.ts'
import { RowsReading, type TableReport } from './rows-reading.ts'
import { SourceFeed } from './source-feed.ts'
import { SourceSink } from './source-sink.ts'
import { untilScnOf } from './until-place.ts'
import { type WindowFiles } from './window-file.ts'

export interface SourceRunOptions {
  readonly physicalSource: PhysicalSourceConfig
  readonly producer: EventProducer
  readonly schemas: SchemaRegistry
  readonly placeStore: MaxScnStore
  readonly rowsStore: RowsProgressStore
  readonly files: WindowFiles
  /** Makes the consumer of a partition. */
  readonly consumerOf: (partition: number) => EventConsumer | Promise<EventConsumer>
  readonly partitions: number
  readonly rowsMax: number
  readonly bytesMax: number
  readonly chunkRows: number
  readonly readsRows: boolean
  /** `now`, an SCN, or a place of the source's log; undefined: it goes on following. */
  readonly until: string | undefined
  readonly initialScn: bigint | undefined
  readonly retries: RetrySettings
  /** Least time between two saves of what is done, in milliseconds. Default 100. */
  readonly saveIntervalMs?: number
  readonly log: Logger
  /** It has come to where it was to run, and the consumers are done with everything. */
  readonly onFinished: (run: SourceRun) => void
  /** It can never go on. */
  readonly onFailed: (error: Error) => void
}

const SAVE_INTERVAL_MS = 100

/** What of a run exists from its start on. */
interface Started {
  readonly feed: SourceFeed
  readonly keeper: RowsKeeper
  readonly consumers: readonly PartitionConsumer[]
  readonly reading: RowsReading | undefined
  readonly untilScn: bigint | undefined
}

/** One physical source, straight to its consumers: the rows of its tables, and its stream beside them and from then on. */
export class SourceRun {
  readonly name: string
  readonly #options: SourceRunOptions
  readonly #place: DonePlace
  readonly #logicalSources: readonly string[]
  #started: Started | undefined
  /** Its producer has been asked for something. */
  #isOpen = false
  /** All rows of its tables are handed out. */
  #areRowsGiven = false
  #hasReached = false
  #hasFinished = false
  #failure: Error | undefined

  constructor(options: SourceRunOptions) {
    this.#options = options
    const { physicalSource, placeStore, saveIntervalMs: intervalMs = SAVE_INTERVAL_MS, log } = options
    this.name = physicalSource.name
    this.#logicalSources = physicalSource.sources.map(({ name }) => name)
    const isDone = (scn: bigint): boolean => this.#started?.feed.isDone(scn) ?? true
    this.#place = new DonePlace({ store: placeStore, isDone, intervalMs, log })
  }

  /** From where an online client goes on: SCN of the last window that the consumers are done with. */
  get takeoverScn(): bigint {
    return this.#started?.feed.lastScn ?? -1n
  }
  get scnSpace(): string | undefined {
    return this.#options.producer.scnSpace ?? this.#options.physicalSource.scnSpace
  }
  get hasFinished(): boolean {
    return this.#hasFinished
  }
  /** What it is for has an end, its place or that of its rows, and it has not come there. */
  get isUnfinished(): boolean {
    const { until, readsRows } = this.#options
    return until === undefined ? readsRows && this.#started?.keeper.hasEnded !== true : !this.#hasFinished
  }
  get tables(): readonly TableReport[] {
    return this.#started?.reading?.reports ?? []
  }
  get counts(): { readonly windows: number; readonly events: number } {
    const { windows = 0, events = 0 } = this.#started?.feed ?? {}
    return { windows, events }
  }

  /** @throws AesopError of what is stored, of the source, or of a consumer's start, as a rejection */
  async start(): Promise<void> {
    const { producer, readsRows, until, physicalSource, schemas, initialScn } = this.#options
    schemas.register(SCHEMA_CHANGE_SOURCE, SCHEMA_CHANGE_SCHEMA)
    const stored = await this.#stored()
    // A stop may come while the source is still being asked where it begins.
    this.#isOpen = true
    const sinceScn = await producer.prepare({
      physicalSource,
      schemas,
      maxScn: this.#place,
      initialScn,
      fail: (error) => {
        this.#fail(error)
      },
    })
    const keeper = this.#keeper(stored)
    if (readsRows && producer.snapshotReader === undefined) throw new NoRowsReaderError(this.name)
    const untilScn = await untilScnOf(until, physicalSource, producer)
    const feed = this.#feed(sinceScn)
    const consumers = await this.#consumers(feed)
    const reading = this.#reading(feed, keeper)
    this.#started = { feed, keeper, consumers, reading, untilScn }
    const isFirst = keeper.scn < 0n && this.#logicalSources.every((source) => keeper.of(source).cursor === undefined)
    const rows = readsRows && !keeper.hasEnded ? { complete: isFirst } : undefined
    for (const consumer of consumers) await consumer.start(rows)
    if (reading === undefined) this.#haveNoRows(feed)
    // A run that was over before is over: it takes nothing more.
    if (this.#hasReached) return
    await producer.start(sinceScn, this.#sink(feed))
    if (reading !== undefined) this.#begin(reading, feed, keeper)
  }

  /** Ends with what the consumers are being given. Twice is harmless. @throws what can't be stored, as a rejection */
  async stop(limit: AbortSignal): Promise<void> {
    const { producer, files } = this.#options
    const { feed, keeper, consumers = [], reading } = this.#started ?? {}
    feed?.end()
    await reading?.stop()
    if (this.#isOpen) await producer.stop()
    this.#isOpen = false
    const ends = await Promise.allSettled(consumers.map((consumer) => consumer.stop(limit)))
    this.#place.moved()
    await this.#place.close(limit)
    await keeper?.close(limit)
    files.remove()
    const failed = ends.find((end) => end.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  health(): Health {
    if (this.#failure !== undefined) return { status: 'down', detail: this.#failure.message }
    const detail = this.#concern()
    return detail === undefined ? { status: 'up' } : { status: 'degraded', detail }
  }

  metrics(): readonly Metric[] {
    const { feed } = this.#started ?? {}
    const { windows, events } = this.counts
    const all: readonly Metric[] = [
      counter('windows', 'Windows of the stream that were handed out.', windows),
      counter('events', 'Rows and changes that were handed out.', events),
      gauge('waiting_rows', 'Rows that wait for the consumers.', feed?.room.rows.reduce((sum, n) => sum + n, 0) ?? 0),
      gauge('waiting_bytes', 'Bytes that wait for the consumers.', feed?.room.bytes ?? 0),
      ...this.tables.flatMap(({ source, rows, ofRows = 0, rowsPerSecond }) => [
        gauge('table_rows', 'Rows that were read of a table.', rows, { source }),
        gauge('table_estimated_rows', 'An estimate of its rows; 0: nobody knows.', ofRows, { source }),
        gauge('table_rows_per_second', 'How fast they were read.', rowsPerSecond, { source }),
      ]),
    ]
    return all.map((metric) => ({ ...metric, labels: { ...metric.labels, physicalSource: this.name } }))
  }

  describe(): object {
    const { feed, untilScn } = this.#started ?? {}
    return {
      physicalSource: this.name,
      scnSpace: this.scnSpace,
      givenScn: String(feed?.lastScn ?? -1n),
      doneScn: String(feed?.tickets.isEmpty === true ? feed.lastScn : (feed?.tickets.doneScn ?? -1n)),
      until: untilScn === undefined ? this.#options.until : String(untilScn),
      ...this.counts,
      waiting: { rows: feed?.room.rows ?? [], bytes: feed?.room.bytes ?? 0 },
      tables: this.tables,
      hasFinished: this.#hasFinished,
    }
  }

  #haveNoRows(feed: SourceFeed): void {
    this.#areRowsGiven = true
    feed.forgetsKeys()
    this.#look()
  }

  #begin(reading: RowsReading, feed: SourceFeed, keeper: RowsKeeper): void {
    const fail = (error: Error): void => {
      this.#fail(error)
    }
    reading.start(() => {
      feed.endRows(() => {
        keeper.noteEnd()
      })
      this.#areRowsGiven = true
      this.#look()
    }, fail)
  }

  /** Of rows without a place in the log nobody knows what was changed since. @throws ProgressAstrayError, ProgressUnreadableError, as a rejection */
  async #stored(): Promise<RowsProgress | undefined> {
    const { rowsStore, placeStore } = this.#options
    const stored = await rowsStore.load()
    if (stored !== undefined && (await placeStore.load()) === undefined)
      throw new ProgressAstrayError(rowsStore.keptIn, this.name, 'the place in the log that was stored with it is gone')
    return stored
  }

  /** @throws ProgressAstrayError when what is stored is of another SCN space */
  #keeper(stored: RowsProgress | undefined): RowsKeeper {
    const { rowsStore, saveIntervalMs = SAVE_INTERVAL_MS, log } = this.#options
    const { scnSpace } = this
    const other = stored?.scnSpace
    if (stored === undefined || other === scnSpace)
      return new RowsKeeper(rowsStore, stored ?? { scnSpace, tables: {}, hasEnded: false }, saveIntervalMs, log)
    const fault = `its SCNs are of the space ${other ?? '(none)'}, those of the source of ${scnSpace ?? '(none)'}`
    throw new ProgressAstrayError(rowsStore.keptIn, this.name, fault)
  }

  #feed(sinceScn: bigint): SourceFeed {
    const { partitions, rowsMax, bytesMax, physicalSource } = this.#options
    return new SourceFeed({
      partitions,
      rowsMax,
      bytesMax,
      sinceScn,
      schemaChangeSourceId: physicalSource.schemaChangeSourceId,
      onMoved: () => {
        this.#place.moved()
        this.#finish()
      },
      onWindow: () => {
        this.#look()
      },
    })
  }

  async #consumers(feed: SourceFeed): Promise<PartitionConsumer[]> {
    const { consumerOf, partitions, retries, physicalSource, log } = this.#options
    const catalogue = this.#catalogue()
    const made: PartitionConsumer[] = []
    for (let partition = 0; partition < partitions; partition++) {
      const queue = feed.queues[partition]
      if (queue === undefined) throw new InvariantError('each partition has a queue')
      made.push(
        new PartitionConsumer({
          name: `${this.name}/${partition}`,
          partition,
          logicalSources: this.#logicalSources,
          consumer: await consumerOf(partition),
          queue,
          catalogue,
          learn: (source) => {
            source.learn(this.#schemasOf(source.source))
          },
          retries,
          logKeys: physicalSource.logKeys,
          log,
          onAgreed: (share, of) => {
            feed.done(share, of)
          },
          onFailed: (error) => {
            this.#fail(error)
          },
          isOver: () => this.#hasReached,
          isStuck: () => feed.isStuck(partition),
        }),
      )
    }
    return made
  }

  #catalogue(): SourceCatalogue {
    const { sources, schemaChangeSourceId } = this.#options.physicalSource
    const all = [...sources, { id: schemaChangeSourceId, name: SCHEMA_CHANGE_SOURCE }]
    const schemas = all.flatMap((source) => this.#schemasOf(source))
    return new SourceCatalogue(
      all.map(({ id, name }) => ({ id, name })),
      schemas,
      schemaChangeSourceId,
    )
  }

  #schemasOf({ id, name }: { readonly id: number; readonly name: string }): SourceSchema[] {
    return this.#options.schemas.versions(name).map(({ version, text }) => ({ id, version, schema: text }))
  }

  #reading(feed: SourceFeed, keeper: RowsKeeper): RowsReading | undefined {
    const { readsRows, producer, partitions, rowsMax, log } = this.#options
    const { snapshotReader: reader } = producer
    if (!readsRows || keeper.hasEnded || reader === undefined) return undefined
    // Half of what may wait: the stream has room beside it.
    const chunkRows = Math.min(this.#options.chunkRows, Math.ceil((partitions * rowsMax) / 2))
    return new RowsReading({ sources: this.#logicalSources, reader, feed, keeper, chunkRows, log })
  }

  #sink(feed: SourceFeed): SourceSink {
    const { physicalSource, bytesMax: windowBytesMax, files } = this.#options
    const { id: physicalPartition, eventVersion } = physicalSource
    const { takeWindow: take, whenRoom: room } = feed
    return new SourceSink({ physicalPartition, eventVersion, windowBytesMax, files, take, room })
  }

  /** Whether it has come to where it was to run: nothing more is handed out then. */
  #look(): void {
    const { until } = this.#options
    if (this.#started === undefined || until === undefined || !this.#areRowsGiven || this.#hasReached) return
    const { feed, keeper, untilScn = -1n } = this.#started
    if (feed.lastScn < untilScn || feed.lastScn < keeper.scn) return
    this.#hasReached = true
    feed.end()
    this.#finish()
  }

  #finish(): void {
    if (!this.#hasReached || this.#hasFinished || this.#started?.feed.tickets.isEmpty !== true) return
    this.#hasFinished = true
    this.#options.onFinished(this)
  }

  #concern(): string | undefined {
    const { consumers = [], keeper, reading } = this.#started ?? {}
    const failing = consumers.find(({ fault }) => fault !== undefined)?.fault?.message
    const waits = reading?.reports.find(({ fault }) => fault !== undefined)
    const status = this.#options.producer.status()
    const stands =
      status.state === 'waiting' || status.state === 'connecting' ? (status.detail ?? status.state) : undefined
    const table = waits === undefined ? undefined : `the rows of ${waits.source} wait: ${waits.fault ?? ''}`
    return failing ?? keeper?.fault ?? this.#place.fault ?? table ?? stands ?? status.concern
  }

  #fail(error: Error): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#options.onFailed(error)
  }
}

function gauge(name: string, help: string, value: number, labels?: Metric['labels']): Metric {
  return { name: `aesop_blocking_${name}`, help, type: 'gauge', value, ...(labels === undefined ? {} : { labels }) }
}

function counter(name: string, help: string, value: number): Metric {
  return { name: `aesop_blocking_${name}_total`, help, type: 'counter', value }
}
