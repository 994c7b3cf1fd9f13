import { type EventBuffer } from '@aesop/buffer'
import {
  type AnyMetric,
  type BeanContext,
  type HasLiveLists,
  type Health,
  type HttpGuard,
  type Lifecycle,
  type LiveList,
  type Observable,
  type PlaceDesk,
  type PlaceKeeper,
} from '@aesop/kernel'
import { type SchemaRegistry } from '@aesop/schema'
import { type RelayControl, type ServedSource, serverMetrics, type StreamServer } from '@aesop/stream-server'
import { LocalRelays } from '@aesop/wire'
import { type ProducerFor } from './default-relay-factory.ts'
import { RelayPartitionsError } from './errors.ts'
import { type PhysicalSource, type SegmentStoreFor } from './physical-source.ts'
import { type ProducerRegistration } from './producer-registration.ts'
import { relayGuard } from './relay-access.ts'
import { publishAddress } from './relay-address.ts'
import { type RelayConfig } from './relay-config.ts'
import { listen, makeServer, type SourceInbound } from './relay-server.ts'
import { named, RelaySources } from './relay-sources.ts'
import { healthOfAll } from './source-health.ts'

const FUTURE_GRACE_MS = 30_000
const STOP_GRACE_MS = 2_000
export interface RelayOptions {
  readonly config: RelayConfig
  /** One for each physical source. */
  readonly registrations: readonly ProducerRegistration[]
  readonly producerFor?: ProducerFor
  /** Left out: buffers are memory. */
  readonly segmentStoreFor?: SegmentStoreFor
  /** Left out: schema files of the configuration and of the state directory. */
  readonly schemas?: SchemaRegistry
  /** How long after the start a checkpoint ahead of the relay waits, in milliseconds. */
  readonly futureGraceMs?: number
  /** How long a stop waits for streams to end between windows, in milliseconds. */
  readonly stopGraceMs?: number
}

/** What exists while the relay runs. */
interface Running {
  readonly server: StreamServer
  readonly guard: HttpGuard
  readonly port: number
}

/** Physical sources, and the HTTP server of them all; see DESIGN.md for the order of start and stop, and for sources that come and go. */
export class Relay implements Lifecycle, Observable, PlaceKeeper, HasLiveLists {
  readonly #options: RelayOptions
  readonly #context: BeanContext
  readonly #config: RelayConfig
  readonly #sources: RelaySources
  readonly #notes: readonly string[]
  readonly #undo: (() => unknown)[] = []
  #running: Running | undefined
  /** While it listens. */
  #port: number | undefined
  #stopped: Promise<void> | undefined

  /** @throws RelayPartitionsError, RelayPropertyUnknownError, RelayPropertyInvalidError, RelayPropertyRefusedError */
  constructor(options: RelayOptions, context: BeanContext) {
    const { config, registrations, producerFor, segmentStoreFor, schemas, futureGraceMs = FUTURE_GRACE_MS } = options
    if (registrations.length === 0) throw new RelayPartitionsError()
    this.#options = options
    this.#context = context
    this.#config = config.withAll(registrations).for(context.nature)
    this.#notes = [...new Set(registrations.flatMap(({ properties }) => config.with(properties).notes))]
    this.#sources = new RelaySources({
      config,
      registrations,
      context,
      producerFor,
      segmentStoreFor,
      schemas,
      futureGraceMs,
      stopGraceMs: this.#stopGraceMs,
      knownReaders: () => this.#running?.server.streams.knownReaders() ?? [],
      address: () => ({ host: this.#config.host, port: this.#port ?? this.#config.port }),
    })
  }

