import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { BootstrapProducer } from '@aesop/bootstrap-producer'
import { BootstrapServer } from '@aesop/bootstrap-server'
import { SqliteStore, type SourceState, type StoreReader } from '@aesop/bootstrap-store'
import { MemoryCheckpointStore, ProcessBootstraps } from '@aesop/checkpoint'
import {
  type ChangeEvent,
  Client,
  ClientConfig,
  ConsumerRegistration,
  type EventConsumer,
  RelayClientConfig,
  type SchemaChange,
} from '@aesop/client'
import { type BeanContext, HttpGuard } from '@aesop/kernel'
import { PhysicalSourceConfig } from '@aesop/producer'
import { MysqlEventProducer, mysqlSource } from '@aesop/producer-mysql'
import { ProducerRegistration, Relay, RelayConfig } from '@aesop/relay'
import { HttpSnapshots } from '@aesop/wire'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { SeededDraw } from '../support/seeded-draw.ts'
import { type Product, ShopServer } from '../support/shop-server.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'
import { testLog } from '../support/test-log.ts'
import { until } from '../support/until.ts'
import { witness } from '../support/witness.ts'

const ROWS_BEFORE = 4000
const KEYS = 6000
const SOURCE = 'shop.item'
const HOST = '127.0.0.1'
const BUFFER_BYTES = 1024 * 1024

/** One of several that change rows at random, each over a connection of its own, until it is told to stop. */
async function write(shop: ShopServer, draw: SeededDraw, isOver: () => boolean): Promise<void> {
  const connection = await shop.server.connect()
  for (let n = 0; !isOver(); n++) {
    const key = draw.below(KEYS)
    const statement =
      draw.below(1500) === 0
        ? 'TRUNCATE shop.item'
        : draw.of([
            `REPLACE INTO shop.item (id, name, more) VALUES (${key}, '${'by'.padEnd(200, '.')}${draw.seed}, ${n}', ${n})`,
            `REPLACE INTO shop.item (id, name, more) VALUES (${key}, 'by ${draw.seed}, ${n}', ${n})`,
            `UPDATE shop.item SET more = more + 1 WHERE id BETWEEN ${key} AND ${key + 5}`,
            `DELETE FROM shop.item WHERE id = ${key}`,
            `UPDATE IGNORE shop.item SET id = ${draw.below(KEYS)} WHERE id = ${key}`,
          ])
    // Two of them may hold each other up: the server ends one, which goes on with the next.
    await connection.query(statement).catch(() => undefined)
    if (draw.below(4) === 0) await delay(1)
  }
  await connection.end()
}

/** What a consumer has that is told everything; it notes where a row goes back to an older state. */
class Table implements EventConsumer {
  readonly rows = new Map<number, string>()
  readonly wentBack: string[] = []
  readonly reached = { rows: 0, bootstrapRows: 0, deletes: 0, truncates: 0, complete: 0, begun: 0, done: 0 }
  readonly #scns = new Map<number, bigint>()

  onStartBootstrap(_signal: AbortSignal, { complete }: { complete: boolean }): void {
    this.reached.begun++
    if (!complete) return
    this.reached.complete++
    this.rows.clear()
    this.#scns.clear()
  }
  onStopBootstrap(): void {
    this.reached.done++
  }
  onBootstrapEvent(event: ChangeEvent): void {
    this.reached.bootstrapRows++
    if (event.opcode === 'DELETE') this.reached.deletes++
    this.onDataEvent(event)
  }
  onDataEvent({ key, scn, opcode, row }: ChangeEvent): void {
    this.reached.rows++
    const id = Number(key)
    const before = this.#scns.get(id) ?? -1n
    if (scn < before) this.wentBack.push(`${id}: ${scn} after ${before}`)
    this.#scns.set(id, scn)
    if (opcode === 'DELETE') this.rows.delete(id)
    else this.rows.set(id, `${String(row['name'])}|${String(row['more'])}`)
  }
  onSchemaChange({ kind }: SchemaChange): void {
    if (kind !== 'TRUNCATE') return
    this.reached.truncates++
    this.rows.clear()
  }
}

