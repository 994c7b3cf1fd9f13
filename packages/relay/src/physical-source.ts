import { type EventBuffer, type SegmentStore } from '@aesop/buffer'
import { ProcessReaders } from '@aesop/checkpoint'
import { SCHEMA_CHANGE_SCHEMA, SCHEMA_CHANGE_SOURCE } from '@aesop/event'
import {
  AesopError,
  type BeanContext,
  claimName,
  cutText,
  fillRemedy,
  type AnyMetric,
  type Health,
  messageOf,
  OWN_ERROR_BYTES_MAX,
  type PlaceDesk,
} from '@aesop/kernel'
import { type EventProducer, GeneratedScnProducer, type PhysicalSourceConfig } from '@aesop/producer'
import { type FileSegments } from '@aesop/segment-files'
import { FileSchemaRegistry, type SchemaRegistry } from '@aesop/schema'
import { type KnownReader, type ServedSource, type SourceControl } from '@aesop/stream-server'
import { join, resolve } from 'node:path'
import { type ProducerFor } from './default-relay-factory.ts'
import { type EventLogWriter } from './event-log-writer.ts'
import { ProducerMissingError, SourceLateError, SourceNameTakenError } from './errors.ts'
import { InboundEvents } from './inbound-events.ts'
import { PassedOverNotes } from './passed-over.ts'
import { type ProducerRegistration } from './producer-registration.ts'
import { type LeftWindows, SourceBuffer } from './source-buffer.ts'
import { servedSource } from './served-source.ts'
import { healthOfSource } from './source-health.ts'
import { SourcePlace } from './source-place.ts'
import { type SourceSettings } from './source-settings.ts'

/** Makes what a buffer of so many bytes keeps its segments in; undefined: memory. */
export type SegmentStoreFor = (physicalSource: PhysicalSourceConfig, bufferBytes: number) => SegmentStore | undefined

export interface PhysicalSourceOptions {
  readonly registration: ProducerRegistration
  readonly settings: SourceSettings
  readonly context: BeanContext
  /** For a registration without a producer. */
  readonly producerFor: ProducerFor | undefined
  /** Left out: memory. */
  readonly segmentStoreFor: SegmentStoreFor | undefined
  /** Left out: schema files of the settings and of the state directory. */
  readonly schemas: SchemaRegistry | undefined
  /** How long after the start a checkpoint ahead of the source waits, in milliseconds. */
  readonly futureGraceMs: number
  /** Where the relay listens, or will listen. */
  readonly address: () => { readonly host: string; readonly port: number }
  /** Who reads the relay over a stream, or did. */
  readonly knownReaders: () => readonly KnownReader[]
  /** Called when it can never go on. */
  readonly fail: (error: Error) => void
}

interface Opened {
  readonly buffer: SourceBuffer
  readonly eventLog: EventLogWriter | undefined
  readonly producer: EventProducer
  readonly schemas: SchemaRegistry
  /** What the buffer has, or had, from a former process. */
  readonly restored: LeftWindows | undefined
}

/** What a source has from `prepare` to `end`. */
interface Prepared extends Omit<Opened, 'restored'> {
  readonly passedOver: PassedOverNotes
  readonly inbound: InboundEvents
  readonly served: ServedSource
  readonly beganAfterScn: bigint
}

/** One physical source of a relay, with all that belongs to it: its configuration, place, schemas, buffer and producer. */
export class PhysicalSource {
  readonly config: PhysicalSourceConfig
  readonly place: SourcePlace
  readonly #options: PhysicalSourceOptions
  readonly #undo: (() => unknown)[] = []
  #prepared: Prepared | undefined
  #isStarted = false
  #isEnded = false
  #opening: Promise<unknown> | undefined
  #failure: Error | undefined

  constructor(options: PhysicalSourceOptions) {
    this.#options = options
    this.config = options.registration.physicalSource
    this.place = new SourcePlace(this.config.name, options.settings, options.context)
  }

