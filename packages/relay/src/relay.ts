import { EventBuffer } from '@aesop/buffer'
import { FileMaxScnStore, MemoryMaxScnStore, type MaxScnStore, PlaceJournal, ProcessReaders } from '@aesop/checkpoint'
import { SCHEMA_CHANGE_SCHEMA, SCHEMA_CHANGE_SOURCE } from '@aesop/event'
import {
  AesopError,
  type BeanContext,
  claimName,
  cutText,
  fillRemedy,
  type Health,
  type HttpGuard,
  type Lifecycle,
  messageOf,
  type Metric,
  namedPath,
  type Observable,
  openFilesMax,
  OWN_ERROR_BYTES_MAX,
  type PlaceDesk,
  type PlaceKeeper,
} from '@aesop/kernel'
import { type EventProducer, type PhysicalSourceConfig } from '@aesop/producer'
import { FileSchemaRegistry, type SchemaRegistry } from '@aesop/schema'
import { relayLimits, WindowSignal } from '@aesop/stream-server'
import { join, resolve } from 'node:path'
import { BlockWatch } from './block-watch.ts'
import { type ProducerFor } from './default-relay-factory.ts'
import { ProducerMissingError, RelayPartitionsError, SourceNameTakenError } from './errors.ts'
import { OwnReaders } from './own-readers.ts'
import { type ProducerRegistration } from './producer-registration.ts'
import { type RelayConfig } from './relay-config.ts'
import { InboundEvents } from './inbound-events.ts'
import { relayGuard } from './relay-access.ts'
import { relayMetrics } from './relay-metrics.ts'
import { RelayServer } from './relay-server.ts'
import { PassedOverNotes } from './passed-over.ts'
import { SourceDesk } from './source-desk.ts'

const FUTURE_GRACE_MS = 30_000
const STOP_GRACE_MS = 2_000

export interface RelayOptions {
  readonly config: RelayConfig
  /** Exactly one for now. */
  readonly registrations: readonly ProducerRegistration[]
  readonly producerFor?: ProducerFor
  /** Left out: schema files of the configuration and of the state directory. */
  readonly schemas?: SchemaRegistry
  /** How long after the start a checkpoint ahead of the relay waits, in milliseconds. */
  readonly futureGraceMs?: number
  /** How long a stop waits for streams to end between windows, in milliseconds. */
  readonly stopGraceMs?: number
}

/** What exists while the relay runs. */
interface Running {
  readonly buffer: EventBuffer
  readonly server: RelayServer
  readonly guard: HttpGuard
  readonly inbound: InboundEvents
  readonly producer: EventProducer
  readonly scnSpace: string | undefined
  readonly passedOver: PassedOverNotes
  readonly schemas: SchemaRegistry
  readonly port: number
  readonly blockWatch: BlockWatch
}

/** A buffer, its producer and the HTTP server; see DESIGN.md for the order of start and stop. */
export class Relay implements Lifecycle, Observable, PlaceKeeper {
  readonly #options: RelayOptions
  readonly #context: BeanContext
  readonly #config: RelayConfig
  readonly #registration: ProducerRegistration
  readonly #undo: (() => unknown)[] = []
  #releaseName: (() => void) | undefined
  #running: Running | undefined
  #failure: Error | undefined
  #stopped: Promise<void> | undefined

  /** @throws RelayPartitionsError, RelayPropertyUnknownError, RelayPropertyInvalidError, RelayPropertyRefusedError */
  constructor(options: RelayOptions, context: BeanContext) {
    const [registration, ...others] = options.registrations
    if (registration === undefined || others.length > 0) {
      const names = options.registrations.map((candidate) => candidate.physicalSource.name)
      throw new RelayPartitionsError(names.length, names)
    }
    this.#options = options
    this.#context = context
    this.#registration = registration
    this.#config = options.config.with(registration.properties).for(context.nature)
  }

