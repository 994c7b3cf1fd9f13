import {
  type EventAppend,
  eventHeaderBytes,
  type EventKey,
  EventTooLargeError,
  type EventVersion,
  type Opcode,
} from '@aesop/event'
import { sleep } from '@aesop/kernel'
import { type EventProducer, type ProducerContext, type ProducerStatus } from './event-producer.ts'
import { logicalPartitionOf } from './logical-source-config.ts'
import { MEMORY_ROW_SCHEMA, memoryRowBytesMax, MemoryRowWriter } from './memory-row.ts'
import { type MemoryUri, parseMemoryUri } from './memory-uri.ts'
import { scnSpaceOfSource } from './scn-space-of-source.ts'
import { type WindowSink } from './window-sink.ts'

/** One change that a test adds. */
export interface MemoryEvent {
  readonly key: EventKey
  readonly opcode?: Opcode
  /** Name of the logical source; left out: the first one. */
  readonly source?: string
  /** The Avro value; left out: a row of the memory schema without payload, whose id is the key when it is a number. */
  readonly value?: Uint8Array
}

export interface MemoryEventProducerOptions {
  readonly name?: string
  /** The Avro schema that is registered for each source; left out: the memory schema. */
  readonly schema?: string
}

interface OpenSource {
  readonly id: number
  readonly schemaId: Uint8Array
  readonly logicalPartition: number
}

const BURST_MS = 5

/**
 * A producer without a database: windows come from `addWindow`, or are generated as its `memory:` URI says. SCNs of
 * generated windows follow each other without gaps.
 *
 * What it has made is gone when it ends, and it stores how far it came only when it is stopped in order: after any other end its
 * SCNs begin anew, in a new SCN space.
 */
export class MemoryEventProducer implements EventProducer {
  readonly name: string
  readonly #schema: string
  readonly #sources = new Map<string, OpenSource>()
  readonly #stop = new AbortController()
  #uri: MemoryUri = { name: '', eventsPerWindow: 1, valueBytes: 0 }
  #context: ProducerContext | undefined
  #eventBytesMax = 0
  #eventVersion: EventVersion = 1
  #sink: WindowSink | undefined
  #scn = -1n
  #state: ProducerStatus['state'] = 'stopped'
  #lastEventMs: number | undefined
  #resumed: { promise: Promise<void>; resolve: () => void } | undefined
  #generator: Promise<void> | undefined
  /** Resolves when its start has ended, one way or the other. */
  #starting: Promise<void> | undefined
  #generated = 0
  #scnSpace: string | undefined

  constructor(options: MemoryEventProducerOptions = {}) {
    this.name = options.name ?? 'memory'
    this.#schema = options.schema ?? MEMORY_ROW_SCHEMA
  }

  get scnSpace(): string | undefined {
    return this.#scnSpace
  }

