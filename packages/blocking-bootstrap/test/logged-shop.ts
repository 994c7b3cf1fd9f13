import { SCHEMA_CHANGE_SCHEMA, SCHEMA_CHANGE_SOURCE, sealEvent, writeEvent, type EventAppend } from '@aesop/event'
import { sleep } from '@aesop/kernel'
import {
  type EventProducer,
  MEMORY_ROW_SCHEMA,
  PhysicalSourceConfig,
  type ProducerContext,
  type ProducerStatus,
  SnapshotBehindError,
  SnapshotCursorLostError,
  type WindowSink,
} from '@aesop/producer'
import { type SnapshotChunk, type SnapshotReader, type SnapshotRequest } from '@aesop/reading'
import { compileRowEncoder } from '@aesop/schema'

export const ITEM = { id: 40, name: 'shop.item', uri: 'shop.item' }
export const ORDER = { id: 41, name: 'shop.order', uri: 'shop.order' }
export const SHOP = new PhysicalSourceConfig({ uri: 'memory:shop', name: 'shop', sources: [ITEM, ORDER] })

const encodeChange = compileRowEncoder(SCHEMA_CHANGE_SCHEMA)

/** A change of a row; undefined: it is deleted. */
export interface RowChange {
  readonly table?: 'shop.item' | 'shop.order'
  readonly key: number
  readonly isGone?: boolean
}

interface LoggedEvent {
  readonly source: string
  readonly key: number | string
  readonly opcode: 'UPSERT' | 'DELETE'
  readonly value: Buffer
}

interface LoggedWindow {
  readonly scn: bigint
  readonly events: readonly LoggedEvent[]
}

/** A database that has a log: each change of a row has a number of its own, which is its value. */
export class LoggedShop {
  readonly tables = new Map<string, Map<number, string>>([
    [ITEM.name, new Map()],
    [ORDER.name, new Map()],
  ])
  readonly log: LoggedWindow[] = []
  scn = 100n
  version = 0
  /** Called between the place of a chunk and its rows, and between its rows and its end. */
  meanwhile: () => void = () => undefined
  chunkRows = 3
  isKeyless = false

  /** Rows that were there before the log. */
  hasHad(source: string, ...keys: readonly number[]): this {
    for (const key of keys) this.tables.get(source)?.set(key, String(++this.version))
    return this
  }

  change(...changes: readonly RowChange[]): void {
    const events = changes.map(({ table = 'shop.item', key, isGone = false }): LoggedEvent => {
      const value = String(++this.version)
      if (isGone) this.tables.get(table)?.delete(key)
      else this.tables.get(table)?.set(key, value)
      return { source: table, key, opcode: isGone ? 'DELETE' : 'UPSERT', value: Buffer.from(value) }
    })
    this.#commit(events)
  }

  truncate(source: string): void {
    this.tables.get(source)?.clear()
    const change = { kind: 'TRUNCATE', source, database: 'shop', table: source, sql: null, at: 0n }
    const value = encodeChange(change)
    this.#commit([{ source: SCHEMA_CHANGE_SOURCE, key: source, opcode: 'UPSERT', value }])
  }

  /** All rows, as a consumer that has everything has them. */
  get picture(): Record<string, string> {
    const rows = [...this.tables].flatMap(([source, table]) =>
      [...table].map(([key, value]) => [`${source} ${key}`, value] as const),
    )
    return Object.fromEntries(rows)
  }

  #commit(events: readonly LoggedEvent[]): void {
    this.scn += 10n
    this.log.push({ scn: this.scn, events })
  }
}

/** Follows the log of a shop from the place that it has stored, and reads its tables. */
export class LoggedProducer implements EventProducer {
  readonly name = 'shop'
  readonly scnSpace = 'shop-1'
  readonly #shop: LoggedShop
  readonly #stop = new AbortController()
  #context: ProducerContext | undefined
  #position = -1n
  #running: Promise<void> | undefined
  readonly #readings = new Map<string, { at: bigint; visible: bigint; rows: [number, string][] }>()

  constructor(shop: LoggedShop) {
    this.#shop = shop
  }

  get snapshotReader(): SnapshotReader {
    return {
      describe: (source) => {
        const { isKeyless } = this.#shop
        const estimatedRows = this.#shop.tables.get(source)?.size
        return Promise.resolve({ source, key: isKeyless ? [] : ['id'], isKeyless, estimatedRows, schema: '{}' })
      },
      readChunk: (request, signal) => this.#chunk(request, signal),
    }
  }

  async prepare(context: ProducerContext): Promise<bigint> {
    this.#context = context
    for (const { name } of [ITEM, ORDER]) context.schemas.register(name, MEMORY_ROW_SCHEMA)
    const stored = await context.maxScn.load()
    const begin = stored?.scn ?? context.initialScn ?? this.#shop.scn
    if (stored === undefined) await this.#save(begin)
    this.#position = begin
    return begin
  }