/** A relay that forgets soon and reads nothing late, a store that follows it, and who serves that, in one process. */
class Rig {
  readonly #folder = newFolder('bootstrap-client')
  readonly #shared = new Map<string, unknown>()
  readonly relay: Relay
  #store: SqliteStore | undefined
  #producer: BootstrapProducer | undefined
  #reader: StoreReader | undefined
  #server: BootstrapServer | undefined
  #snapshots: HttpSnapshots | undefined

  constructor(uri: string) {
    onTestFinished(() => this.stop())
    const lateReaders = { max: 0 }
    const sources = [SOURCE]
    const physicalSourceConfig = mysqlSource({ uri, name: 'shop', sources, startFrom: 'latest', lateReaders })
    const context = this.#context('relay')
    const eventProducer = new MysqlEventProducer({ physicalSourceConfig, heartbeatMs: 200 }, context)
    const relayProperties = {
      'databus.relay.container.httpPort': 0,
      'databus.relay.eventBuffer.maxSize': BUFFER_BYTES,
      'databus.relay.eventBuffer.queuePolicy': 'OVERWRITE_ON_WRITE',
    }
    const registrations = [new ProducerRegistration({ physicalSourceConfig, eventProducer })]
    this.relay = new Relay({ config: new RelayConfig({ relayProperties }), registrations }, context)
    witness('relay', () => this.relay.describe())
  }

