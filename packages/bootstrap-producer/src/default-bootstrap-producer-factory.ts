import { type BootstrapStore, SqliteBootstrapStore } from '@aesop/bootstrap-store'
import { type BeanContext } from '@aesop/kernel'
import { BootstrapProducer } from './bootstrap-producer.ts'
import { BootstrapProducerConfig } from './bootstrap-producer-config.ts'
import { BootstrapProducers } from './bootstrap-producers.ts'
import { type BootstrapSourceConfig } from './bootstrap-source-config.ts'
import { followedRelays, type RelayPlace } from './followed-relays.ts'
import { RelaySnapshots } from './relay-snapshots.ts'
import { SeedThrottle } from './seed-throttle.ts'
import { SharedWriter } from './shared-writer.ts'

export interface DefaultBootstrapProducerFactoryOptions {
  readonly bootstrapProducerConfig?: BootstrapProducerConfig
  /** Left out, or empty: the relay of this process. */
  readonly relays?: readonly RelayPlace[]
  readonly physicalSources: readonly BootstrapSourceConfig[]
  /** Left out: `bootstrap.db` in the folder of the application's state. */
  readonly store?: BootstrapStore
}

/** Their relays are given beside them. */
const RELAYS = 'relay:named-beside'

/** Makes the bootstrap producer of a descriptor. */
export class DefaultBootstrapProducerFactory {
  readonly #options: DefaultBootstrapProducerFactoryOptions
  readonly #context: BeanContext

  constructor(options: DefaultBootstrapProducerFactoryOptions, context: BeanContext) {
    this.#options = options
    this.#context = context
  }

  /** @throws BootstrapRelaysError, and what the sources can't be */
  createInstance(): BootstrapProducers {
    const { bootstrapProducerConfig: config = new BootstrapProducerConfig(), physicalSources } = this.#options
    const store = new SharedWriter(this.#options.store ?? new SqliteBootstrapStore({}, this.#context))
    const throttle = new SeedThrottle({ rowsPerSecond: config.seedRowsPerSecond, loadFactor: config.seedLoadFactor })
    const producers = physicalSources.map((source) => this.#producerOf(source, config, store, throttle))
    return new BootstrapProducers(producers, config.notes, this.#context)
  }

  #producerOf(
    source: BootstrapSourceConfig,
    config: BootstrapProducerConfig,
    store: BootstrapStore,
    throttle: SeedThrottle,
  ): BootstrapProducer {
    const { relays: places = [] } = this.#options
    const { shared } = this.#context
    const physicalSourceConfig = source.followedAt(RELAYS)
    const names = physicalSourceConfig.sources.map(({ name }) => name)
    const relays = followedRelays(source.name, names, places, shared)
    const reads = config.seeding === 'tables'
    const snapshots = reads ? new RelaySnapshots(relays, shared, `bootstrap ${source.name}`) : undefined
    const { logRows: rows, storeRetries, seedChunkMs: chunkMs, seedsAtOnce, retention } = config
    const settings = { logBounds: { rows }, storeRetries, chunkMs, seedsAtOnce, throttle, retention }
    return new BootstrapProducer({ physicalSourceConfig, store, relays, snapshots, ...settings }, this.#context)
  }
}
