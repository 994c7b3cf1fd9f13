import { type CheckpointStore } from '@aesop/checkpoint'
import {
  BootstrapClientConfig,
  Client,
  ClientConfig,
  ConsumerRegistration,
  type ConsumerRegistrationOptions,
  type EventConsumer,
  RelayClientConfig,
} from '@aesop/client'
import { type Alert } from '@aesop/kernel'
import { witness } from '../../../../test/support/witness.ts'
import { type House, SOURCES, type Town, townContext } from './bootstrap-town.ts'

export interface TownClientOptions {
  readonly town: Town
  readonly houses: readonly House[]
  readonly consumer: EventConsumer
  readonly store: CheckpointStore
  readonly wishes?: Partial<ConsumerRegistrationOptions>
  readonly properties?: Readonly<Record<string, unknown>>
  readonly shared?: Map<string, unknown>
}

const retries = (name: string): Record<string, number> => ({
  [`databus.client.connectionDefaults.${name}.initSleep`]: 2,
  [`databus.client.connectionDefaults.${name}.maxSleep`]: 20,
})

/** A client of a town: its relay, and those houses. */
export class TownClient {
  readonly alerts: Alert[] = []
  readonly client: Client

  constructor({ town, houses, consumer, store, wishes, properties, shared }: TownClientOptions) {
    const registration = new ConsumerRegistration({
      id: 'people',
      logicalSources: SOURCES,
      checkpointStore: store,
      ...(wishes?.consumerFactory === undefined ? { eventConsumer: consumer } : {}),
      ...wishes,
    })
    const config = new ClientConfig({
      followMs: 50,
      aheadPatienceMs: 100,
      relayClientConfigs: [new RelayClientConfig({ relayPort: town.port })],
      bootstrapClientConfigs: houses.map(({ port }) => new BootstrapClientConfig({ bootstrapPort: port })),
      clientProperties: {
        ...retries('pullerRetries'),
        ...retries('dispatcherRetries'),
        'databus.client.connectionDefaults.numRetriesOnFallOff': 1,
        'databus.client.connectionDefaults.bstEventBuffer.maxSize': 2500,
        'databus.client.connectionDefaults.bsPullerRetriesBeforeCkptCleanup.maxRetryNum': 3,
        ...properties,
      },
    })
    const context = { ...townContext(town.folder, shared), publish: (alert: Alert) => void this.alerts.push(alert) }
    this.client = new Client(config, [registration], context)
    witness('client', () => this.describe())
    witness('consumer', () => consumer)
  }

  async start(): Promise<this> {
    await this.client.init()
    await this.client.start()
    return this
  }

  async stop(giveUp?: AbortSignal): Promise<void> {
    await this.client.stop(giveUp)
    this.client.destroy()
  }

  describe(): Record<string, unknown> {
    const [registration] = this.client.registrations
    return { health: this.client.health(), ...registration?.describe() }
  }

  /** SCN up to which everything was given. */
  get readScn(): bigint {
    const [registration] = this.client.registrations
    return registration?.isBootstrapping === true ? -1n : (registration?.readScn ?? -1n)
  }
}
