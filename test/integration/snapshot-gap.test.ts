import { type Connection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { type PrivateServer } from '../support/private-server.ts'
import { SnapshotRig } from '../support/snapshot-rig.ts'
import { until } from '../support/until.ts'
import { rowsOfChunk } from '../support/value-sink.ts'

/*
 * A commit that waits for a replica which does not come is in the log, and nobody sees it: the gap between the two is held open as long
 * as the test likes.
 */

interface Held {
  /** Whether a reading waits at the server. */
  readonly waits: () => (server: PrivateServer) => Promise<boolean>
  /** The same of a reading whose stream has begun behind the transaction. */
  readonly waitsAtBegin: Held['waits']
  readonly begin: () => Promise<PrivateServer>
  readonly hold: readonly string[]
  readonly release: string
}

/** A statement of the source's account is under way. */
const waitsIn =
  (statement: RegExp): Held['waits'] =>
  () =>
  async (server) => {
    const threads = await server.query<{ User: string; Info: string | null }>('SHOW FULL PROCESSLIST')
    return threads.some(({ User, Info }) => User === 'aesop' && statement.test(Info ?? ''))
  }

/** Something is done again and again. */
const rises =
  (counter: string): Held['waits'] =>
  () => {
    let before: number | undefined
    return async (server) => {
      const [said] = await server.query<{ Value: string }>(`SHOW GLOBAL STATUS LIKE '${counter}'`)
      before ??= Number(said?.Value)
      return Number(said?.Value) >= before + 4
    }
  }
const waitsForReplica: ReturnType<Held['waits']> = async (server) => {
  const threads = await server.query<{ State: string | null }>('SHOW PROCESSLIST')
  return threads.some(({ State }) => /semi-sync ACK/.test(State ?? ''))
}

const MYSQL_HOLD = [
  "INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'",
  `SET GLOBAL rpl_semi_sync_source_timeout = 100000, GLOBAL rpl_semi_sync_source_wait_point = 'AFTER_SYNC',
    GLOBAL rpl_semi_sync_source_enabled = ON`,
]
const MYSQL_RELEASE = 'SET GLOBAL rpl_semi_sync_source_enabled = OFF'
const servers: [string, Held][] = [
  [
    'MariaDB',
    {
      waits: rises('Com_rollback'),
      waitsAtBegin: rises('Com_rollback'),
      begin: () => MariadbServer.start(),
      hold: [
        `SET GLOBAL rpl_semi_sync_master_timeout = 100000, GLOBAL rpl_semi_sync_master_wait_point = 'AFTER_SYNC',
          GLOBAL rpl_semi_sync_master_enabled = ON`,
      ],
      release: 'SET GLOBAL rpl_semi_sync_master_enabled = OFF',
    },
  ],
  [
    'MySQL 9 with GTIDs',
    {
      waits: waitsIn(/^SELECT WAIT_FOR_EXECUTED_GTID_SET/),
      waitsAtBegin: rises('Com_select'),
      begin: () => MysqlServer.start(),
      hold: MYSQL_HOLD,
      release: MYSQL_RELEASE,
    },
  ],
  [
    'MySQL 9 without GTIDs',
    {
      waits: waitsIn(/LOCK IN SHARE MODE$/),
      waitsAtBegin: waitsIn(/LOCK IN SHARE MODE$/),
      begin: () => MysqlServer.start({ gtids: false }),
      hold: MYSQL_HOLD,
      release: MYSQL_RELEASE,
    },
  ],
]

describe.each(servers)(
  'a transaction that is in the log of %s and not to be seen',
  (_name, { waits, waitsAtBegin, begin, hold, release }) => {
    let server: PrivateServer
    let writer: Connection
    beforeAll(async () => {
      server = await begin()
      await server.query(
        "CREATE DATABASE g; CREATE TABLE g.t (id INT PRIMARY KEY, v VARCHAR(9)); INSERT INTO g.t VALUES (1, 'old'), (2, 'old'), (3, 'old'); CREATE TABLE g.none (a INT, v VARCHAR(9), UNIQUE (a)); INSERT INTO g.none VALUES (1, 'old'), (2, 'old')",
      )
      writer = await server.connect()
    })
    afterAll(async () => {
      await server.query(release)
      await writer.end()
      await server.destroy()
    })

    it('is in a chunk that says that it has it, once it is to be seen', async () => {
      const rig = await new SnapshotRig({
        uri: server.uri(),
        name: 'gap',
        sources: [
          { id: 1, uri: 'g.t' },
          { id: 2, uri: 'g.none' },
        ],
      }).start()
      try {
        // From here on the stream knows all that may be held.
        await rig.read({ source: 'g.t', maxRows: 1 })
        for (const sql of hold) await server.query(sql)
        const committed = writer.query(
          "BEGIN; UPDATE g.t SET v = 'new' WHERE id = 1; DELETE FROM g.t WHERE id = 2; INSERT INTO g.t VALUES (4, 'new'); COMMIT",
        )
        await rig.arrived(1, 3)
        const { scn } = rig.sink
        expect(await server.query('SELECT v FROM g.t ORDER BY id')).toEqual([{ v: 'old' }, { v: 'old' }, { v: 'old' }])

        let answered = false
        const waiting = waits()
        const reading = rig.read({ source: 'g.t', maxRows: 9 }).finally(() => (answered = true))
        reading.catch(() => undefined)
        await until('the chunk waits at the server', async () => answered || (await waiting(server)))
        expect(answered).toBe(false)
        await server.query(release)
        await committed
        const chunk = await reading
        expect(chunk.atScn).toBeGreaterThanOrEqual(scn)
        const streamed = rig.sink.of(1)
        const rows = rowsOfChunk(chunk)
        expect(rows.map(({ key }) => Number(key))).toEqual([1, 3, 4])
        for (const key of ['1', '4']) {
          expect(rows.find((row) => String(row.key) === key)?.value).toBe(streamed.get(key)?.value)
        }
      } finally {
        await rig.stop()
      }
    })

    it('is in a table without a key that is read as one, once it is to be seen', async () => {
      const sources = [{ id: 2, uri: 'g.none' }]
      const rig = await new SnapshotRig({ uri: server.uri(), name: 'gap of one', sources }).start()
      try {
        await rig.reader.describe('g.none')
        await rig.chunks('g.none', 9)
        for (const sql of hold.slice(-1)) await server.query(sql)
        const committed = writer.query("UPDATE g.none SET v = 'new' WHERE a = 2")
        await until('the change is in the stream', () => rig.sink.of(2).size > 0)
        let answered = false
        const waiting = waits()
        const reading = rig.read({ source: 'g.none', maxRows: 9 }).finally(() => (answered = true))
        reading.catch(() => undefined)
        await until('the chunk waits at the server', async () => answered || (await waiting(server)))
        expect(answered).toBe(false)
        await server.query(release)
        await committed
        const texts = rowsOfChunk(await reading).map(({ value }) => Buffer.from(value, 'hex').toString('latin1'))
        expect(texts.map((text) => text.slice(-3)).sort()).toEqual(['new', 'old'])
      } finally {
        await rig.stop()
      }
    })

    it('is in a chunk, too, where the stream begins behind it', async () => {
      for (const sql of hold.slice(-1)) await server.query(sql)
      const committed = writer.query("UPDATE g.t SET v = 'first' WHERE id = 3")
      await until('the transaction is in the log', () => waitsForReplica(server))
      const rig = await new SnapshotRig({
        uri: server.uri(),
        name: 'late gap',
        sources: [{ id: 1, uri: 'g.t' }],
      }).start()
      try {
        let answered = false
        const waiting = waitsAtBegin()
        const reading = rig.read({ source: 'g.t', maxRows: 9 }).finally(() => (answered = true))
        reading.catch(() => undefined)
        await until('the chunk waits at the server', async () => answered || (await waiting(server)))
        expect(answered).toBe(false)
        await server.query(release)
        await committed
        const row = rowsOfChunk(await reading).find(({ key }) => Number(key) === 3)
        expect(Buffer.from(row?.value ?? '', 'hex').toString('latin1')).toContain('first')
      } finally {
        await rig.stop()
      }
    })
  },
)