  start(_sinceScn: bigint, sink: WindowSink): Promise<void> {
    this.#running = this.#follow(sink)
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  pause(): void {
    throw new Error('nobody pauses it')
  }
  resume(): void {
    throw new Error('nobody resumes it')
  }
  status(): ProducerStatus {
    return { state: 'running', scn: this.#position }
  }

  async #follow(sink: WindowSink): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      const next = this.#shop.log.find(({ scn }) => scn > this.#position)
      if (next === undefined) await sleep(1, signal)
      else {
        await sink.whenWritable()
        if (!this.#isStopped()) await this.#window(sink, next)
      }
    }
  }

  #isStopped(): boolean {
    return this.#stop.signal.aborted
  }

  async #window(sink: WindowSink, { scn, events }: LoggedWindow): Promise<void> {
    sink.beginWindow()
    for (const event of events) {
      await sink.whenSpilled?.()
      sink.append(this.#append(event), (target, offset) => offset + event.value.copy(target, offset))
    }
    sink.endWindow(scn)
    this.#position = scn
    await this.#save(scn)
  }

  async #save(scn: bigint): Promise<void> {
    await this.#context?.maxScn.save({ scn, savedAtMs: 0, scnSpace: this.scnSpace })
  }

  #append({ source, key, opcode, value }: LoggedEvent): EventAppend {
    const id = [ITEM, ORDER].find(({ name }) => name === source)?.id ?? SHOP.schemaChangeSourceId
    const schemaId = this.#context?.schemas.latest(source)?.id ?? Buffer.alloc(16)
    return { key, opcode, sourceId: id, schemaId, timestampNanos: 7n, logicalPartition: 0, maxValueBytes: value.length }
  }

  async #chunk({ source, after, maxRows }: SnapshotRequest, signal: AbortSignal): Promise<SnapshotChunk> {
    const shop = this.#shop
    const limit = Math.min(maxRows, shop.chunkRows)
    if (shop.isKeyless) return this.#keyless(source, after, limit, signal)
    const at = this.#position
    shop.meanwhile()
    const rows = this.#rowsOf(source)
      .filter(([key]) => after === undefined || key > Number(after))
      .slice(0, limit + 1)
    const visible = await this.#settled(source, signal)
    const some = rows.slice(0, limit)
    const next = rows.length > limit ? { next: String(some.at(-1)?.[0]) } : {}
    return { bytes: this.#bytes(source, some, at), rows: some.length, atScn: at, visibleScn: visible, ...next }
  }

  /** One view of the table for all of its chunks. */
  async #keyless(
    source: string,
    after: string | undefined,
    limit: number,
    signal: AbortSignal,
  ): Promise<SnapshotChunk> {
    const [name = '', from = '0'] = after?.split(' ') ?? []
    const known = this.#readings.get(name)
    if (after !== undefined && known === undefined) throw new SnapshotCursorLostError(source)
    const at = known?.at ?? this.#position
    const all = known?.rows ?? this.#rowsOf(source)
    this.#shop.meanwhile()
    const visible = known?.visible ?? (await this.#settled(source, signal))
    const reading = known === undefined ? `r${this.#readings.size}` : name
    this.#readings.set(reading, { at, visible, rows: all })
    const some = all.slice(Number(from), Number(from) + limit)
    const end = Number(from) + some.length
    const next = end < all.length ? { next: `${reading} ${end}` } : {}
    return { bytes: this.#bytes(source, some, at), rows: some.length, atScn: at, visibleScn: visible, ...next }
  }

  #rowsOf(source: string): [number, string][] {
    return [...(this.#shop.tables.get(source) ?? [])].sort(([a], [b]) => a - b)
  }

  /** The stream comes to what was seen; more may be changed meanwhile. */
  async #settled(source: string, signal: AbortSignal): Promise<bigint> {
    const wanted = this.#shop.scn
    this.#shop.meanwhile()
    for (let tries = 0; this.#position < wanted; tries++) {
      if (tries > 500) throw new SnapshotBehindError(source, String(wanted), String(this.#position), 500)
      signal.throwIfAborted()
      await sleep(1, signal)
    }
    return this.#position
  }

  #bytes(source: string, rows: readonly (readonly [number, string])[], scn: bigint): Buffer {
    return Buffer.concat(
      rows.map(([key, value]) => {
        const target = Buffer.alloc(200)
        const bytes = Buffer.from(value)
        const append = this.#append({ source, key, opcode: 'UPSERT', value: bytes })
        const end = writeEvent(target, 0, append, 1, 1, (to, at) => at + bytes.copy(to, at))
        sealEvent(target, 0, Number(scn >> 32n), Number(scn & 0xffffffffn))
        return target.subarray(0, end)
      }),
    )
  }
}
