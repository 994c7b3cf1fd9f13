import { join } from 'node:path'
import { type Checkpoint, MemoryCheckpointStore } from '@aesop/checkpoint'
import { type ChangeEvent, Client, ClientConfig, type ClientConfigOptions, ConsumerRegistration } from '@aesop/client'
import { type EventConsumer, type Registration, type Result } from '@aesop/client'
import { type BeanContext } from '@aesop/kernel'
import { type MemoryEvent, MemoryEventProducer } from '@aesop/producer'
import { ProducerRegistration, Relay, RelayConfig, type RelayPropertyValues } from '@aesop/relay'
import { rmSync } from 'node:fs'
import { request } from 'node:http'
import { onTestFinished } from 'vitest'
import { newFolder, removeFolder } from '../../../../test/support/test-folder.ts'
import { testLog } from '../../../../test/support/test-log.ts'
import { witness } from '../../../../test/support/witness.ts'

export const ITEM = { id: 40, name: 'shop.item', uri: 'shop.item' }
/** Of a second physical source. */
export const THING = { id: 50, name: 'other.thing', uri: 'other.thing' }
export const SALE = { id: 41, name: 'shop.sale', uri: 'shop.sale' }

/** Both ways in which a client reads a relay of its own process. */
export const TRANSPORTS = ['direct', 'http'] as const
export type Transport = (typeof TRANSPORTS)[number]

/** Writes down every callback as one line, and does what `on` says to do at it. */
export class Trace implements EventConsumer {
  readonly lines: string[] = []
  on: (line: string, event?: ChangeEvent) => Result = () => undefined

  get rows(): string[] {
    return this.lines.filter((line) => line.startsWith('row'))
  }
  onDataEvent(event: ChangeEvent): Result {
    const row = Object.values(event.row)
      .map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)))
      .join('/')
    return this.#note(`row ${event.scn} ${event.source.name} ${event.opcode} ${event.key} ${row}`, event)
  }
  onStartDataEventSequence(scn: bigint): Result {
    return this.#note(`window ${scn}`)
  }
  onEndDataEventSequence(scn: bigint): Result {
    return this.#note(`end ${scn}`)
  }
  onStartSource({ name }: { name: string }): Result {
    return this.#note(`source ${name}`)
  }
  onEndSource({ name }: { name: string }): Result {
    return this.#note(`end of ${name}`)
  }
  onCheckpoint(scn: bigint): Result {
    return this.#note(`checkpoint ${scn}`)
  }
  onRollback(scn: bigint): Result {
    return this.#note(`rollback ${scn}`)
  }
  onError({ code }: { code: string }): Result {
    return this.#note(`error ${code}`)
  }
  #note(line: string, event?: ChangeEvent): Result {
    this.lines.push(line)
    return this.on(line, event)
  }
}

export interface OwnRelayOptions {
  readonly relayProperties?: RelayPropertyValues
  /** Of a second physical source, to which nothing is added unless its producer is told to. */
  readonly otherProducer?: MemoryEventProducer
  /** What the relay asks for; left out: nothing. */
  readonly token?: string
  /** The SCN space of the source. */
  readonly scnSpace?: string
  /** Default `memory:shop`, to which a test adds windows. */
  readonly uri?: string
  readonly futureGraceMs?: number
  readonly stopGraceMs?: number
}

export interface RegistrationWishes {
  readonly transport: Transport
  /** Default `reader`. */
  readonly id?: string
  readonly consumer: EventConsumer
  readonly since?: Checkpoint
  readonly logicalSources?: readonly string[]
  readonly filters?: Readonly<Record<string, unknown>>
  readonly config?: ClientConfigOptions
  /** How the registration itself wants to read; left out: as the client. */
  readonly ownTransport?: Transport
}

/** A relay and clients of one process, as the runtime would run them, with windows that the test adds. */
export class OwnRelay {
  readonly shared = new Map<string, unknown>()
  readonly #folder = newFolder('own-relay')
  producer = new MemoryEventProducer()
  relay: Relay

  private constructor(options: OwnRelayOptions) {
    this.relay = this.#make(options)
  }

