import { join } from 'node:path'
import {
  BootstrapProducerConfig,
  type BootstrapProducers,
  BootstrapSourceConfig,
  DefaultBootstrapProducerFactory,
} from '@aesop/bootstrap-producer'
import { SqliteStore } from '@aesop/bootstrap-store'
import { type BeanContext } from '@aesop/kernel'
import { MysqlEventProducer, mysqlSource } from '@aesop/producer-mysql'
import { ProducerRegistration, Relay, RelayConfig } from '@aesop/relay'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { FaultProxy } from '../support/fault-proxy.ts'
import { ShopServer } from '../support/shop-server.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'
import { testLog } from '../support/test-log.ts'
import { until } from '../support/until.ts'

const ROWS = 5000
const SOURCE = 'shop.item'
const SEEDED_MS = 60_000

function contextOf(folder: string, id: string): BeanContext {
  return {
    id,
    container: id,
    log: testLog(id),
    signal: new AbortController().signal,
    projectsRoot: folder,
    stateDirectory: join(folder, `.aesop-${id}`),
    shared: new Map(),
    fail: (error) => {
      throw error
    },
  }
}

async function relayOf(uri: string, folder: string): Promise<Relay> {
  const context = contextOf(folder, 'relay')
  const physicalSourceConfig = mysqlSource({ uri, name: 'shop', sources: [SOURCE], startFrom: 'latest' })
  const eventProducer = new MysqlEventProducer({ physicalSourceConfig, heartbeatMs: 200 }, context)
  const config = new RelayConfig({ relayProperties: { 'databus.relay.container.httpPort': 0 } })
  const relay = new Relay(
    { config, registrations: [new ProducerRegistration({ physicalSourceConfig, eventProducer })] },
    context,
  )
  relay.init()
  await relay.start()
  onTestFinished(() => relay.stop())
  return relay
}

function rowsIn(producers: BootstrapProducers): number {
  return producers.describe()['shop']?.seeding[0]?.rows ?? 0
}

describe('a bootstrap producer that seeds a table through relays', () => {
  let shop: ShopServer
  beforeAll(async () => {
    shop = await ShopServer.start('MariaDB')
  })
  afterAll(() => shop[Symbol.asyncDispose]())

  it('goes on where its connections are cut, and through the next one where a relay is gone', async () => {
    await shop.begin()
    const rows = Array.from({ length: ROWS }, (_, id) => `(${id}, 'before ${id}', 0)`)
    await shop.server.query(`INSERT INTO shop.item VALUES ${rows.join(', ')}`)
    await shop.resetLog()
    const folder = newFolder('bootstrap-relays')
    onTestFinished(() => {
      removeFolder(folder)
    })
    const relay = await relayOf(shop.server.uri(), folder)
    const ways = [
      await FaultProxy.start(relay.address?.port ?? 0),
      await FaultProxy.start(relay.address?.port ?? 0),
    ] as const
    const [first, second] = ways
    const store = new SqliteStore({ path: join(folder, 'store.db') })
    const producers = new DefaultBootstrapProducerFactory(
      {
        store,
        relays: ways.map(({ port }) => ({ relayHost: '127.0.0.1', relayPort: port, relayLogicalSourceNames: [] })),
        physicalSources: [new BootstrapSourceConfig({ name: 'shop', sources: [SOURCE] })],
        bootstrapProducerConfig: new BootstrapProducerConfig({ seedRowsPerSecond: 500 }),
      },
      contextOf(folder, 'producer'),
    ).createInstance()
    onTestFinished(async () => {
      await producers.stop()
      await store.close()
      for (const way of ways) await way.close()
    })
    await producers.start()
    const seen = (): unknown => [producers.describe(), producers.health()]
    const hasRows = (rows: number): Promise<void> =>
      until(`${rows} rows`, () => rowsIn(producers) > rows, SEEDED_MS, seen)
    await hasRows(0)
    for (const way of ways) way.cut()
    await shop.server.query("UPDATE shop.item SET name = 'while cut' WHERE id % 10 = 0")
    await hasRows(rowsIn(producers) + 500)
    const before = second.accepted
    first.refuse()
    first.cut()
    await shop.server.query("UPDATE shop.item SET name = 'through the other' WHERE id % 10 = 1")
    await shop.server.query('DELETE FROM shop.item WHERE id % 10 = 2')
    await until(
      'the table is served',
      () => producers.describe()['shop']?.sources[0]?.status === 'ACTIVE',
      SEEDED_MS,
      seen,
    )
    expect(second.accepted).toBeGreaterThan(before)
    first.heal()
    const question = { signal: new AbortController().signal, onMoved: () => undefined }
    expect(await producers.verify(SOURCE, question)).toMatchObject({ outcome: 'equal', rows: 0.9 * ROWS })
    await until('it is well', () => producers.health().status === 'up', SEEDED_MS, seen)
  })
})