  /**
   * @throws RelayTokenUnusableError, RelayTokenMissingError
   * @throws SourceNameTakenError when another relay of the process keeps its place in the same file
   */
  init(): void {
    this.#makeGuard()
    for (const note of this.#config.notes) this.#context.log.info(note)
    if (!this.#config.keepsMaxScn) return
    this.#releaseName = claimName(this.#context.shared, 'file of a source', this.#maxScnPath.toLowerCase())
    if (this.#releaseName === undefined) throw new SourceNameTakenError(this.#physicalSource.name, this.#maxScnPath)
  }

  destroy(): void {
    this.#releaseName?.()
  }

  async start(): Promise<void> {
    if (this.#running !== undefined) return
    this.#stopped = undefined
    try {
      this.#running = await this.#startAll()
    } catch (error) {
      await this.#undoAll()
      throw fillRemedy(error, '<name>', this.#physicalSource.name)
    }
    const { port, guard } = this.#running
    if (guard.isOpen) this.#context.log.warn(openNote(this.#config.host))
    this.#context.log.info(`relay of ${this.#physicalSource.name} listens on http://${this.#config.host}:${port}`)
  }

  /** Twice is harmless: the second call waits for the first. */
  stop(signal?: AbortSignal): Promise<void> {
    this.#stopped ??= this.#stopAll(signal)
    return this.#stopped
  }

  /** Where the relay listens. Undefined while it does not run. */
  get address(): { readonly host: string; readonly port: number } | undefined {
    return this.#running === undefined ? undefined : { host: this.#config.host, port: this.#running.port }
  }

  /** The buffer of the running relay. */
  get buffer(): EventBuffer | undefined {
    return this.#running?.buffer
  }

  health(): Health {
    const health = this.#healthOfSource()
    if (this.#running?.guard.isOpen !== true) return health
    const note = openNote(this.#config.host)
    return { ...health, detail: health.detail === undefined ? note : `${health.detail}; ${note}` }
  }

  #healthOfSource(): Health {
    if (this.#failure !== undefined) return { status: 'down', detail: this.#failure.message }
    const status = this.#running?.producer.status()
    if (status === undefined) return { status: 'down', detail: 'not started' }
    const detail = status.detail === undefined ? {} : { detail: status.detail }
    if (status.state === 'failed' || status.state === 'stopped') return { status: 'down', ...detail }
    const blocked = this.#running?.blockWatch.detail
    if (blocked !== undefined) return { status: 'degraded', detail: blocked }
    if (status.state !== 'running') return { status: 'degraded', ...detail }
    return status.concern === undefined ? { status: 'up', ...detail } : { status: 'degraded', detail: status.concern }
  }

  metrics(): readonly Metric[] {
    const running = this.#running
    if (running === undefined) return []
    const { server, guard, buffer, passedOver, inbound } = running
    return [
      ...passedOver.metrics(),
      ...guard.metrics('aesop_relay'),
      ...inbound.totals.metrics('aesop_relay_inbound', inbound.held()),
      ...relayMetrics(server, buffer),
    ]
  }

  describe(): unknown {
    const { buffer, producer, server, scnSpace } = this.#running ?? {}
    const { name, id, sources } = this.#physicalSource
    const status = producer?.status()
    return {
      address: this.address,
      physicalSource: { name, id, sources: sources.map((source) => ({ id: source.id, name: source.name })) },
      scnSpace,
      buffer: buffer && {
        minScn: buffer.minScn.toString(),
        prevScn: buffer.prevScn.toString(),
        lastScn: buffer.lastScn.toString(),
        heldBytes: buffer.heldBytes,
        maxBytes: buffer.maxBytes,
      },
      producer: status && { ...status, scn: status.scn.toString() },
      streams: server?.streams,
      notes: this.#config.notes,
    }
  }

  readonly actions = {
    pauseProducer: (): void => this.#running?.producer.pause(),
    resumeProducer: (): void => this.#running?.producer.resume(),
  }

  /** The place of the source, for those who show and move it while nothing runs. */
  async placeDesks(): Promise<readonly PlaceDesk[]> {
    if (!this.#config.keepsMaxScn) return []
    const source = this.#physicalSource
    const finder = (await this.#eventProducer()).placeFinder?.(source)
    return [new SourceDesk(source.name, this.#maxScnPath, this.#journal, finder)]
  }

  get #journal(): PlaceJournal {
    return new PlaceJournal(this.#context.stateDirectory, 'source', this.#physicalSource.name)
  }

  get #physicalSource(): PhysicalSourceConfig {
    return this.#registration.physicalSource
  }

  #makeGuard(): HttpGuard {
    return relayGuard(this.#config.access, this.#config.host, this.#context.log)
  }

  async #startAll(): Promise<Running> {
    const guard = this.#makeGuard()
    const physicalSource = this.#physicalSource
    const { log } = this.#context
    const schemas = this.#options.schemas ?? this.#schemaRegistry()
    schemas.register(SCHEMA_CHANGE_SOURCE, SCHEMA_CHANGE_SCHEMA)
    const readers = this.#ownReaders()
    const buffer = this.#makeBuffer(readers)
    const passedOver = new PassedOverNotes(this.#journal, log)
    const producer = await this.#eventProducer()
    this.#undo.push(() => stopWriter(producer, buffer))
    const prevScn = await producer.prepare({
      physicalSource,
      schemas,
      maxScn: this.#maxScnStore(),
      passOvers: passedOver.wanted,
      passedOver: passedOver.passed,
      initialScn: this.#config.initialScn,
      readersSinceScn: () => readers.oldestScn(),
      fail: (error) => {
        this.#producerFailed(error)
      },
    })
    buffer.start(prevScn)
    const signal = new WindowSignal()
    const inbound = new InboundEvents(buffer)
    this.#undo.push(buffer.subscribe(signal.windowClosed), buffer.subscribe(inbound.windowClosed))
    const sourceIds = new Set(physicalSource.servedSources.map(({ id }) => id))
    const tableIds = new Set(physicalSource.sources.map(({ id }) => id))
    const futureGraceUntilMs = performance.now() + (this.#options.futureGraceMs ?? FUTURE_GRACE_MS)
    const rereadUntilScn = (): bigint => producer.status().rereadUntilScn ?? -1n
    const scnSpace = producer.scnSpace ?? physicalSource.scnSpace
    const source = { buffer, signal, sourceIds, tableIds, futureGraceUntilMs, rereadUntilScn, scnSpace }
    const { limits, note } = relayLimits(this.#config, openFilesMax())
    if (note !== undefined) log.warn(note)
    const server = new RelayServer({
      config: this.#config,
      limits,
      guard,
      physicalSource,
      schemas,
      source,
      inbound,
      log,
      status: () => this.#status(),
    })
    const port = await server.listen()
    this.#undo.push(() => server.close())
    this.#context.shared.set('relay.address', { host: this.#config.host, port })
    this.#undo.push(() => this.#context.shared.delete('relay.address'))
    const { host, waitsForOwnReaders: waits } = this.#config
    const known = ProcessReaders.of(this.#context.shared)
    this.#undo.push(known.addRelay({ host, port, beganAfterScn: prevScn, waits }))
    const blockWatch = this.#watchBlocks(buffer, readers, producer)
    await producer.start(prevScn, buffer)
    return { buffer, server, guard, inbound, passedOver, producer, scnSpace, schemas, port, blockWatch }
  }

  /** The registrations of this process that read here. */
  #ownReaders(): OwnReaders {
    const { host, port } = this.#config
    return new OwnReaders({
      readers: ProcessReaders.of(this.#context.shared),
      sources: new Set(this.#physicalSource.sources.map((source) => source.name)),
      address: () => this.address ?? { host, port },
    })
  }

  #makeBuffer(readers: OwnReaders): EventBuffer {
    const { bufferBytes, waitsForOwnReaders } = this.#config
    const options = { maxBytes: bufferBytes, physicalPartition: this.#physicalSource.id }
    if (!waitsForOwnReaders) return new EventBuffer(options)
    const buffer: EventBuffer = new EventBuffer({
      ...options,
      neededAfterScn: () => readers.neediest(buffer)?.afterScn,
    })
    return buffer
  }

  #watchBlocks(buffer: EventBuffer, readers: OwnReaders, producer: EventProducer): BlockWatch {
    // A reader tells of each window; the buffer is looked at once for all that it processed in one turn.
    const signal = new WindowSignal()
    const lookOnce = (): void => {
      if (!buffer.isBlocked) return
      signal.add(recheck)
      signal.windowClosed()
    }
    const recheck = (): void => {
      buffer.recheck()
    }
    this.#undo.push(ProcessReaders.of(this.#context.shared).listen(lookOnce))
    const watch = new BlockWatch({
      isBlocked: () => {
        recheck()
        return buffer.isBlocked
      },
      reason: () => waitText(readers.neediest(buffer), producer.status().logLastsUntilMs),
      log: this.#context.log,
    })
    watch.start()
    this.#undo.push(() => {
      watch.stop()
    })
    return watch
  }

  async #stopAll(signal?: AbortSignal): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    await running.server.endStreams(this.#options.stopGraceMs ?? STOP_GRACE_MS, signal)
    try {
      await stopWriter(running.producer, running.buffer)
    } finally {
      this.#running = undefined
      await this.#undoAll()
    }
  }

  async #undoAll(): Promise<void> {
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) {
      try {
        await undo()
      } catch (error) {
        this.#context.log.error('the relay ended with a fault', { error: String(error) })
      }
    }
  }

  #schemaRegistry(): SchemaRegistry {
    const { schemaDirectory } = this.#config
    const { projectsRoot, stateDirectory } = this.#context
    return new FileSchemaRegistry({
      derived: join(stateDirectory, 'schemas'),
      ...(schemaDirectory === undefined ? {} : { handWritten: resolve(projectsRoot, schemaDirectory) }),
    })
  }

  #maxScnStore(): MaxScnStore {
    return this.#config.keepsMaxScn ? new FileMaxScnStore(this.#maxScnPath) : new MemoryMaxScnStore()
  }

  get #maxScnPath(): string {
    const { maxScnDirectory } = this.#config
    const { projectsRoot, stateDirectory } = this.#context
    const folder =
      maxScnDirectory === undefined ? join(stateDirectory, 'maxscn') : resolve(projectsRoot, maxScnDirectory)
    const { name } = this.#physicalSource
    return namedPath(folder, name, '.json', [name.replace(/[^\w.-]+/g, '_')])
  }

  async #eventProducer(): Promise<EventProducer> {
    const source = this.#physicalSource
    const producer = this.#registration.eventProducer ?? (await this.#options.producerFor?.(source))
    if (producer === undefined)
      throw new ProducerMissingError(source.name, source.uri.slice(0, source.uri.indexOf(':')))
    return producer
  }

  #producerFailed(error: Error): void {
    this.#failure = fillRemedy(error, '<name>', this.#physicalSource.name)
    const code = error instanceof AesopError ? { code: error.code } : {}
    const cause = error.cause === undefined ? {} : { cause: cutText(messageOf(error.cause), OWN_ERROR_BYTES_MAX) }
    this.#context.log.error(`the producer of ${this.#physicalSource.name} failed: ${error.message}`, {
      ...code,
      ...cause,
    })
    this.#context.fail(error)
  }

  #status(): { good: boolean; status: string; message: string } {
    const { status, detail = '' } = this.health()
    if (status === 'down') return { good: false, status: 'SUSPENDED_ON_ERROR', message: detail }
    if (this.#running?.producer.status().state === 'paused') return { good: false, status: 'PAUSED', message: detail }
    return { good: true, status: 'RUNNING', message: detail }
  }
}

function openNote(host: string): string {
  return `insecure: true lets everybody who reaches ${host} read every row: set a token or name peers`
}

/** A producer that waits for room sees that it was told to stop only when it waits no more. */
async function stopWriter(producer: EventProducer, buffer: EventBuffer): Promise<void> {
  const stopped = producer.stop()
  buffer.stopWaiting()
  await stopped
}

function waitText(neediest: ReturnType<OwnReaders['neediest']>, logLastsUntilMs: number | undefined): string {
  if (neediest === undefined) return 'the source goes on'
  const waits = `the source waits for the registration "${neediest.reader.id}", which stands at SCN ${neediest.afterScn}`
  if (logLastsUntilMs === undefined) return waits
  return `${waits}; from ${new Date(logLastsUntilMs).toISOString()} on its server may purge what comes next`
}
