import avsc from 'avsc'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { BootstrapProducer } from '@aesop/bootstrap-producer'
import { SqliteStore, type SourceState, type StoreReader } from '@aesop/bootstrap-store'
import { EventView } from '@aesop/event'
import { type BeanContext } from '@aesop/kernel'
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

const ROWS_BEFORE = 6000
const KEYS = 9000
const SOURCE = 'shop.item'

function contextOf(folder: string): BeanContext {
  return {
    id: 'shop',
    container: 'shop',
    log: testLog('shop'),
    signal: new AbortController().signal,
    projectsRoot: folder,
    stateDirectory: join(folder, '.aesop'),
    shared: new Map(),
    fail: (error) => {
      throw error
    },
  }
}

/** One of several that change rows at random, each over a connection of its own, until it is told to stop. */
async function write(shop: ShopServer, draw: SeededDraw, isOver: () => boolean): Promise<void> {
  const connection = await shop.server.connect()
  for (let n = 0; !isOver(); n++) {
    const key = draw.below(KEYS)
    const statement = [
      `REPLACE INTO shop.item VALUES (${key}, 'by ${draw.seed}, ${n}', ${n})`,
      `UPDATE shop.item SET more = more + 1 WHERE id BETWEEN ${key} AND ${key + 5}`,
      `DELETE FROM shop.item WHERE id = ${key}`,
      `UPDATE IGNORE shop.item SET id = ${draw.below(KEYS)} WHERE id = ${key}`,
    ][draw.below(4)]
    // Two of them may hold each other up: the server ends one, which goes on with the next.
    await connection.query(statement ?? '').catch(() => undefined)
    if (draw.below(10) === 0) await delay(1)
  }
  await connection.end()
}

/** A relay of the server's table, and a store that follows it. */
class Rig {
  readonly folder = newFolder('bootstrap')
  readonly relay: Relay
  #store: SqliteStore | undefined
  #producer: BootstrapProducer | undefined
  #reader: StoreReader | undefined
  #snapshots: HttpSnapshots | undefined

  constructor(uri: string) {
    onTestFinished(async () => {
      await this.stop()
      await this.relay.stop()
      removeFolder(this.folder)
    })
    const physicalSourceConfig = mysqlSource({ uri, name: 'shop', sources: [SOURCE], startFrom: 'latest' })
    const context = contextOf(this.folder)
    const eventProducer = new MysqlEventProducer({ physicalSourceConfig, heartbeatMs: 200 }, context)
    const config = new RelayConfig({ relayProperties: { 'databus.relay.container.httpPort': 0 } })
    const registrations = [new ProducerRegistration({ physicalSourceConfig, eventProducer })]
    this.relay = new Relay({ config, registrations }, context)
    witness('relay', () => this.relay.describe())
  }

  get #address(): { host: string; port: number } {
    return { host: '127.0.0.1', port: this.relay.address?.port ?? 0 }
  }

  async start(): Promise<void> {
    const { host, port } = this.#address
    const physicalSourceConfig = new PhysicalSourceConfig({
      uri: `relay://${host}:${port}`,
      name: 'shop',
      sources: [SOURCE],
    })
    this.#store = new SqliteStore({ path: join(this.folder, 'bootstrap.db') })
    this.#snapshots = new HttpSnapshots(this.#address, 'bootstrap')
    const options = { physicalSourceConfig, store: this.#store, snapshots: this.#snapshots }
    this.#producer = new BootstrapProducer(options, contextOf(this.folder))
    await this.#producer.start()
    this.#reader = await this.#store.openReader()
  }

  async stop(): Promise<void> {
    await this.#producer?.stop()
    this.#snapshots?.close()
    await this.#store?.close()
  }

  describe(): unknown {
    return this.#producer?.describe()
  }

  async state(): Promise<SourceState> {
    const [state] = (await this.#reader?.states([SOURCE])) ?? []
    if (state === undefined) throw new Error('no state')
    return state
  }

  /** Rows by their key, as a consumer gets them that begins now. */
  async picture(): Promise<Map<number, unknown>> {
    const { stream } = await this.state()
    const schema = (await this.#snapshots?.describe(SOURCE))?.schema ?? ''
    const type = avsc.Type.forSchema(JSON.parse(schema) as avsc.Schema)
    const picture = new Map<number, unknown>()
    const view = new EventView()
    let afterId = 0n
    for (let isDone = false; !isDone;) {
      const question = { source: SOURCE, afterId, startScn: stream.appliedScn, sinceScn: 0n, takesSchemaChanges: true }
      const answer = await this.#reader?.snapshot({ ...question, maxBytes: 100_000 })
      if (answer?.kind !== 'events') throw new Error('an event does not fit')
      for (let offset = 0; offset < answer.bytes.length; offset = view.end) {
        view.moveTo(answer.bytes, offset)
        picture.set(Number(view.key), JSON.parse(JSON.stringify(type.fromBuffer(view.value))))
      }
      ;({ place: afterId, isDone } = answer)
    }
    return picture
  }
}

describe.each(['MariaDB', 'MySQL'] as const)('a bootstrap store of %s', (product: Product) => {
  let shop: ShopServer

  beforeAll(async () => {
    shop = await ShopServer.start(product)
  })
  afterAll(() => shop[Symbol.asyncDispose]())

  it('has the table, while four writers change it, and through a stop in the middle of the seeding', async () => {
    await shop.begin()
    await shop.fill(ROWS_BEFORE)
    await shop.resetLog()
    const rig = new Rig(shop.server.uri())
    rig.relay.init()
    await rig.relay.start()
    let isOver = false
    const writers = [1, 2, 3, 4].map((seed) => write(shop, new SeededDraw(seed), () => isOver))
    try {
      await rig.start()
      await until(
        'some chunks',
        async () => ((await rig.state()).seeding?.rows ?? 0n) > 0n,
        20_000,
        () => rig.describe(),
      )
      await rig.stop()
      await rig.start()
      await until(
        'the table is served',
        async () => (await rig.state()).status === 'ACTIVE',
        40_000,
        () => rig.describe(),
      )
    } finally {
      isOver = true
      await Promise.all(writers)
    }
    await shop.server.query("REPLACE INTO shop.item VALUES (100000, 'the last', 0)")
    await until('the last row', async () => (await rig.picture()).has(100_000), 20_000)
    const rows = await shop.server.query<{ id: bigint; name: string; more: number }>(
      'SELECT id, name, more FROM shop.item',
    )
    const wanted = new Map(rows.map(({ id, name, more }) => [Number(id), { name, more }]))
    const picture = await rig.picture()
    expect(wanted.size).toBeGreaterThan(2000)
    expect([...picture.keys()].toSorted((a, b) => a - b)).toEqual([...wanted.keys()].toSorted((a, b) => a - b))
    for (const [key, row] of picture) {
      const { name, more } = row as { name: string; more: number }
      expect([key, name, more]).toEqual([key, wanted.get(key)?.name, wanted.get(key)?.more])
    }
    const { seeding } = await rig.state()
    expect(seeding?.rows).toBeGreaterThan(2000n)
  })
})
