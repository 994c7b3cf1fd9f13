import { afterEach, describe, expect, it } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'

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
