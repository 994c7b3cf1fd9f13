import { type PhysicalSourceOptions } from '@aesop/producer'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { FaultProxy } from '../support/fault-proxy.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { type PrivateServer } from '../support/private-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { MARIADB, MYSQL } from '../support/server-history.ts'
import { until } from '../support/until.ts'
import { ROW_TEXT, SERVER_PASSWORD } from '../support/markers.ts'

describe.each([MARIADB, MYSQL])('the MySQL producer with $name,', (kind) => {
  let server: PrivateServer
  const open: { close(): Promise<void> }[] = []
  let nextId = 1

  beforeAll(async () => {
    server = await kind.start()
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

  const arrived = (made: ProducerRig, count: number): Promise<void> => made.arrived(count)

  it('hands every row to the sink, in the order of the commits', async () => {
    const made = await rig().start()
    const ids = await insert(20)
    await arrived(made, 20)
    expect(made.ledger.ids).toEqual(ids)
    expect(made.ledger.rows[0]).toMatchObject({
      opcode: 'UPSERT',
      row: { id: ids[0], name: `${ROW_TEXT} ${String(ids[0])}`, price: '1.50' },
    })
    expect(made.producer.status()).toMatchObject({ state: 'running', scn: made.ledger.windows.at(-1)?.scn })
  })

  it('keeps the rows of a transaction in one window, in their order', async () => {
    const made = await rig().start()
    const [a, b] = [nextId++, nextId++]
    await server.query(`BEGIN; INSERT INTO shop.item VALUES (${a}, 'a', 1); INSERT INTO shop.item VALUES (${b}, 'b', 2);
      UPDATE shop.item SET price = 3 WHERE id = ${a}; DELETE FROM shop.item WHERE id = ${b}; COMMIT`)
    await arrived(made, 4)
    const window = made.ledger.windows.find(({ rows }) => rows.length > 0)
    expect(window?.rows.map(({ opcode, row }) => `${opcode} ${String(row['id'])}`)).toEqual([
      `UPSERT ${a}`,
      `UPSERT ${b}`,
      `UPSERT ${a}`,
      `DELETE ${b}`,
    ])
  })

  it('hands over nothing of a transaction that was rolled back', async () => {
    const made = await rig().start()
    await server.query(`BEGIN; INSERT INTO shop.item VALUES (${nextId++}, 'a', 1); ROLLBACK`)
    const ids = await insert(1)
    await arrived(made, 1)
    expect(made.ledger.ids).toEqual(ids)
  })

  it('goes on across a rotation of the log, with rising SCNs', async () => {
    const made = await rig().start()
    const before = await insert(5)
    await server.query('FLUSH BINARY LOGS')
    const after = await insert(5)
    await arrived(made, 10)
    expect(made.ledger.ids).toEqual([...before, ...after])
  })

  it('goes on exactly after the last window when the process starts again', async () => {
    const first = await rig().start()
    const before = await insert(5)
    await arrived(first, 5)
    await first.producer.stop()
    const between = await insert(5)
    const second = await keep(first.again()).start()
    const after = await insert(5)
    await arrived(second, 15)
    expect(second.ledger.ids).toEqual([...before, ...between, ...after])
  })

  it('goes on after what the sink has, when that is more than what was saved', async () => {
    const first = await rig().start()
    const stored = first.maxScn.load()
    const before = await insert(5)
    await arrived(first, 5)
    await first.producer.stop()
    if (stored !== undefined) first.maxScn.save(stored)
    const second = keep(first.again())
    await second.prepare()
    await second.producer.start(first.ledger.windows.at(-1)?.scn ?? 0n, second.ledger)
    const after = await insert(2)
    await arrived(second, 7)
    expect(second.ledger.ids).toEqual([...before, ...after])
  })

  it('stops at once while it waits for a server that is gone', async () => {
    const proxy = await FaultProxy.start(server.port)
    open.push(proxy)
    const made = await rig({ uri: server.uri(proxy.port) }).start()
    proxy.refuse()
    proxy.cut()
    await until('the producer to wait', () => made.producer.status().state === 'waiting')
    expect(made.producer.health()).toMatchObject({ status: 'degraded' })
    const began = performance.now()
    await made.producer.stop()
    expect(performance.now() - began).toBeLessThan(2000)
    expect(made.failures).toEqual([])
  })

  it('does not start any more once it was stopped', async () => {
    const proxy = await FaultProxy.start(server.port)
    open.push(proxy)
    const made = rig({ uri: server.uri(proxy.port), startRetryMs: 20_000 })
    await made.prepare()
    proxy.refuse()
    const starting = expect(made.producer.start(0n, made.ledger)).rejects.toMatchObject({ canRetry: true })
    await until('the producer to wait', () => made.producer.status().state === 'waiting')
    await made.producer.stop()
    // An attempt that was under way when it was stopped has come to its end then; the proxy counts it a moment later.
    await starting
    await insert(1)
    const tries = proxy.accepted
    proxy.heal()
    await insert(1)
    expect(made.ledger.windows).toEqual([])
    expect(proxy.accepted).toBe(tries)
  })

  it('saves where it begins at once, so that a quiet start is not forgotten', async () => {
    const first = rig()
    await first.prepare()
    await first.producer.stop()
    const ids = await insert(3)
    const second = await keep(first.again()).start()
    await arrived(second, 3)
    expect(second.ledger.ids).toEqual(ids)
  })

  it('begins at the place that startFrom names', async () => {
    const [, middle, last] = await insert(3)
    const all = await rig({ startFrom: 'earliest' }).start()
    await until('the last row', () => all.ledger.ids.includes(last ?? 0))
    expect(all.ledger.ids).toEqual(expect.arrayContaining([middle]))
    const scn = all.ledger.windows.find(({ rows }) => rows[0]?.row['id'] === middle)?.scn ?? 0n
    const rest = await rig({ startFrom: `scn:${scn.toString()}` }).start()
    await arrived(rest, 1)
    expect(rest.ledger.ids).toEqual([last])
  })

  it('begins after a GTID, and after the SCN that the relay was given', async () => {
    const [position] = await server.query<{ gtids: string }>(`SELECT @@${kind.gtids} AS gtids`)
    const made = await rig({ startFrom: `gtid:${(position?.gtids ?? '').replace(/\s/g, '')}` }).start()
    const ids = await insert(2)
    await arrived(made, 2)
    expect(made.ledger.ids).toEqual(ids)
    const initial = made.ledger.windows.find(({ rows }) => rows.length > 0)?.scn
    const second = await rig().start(initial)
    await arrived(second, 1)
    expect(second.ledger.ids).toEqual(ids.slice(1))
  })

  it('connects again when the dump thread is killed, and nothing is missing or doubled', async () => {
    const made = await rig().start()
    const ids: number[] = []
    for (let round = 0; round < 5; round++) {
      ids.push(...(await insert(10)))
      if (round % 2 === 0) await server.killDumpThreads()
    }
    await arrived(made, ids.length)
    expect(made.ledger.ids).toEqual(ids)
    expect(made.producer.metrics().find(({ name }) => name === 'producer_reconnects')?.value).toBeGreaterThan(0)
  })

  it('connects again when the connection is cut, half-open or delayed', async () => {
    const proxy = await FaultProxy.start(server.port)
    open.push(proxy)
    const made = await rig({ uri: server.uri(proxy.port) }).start()
    const ids = await insert(10)
    await arrived(made, 10)
    for (const fault of ['cut', 'stall', 'delay'] as const) {
      if (fault === 'delay') proxy.delay(50)
      else proxy[fault]()
      ids.push(...(await insert(10)))
      await arrived(made, ids.length)
    }
    expect(made.ledger.ids).toEqual(ids)
    expect(made.producer.status().state).toBe('running')
  })

  it('reads an event again that was damaged on its way, and ends by name when it always is', async () => {
    const proxy = await FaultProxy.start(server.port)
    open.push(proxy)
    // What damages an encrypted connection ends it; the checksum is for one that is not.
    const made = await rig({ uri: `${server.uri(proxy.port)}?ssl=off` }).start()
    const [once, always] = [nextId++, nextId++]
    proxy.damage('needle', 'nEedle', 1)
    await server.query('INSERT INTO shop.item VALUES (?, ?, 1)', [once, 'needle'])
    await arrived(made, 1)
    expect(made.ledger.rows[0]?.row['name']).toBe('needle')
    proxy.damage('needle', 'nEedle', Infinity)
    await server.query('INSERT INTO shop.item VALUES (?, ?, 1)', [always, 'needle'])
    await until('the failure', () => made.failures.length > 0)
    expect(made.failures).toMatchObject([{ code: 'AESOP_MYSQL_EVENT_CHECKSUM' }])
    expect(made.ledger.ids).toEqual([once])
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
    // An insert whose answer the kill swallowed may have been committed; the table says which ones were.
    const kept = await server.query<{ id: number }>('SELECT id FROM shop.item WHERE id >= ? ORDER BY id', [
      committed[0],
    ])
    expect(made.ledger.ids).toEqual(kept.map(({ id }) => id))
    expect(committed.filter((id) => !kept.some((row) => row.id === id))).toEqual([])
  })

  it('is held back by a full sink and by pause, and loses nothing', async () => {
    const made = await rig().start()
    let release: () => void = () => undefined
    made.ledger.writable = new Promise((resolve) => {
      release = resolve
    })
    const ids = await insert(30)
    expect(made.ledger.ids.length).toBeLessThan(30)
    made.ledger.writable = undefined
    release()
    await arrived(made, 30)
    made.producer.pause()
    expect(made.producer.status().state).toBe('paused')
    ids.push(...(await insert(5)))
    made.producer.resume()
    await arrived(made, 35)
    expect(made.ledger.ids).toEqual(ids)
  })

  it('stops in the middle of a load and hands over nothing afterwards', async () => {
    const made = await rig({ startFrom: 'earliest' }).start()
    await until('some windows', () => made.ledger.windows.length > 3)
    await made.producer.stop()
    const seen = made.ledger.windows.length
    await insert(3)
    await made.producer.stop()
    expect(made.ledger.windows).toHaveLength(seen)
    expect(made.producer.status().state).toBe('stopped')
    expect(made.maxScn.load()?.scn).toBe(made.ledger.windows.at(-1)?.scn)
  })

  it('refuses to begin when its place was purged, and ends by name when it is purged meanwhile', async () => {
    const first = await rig().start()
    await insert(1)
    await arrived(first, 1)
    await first.producer.stop()
    await insert(1)
    await server.purge()
    const second = keep(first.again())
    await expect(second.start()).rejects.toMatchObject({ code: 'AESOP_MYSQL_LOG_PURGED' })
    expect(second.producer.status().state).toBe('failed')
  })

  it('reports a final error after the start through fail, once', async () => {
    const made = await rig().start()
    await insert(1)
    await arrived(made, 1)
    await server.query("ALTER USER aesop@'%' IDENTIFIED BY 'changed'")
    try {
      await server.killDumpThreads()
      await until('the failure', () => made.failures.length > 0)
      expect(made.failures).toMatchObject([{ code: 'AESOP_MYSQL_ACCESS_DENIED' }])
      expect(made.producer.health().status).toBe('down')
    } finally {
      await server.query(`ALTER USER aesop@'%' IDENTIFIED BY '${SERVER_PASSWORD}'`)
    }
  })

  it('tries an unreachable server for startRetryMs only', async () => {
    const proxy = await FaultProxy.start(server.port)
    open.push(proxy)
    proxy.refuse()
    const unreachable = { code: 'AESOP_MYSQL_SERVER_UNREACHABLE' }
    await expect(rig({ uri: server.uri(proxy.port) }).start()).rejects.toMatchObject(unreachable)
    const patient = rig({ uri: server.uri(proxy.port), startRetryMs: 20_000 })
    const starting = patient.start()
    await until('some tries', () => proxy.accepted >= 3)
    proxy.heal()
    await starting
    const ids = await insert(1)
    await arrived(patient, 1)
    expect(patient.ledger.ids).toEqual(ids)
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

  it('reads tables that only INFORMATION_SCHEMA describes', async () => {
    const { columns, values, row } = kind.plain
    const plain = await kind.startPlain()
    try {
      await plain.query(`CREATE DATABASE shop; CREATE TABLE shop.item (id INT UNSIGNED PRIMARY KEY, ${columns})`)
      const made = await rig({ uri: plain.uri() }).start()
      await plain.query(`INSERT INTO shop.item VALUES (4000000000, ${values})`)
      await made.arrived(1)
      expect(made.ledger.rows[0]?.row).toMatchObject({ id: 4000000000, ...row })
      await made.producer.stop()
    } finally {
      await plain.destroy()
    }
  })

  it('follows a fail-over to another server by GTID, with rising SCNs, though the old logs are purged there', async () => {
    const primary = await kind.start({ serverId: 11 })
    const replica = await kind.start({ serverId: 12, lines: kind.replicaLines })
    const proxy = await FaultProxy.start(primary.port)
    open.push(proxy)
    try {
      await kind.replicate(replica, primary, 'aesop')
      await primary.query(`CREATE DATABASE shop;
        CREATE TABLE shop.item (id INT PRIMARY KEY); CREATE TABLE shop.other (id INT PRIMARY KEY)`)
      const made = await rig({ uri: primary.uri(proxy.port) }).start()
      const { scnSpace } = made.producer
      expect(scnSpace).toBeDefined()
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
      await kind.endReplication(replica)
      await primary.kill()
      await replica.query('INSERT INTO shop.item VALUES (9)')
      proxy.retarget(replica.port)
      proxy.heal()
      await made.arrived(9)
      expect(made.ledger.ids).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
      expect(made.ledger.windows.at(-1)?.scn).toBeGreaterThan(1n << 52n)
      await made.producer.stop()
      expect(made.maxScn.load()).toMatchObject({ scnSpace, position: { generation: 1 } })
      const again = made.again()
      await again.prepare()
      expect(again.producer.scnSpace).toBe(scnSpace)
      await again.producer.stop()
    } finally {
      await primary.destroy()
      await replica.destroy()
    }
  })
})

describe('the MySQL producer with servers of MariaDB alone', () => {
  const open: { close(): Promise<void> }[] = []
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close()
  })

  function rig({ uri }: Pick<PhysicalSourceOptions, 'uri'>): ProducerRig {
    const made = new ProducerRig({ uri, name: 'shop', sources: ['shop.item'] })
    open.push({ close: () => made.producer.stop() })
    return made
  }

  it('tells when the last window was written', async () => {
    const server = await MariadbServer.start()
    try {
      await server.query('CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY)')
      const made = await rig({ uri: server.uri() }).start()
      await server.query('SET timestamp=1000000000; INSERT INTO shop.item VALUES (1)')
      await made.arrived(1)
      expect(made.producer.status().lastEventMs).toBe(1_000_000_000_000)
      await made.producer.stop()
    } finally {
      await server.destroy()
    }
  })

  it.each(['before', 'after'] as const)(
    'ends by name when the log is reset %s it reads again from a server that was restarted',
    async (order) => {
      const lone = await MariadbServer.start()
      const proxy = await FaultProxy.start(lone.port)
      open.push(proxy)
      try {
        await lone.query('CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY)')
        const made = await rig({ uri: lone.uri(proxy.port) }).start()
        await lone.query('INSERT INTO shop.item VALUES (1), (2)')
        await made.arrived(2)
        proxy.refuse()
        await lone.stop()
        await lone.restart()
        if (order === 'before') await lone.query('RESET MASTER; INSERT INTO shop.item VALUES (3)')
        proxy.heal()
        if (order === 'after') {
          // Its place is in the second log by then, and that is no more.
          await until('the second log', async () => {
            const [seen] = await lone.query<{ seen: number }>(
              "SELECT COUNT(*) AS seen FROM information_schema.processlist WHERE command = 'Binlog Dump'",
            )
            return made.producer.status().state === 'running' && Number(seen?.seen) > 0
          })
          await lone.query('RESET MASTER; INSERT INTO shop.item VALUES (3)')
        }
        await until('the failure', () => made.failures.length > 0)
        expect((made.failures[0] as { code?: string }).code).toBe('AESOP_MYSQL_LOG_RESET')
        expect(made.ledger.ids).toEqual([1, 2])
        await made.producer.stop()
      } finally {
        await lone.destroy()
      }
    },
  )
})
