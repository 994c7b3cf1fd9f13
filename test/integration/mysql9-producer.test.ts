import { type PhysicalSourceOptions } from '@aesop/producer'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { FaultProxy } from '../support/fault-proxy.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { until } from '../support/until.ts'
import { ROW_TEXT, SERVER_PASSWORD } from '../support/markers.ts'

/*
 * The producer against a live MySQL 9. Debian's unstable suite, from which the server comes, moves: the decoder is held to
 * recorded logs of the same server in its own package, too.
 */
describe('the MySQL producer with what only MySQL 9 has', () => {
  let server: MysqlServer
  const open: { close(): Promise<void> }[] = []
  let nextId = 1

  beforeAll(async () => {
    server = await MysqlServer.start({ durable: true })
    await server.query(`CREATE DATABASE shop;
      CREATE TABLE shop.item (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, price DECIMAL(10,2));
      CREATE TABLE shop.other (id INT PRIMARY KEY)`)
  })
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close()
  })
  afterAll(async () => {
    await server.destroy()
  })

  function rig(change: Partial<PhysicalSourceOptions> = {}): ProducerRig {
    return keep(new ProducerRig({ uri: server.uri(), name: 'shop', sources: ['shop.item'], ...change }))
  }

  function keep(made: ProducerRig): ProducerRig {
    open.push({ close: () => made.producer.stop() })
    return made
  }

  /** Inserts rows with rising ids, one transaction each. */
  async function insert(count: number): Promise<number[]> {
    const ids: number[] = []
    for (let i = 0; i < count; i++) {
      const id = nextId++
      await server.query('INSERT INTO shop.item VALUES (?, ?, ?)', [id, `${ROW_TEXT} ${id}`, '1.50'])
      ids.push(id)
    }
    return ids
  }

  it('reads transactions that the server compresses, large ones too', async () => {
    const made = await rig().start()
    const session = await server.connect()
    await session.query('SET SESSION binlog_transaction_compression = ON')
    const ids = Array.from({ length: 5000 }, () => nextId++)
    await session.query(`INSERT INTO shop.item VALUES ${ids.map((id) => `(${id}, '${ROW_TEXT}', NULL)`).join(',')}`)
    await session.end()
    await made.arrived(5000)
    expect(made.ledger.ids).toEqual(ids)
    expect(made.ledger.windows.filter(({ rows }) => rows.length > 0)).toHaveLength(1)
  })

  it('begins after a set of GTIDs, tagged ones included', async () => {
    const user = await server.connect()
    await user.query("SET gtid_next = 'AUTOMATIC:nightly'")
    await user.query('INSERT INTO shop.item VALUES (?, ?, NULL)', [nextId++, 'tagged'])
    const [executed] = await server.query<{ gtids: string }>('SELECT @@gtid_executed AS gtids')
    expect(executed?.gtids).toContain(':nightly:')
    const made = await rig({ startFrom: `gtid:${(executed?.gtids ?? '').replace(/\s/g, '')}` }).start()
    const id = nextId++
    await user.query('INSERT INTO shop.item VALUES (?, ?, NULL)', [id, 'tagged'])
    await user.end()
    const ids = [id, ...(await insert(2))]
    await made.arrived(3)
    expect(made.ledger.ids).toEqual(ids)
  })

  it('stores a set that equals what the server has executed, with what nobody captures and with tags', async () => {
    const made = await rig().start()
    const user = await server.connect()
    for (let i = 0; i < 3; i++) {
      await user.query("SET gtid_next = 'AUTOMATIC:night'")
      await user.query('INSERT INTO shop.other VALUES (?)', [nextId++])
      await user.query("SET gtid_next = 'AUTOMATIC'")
      await user.query('INSERT INTO shop.other VALUES (?)', [nextId++])
      await insert(1)
    }
    await user.end()
    await made.arrived(3)
    await made.producer.stop()
    const [executed] = await server.query<{ gtids: string }>('SELECT @@gtid_executed AS gtids')
    const stored = made.maxScn.load()?.position as { gtid?: string } | undefined
    expect(stored?.gtid).toBe(executed?.gtids.replace(/\s/g, ''))
  })

  it('names a missing privilege, an unknown table and a wrong password, and shows no password', async () => {
    await server.query(`CREATE USER plain@'%' IDENTIFIED BY '${SERVER_PASSWORD}'`)
    await expect(rig({ uri: server.uri(server.port, 'plain') }).start()).rejects.toMatchObject({
      code: 'AESOP_MYSQL_GRANT_MISSING',
    })
    await expect(rig({ sources: ['shop.nowhere'] }).start()).rejects.toMatchObject({
      code: 'AESOP_MYSQL_TABLE_UNKNOWN',
    })
    const refused = rig({ uri: server.uri(server.port, 'aesop', `${SERVER_PASSWORD}not`) }).start()
    await expect(refused).rejects.toMatchObject({ code: 'AESOP_MYSQL_ACCESS_DENIED' })
    await refused.catch((error: unknown) => {
      expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain(`${SERVER_PASSWORD}not`)
    })
  })

  it('names a server id that is in use', async () => {
    await expect(rig({ uri: `${server.uri()}/1` }).start()).rejects.toMatchObject({
      code: 'AESOP_MYSQL_SERVER_ID_IN_USE',
    })
    const first = await rig({ uri: `${server.uri()}/4711` }).start()
    const second = await rig({ uri: `${server.uri()}/4711` }).start()
    await until('the first one to end', () => first.failures.length > 0)
    expect(first.failures).toMatchObject([{ code: 'AESOP_MYSQL_SERVER_ID_IN_USE' }])
    const ids = await insert(1)
    await second.arrived(1)
    expect(second.ledger.ids).toEqual(ids)
  })

  it('ends by name at an update that logs only a part of a document', async () => {
    await server.query('CREATE TABLE shop.document (id INT PRIMARY KEY, j JSON)')
    const made = await rig({ sources: ['shop.document'] }).start()
    const session = await server.connect()
    await session.query("INSERT INTO shop.document VALUES (1, JSON_OBJECT('a', 1, 'b', REPEAT('long', 50)))")
    await session.query('SET SESSION binlog_row_value_options = PARTIAL_JSON')
    await session.query("UPDATE shop.document SET j = JSON_SET(j, '$.a', 2)")
    await session.end()
    await until('the failure', () => made.failures.length > 0)
    expect(made.failures).toMatchObject([{ code: 'AESOP_MYSQL_PARTIAL_JSON' }])
    expect(made.ledger.ids).toEqual([1])
  })

  it('reads tables that only INFORMATION_SCHEMA describes', async () => {
    const plain = await MysqlServer.start({ rowMetadata: 'MINIMAL' })
    try {
      await plain.query(`CREATE DATABASE shop; CREATE TABLE shop.item
        (id INT UNSIGNED PRIMARY KEY, kind ENUM('a','é'), name VARCHAR(9) COLLATE utf8mb4_ja_0900_as_cs, v VECTOR(2))`)
      const made = await rig({ uri: plain.uri() }).start()
      await plain.query("INSERT INTO shop.item VALUES (4000000000, 'é', '日', STRING_TO_VECTOR('[1,2]'))")
      await made.arrived(1)
      expect(made.ledger.rows[0]?.row).toMatchObject({ id: 4000000000, kind: 'é', name: '日' })
      await made.producer.stop()
    } finally {
      await plain.destroy()
    }
  })

  it('follows a fail-over to another server by GTID, with rising SCNs, though the old logs are purged there', async () => {
    const primary = await MysqlServer.start({ serverId: 11, durable: true })
    const replica = await MysqlServer.start({ serverId: 12, durable: true })
    const proxy = await FaultProxy.start(primary.port)
    open.push(proxy)
    try {
      await replica.query("DROP USER aesop@'%'; RESET BINARY LOGS AND GTIDS")
      await replica.query(`CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT=${primary.port},
        SOURCE_USER='aesop', SOURCE_PASSWORD='${SERVER_PASSWORD}', SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1; START REPLICA`)
      await primary.query(`CREATE DATABASE shop;
        CREATE TABLE shop.item (id INT PRIMARY KEY); CREATE TABLE shop.other (id INT PRIMARY KEY)`)
      const made = await rig({ uri: primary.uri(proxy.port) }).start()
      for (let id = 1; id <= 5; id++) {
        await primary.query(`INSERT INTO shop.other VALUES (${id}); INSERT INTO shop.item VALUES (${id})`)
      }
      await made.arrived(5)
      const rows = async (): Promise<number> =>
        (await replica.query<{ n: number }>('SELECT COUNT(*) AS n FROM shop.item'))[0]?.n ?? 0
      await until('the replica', async () => (await rows()) === 5)
      // Everything before is gone there: a set with gaps would ask for it.
      await replica.purge()
      proxy.refuse()
      proxy.cut()
      for (let id = 6; id <= 8; id++) await primary.query(`INSERT INTO shop.item VALUES (${id})`)
      await until('the replica', async () => (await rows()) === 8)
      await replica.query('STOP REPLICA')
      await primary.kill()
      await replica.query('INSERT INTO shop.item VALUES (9)')
      proxy.retarget(replica.port)
      proxy.heal()
      await made.arrived(9)
      expect(made.ledger.ids).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
      expect(made.ledger.windows.at(-1)?.scn).toBeGreaterThan(1n << 52n)
      await made.producer.stop()
    } finally {
      await primary.destroy()
      await replica.destroy()
    }
  })
})
