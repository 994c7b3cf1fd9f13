import { type ConsumerFactory, type EventConsumer } from '@aesop/client'
import {
  type EventProducer,
  PhysicalSourceConfig,
  type PhysicalSourceOptions,
  type ScnGenerator,
} from '@aesop/producer'
import { type BlockingProperties } from './blocking-settings.ts'

export interface BlockingBootstrapConfigOptions {
  /** `databus.bootstrap.*` keys. */
  readonly bootstrapProperties?: BlockingProperties
  /** Folder of hand-written Avro schemas. */
  readonly schemaRegistryLocation?: string
  /** Folder of what is stored. */
  readonly maxScnDirectoryLocation?: string
  /** Consumers of each source: one key is always of one of them. Default 1. */
  readonly numberOfPartitions?: number
  /** Rows that may wait for each consumer; then the source waits. Default 10,000. */
  readonly executorQueueSize?: number
  /** Bytes that may wait for all consumers of a source. Default 64 MiB. */
  readonly queueBytes?: number
  /** Up to where it runs: `now`, an SCN, or a place of the source's log. Left out: it goes on following. */
  readonly until?: string
  /** Whether the rows of the tables are read; false: the log alone. Default true. */
  readonly readRows?: boolean
  /** Rows of one chunk at most, and half of what may wait. Default 5,000. */
  readonly chunkRows?: number
  /** How often a line of the log tells how far it is, in milliseconds; 0: never. Default 5,000. */
  readonly progressMs?: number
}

const QUEUE_ROWS = 10_000
const QUEUE_BYTES = 64 * 1024 * 1024
const CHUNK_ROWS = 5000
const PROGRESS_MS = 5000

/** The bean `BootstrapConfig` of a blocking bootstrap. */
export class BlockingBootstrapConfig {
  readonly bootstrapProperties: BlockingProperties
  readonly schemaRegistryLocation: string | undefined
  readonly maxScnDirectoryLocation: string | undefined
  readonly numberOfPartitions: number
  readonly executorQueueSize: number
  readonly queueBytes: number
  readonly until: string | undefined
  readonly readRows: boolean
  readonly chunkRows: number
  readonly progressMs: number

  constructor(options: BlockingBootstrapConfigOptions = {}) {
    this.bootstrapProperties = options.bootstrapProperties ?? {}
    this.schemaRegistryLocation = options.schemaRegistryLocation
    this.maxScnDirectoryLocation = options.maxScnDirectoryLocation
    this.numberOfPartitions = options.numberOfPartitions ?? 1
    this.executorQueueSize = options.executorQueueSize ?? QUEUE_ROWS
    this.queueBytes = options.queueBytes ?? QUEUE_BYTES
    this.until = options.until === '' ? undefined : options.until
    this.readRows = options.readRows ?? true
    this.chunkRows = options.chunkRows ?? CHUNK_ROWS
    this.progressMs = options.progressMs ?? PROGRESS_MS
  }
}

export interface BlockingRegistrationOptions {
  readonly physicalSourceConfig: PhysicalSourceConfig | PhysicalSourceOptions
  /** Left out: the standard producer for the scheme of the URI. */
  readonly eventProducer?: EventProducer
  /** Makes the SCNs of the source from those of its log; left out: the latter are the SCNs. */
  readonly scnGenerator?: ScnGenerator
  /** `databus.bootstrap.*` keys for this source alone; they win over those of the config. */
  readonly properties?: BlockingProperties
  readonly id?: string
}

/** One physical source of a blocking bootstrap: the bean `ProducerRegistration` there. */
export class BlockingRegistration {
  readonly physicalSource: PhysicalSourceConfig
  readonly eventProducer: EventProducer | undefined
  readonly scnGenerator: ScnGenerator | undefined
  readonly properties: BlockingProperties

  constructor(options: BlockingRegistrationOptions) {
    this.physicalSource = PhysicalSourceConfig.from(options.physicalSourceConfig)
    this.eventProducer = options.eventProducer
    this.scnGenerator = options.scnGenerator
    this.properties = options.properties ?? {}
  }
}

/** Who takes what is read. */
export interface BlockingConsumers {
  /** One for everything: only where there is one partition of one source. */
  readonly consumer?: EventConsumer | undefined
  /** Makes one for each partition of each source. */
  readonly consumerFactory?: ConsumerFactory | undefined
}
