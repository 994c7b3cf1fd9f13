import { type PhysicalSourceOptions } from '@aesop/producer'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { FaultProxy } from '../support/fault-proxy.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { until } from '../support/until.ts'

/*
 * The producer against a live MySQL 9. Debian's unstable suite, from which the server comes, moves: the decoder is held to
 * recorded logs of the same server in its own package, too.
 */
describe('the MySQL producer with MySQL 9', () => {
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
  async function insert(count: number, into: MysqlServer = server): Promise<number[]> {
    const ids: number[] = []
    for (let i = 0; i < count; i++) {
      const id = nextId++
      await into.query('INSERT INTO shop.item VALUES (?, ?, ?)', [id, `item ${id}`, '1.50'])
      ids.push(id)
    }
    return ids
  }

  it('hands every row to the sink, in the order of the commits', async () => {
    const made = await rig().start()
    const ids = await insert(20)
    await made.arrived(20)
    expect(made.ledger.ids).toEqual(ids)
    expect(made.ledger.rows[0]).toMatchObject({ row: { id: ids[0], name: `item ${String(ids[0])}`, price: '1.50' } })
    expect(made.producer.status()).toMatchObject({ state: 'running', scn: made.ledger.windows.at(-1)?.scn })
  })

  it('reads transactions that the server compresses, large ones too', async () => {
    const made = await rig().start()
    const session = await server.connect()
    await session.query('SET SESSION binlog_transaction_compression = ON')
    const ids = Array.from({ length: 5000 }, () => nextId++)
    await session.query(`INSERT INTO shop.item VALUES ${ids.map((id) => `(${id}, 'compressed', NULL)`).join(',')}`)
    await session.end()
    await made.arrived(5000)
    expect(made.ledger.ids).toEqual(ids)
    expect(made.ledger.windows.filter(({ rows }) => rows.length > 0)).toHaveLength(1)
  })

  it('goes on across a rotation and a restart of the process, exactly after the last window', async () => {
    const first = await rig().start()
    const ids = await insert(5)
    await server.query('FLUSH BINARY LOGS')
    ids.push(...(await insert(5)))
    await first.arrived(10)
    await first.producer.stop()
    ids.push(...(await insert(5)))
    const second = await keep(first.again()).start()
    ids.push(...(await insert(5)))
    await second.arrived(20)
    expect(second.ledger.ids).toEqual(ids)
  })

  it('begins at the place that startFrom names', async () => {
    const [, middle, last] = await insert(3)
    const all = await rig({ startFrom: 'earliest' }).start()
    await until('the last row', () => all.ledger.ids.includes(last ?? 0))
    const scn = all.ledger.windows.find(({ rows }) => rows[0]?.row['id'] === middle)?.scn ?? 0n
    const rest = await rig({ startFrom: `scn:${scn.toString()}` }).start()
    await rest.arrived(1)
    expect(rest.ledger.ids).toEqual([last])
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

  it('connects again when the dump thread is killed, and nothing is missing or doubled', async () => {
    const made = await rig().start()
    const ids: number[] = []
    for (let round = 0; round < 5; round++) {
      ids.push(...(await insert(10)))
      if (round % 2 === 0) await server.killDumpThreads()
    }
    await made.arrived(ids.length)
    expect(made.ledger.ids).toEqual(ids)
    expect(made.producer.metrics().find(({ name }) => name === 'producer_reconnects')?.value).toBeGreaterThan(0)
  })

  it('connects again when the connection is cut or half-open', async () => {
    const proxy = await FaultProxy.start(server.port)
    open.push(proxy)
    const made = await rig({ uri: server.uri(proxy.port) }).start()
    const ids = await insert(5)
    await made.arrived(5)
    for (const fault of ['cut', 'stall'] as const) {
      proxy[fault]()
      ids.push(...(await insert(5)))
      await made.arrived(ids.length)
    }
    expect(made.ledger.ids).toEqual(ids)
  })

  it('survives a killed server in the middle of a load: nothing is missing, doubled or out of order', async () => {
    const made = await rig().start()
    const committed: number[] = []
    for (let round = 0; round < 3; round++) {
      const load = expect(
        (async () => {
          for (;;) committed.push(...(await insert(1)))
        })(),
      ).rejects.toThrow()
      const atLeast = committed.length + 30
      await until('a load', () => committed.length >= atLeast)
      await server.kill()
      await load
      await until('the producer to notice', () => made.producer.status().state !== 'running')
      await server.restart()
    }
    committed.push(...(await insert(5)))
    const last = committed.at(-1)
    await until('the last row', () => made.ledger.ids.at(-1) === last)
    const kept = await server.query<{ id: number }>('SELECT id FROM shop.item WHERE id >= ? ORDER BY id', [
      committed[0],
    ])
    expect(made.ledger.ids).toEqual(kept.map(({ id }) => id))
    expect(committed.filter((id) => !kept.some((row) => row.id === id))).toEqual([])
  })

  it('refuses to begin when its place was purged', async () => {
    const first = await rig().start()
    await insert(1)
    await first.arrived(1)
    await first.producer.stop()
    await insert(1)
    await server.purge()
    await expect(keep(first.again()).start()).rejects.toMatchObject({ code: 'AESOP_MYSQL_LOG_PURGED' })
  })

  it('names a missing privilege, an unknown table and a wrong password, and shows no password', async () => {
    await server.query("CREATE USER plain@'%' IDENTIFIED BY 'topsecret'")
    await expect(rig({ uri: server.uri(server.port, 'plain', 'topsecret') }).start()).rejects.toMatchObject({
      code: 'AESOP_MYSQL_GRANT_MISSING',
    })
    await expect(rig({ sources: ['shop.nowhere'] }).start()).rejects.toMatchObject({
      code: 'AESOP_MYSQL_TABLE_UNKNOWN',
    })
    const refused = rig({ uri: server.uri(server.port, 'aesop', 'notThisOne') }).start()
    await expect(refused).rejects.toMatchObject({ code: 'AESOP_MYSQL_ACCESS_DENIED' })
    await refused.catch((error: unknown) => {
      expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain('notThisOne')
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

  it('ends by name when the log was reset, although the position exists again', async () => {
    const lone = await MysqlServer.start()
    try {
      await lone.query('CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY)')
      await lone.query('RESET BINARY LOGS AND GTIDS')
      const first = await rig({ uri: lone.uri(), startFrom: 'earliest' }).start()
      await lone.query('INSERT INTO shop.item VALUES (1); INSERT INTO shop.item VALUES (2)')
      await first.arrived(2)
      await first.producer.stop()
      await lone.query('RESET BINARY LOGS AND GTIDS; INSERT INTO shop.item VALUES (3)')
      const behind = keep(first.again())
      await expect(behind.start()).rejects.toMatchObject({ code: 'AESOP_MYSQL_LOG_RESET' })
      const values = Array.from({ length: 2000 }, (_unused, i) => `(${i + 10})`).join(',')
      await lone.query(`RESET BINARY LOGS AND GTIDS; INSERT INTO shop.item VALUES ${values}`)
      const again = keep(first.again())
      await expect(again.start()).rejects.toMatchObject({ code: 'AESOP_MYSQL_LOG_RESET' })
      expect(again.ledger.ids).toEqual([1, 2])
    } finally {
      await lone.destroy()
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
        SOURCE_USER='aesop', SOURCE_PASSWORD='secret', SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1; START REPLICA`)
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