  get name(): string {
    return this.config.name
  }
  get registration(): ProducerRegistration {
    return this.#options.registration
  }
  /** What is served of it, from `prepare` to `end`. */
  get served(): ServedSource | undefined {
    return this.#prepared?.served
  }
  get buffer(): EventBuffer | undefined {
    return this.#prepared?.buffer.events
  }
  get inbound(): InboundEvents | undefined {
    return this.#prepared?.inbound
  }
  get isPaused(): boolean {
    return this.#prepared?.producer.status().state === 'paused'
  }

  /** Finds out where the source begins. What comes back can be served; nothing is written to it before `start`. */
  async prepare(): Promise<ServedSource> {
    const { settings, context, futureGraceMs } = this.#options
    this.#isEnded = false
    const opening = this.#open()
    this.#opening = opening.catch(() => undefined)
    const { producer, schemas, eventLog, buffer, restored } = await opening
    this.#checkNotEnded()
    const passedOver = new PassedOverNotes(this.place.journal, context.log)
    this.#undo.push(() => stopWriter(producer, buffer.events))
    const beganAfterScn = await producer.prepare({
      physicalSource: this.config,
      schemas,
      maxScn: this.place.store(),
      passOvers: passedOver.wanted,
      passedOver: passedOver.passed,
      initialScn: settings.initialScn,
      restoredScn: restored?.lastScn,
      restoredScnSpace: buffer.restoredScnSpace,
      restoredAfterScn: restored?.prevScn,
      readersSinceScn: () => buffer.neededSinceScn(),
      fail: (error) => {
        this.#failed(error)
      },
    })
    this.#checkNotEnded()
    buffer.start(beganAfterScn, producer.scnSpace ?? this.config.scnSpace)
    const inbound = new InboundEvents(buffer.events)
    this.#undo.push(buffer.events.subscribe(inbound.windowClosed))
    const served = servedSource(this.config, buffer.events, producer, schemas, futureGraceMs)
    this.#prepared = { buffer, eventLog, producer, schemas, passedOver, inbound, served, beganAfterScn }
    return served
  }