  static async start(options: OwnRelayOptions = {}): Promise<OwnRelay> {
    const made = new OwnRelay(options)
    onTestFinished(async () => {
      await made.relay.stop()
      removeFolder(made.#folder)
    })
    made.relay.init()
    await made.relay.start()
    return made
  }

  /** Stops the relay in order and starts another one, as a reload does; it listens elsewhere. */
  async reload(options: OwnRelayOptions = {}): Promise<void> {
    await this.stopRelay()
    await this.startAnew(options)
  }

  async stopRelay(): Promise<void> {
    await this.relay.stop()
    this.relay.destroy()
  }

  async startAnew(options: OwnRelayOptions = {}): Promise<void> {
    this.producer = new MemoryEventProducer()
    this.relay = this.#make(options)
    this.relay.init()
    await this.relay.start()
  }

  /** The next relay begins where the first one did. */
  forgetPlace(): void {
    rmSync(join(this.#folder, '.aesop'), { recursive: true, force: true })
  }

  add(...events: MemoryEvent[]): void {
    this.producer.addWindow(events)
  }

  async register({
    transport,
    id,
    ownTransport,
    consumer,
    since,
    filters,
    config,
    logicalSources,
  }: RegistrationWishes): Promise<Registration> {
    const checkpointStore = new MemoryCheckpointStore()
    if (since !== undefined) checkpointStore.save(since)
    const registration = new ConsumerRegistration({
      id: id ?? 'reader',
      logicalSources: logicalSources ?? [ITEM.name, SALE.name],
      eventConsumer: consumer,
      checkpointStore,
      ...(ownTransport === undefined ? {} : { relayTransport: ownTransport }),
      ...(filters === undefined ? {} : { filters }),
    })
    const clientProperties = {
      'databus.client.connectionDefaults.pullerRetries.initSleep': 5,
      'databus.client.connectionDefaults.pullerRetries.maxSleep': 50,
      'databus.client.connectionDefaults.dispatcherRetries.initSleep': 1,
      ...config?.clientProperties,
    }
    const options = { followMs: 300, aheadPatienceMs: 100, ...config, clientProperties, relayTransport: transport }
    const client = new Client(new ClientConfig(options), [registration], this.#context('client'))
    await client.init()
    await client.start()
    onTestFinished(async () => {
      await client.stop()
      client.destroy()
    })
    const [made] = client.registrations
    if (made === undefined) throw new Error('the client has no registration')
    witness('registration', () => ({ health: made.health(), ...made.describe() }))
    return made
  }

  /** A page of the relay, with what a reader of this process changes. */
  async page(path: string): Promise<Record<string, unknown>> {
    const { port } = this.relay.address ?? { port: 0 }
    return new Promise((resolve, reject) => {
      const asked = request({ port, path, agent: false }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          resolve(JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>)
        })
      })
      asked.on('error', reject)
      asked.end()
    })
  }

  #make({
    uri,
    token,
    otherProducer,
    scnSpace,
    relayProperties,
    futureGraceMs = 0,
    stopGraceMs,
  }: OwnRelayOptions): Relay {
    const config = new RelayConfig({
      relayProperties: { 'databus.relay.container.httpPort': 0, ...relayProperties },
      ...(token === undefined ? {} : { token }),
    })
    const registration = new ProducerRegistration({
      eventProducer: this.producer,
      physicalSourceConfig: {
        uri: uri ?? 'memory:shop',
        name: 'shop',
        sources: [ITEM, SALE],
        ...(scnSpace === undefined ? {} : { scnSpace }),
      },
    })
    const registrations = [registration, ...(otherProducer === undefined ? [] : [otherRegistration(otherProducer)])]
    const options = { config, registrations, futureGraceMs }
    return new Relay(stopGraceMs === undefined ? options : { ...options, stopGraceMs }, this.#context('relay'))
  }

  #context(container: string): BeanContext {
    return {
      id: container,
      container,
      log: testLog(container),
      signal: new AbortController().signal,
      projectsRoot: this.#folder,
      stateDirectory: join(this.#folder, '.aesop'),
      shared: this.shared,
      fail: () => undefined,
    }
  }
}

function otherRegistration(eventProducer: MemoryEventProducer): ProducerRegistration {
  const physicalSourceConfig = {
    uri: 'memory:other',
    name: 'other',
    id: 2,
    sources: [THING],
  }
  return new ProducerRegistration({ eventProducer, physicalSourceConfig })
}