  /**
   * @throws RelayTokenUnusableError, RelayTokenMissingError
   * @throws SourceNameTakenError when another source of the process keeps its place in the same file
   */
  init(): void {
    this.#makeGuard()
    for (const note of this.#notes) this.#context.log.info(note)
    for (const { place } of this.#sources.all) place.claim()
  }

  destroy(): void {
    for (const { place } of this.#sources.all) place.release()
  }

  async start(): Promise<void> {
    if (this.#running !== undefined) return
    this.#stopped = undefined
    try {
      this.#running = await this.#startAll()
    } catch (error) {
      await this.#undoAll()
      throw error
    }
    const { port, guard } = this.#running
    const { host } = this.#config
    if (guard.isOpen) this.#context.log.warn(openNote(host))
    this.#sources.open({ server: this.#running.server, config: this.#config })
    this.#context.log.info(`relay of ${this.#sources.names} listens on http://${host}:${port}`)
  }

  /**
   * One more physical source, while the relay runs: the others, their buffers, SCNs and readers, go on as they are. Whoever asks
   * finds it when this has resolved.
   * @param signal gives it up while it has not begun
   * @throws RelayNotRunningError, SourceLateError; SourcesClashError, SourceNameTakenError, RelayPropertyRefusedError and others of the registration;
   * and what its producer says: nothing is left of it then
   */
  async addSource(registration: ProducerRegistration, signal?: AbortSignal): Promise<void> {
    await this.#sources.add(registration, signal)
    const { name } = registration.physicalSource
    this.#context.log.info(`physical source ${name} was added`, { sources: this.#sources.names })
  }

  /**
   * Ends one physical source while the relay runs: its streams end between windows, whoever asks for it is refused by name, and its
   * place and its files stay where they are.
   * @param signal cuts streams that are not at the end of a window
   * @throws RelayNotRunningError, SourceUnknownError, and what failed while it was stopped: it is removed all the same
   */
  async removeSource(name: string, signal?: AbortSignal): Promise<void> {
    await this.#sources.remove(name, signal)
    this.#context.log.info(`physical source ${name} was removed`, { sources: this.#sources.names })
  }

  /** What a reload of the descriptor does. */
  readonly liveLists = {
    producerRegistrationList: {
      nameOf: ({ physicalSource }: ProducerRegistration): string => physicalSource.name,
      check: (registrations: readonly ProducerRegistration[]): void => {
        this.#sources.check(registrations)
      },
      add: (registration: ProducerRegistration, signal?: AbortSignal): Promise<void> =>
        this.addSource(registration, signal),
      remove: ({ physicalSource }: ProducerRegistration, signal?: AbortSignal): Promise<void> =>
        this.removeSource(physicalSource.name, signal),
    } satisfies LiveList<ProducerRegistration> as LiveList,
  } as const

  /** Twice is harmless: the second call waits for the first. */
  stop(signal?: AbortSignal): Promise<void> {
    this.#stopped ??= this.#stopAll(signal)
    return this.#stopped
  }

  /** Where the relay listens. Undefined while it does not run. */
  get address(): { readonly host: string; readonly port: number } | undefined {
    return this.#running === undefined ? undefined : { host: this.#config.host, port: this.#running.port }
  }

  /** The buffer of the first physical source, while the relay runs. */
  get buffer(): EventBuffer | undefined {
    return this.#running && this.#sources.all[0]?.buffer
  }

  health(): Health {
    const health = healthOfAll(this.#sources.all)
    if (this.#running?.guard.isOpen !== true) return health
    const note = openNote(this.#config.host)
    return { ...health, detail: health.detail === undefined ? note : `${health.detail}; ${note}` }
  }

  metrics(): readonly AnyMetric[] {
    if (this.#running === undefined) return []
    const { server, guard } = this.#running
    return [
      ...guard.metrics('aesop_relay'),
      ...serverMetrics(server, 'aesop_relay'),
      ...this.#sources.all.flatMap((source) => source.metrics()),
    ]
  }

  describe(): unknown {
    const [only, ...others] = this.#sources.all.map((source) => source.describe())
    return {
      address: this.address,
      ...(others.length === 0 ? only : { physicalSources: [only, ...others] }),
      streams: this.#running?.server.streams.size,
      readers: this.#running?.server.streams.readers().map((reader) => ({
        ...reader,
        scn: reader.scn?.toString(),
        lagScn: reader.lagScn?.toString(),
      })),
      notes: this.#notes,
    }
  }

  readonly actions = {
    pauseProducer: (): void => {
      for (const source of this.#sources.all) source.pause()
    },
    resumeProducer: (): void => {
      for (const source of this.#sources.all) source.resume()
    },
    resetBuffers: async (): Promise<void> => {
      for (const source of this.#sources.all) await source.resetBuffer()
    },
  }

  /** The places of the sources, for those who show and move them while nothing runs. */
  async placeDesks(): Promise<readonly PlaceDesk[]> {
    return (await Promise.all(this.#sources.all.map((source) => source.placeDesks()))).flat()
  }

  get #control(): RelayControl {
    const all = (): readonly PhysicalSource[] => this.#sources.all
    return {
      get sources() {
        return all().map((source) => source.control)
      },
      info: () => ({ address: this.address, sources: all().map(({ name }) => name) }),
      disconnectClients: () => {
        this.#running?.server.streams.disconnect()
      },
    }
  }

  /** Which settings were given, without their values: some of them are secrets. */
  #configuration(): object {
    const ofSource = this.#sources.all.map(({ name, registration }) => [name, Object.keys(registration.properties)])
    return {
      relay: this.#config.givenKeys,
      sources: Object.fromEntries(ofSource) as object,
      withoutEffect: this.#notes.length,
    }
  }

  /** What the buffers of the sources have taken in. */
  #inbound(): readonly SourceInbound[] {
    return this.#sources.all.flatMap(({ name, config, inbound: events }) =>
      events === undefined ? [] : [{ name, id: config.id, events }],
    )
  }

  get #stopGraceMs(): number {
    return this.#options.stopGraceMs ?? STOP_GRACE_MS
  }

  #makeGuard(): HttpGuard {
    return relayGuard(this.#config.access, this.#config.host, this.#context.log)
  }

  async #startAll(): Promise<Running> {
    const guard = this.#makeGuard()
    const served: ServedSource[] = []
    this.#undo.push(() => endEach(this.#sources.all))
    for (const source of this.#sources.all) {
      served.push(await named(source, source.prepare()))
    }
    const { server, note } = makeServer({
      config: this.#config,
      guard,
      sources: served,
      inbound: () => this.#inbound(),
      control: this.#control,
      configuration: () => this.#configuration(),
      log: this.#context.log,
      status: () => this.#status(),
    })
    if (note !== undefined) this.#context.log.warn(note)
    const port = await listen(server, this.#config)
    this.#port = port
    this.#undo.push(() => server.close())
    const { host } = this.#config
    this.#undo.push(publishAddress(this.#context.shared, { host, port }))
    this.#undo.push(LocalRelays.of(this.#context.shared).add(server.localAt(port)))
    for (const source of this.#sources.all) await named(source, source.start())
    return { server, guard, port }
  }

  async #stopAll(signal?: AbortSignal): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    const closed = this.#sources.close(signal)
    await running.server.endStreams(this.#stopGraceMs, signal)
    await closed
    try {
      await stopEach(this.#sources.all)
    } finally {
      this.#running = undefined
      await this.#undoAll()
    }
  }

  async #undoAll(): Promise<void> {
    this.#port = undefined
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) {
      try {
        await undo()
      } catch (error) {
        this.#context.log.error('the relay ended with a fault', { error: String(error) })
      }
    }
  }

  #status(): { good: boolean; status: string; message: string } {
    const { status, detail = '' } = this.health()
    if (status === 'down') return { good: false, status: 'SUSPENDED_ON_ERROR', message: detail }
    if (this.#sources.all.every((source) => source.isPaused)) return { good: false, status: 'PAUSED', message: detail }
    return { good: true, status: 'RUNNING', message: detail }
  }
}

/** All of them stop, though one fails to. */
async function stopEach(sources: readonly PhysicalSource[]): Promise<void> {
  const results = await Promise.allSettled(sources.map((source) => source.stop()))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/** In the reverse of their coming. */
async function endEach(sources: readonly PhysicalSource[]): Promise<void> {
  for (const source of sources.toReversed()) await source.end()
}

function openNote(host: string): string {
  return `insecure: true lets everybody who reaches ${host} read every row: set a token or name peers`
}
