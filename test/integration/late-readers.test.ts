import { type MysqlSourceOptions } from '@aesop/producer-mysql'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { LateRig } from '../support/late-rig.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { until } from '../support/until.ts'

const SERVERS = {
  MariaDB: { start: () => MariadbServer.start(), notFull: 'NO_LOG' },
  MySQL: { start: () => MysqlServer.start(), notFull: 'MINIMAL' },
}

describe.each(Object.entries(SERVERS))('what is read late of %s', (kind, { start, notFull }) => {
  let server: MariadbServer | MysqlServer
  const open: { close(): Promise<unknown> }[] = []
  let databases = 0

  beforeAll(async () => {
    server = await start()
  })
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) await thing.close()
  })
  afterAll(() => server.destroy())

  /** A source of two tables of a new database, that reads it live. */
  async function started(
    metadata = 'FULL',
    more: Partial<MysqlSourceOptions> = {},
  ): Promise<{ db: string; rig: LateRig }> {
    const db = `shop${++databases}`
    await server.query(`SET GLOBAL binlog_row_metadata = ${metadata}; CREATE DATABASE ${db};
      CREATE TABLE ${db}.item (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL);
      CREATE TABLE ${db}.other (id INT PRIMARY KEY, at TIMESTAMP NULL); CREATE TABLE ${db}.nobody (id INT PRIMARY KEY)`)
    const sources = [`${db}.item`, `${db}.other`]
    return {
      db,
      rig: await keep(new LateRig({ uri: server.uri(), name: db, sources, ddlText: true, ...more })).start(),
    }
  }

  function keep(rig: LateRig): LateRig {
    open.push({ close: () => rig.producer.stop() })
    return rig
  }

  const begun = (rig: LateRig): number =>
    rig.producer.metrics().find(({ name }) => name === 'producer_late_readings_begun')?.value ?? -1

  async function insert(table: string, from: number, count: number, tail = ''): Promise<void> {
    for (let id = from; id < from + count; id++)
      await server.query(`INSERT INTO ${table} VALUES (${id}, 'row ${id}'${tail})`)
  }

  /** A server keeps what it has just sent for a moment. */
  async function purge(): Promise<void> {
    const names = async (): Promise<unknown[]> => (await server.query('SHOW BINARY LOGS')).map((row) => row['Log_name'])
    const last = String((await names()).at(-1))
    await until('only the last log', async () => {
      await server.query(`PURGE BINARY LOGS TO '${last}'`)
      return (await names()).length === 1
    })
  }

  it.each(['FULL', notFull])(
    'is what live readers got, byte for byte, with metadata %s, changes of tables, XA and savepoints in between',
    async (metadata) => {
      const { db, rig } = await started(metadata)
      const item = `${db}.item`
      const connection = await server.connect()
      open.push({ close: () => connection.end() })
      await insert(item, 1, 5)
      await server.query(`UPDATE ${item} SET name = concat(name, 'é') WHERE id < 4; DELETE FROM ${item} WHERE id = 5`)
      await rig.reached(9)
      await server.query(`ALTER TABLE ${item} ADD COLUMN price DECIMAL(10,2) NULL`)
      await insert(item, 11, 5, ', 1.5')
      await rig.reached(15)
      await server.query('FLUSH BINARY LOGS')
      await connection.query(`XA START 'x'; INSERT INTO ${item} VALUES (21, 'xa', 2); XA END 'x'; XA PREPARE 'x'`)
      await insert(item, 31, 3, ', 3')
      await server.query(
        `INSERT INTO ${db}.other VALUES (1, '2024-02-29 01:02:03'); INSERT INTO ${db}.nobody VALUES (1)`,
      )
      await connection.query(`XA COMMIT 'x'`)
      await connection.query(`BEGIN; INSERT INTO ${item} VALUES (41, 'a', 1); SAVEPOINT s; INSERT INTO ${item} VALUES (42, 'b', 1);
        ROLLBACK TO SAVEPOINT s; INSERT INTO ${item} VALUES (43, 'c', 1); COMMIT`)
      await rig.reached(22)
      await server.query(`ALTER TABLE ${item} DROP COLUMN price, ADD COLUMN stock BIGINT NULL FIRST`)
      await server.query(`INSERT INTO ${item} VALUES (7, 51, 'last'); TRUNCATE ${db}.other`)
      await rig.reached(25)
      await rig.noteLast()
      const places = [rig.beganAfterScn, ...(await rig.live(rig.beganAfterScn)).keys()]
      expect(places.length).toBeGreaterThan(20)
      // The last one first: a reading that began before serves those that come after.
      const asked = [16, 11, 5, 0].map((at) => places[at] ?? -1n)
      for (const [at, afterScn] of asked.entries()) {
        const [late, live] = [await rig.late(afterScn), await rig.live(afterScn)]
        expect([...late.keys()]).toEqual([...live.keys()])
        expect(late).toEqual(live)
        expect(begun(rig)).toBe(at + 1)
      }
      expect(await rig.late(places[3] ?? -1n)).toEqual(await rig.live(places[3] ?? -1n))
      expect([begun(rig), rig.failures]).toEqual([4, []])
    },
  )

  it('leaves out what was quarantined and what was passed over, and tells of it in the same places', async () => {
    const { db, rig } = await started('FULL', { onTableFault: 'quarantine' })
    const item = `${db}.item`
    await insert(item, 1, 3)
    await rig.reached(3)
    await rig.producer.stop()
    rig.forgetReread()
    const end = (await server.query(kind === 'MySQL' ? 'SHOW BINARY LOG STATUS' : 'SHOW MASTER STATUS'))[0]
    const passOver = { file: String(end?.['File']), position: Number(end?.['Position']) }
    await server.query(`INSERT INTO ${item} VALUES (4, 'passed over')`)
    const again = await keep(rig.again()).start([passOver])
    await again.reached(1)
    const session = await server.connect()
    open.push({ close: () => session.end() })
    await session.query(`SET SESSION binlog_row_image=MINIMAL; BEGIN; INSERT INTO ${item} VALUES (5, 'five');
      INSERT INTO ${db}.other VALUES (1, NULL); UPDATE ${db}.other SET id = 9; INSERT INTO ${item} VALUES (6, 'six'); COMMIT`)
    await server.query(`INSERT INTO ${db}.other VALUES (3, NULL); INSERT INTO ${item} VALUES (7, 'seven')`)
    await again.reached(6)
    await again.noteLast()
    const live = await again.live(again.beganAfterScn)
    expect([live.size, again.producer.health().status, again.failures]).toEqual([3, 'degraded', []])
    expect(await again.late(again.beganAfterScn)).toEqual(live)
  })

  it('survives a connection that is cut, and a restart of the source', async () => {
    const { db, rig } = await started()
    await insert(`${db}.item`, 1, 20)
    await rig.reached(20)
    await rig.noteLast()
    const late = rig.late(rig.beganAfterScn)
    await until('a late reading', () => begun(rig) === 1)
    for (const { ID, Id } of await server.query(
      `SELECT id AS ID FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'`,
    ))
      await server.query(`KILL ${String(ID ?? Id)}`)
    expect(await late).toEqual(await rig.live(rig.beganAfterScn))
    const places = [...(await rig.live(rig.beganAfterScn)).keys()]
    await rig.producer.stop()
    const again = await keep(rig.again()).start()
    again.lastRowsScn = rig.lastRowsScn
    expect(await again.late(places[4] ?? -1n)).toEqual(await rig.live(places[4] ?? -1n))
  })

  it('is gone where its log was purged, with the first SCN that is left', async () => {
    const { db, rig } = await started()
    await insert(`${db}.item`, 1, 3)
    await rig.reached(3)
    await server.query('FLUSH BINARY LOGS')
    await insert(`${db}.item`, 11, 3)
    await rig.reached(6)
    await rig.noteLast()
    await purge()
    const places = [...(await rig.live(rig.beganAfterScn)).keys()]
    const reader = rig.producer.lateReading?.readFrom(places[0] ?? -1n)
    await reader?.seek(places[0] ?? -1n, -1)
    await until('the end of what is there', async () => (await reader?.next(1000))?.kind === 'gone')
    expect(await reader?.next(1000)).toEqual({ kind: 'gone', prevScn: places[2] })
    reader?.close()
    expect(await rig.late(places[2] ?? -1n)).toEqual(await rig.live(places[2] ?? -1n))
  })

  it('is refused by name where the configuration was another one, and served from there on', async () => {
    const { db, rig } = await started()
    await insert(`${db}.item`, 1, 3)
    await rig.reached(3)
    await rig.producer.stop()
    rig.forgetReread()
    const again = await keep(rig.again({ sources: [`${db}.item`] })).start()
    await insert(`${db}.item`, 11, 3)
    await again.reached(3)
    await again.noteLast()
    const reader = again.producer.lateReading?.readFrom(rig.beganAfterScn)
    expect(await reader?.seek(rig.beganAfterScn, -1)).toMatchObject({
      kind: 'gone',
      prevScn: again.beganAfterScn,
      reason: expect.stringContaining('was configured otherwise at SCN') as string,
    })
    reader?.close()
    expect((await again.late(again.beganAfterScn)).size).toBe(3)
    expect(await again.late(again.beganAfterScn)).toEqual(await again.live(again.beganAfterScn))
  })

  it('comes over connections with server ids of their own', async () => {
    const { db, rig } = await started()
    await insert(`${db}.item`, 1, 3)
    await rig.reached(3)
    await rig.noteLast()
    await rig.late(rig.beganAfterScn)
    const dumps = `SELECT COUNT(*) AS n FROM information_schema.processlist WHERE command LIKE 'Binlog Dump%'`
    expect(Number((await server.query(dumps))[0]?.['n'])).toBe(2)
    await insert(`${db}.item`, 11, 1)
    await rig.reached(4)
    expect([rig.failures, rig.producer.status().state, kind.length > 0]).toEqual([[], 'running', true])
  })
})
