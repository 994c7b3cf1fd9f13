import { join } from 'node:path'
import { Client, ClientConfig, ConsumerRegistration, type EventConsumer } from '@aesop/client'
import { type BeanContext } from '@aesop/kernel'
import { MysqlEventProducer, mysqlSource, type MysqlSourceOptions } from '@aesop/producer-mysql'
import { ProducerRegistration, Relay, RelayConfig } from '@aesop/relay'
import { searchFailure, searchedLog } from './searched-log.ts'
import { witness } from './witness.ts'

export interface OneProcessOptions {
  /** Keeps the state from one process to the next. */
  readonly folder: string
  readonly uri: string
  /** Layout of the events. Default 1. */
  readonly eventVersion?: 1 | 2
  readonly sources: readonly string[]
  readonly bufferBytes: number
  /** Consumers by the id of their registration. */
  readonly consumers: Readonly<Record<string, EventConsumer>>
  readonly clientProperties?: Readonly<Record<string, unknown>>
  readonly relayProperties?: Readonly<Record<string, string>>
  /** How the clients read the relay. Default `direct`. */
  readonly relayTransport?: 'direct' | 'http'
  readonly lateReaders?: NonNullable<MysqlSourceOptions['lateReaders']>
  /** Where the source begins. Default `earliest`. */
  readonly startFrom?: NonNullable<MysqlSourceOptions['startFrom']>
  /** Where a registration begins, by its id. */
  readonly startFromOf?: Readonly<Record<string, string>>
  /** Sources of a registration, by its id; left out: all. */
  readonly sourcesOf?: Readonly<Record<string, readonly string[]>>
  /** Filters of a registration, by its id. */
  readonly filtersOf?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

/** Relay and client as the runtime would run them in one process: all made and initialised, then started in their order. */
export class OneProcess implements AsyncDisposable {
  readonly relay: Relay
  client: Client
  readonly warnings: string[] = []
  readonly failures: Error[] = []
  readonly #options: OneProcessOptions
  readonly #shared = new Map<string, unknown>()

  private constructor(options: OneProcessOptions) {
    this.#options = options
    this.relay = this.#makeRelay()
    this.client = this.#makeClient()
    witness('relay', () => ({ health: this.relay.health(), ...(this.relay.describe() as object) }))
    witness('client', () => ({ health: this.client.health(), ...(this.client.describe() as object) }))
    for (const [id, consumer] of Object.entries(options.consumers)) witness(`consumer of ${id}`, () => consumer)
    witness('failures', () => this.failures)
  }

  /** @param between what is awaited when the relay runs and the client does not yet */
  static async start(
    options: OneProcessOptions,
    between: (relay: Relay) => Promise<void> = () => Promise.resolve(),
  ): Promise<OneProcess> {
    const made = new OneProcess(options)
    made.relay.init()
    await made.client.init()
    await made.relay.start()
    await between(made.relay)
    await made.client.start()
    return made
  }

  /** The SCN of the checkpoint of a registration. */
  checkpointOf(id: string): bigint {
    const registration = this.client.registrations.find((each) => each.id === id)
    return registration?.checkpoint?.windowScn ?? -1n
  }

  /** Ends the client alone, as the stop of its container does; `giveUp`: the time of the container is over. */
  async stopClient(giveUp?: AbortSignal): Promise<void> {
    await this.client.stop(giveUp)
    this.client.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopClient()
    await this.relay.stop()
  }

  #makeRelay(): Relay {
    const { uri, sources, bufferBytes, relayProperties, lateReaders = {}, startFrom = 'earliest' } = this.#options
    const { eventVersion = 1 } = this.#options
    const physicalSourceConfig = mysqlSource({ uri, name: 'shop', sources, startFrom, lateReaders, eventVersion })
    const context = this.#context('relay')
    const config = new RelayConfig({
      relayProperties: {
        'databus.relay.container.httpPort': 0,
        'databus.relay.eventBuffer.maxSize': bufferBytes,
        ...relayProperties,
      },
    })
    const eventProducer = new MysqlEventProducer({ physicalSourceConfig, heartbeatMs: 200 }, context)
    return new Relay(
      { config, registrations: [new ProducerRegistration({ physicalSourceConfig, eventProducer })] },
      context,
    )
  }

  #makeClient(): Client {
    const {
      consumers,
      sources,
      sourcesOf,
      filtersOf,
      startFromOf,
      relayTransport,
      clientProperties = {},
    } = this.#options
    const registrations = Object.entries(consumers).map(
      ([id, eventConsumer]) =>
        new ConsumerRegistration({
          id,
          logicalSources: sourcesOf?.[id] ?? sources,
          eventConsumer,
          filters: filtersOf?.[id] ?? {},
          ...(startFromOf?.[id] === undefined ? {} : { startFrom: startFromOf[id] }),
        }),
    )
    return new Client(
      new ClientConfig({ clientProperties, ...(relayTransport === undefined ? {} : { relayTransport }) }),
      registrations,
      this.#context('client'),
    )
  }

  #context(container: string): BeanContext {
    const note = (line: string, fields?: Readonly<Record<string, unknown>>): void => {
      const remedy = fields?.['remedy']
      this.warnings.push(typeof remedy === 'string' ? `${line} ${remedy}` : line)
    }
    return {
      id: container,
      container,
      log: searchedLog(container, note),
      signal: new AbortController().signal,
      projectsRoot: this.#options.folder,
      stateDirectory: join(this.#options.folder, '.aesop'),
      shared: this.#shared,
      fail: (error) => {
        searchFailure(container, error)
        this.failures.push(error)
      },
    }
  }
}
