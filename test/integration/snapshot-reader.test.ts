import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { type PrivateServer } from '../support/private-server.ts'
import { SnapshotRig } from '../support/snapshot-rig.ts'
import { until } from '../support/until.ts'
import { rowsOfChunk } from '../support/value-sink.ts'

const servers: [string, () => Promise<PrivateServer>][] = [
  ['MariaDB', () => MariadbServer.start()],
  ['MySQL 9 with GTIDs', () => MysqlServer.start({ lines: ['performance-schema=ON'] })],
  ['MySQL 9 without GTIDs', () => MysqlServer.start({ gtids: false })],
]

describe.each(servers)('rows that are read on %s', (_name, begin) => {
  let server: PrivateServer
  beforeAll(async () => {
    server = await begin()
    await server.query(`CREATE DATABASE s; CREATE DATABASE other; CREATE TABLE other.t (id INT PRIMARY KEY);
      CREATE TABLE s.k (id INT PRIMARY KEY, v VARCHAR(20)); CREATE TABLE s.none (a INT, b INT);
      INSERT INTO s.k VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, 'e'); INSERT INTO s.none VALUES (1, 1), (2, 2), (3, 3)`)
  })
  afterAll(async () => {
    await server.destroy()
  })
  const start = (): Promise<SnapshotRig> =>
    new SnapshotRig({ uri: server.uri(), name: 'reader', sources: ['s.k', 's.none'] }).start()

  it('were there before the source, and come in chunks; those of an idle server wait for no window', async () => {
    const rig = await start()
    try {
      const described = await rig.reader.describe('s.k')
      expect(described).toMatchObject({ source: 's.k', key: ['id'], isKeyless: false })
      expect(JSON.parse(described.schema)).toMatchObject({ type: 'record' })
      for (const sql of ['', 'INSERT INTO other.t VALUES (1)', 'FLUSH BINARY LOGS', 'INSERT INTO other.t VALUES (2)']) {
        if (sql !== '') await server.query(sql)
        const chunks = await rig.chunks('s.k', 2)
        expect(chunks.map(({ rows }) => rows)).toEqual([2, 2, 1])
        expect(chunks.flatMap((chunk) => rowsOfChunk(chunk)).map(({ key }) => Number(key))).toEqual([1, 2, 3, 4, 5])
        for (const chunk of chunks) {
          expect(chunk.visibleScn).toBeGreaterThanOrEqual(chunk.atScn)
          expect(rowsOfChunk(chunk).every(({ scn, opcode }) => scn === chunk.atScn && opcode === 'UPSERT')).toBe(true)
        }
      }
      await server.query('DELETE FROM other.t')
    } finally {
      await rig.stop()
    }
  })

  it('are read again, from any place, also by another process', async () => {
    const rig = await start()
    const [first] = await rig.chunks('s.k', 2)
    await rig.stop()
    const another = await start()
    try {
      const read = async (after: string | undefined): Promise<number[]> =>
        rowsOfChunk(await another.read({ source: 's.k', maxRows: 2, after })).map(({ key }) => Number(key))
      expect(await read(first?.next)).toEqual([3, 4])
      expect(await read(first?.next)).toEqual([3, 4])
      expect(await read(undefined)).toEqual([1, 2])
      for (const after of ['{}', 'x', '{"key":[["number","1); DROP TABLE s.k; --"]]}', '{"key":[["text","31"]]}']) {
        await expect(another.read({ source: 's.k', maxRows: 2, after })).rejects.toMatchObject({
          code: 'AESOP_SNAPSHOT_CURSOR_INVALID',
        })
      }
    } finally {
      await another.stop()
    }
  })

  it('satisfy the condition that was given, and a wrong one is named', async () => {
    const rig = await start()
    try {
      const keys = (await rig.chunks('s.k', 2, "v <> 'b' AND (id < 5 OR v = ')')")).flatMap((chunk) =>
        rowsOfChunk(chunk),
      )
      expect(keys.map(({ key }) => Number(key))).toEqual([1, 3, 4])
      const wrong = [
        'id = 1) OR (1 = 1',
        'id = 1; DELETE FROM s.k',
        'id = 1 -- ',
        "v = 'a",
        'nothing = 1',
        '',
        'id = ?',
        'id IN (1',
        'id = 1 /*',
      ]
      for (const where of wrong) {
        await expect(rig.read({ source: 's.k', maxRows: 9, where })).rejects.toMatchObject({
          code: 'AESOP_SNAPSHOT_WHERE_INVALID',
          canRetry: false,
        })
      }
    } finally {
      await rig.stop()
    }
  })

  it('are refused by name where nobody captures the table, or it is gone', async () => {
    const rig = await start()
    try {
      await expect(rig.read({ source: 'other.t', maxRows: 9 })).rejects.toMatchObject({
        code: 'AESOP_SNAPSHOT_REFUSED',
      })
      await server.query('RENAME TABLE s.k TO s.away')
      await expect(rig.read({ source: 's.k', maxRows: 9 })).rejects.toThrow(/the server has no table `s`.`k`/)
      await server.query('RENAME TABLE s.away TO s.k')
      await expect(rig.read({ source: 's.k', maxRows: 9 })).resolves.toMatchObject({ rows: 5 })
    } finally {
      await rig.stop()
    }
  })

  it('have the shape of their table, and are read again when it changes meanwhile', async () => {
    await server.query('CREATE TABLE IF NOT EXISTS s.k2 (id INT PRIMARY KEY); INSERT IGNORE INTO s.k2 VALUES (1)')
    const rig = await new SnapshotRig({ uri: server.uri(), name: 'shapes', sources: ['s.k2'] }).start()
    try {
      const [before] = rowsOfChunk(await rig.read({ source: 's.k2', maxRows: 9 }))
      // The stream is held up: the chunk is read, and waits for it; the table changes before that.
      rig.rig.producer.pause()
      await server.query('INSERT INTO s.k2 VALUES (2)')
      const reading = rig.read({ source: 's.k2', maxRows: 9 })
      await server.query('ALTER TABLE s.k2 ADD COLUMN n INT DEFAULT 7')
      rig.rig.producer.resume()
      const chunk = await reading
      const [row] = rowsOfChunk(chunk)
      expect(row?.schemaId).not.toBe(before?.schemaId)
      expect(chunk.rows).toBe(2)
      await server.query('INSERT INTO s.k2 VALUES (3, 7)')
      await until('the row of the new shape', () => rig.sink.of([...rig.sink.rows.keys()][0] ?? 0).has('3'))
      const [streamed] = [...rig.sink.rows.values()].map((rows) => rows.get('3'))
      expect(streamed?.schemaId).toBe(row?.schemaId)
    } finally {
      await rig.stop()
    }
  })

  it('of a table without a key have one place; their cursor dies with the reading', async () => {
    const rig = await start()
    try {
      await expect(rig.reader.describe('s.none')).resolves.toMatchObject({ isKeyless: true, key: [] })
      const first = await rig.read({ source: 's.none', maxRows: 1 })
      await server.query('INSERT INTO s.none VALUES (4, 4)')
      const second = await rig.read({ source: 's.none', maxRows: 1, after: first.next })
      const again = await rig.read({ source: 's.none', maxRows: 1, after: first.next })
      expect(again).toEqual(second)
      const third = await rig.read({ source: 's.none', maxRows: 9, after: second.next })
      expect([first, second, third].map(({ rows }) => rows)).toEqual([1, 1, 1])
      expect(new Set([first, second, third].map(({ atScn }) => atScn)).size).toBe(1)
      expect(third.next).toBeUndefined()
      await expect(rig.read({ source: 's.none', maxRows: 1, after: first.next })).rejects.toMatchObject({
        code: 'AESOP_SNAPSHOT_CURSOR_LOST',
      })
      await server.query('DELETE FROM s.none WHERE a = 4')
    } finally {
      await rig.stop()
    }
  })

  it('come after their connections were cut, and a reading that hung on one is told so', async () => {
    const rig = await start()
    const cut = async (): Promise<void> => {
      const threads = await server.query<{ Id: number; User: string; Command: string }>('SHOW PROCESSLIST')
      for (const { Id, User, Command } of threads)
        if (User === 'aesop' && !Command.startsWith('Binlog Dump')) await server.query(`KILL ${Id}`)
    }
    try {
      await rig.read({ source: 's.k', maxRows: 9 })
      await cut()
      await until('the rows', () =>
        rig.read({ source: 's.k', maxRows: 9 }).then(
          ({ rows }) => rows === 5,
          (error: unknown) => {
            expect(error).toMatchObject({ canRetry: true })
            return false
          },
        ),
      )
      await server.query(
        'INSERT INTO s.none SELECT a.a, b.b FROM s.none a, s.none b, s.none c, s.none d, s.none e, s.none f',
      )
      const first = await rig.read({ source: 's.none', maxRows: 1 })
      await cut()
      await expect(rig.read({ source: 's.none', maxRows: 100_000, after: first.next })).rejects.toMatchObject({
        code: expect.stringMatching(/^AESOP_MYSQL_CONNECTION_LOST|^AESOP_SNAPSHOT_CURSOR_LOST/) as string,
      })
      await expect(rig.read({ source: 's.none', maxRows: 1, after: first.next })).rejects.toMatchObject({
        code: 'AESOP_SNAPSHOT_CURSOR_LOST',
      })
    } finally {
      await rig.stop()
    }
  })

  it('take connections up to the bound, and wait for each other', async () => {
    const rig = await new SnapshotRig({
      uri: server.uri(),
      name: 'bound',
      sources: ['s.k'],
      snapshotConnections: 1,
    }).start()
    try {
      const all = await Promise.all(Array.from({ length: 5 }, () => rig.read({ source: 's.k', maxRows: 9 })))
      expect(all.map(({ rows }) => rows)).toEqual([5, 5, 5, 5, 5])
    } finally {
      await rig.stop()
    }
    const none = new SnapshotRig({ uri: server.uri(), name: 'none', sources: ['s.k'], snapshotConnections: 0 })
    await none.rig.prepare()
    expect(none.rig.producer.snapshotReader).toBeUndefined()
    await none.stop()
  })
})