  /** What it has on disk, and who reads its server. */
  async #open(): Promise<Opened> {
    const producer = await this.#eventProducer()
    const schemas = this.#options.schemas ?? this.#schemaRegistry()
    schemas.register(SCHEMA_CHANGE_SOURCE, SCHEMA_CHANGE_SCHEMA)
    const eventLog = await this.#eventLog(schemas)
    const buffer = await this.#makeBuffer(producer, schemas, eventLog)
    this.#undo.push(() => buffer.events.close())
    // What the buffer still has comes first: the producer is to go on right after it.
    const restored = await buffer.open()
    if (eventLog !== undefined) this.#undo.push(() => eventLog.close())
    await eventLog?.open()
    return { producer, schemas, eventLog, buffer, restored }
  }

  /** It may be given up while it waits for a disk or a server. @throws SourceLateError */
  #checkNotEnded(): void {
    if (this.#isEnded) throw new SourceLateError(this.name)
  }

  /** Lets the producer write, once its windows are served at that address. */
  async start(): Promise<void> {
    const { buffer, eventLog, producer, served, beganAfterScn } = this.#mustBePrepared()
    const { waitsForOwnReaders: waits } = this.#options.settings
    const sources = servedNames(this.config)
    const known = ProcessReaders.of(this.#options.context.shared)
    // What a source reads late a restart would not read sooner.
    const reach = producer.lateReading === undefined ? { beganAfterScn } : {}
    this.#undo.push(known.addRelay({ ...this.#options.address(), ...reach, waits, sources }))
    buffer.watch()
    this.#undo.push(() => buffer.unwatch())
    // Nothing leaves the buffer that the log has not: also not of what comes while the producer starts.
    eventLog?.begin(served.windows, served.scnSpace, beganAfterScn)
    await producer.start(beganAfterScn, buffer.events)
    this.#checkNotEnded()
    this.#isStarted = true
  }

  /** Stops the producer; its windows can be read until `end`. */
  async stop(): Promise<void> {
    if (this.#prepared !== undefined) await stopWriter(this.#prepared.producer, this.#prepared.buffer.events)
  }

  /** Undoes what was done, also of a start that failed. */
  async end(): Promise<void> {
    this.#isEnded = true
    // What is closed while it is opened would be open afterwards, and hold its folder.
    await this.#opening
    this.#prepared = undefined
    this.#isStarted = false
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) {
      try {
        await undo()
      } catch (error) {
        this.#options.context.log.error('the relay ended with a fault', { error: String(error) })
      }
    }
  }

  pause(): void {
    this.#prepared?.producer.pause()
  }

  resume(): void {
    this.#prepared?.producer.resume()
  }

  /** Empties its buffer, which begins anew where the source is. */
  async resetBuffer(): Promise<void> {
    await this.#prepared?.buffer.reset()
  }

  /** What commands over HTTP act on. */
  get control(): SourceControl {
    const state = (): ReturnType<EventProducer['status']>['state'] | undefined =>
      this.#prepared?.producer.status().state
    const buffer = (): EventBuffer | undefined => this.buffer
    return {
      name: this.name,
      id: this.config.id,
      get status() {
        const now = state()
        if (now === 'paused') return now
        return now === undefined || now === 'stopped' || now === 'failed' ? 'shutdown' : 'running'
      },
      get scn() {
        return buffer()?.lastScn ?? -1n
      },
      get prevScn() {
        return buffer()?.prevScn ?? -1n
      },
      pause: () => {
        this.pause()
      },
      resume: () => {
        this.resume()
      },
      reset: () => this.resetBuffer(),
    }
  }

  health(): Health {
    const { producer, buffer } = (this.#isStarted ? this.#prepared : undefined) ?? {}
    return healthOfSource(this.#failure, producer?.status(), buffer?.concern)
  }

  /** Those of its producer are among them, however that was made. */
  metrics(): readonly AnyMetric[] {
    if (this.#prepared === undefined) return []
    const { buffer, producer, passedOver, inbound } = this.#prepared
    const help = 'Bytes of the segments of the event buffer.'
    const all: readonly AnyMetric[] = [
      ...passedOver.metrics(),
      ...inbound.totals.metrics('aesop_relay_inbound', inbound.held()),
      { name: 'aesop_relay_buffer_bytes', help, type: 'gauge', value: buffer.events.heldBytes },
      ...buffer.falls.metrics(),
      ...(producer.metrics?.() ?? []),
    ]
    return all.map((metric) => ({ ...metric, labels: { ...metric.labels, physicalSource: this.name } }))
  }

  describe(): object {
    const { name, id, sources } = this.config
    const { buffer, producer, served } = this.#prepared ?? {}
    const status = producer?.status()
    const events = buffer?.events
    return {
      physicalSource: { name, id, sources: sources.map((source) => ({ id: source.id, name: source.name })) },
      scnSpace: served?.scnSpace,
      buffer: events && {
        minScn: events.minScn.toString(),
        prevScn: events.prevScn.toString(),
        lastScn: events.lastScn.toString(),
        heldBytes: events.heldBytes,
        maxBytes: events.maxBytes,
        fallsOff: buffer.falls.describe(),
      },
      producer: status && { ...status, scn: status.scn.toString(), ...(producer?.describe?.() as object | undefined) },
    }
  }

  placeDesks(): Promise<readonly PlaceDesk[]> {
    return this.place.desks(async () => (await this.#eventProducer()).placeFinder?.(this.config))
  }

  #mustBePrepared(): Prepared {
    if (this.#prepared === undefined)
      throw new Error(`the physical source ${this.name} is started before it is prepared`)
    return this.#prepared
  }

  async #makeBuffer(
    producer: EventProducer,
    schemas: SchemaRegistry,
    eventLog: EventLogWriter | undefined,
  ): Promise<SourceBuffer> {
    const { settings, context, address, segmentStoreFor, knownReaders } = this.#options
    const store = segmentStoreFor?.(this.config, settings.bufferBytes)
    return new SourceBuffer({
      name: this.name,
      settings,
      physicalPartition: this.config.id,
      eventVersion: this.config.eventVersion,
      readers: {
        readers: ProcessReaders.of(context.shared),
        sources: servedNames(this.config),
        address,
      },
      store,
      files:
        store === undefined ? await this.#bufferFiles(producer.configurationOf?.(this.config, schemas)) : undefined,
      eventLog,
      status: () => producer.status(),
      servesLate: () => producer.lateReading !== undefined,
      knownReaders: () => knownReaders().filter(({ physicalSource }) => physicalSource === this.name),
      publish: (alert) => context.publish?.(alert),
      log: context.log,
    })
  }

  /** What is written beside the buffer; undefined: nothing is. */
  async #eventLog(schemas: SchemaRegistry): Promise<EventLogWriter | undefined> {
    const { settings, context } = this.#options
    if (settings.eventLogWriter === undefined) return undefined
    const { eventLogWriter, writtenFolder } = await import('./event-logs.ts')
    const folder = writtenFolder(this.config, settings.eventLogWriter, context)
    this.#claimFolder(folder)
    return eventLogWriter(
      { folder, settings: settings.eventLogWriter, physicalSource: this.config, schemas, context },
      () => this.#prepared?.buffer.events.recheck(),
      (error) => {
        this.#failed(error)
      },
    )
  }

  #claimFolder(folder: string): void {
    const { shared } = this.#options.context
    const release = claimName(shared, 'folder of an event buffer', folder.toLowerCase())
    if (release === undefined) throw new SourceNameTakenError(this.name, folder)
    this.#undo.push(release)
  }

  /** Loaded where they are asked for: most relays start without them, and sooner. */
  async #bufferFiles(configuration: (() => string) | undefined): Promise<FileSegments | undefined> {
    const { settings, context } = this.#options
    const { name, id: physicalPartition, eventVersion } = this.config
    const { files, bufferBytes } = settings
    if (files === undefined) return undefined
    const { bufferFiles, bufferFolder } = await import('./buffer-files.ts')
    const { projectsRoot, stateDirectory, log } = context
    const source = { name, physicalPartition, eventVersion }
    const options = { ...source, settings: files, configuration, bufferBytes, projectsRoot, stateDirectory, log }
    this.#claimFolder(bufferFolder(options))
    return bufferFiles(options)
  }

  #schemaRegistry(): SchemaRegistry {
    const { schemaDirectory } = this.#options.settings
    const { projectsRoot, stateDirectory } = this.#options.context
    return new FileSchemaRegistry({
      derived: join(stateDirectory, 'schemas'),
      ...(schemaDirectory === undefined ? {} : { handWritten: resolve(projectsRoot, schemaDirectory) }),
    })
  }

  async #eventProducer(): Promise<EventProducer> {
    const { registration, producerFor, settings, context } = this.#options
    if (settings.eventLogReader !== undefined)
      return (await import('./event-logs.ts')).eventLogProducer(this.config, settings, context)
    const producer = registration.eventProducer ?? (await producerFor?.(this.config))
    const { name, uri } = this.config
    if (producer === undefined) throw new ProducerMissingError(name, uri.slice(0, uri.indexOf(':')))
    const { scnGenerator } = registration
    return scnGenerator === undefined ? producer : new GeneratedScnProducer(producer, name, scnGenerator)
  }

  #failed(error: Error): void {
    this.#failure = fillRemedy(error, '<name>', this.name)
    const { context } = this.#options
    const code = error instanceof AesopError ? { code: error.code } : {}
    const cause = error.cause === undefined ? {} : { cause: cutText(messageOf(error.cause), OWN_ERROR_BYTES_MAX) }
    context.log.error(`the producer of ${this.name} failed: ${error.message}`, { ...code, ...cause })
    this.#options.fail(error)
  }
}

/** Of all that can be read from it: registrations ask for changes of tables by name, too. */
function servedNames({ servedSources }: PhysicalSourceConfig): ReadonlySet<string> {
  return new Set(servedSources.map(({ name }) => name))
}

/** A producer that waits for room sees that it was told to stop only when it waits no more. */
async function stopWriter(producer: EventProducer, buffer: EventBuffer): Promise<void> {
  const stopped = producer.stop()
  buffer.stopWaiting()
  await stopped
}