  get #port(): number {
    return this.relay.address?.port ?? 0
  }

  async start(): Promise<void> {
    this.relay.init()
    await this.relay.start()
    const physicalSourceConfig = new PhysicalSourceConfig({
      uri: `relay://${HOST}:${this.#port}`,
      name: 'shop',
      sources: [SOURCE],
    })
    this.#store = new SqliteStore({ path: join(this.#folder, 'bootstrap.db') })
    this.#snapshots = new HttpSnapshots({ host: HOST, port: this.#port }, 'bootstrap')
    const options = { physicalSourceConfig, store: this.#store, snapshots: this.#snapshots }
    this.#producer = new BootstrapProducer(options, this.#context('producer'))
    await this.#producer.start()
    this.#reader = await this.#store.openReader()
    const log = testLog('server')
    const guard = new HttpGuard({ host: HOST, hosts: [], peers: [], token: undefined, isInsecure: false }, log)
    this.#server = new BootstrapServer({ store: this.#store, host: HOST, port: 0, guard, log })
    const port = await this.#server.start()
    ProcessBootstraps.of(this.#shared).add({ host: HOST, port, sources: new Set([SOURCE]) })
  }

  async stop(): Promise<void> {
    await this.#server?.stop()
    await this.#producer?.stop()
    this.#snapshots?.close()
    await this.#reader?.close()
    await this.#store?.close()
    await this.relay.stop()
    removeFolder(this.#folder)
  }

  async served(): Promise<void> {
    const seen = (): unknown => this.#producer?.describe()
    await until('the table is served', async () => (await this.#state()).status === 'ACTIVE', 60_000, seen)
  }

  async #state(): Promise<SourceState> {
    const [state] = (await this.#reader?.states([SOURCE])) ?? []
    if (state === undefined) throw new Error('no state')
    return state
  }

  /** A client with one registration, in a process of its own as far as the relay can tell. */
  async consume(id: string, eventConsumer: EventConsumer, checkpointStore: MemoryCheckpointStore): Promise<Client> {
    const registration = new ConsumerRegistration({
      id,
      logicalSources: [SOURCE],
      eventConsumer,
      checkpointStore,
      startFrom: 'bootstrap',
      onTooYoung: 'complete',
    })
    const config = new ClientConfig({
      relayTransport: 'http',
      relayClientConfigs: [new RelayClientConfig({ relayHost: HOST, relayPort: this.#port })],
      clientProperties: { 'databus.client.connectionDefaults.bstEventBuffer.maxSize': 20_000 },
    })
    const client = new Client(config, [registration], this.#context(id))
    witness(id, () => ({ health: client.health(), described: client.describe() }))
    await client.init()
    await client.start()
    return client
  }

  #context(container: string): BeanContext {
    return {
      id: container,
      container,
      log: testLog(container),
      signal: new AbortController().signal,
      projectsRoot: this.#folder,
      stateDirectory: join(this.#folder, '.aesop'),
      shared: this.#shared,
      fail: (error) => {
        throw error
      },
    }
  }
}

async function stopped(client: Client): Promise<void> {
  await client.stop()
  client.destroy()
}

describe.each(['MariaDB', 'MySQL'] as const)('consumers of a %s that bootstrap', (product: Product) => {
  let shop: ShopServer

  beforeAll(async () => {
    shop = await ShopServer.start(product)
  })
  afterAll(() => shop[Symbol.asyncDispose]())

  it('have the table, new, late and fallen off, while four writers change and empty it, and it is altered and renamed', async () => {
    await shop.begin()
    for (let from = 0; from < ROWS_BEFORE; from += 1000) {
      const rows = Array.from({ length: 1000 }, (_, at) => `(${from + at}, 'before ${from + at}', 0)`)
      await shop.server.query(`INSERT INTO shop.item VALUES ${rows.join(', ')}`)
    }
    await shop.resetLog()
    const rig = new Rig(shop.server.uri())
    await rig.start()
    let isOver = false
    const writers = [1, 2, 3, 4].map((seed) => write(shop, new SeededDraw(seed), () => isOver))
    const tables = { early: new Table(), late: new Table(), fallen: new Table() }
    for (const [id, table] of Object.entries(tables)) witness(id, () => table.reached)
    const clients: Client[] = []
    const kept = new MemoryCheckpointStore()
    try {
      // One that comes before the table is served waits for it.
      clients.push(await rig.consume('early', tables.early, new MemoryCheckpointStore()))
      await rig.served()
      const first = await rig.consume('fallen', tables.fallen, kept)
      await until('its stream', () => tables.fallen.reached.done === 1, 60_000)
      await stopped(first)
      const stoodAt = kept.load()?.windowScn ?? -1n
      expect(stoodAt).toBeGreaterThan(0n)
      await until('the relay has lost what follows', () => (rig.relay.buffer?.prevScn ?? -1n) > stoodAt, 60_000)
      clients.push(await rig.consume('fallen', tables.fallen, kept))
      // Their rows stay as they are; the store can't know that, and reads the table again.
      await shop.server.query('ALTER TABLE shop.item ADD COLUMN added INT DEFAULT 7')
      await shop.server.query('RENAME TABLE shop.item TO shop.away')
      await shop.server.query('RENAME TABLE shop.away TO shop.item')
      clients.push(await rig.consume('late', tables.late, new MemoryCheckpointStore()))
      await until('all of them are back', () => Object.values(tables).every(({ reached }) => reached.done > 0), 60_000)
      await until('the fallen one is back', () => tables.fallen.reached.done === 2, 60_000)
    } finally {
      isOver = true
      await Promise.all(writers)
    }
    await shop.server.query("REPLACE INTO shop.item (id, name, more) VALUES (100000, 'the last', 0)")
    await until('the last row', () => Object.values(tables).every(({ rows }) => rows.has(100_000)), 60_000)
    for (const client of clients) await stopped(client)
    const found = await shop.server.query<{ id: bigint; name: string; more: number }>('SELECT * FROM shop.item')
    const wanted = [...found].map(({ id, name, more }) => [Number(id), `${name}|${more}`] as const)
    for (const [id, table] of Object.entries(tables)) {
      const sorted = (rows: readonly (readonly [number, string])[]): object => rows.toSorted(([a], [b]) => a - b)
      expect([id, table.wentBack]).toEqual([id, []])
      expect([id, sorted([...table.rows])]).toEqual([id, sorted(wanted)])
    }
    expect(tables.fallen.reached).toMatchObject({ complete: 1, done: 2 })
    expect(tables.fallen.reached.deletes).toBeGreaterThan(0)
    expect(tables.early.reached.bootstrapRows).toBeGreaterThan(0)
  })
})