  async prepare(context: ProducerContext): Promise<bigint> {
    this.#context = context
    this.#uri = parseMemoryUri(context.physicalSource.uri)
    this.#eventBytesMax = context.physicalSource.largestEventSizeInBytes
    this.#eventVersion = context.physicalSource.eventVersion
    for (const source of context.physicalSource.sources) {
      const schema = context.schemas.latest(source.name) ?? context.schemas.register(source.name, this.#schema)
      this.#sources.set(source.name, {
        id: source.id,
        schemaId: schema.id,
        logicalPartition: logicalPartitionOf(source),
      })
    }
    const stored = await context.maxScn.load()
    this.#scn = stored?.scn ?? context.initialScn ?? 0n
    this.#scnSpace = await scnSpaceOfSource({ physicalSource: context.physicalSource, stored })
    return this.#scn
  }

  start(sinceScn: bigint, sink: WindowSink): Promise<void> {
    const starting = this.#begin(sinceScn, sink)
    this.#starting = starting.catch(() => undefined)
    return starting
  }

  async #begin(sinceScn: bigint, sink: WindowSink): Promise<void> {
    this.#scn = sinceScn
    await this.#disownStored()
    this.#sink = sink
    this.#state = 'running'
    if (this.#uri.eventsPerSecond !== undefined || this.#uri.windows !== undefined) {
      this.#generator = this.#generate(sink).catch((error: unknown) => {
        this.#state = 'failed'
        this.#context?.fail(error instanceof Error ? error : new Error(String(error)))
      })
    }
  }

  /** From now on SCNs are handed out that the stored record knows nothing of, until a stop in order brings the next one. */
  async #disownStored(): Promise<void> {
    const stored = await this.#context?.maxScn.load()
    if (stored?.scnSpace === undefined) return
    const { scn, savedAtMs } = stored
    await this.#context?.maxScn.save({ scn, savedAtMs })
  }

  pause(): void {
    if (this.#state !== 'running') return
    this.#state = 'paused'
    let resolve: () => void = () => undefined
    const promise = new Promise<void>((done) => (resolve = done))
    this.#resumed = { promise, resolve }
  }

  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'running'
    this.#resumed?.resolve()
    this.#resumed = undefined
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    // The record that it has disowned by then is stored whole again.
    await this.#starting
    if (this.#sink === undefined) return
    this.#resumed?.resolve()
    await this.#generator
    this.#sink = undefined
    if (this.#state !== 'failed') this.#state = 'stopped'
    const scnSpace = this.#scnSpace === undefined ? {} : { scnSpace: this.#scnSpace }
    await this.#context?.maxScn.save({ scn: this.#scn, savedAtMs: Date.now(), ...scnSpace })
  }

  status(): ProducerStatus {
    const { name, ...status } = { name: this.name, state: this.#state, scn: this.#scn }
    return {
      ...status,
      detail: `${name}: ${this.#generated} windows generated`,
      ...(this.#lastEventMs === undefined ? {} : { lastEventMs: this.#lastEventMs }),
    }
  }

  /** Hands one window to the sink, now. The producer must be started; `scn` left out: one above the last. */
  addWindow(events: readonly MemoryEvent[], scn: bigint = this.#scn + 1n): void {
    const sink = this.#sink
    if (sink === undefined) throw new Error(`the producer ${this.name} takes windows only between start and stop`)
    const timestampNanos = BigInt(Date.now()) * 1_000_000n
    sink.beginWindow()
    try {
      for (const event of events) this.#append(sink, event, timestampNanos)
      sink.endWindow(scn)
    } catch (error) {
      sink.rollbackWindow()
      throw error
    }
    this.#closed(scn, timestampNanos)
  }

  #append(sink: WindowSink, event: MemoryEvent, timestampNanos: bigint): void {
    const source = this.#source(event.source)
    const { value } = event
    const row = new MemoryRowWriter(new Uint8Array(0))
    row.id = typeof event.key === 'number' ? event.key : 0
    const append: EventAppend = {
      opcode: event.opcode ?? 'UPSERT',
      key: event.key,
      sourceId: source.id,
      schemaId: source.schemaId,
      timestampNanos,
      logicalPartition: source.logicalPartition,
      maxValueBytes: value?.length ?? memoryRowBytesMax(0),
    }
    this.#refuseTooLarge(append)
    if (value === undefined) {
      sink.append(append, row.write)
      return
    }
    sink.append(append, (target, offset) => {
      target.set(value, offset)
      return offset + value.length
    })
  }

  /** @throws EventTooLargeError above `largestEventSizeInBytes` */
  #refuseTooLarge(append: EventAppend): void {
    const bytes = eventHeaderBytes(append.key, this.#eventVersion) + append.maxValueBytes
    if (bytes > this.#eventBytesMax) throw new EventTooLargeError(bytes, this.#eventBytesMax)
  }

  #source(name: string | undefined): OpenSource {
    const source = name === undefined ? this.#sources.values().next().value : this.#sources.get(name)
    if (source === undefined) throw new Error(`the producer ${this.name} has no source ${name ?? '(none)'}`)
    return source
  }

  #closed(scn: bigint, timestampNanos: bigint): void {
    this.#scn = scn
    this.#lastEventMs = Number(timestampNanos / 1_000_000n)
  }

  /** Generates in bursts of a few milliseconds, so that the sink's readers get their turns. */
  async #generate(sink: WindowSink): Promise<void> {
    const windows = this.#uri.windows ?? Infinity
    const append = this.#generatedAppend()
    this.#refuseTooLarge(append)
    const row = new MemoryRowWriter(Buffer.alloc(this.#uri.valueBytes, 'aesop '))
    const startedMs = performance.now()
    while (this.#generated < windows && !this.#stop.signal.aborted) {
      await sink.whenWritable()
      await this.#resumed?.promise
      const untilMs = performance.now() + BURST_MS
      const due = Math.min(windows, this.#dueWindows(performance.now() - startedMs))
      while (this.#generated < due && performance.now() < untilMs && sink.whenWritable() === undefined) {
        this.#generateWindow(sink, append, row)
      }
      if (this.#generated < due) await new Promise((resolve) => setImmediate(resolve))
      else await sleep(1, this.#stop.signal)
    }
  }

  #dueWindows(elapsedMs: number): number {
    const { eventsPerSecond, eventsPerWindow } = this.#uri
    return eventsPerSecond === undefined ? Infinity : Math.ceil((elapsedMs * eventsPerSecond) / 1000 / eventsPerWindow)
  }

  #generatedAppend(): EventAppend {
    const source = this.#source(undefined)
    return {
      opcode: 'UPSERT',
      key: 0,
      sourceId: source.id,
      schemaId: source.schemaId,
      timestampNanos: 0n,
      logicalPartition: source.logicalPartition,
      maxValueBytes: memoryRowBytesMax(this.#uri.valueBytes),
    }
  }

  #generateWindow(sink: WindowSink, append: EventAppend, row: MemoryRowWriter): void {
    const { eventsPerWindow } = this.#uri
    append.timestampNanos = BigInt(Date.now()) * 1_000_000n
    sink.beginWindow()
    for (let i = 0; i < eventsPerWindow; i++) {
      row.id = this.#generated * eventsPerWindow + i
      append.key = row.id
      sink.append(append, row.write)
    }
    const scn = this.#scn + 1n
    sink.endWindow(scn)
    this.#generated += 1
    this.#closed(scn, append.timestampNanos)
  }
}
