import { type SchemaRegistry } from '@aesop/schema'
import { afterEach, describe, expect, it } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { until } from '../support/until.ts'
import { WindowLedger } from '../support/window-ledger.ts'

/** A buffer that holds everything since its start, so that a restart fills it again. */
class HeldLedger extends WindowLedger {
  readonly prevScn: bigint

  constructor(schemas: SchemaRegistry, prevScn: bigint) {
    super(schemas)
    this.prevScn = prevScn
  }
}

const SERVERS = {
  'MariaDB with full metadata': () => MariadbServer.start(),
  'MariaDB without metadata': () => MariadbServer.start({ rowMetadata: 'NO_LOG' }),
  'MySQL with minimal metadata': () => MysqlServer.start({ rowMetadata: 'MINIMAL' }),
}

describe.each(Object.entries(SERVERS))('a captured table of %s', (_name, start) => {
  const open: { close(): Promise<unknown> }[] = []
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close()
  })

  async function started(): Promise<MariadbServer | MysqlServer> {
    const server = await start()
    open.push({ close: () => server.destroy() })
    await server.query(`CREATE DATABASE shop; CREATE TABLE shop.keep (id INT PRIMARY KEY, v VARCHAR(9));
      CREATE TABLE shop.gone (id INT PRIMARY KEY, e ENUM('a', 'b'), u INT UNSIGNED)`)
    return server
  }

  function keep(rig: ProducerRig): ProducerRig {
    open.push({ close: () => rig.producer.stop() })
    return rig
  }

  const rigOf = (server: MariadbServer | MysqlServer, sources = ['shop.keep', 'shop.gone']): ProducerRig =>
    keep(new ProducerRig({ uri: server.uri(), name: 'shop', sources }))

  it('that was never there is refused at the first start, however often it is tried', async () => {
    const server = await started()
    const first = rigOf(server, ['shop.keep', 'shop.typo'])
    const refused = { code: 'AESOP_MYSQL_TABLE_UNKNOWN', canRetry: false }
    await expect(first.start()).rejects.toMatchObject(refused)
    await expect(keep(first.again()).start()).rejects.toMatchObject(refused)
  })

  it('that was dropped while nobody read gives its last rows, and those that fill the buffer again', async () => {
    const server = await started()
    const first = rigOf(server)
    const before = new HeldLedger(first.schemas, await first.prepare())
    await first.producer.start(before.prevScn, before)
    await server.query("INSERT INTO shop.gone VALUES (1, 'b', 4000000000); INSERT INTO shop.keep VALUES (2, 'x')")
    await until('both rows', () => before.ids.length === 2)
    await first.producer.stop()
    await server.query("INSERT INTO shop.gone VALUES (3, 'a', 5); DROP TABLE shop.gone")
    const second = keep(first.again())
    const after = new HeldLedger(second.schemas, await second.prepare())
    await second.producer.start(after.prevScn, after)
    await server.query("INSERT INTO shop.keep VALUES (4, 'y')")
    await until('the last row', () => {
      if (second.failures[0] !== undefined) throw second.failures[0]
      return after.ids.includes(4)
    })
    expect(after.rows.map(({ row }) => row)).toMatchObject([
      { id: 1, e: 'b', u: 4000000000 },
      { id: 2, v: 'x' },
      { id: 3, e: 'a', u: 5 },
      { id: 4, v: 'y' },
    ])
  })

  it('that was dropped for good holds up no other one, and health says that it is not there', async () => {
    const server = await started()
    const first = await rigOf(server).start()
    await server.query("INSERT INTO shop.gone VALUES (1, 'b', 4000000000); INSERT INTO shop.keep VALUES (2, 'x')")
    await first.arrived(2)
    await first.producer.stop()
    await server.query('DROP TABLE shop.gone')
    const second = await keep(first.again()).start()
    await server.query("INSERT INTO shop.keep VALUES (3, 'y')")
    await second.arrived(3)
    expect(second.ledger.ids).toEqual([1, 2, 3])
    expect(second.producer.health()).toMatchObject({ status: 'degraded' })
    expect(second.producer.health().detail).toContain('shop.gone')

    await server.query('CREATE TABLE shop.gone (id INT PRIMARY KEY); INSERT INTO shop.gone VALUES (4)')
    await second.arrived(4)
    expect(second.producer.health()).toEqual({ status: 'up' })
  })
})
