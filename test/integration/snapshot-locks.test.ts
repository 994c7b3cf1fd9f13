import { describe, expect, it } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { type PrivateServer } from '../support/private-server.ts'
import { SnapshotRig } from '../support/snapshot-rig.ts'

/** Metadata locks that are held or waited for in the database of the test, or on all tables, by whoever. */
type Locks = (server: PrivateServer) => Promise<string[]>

const ofMysql: Locks = async (server) => {
  const rows = await server.query<{ kind: string; type: string }>(
    `SELECT l.OBJECT_TYPE AS kind, l.LOCK_TYPE AS type FROM performance_schema.metadata_locks l
      JOIN performance_schema.threads t ON t.THREAD_ID = l.OWNER_THREAD_ID
      WHERE t.PROCESSLIST_USER = 'aesop' AND (l.OBJECT_SCHEMA = 'l' OR l.OBJECT_TYPE IN ('GLOBAL', 'COMMIT', 'BACKUP LOCK'))`,
  )
  return rows.map(({ kind, type }) => `${kind} ${type}`)
}
const ofMariadb: Locks = async (server) => {
  const rows = await server.query<{ kind: string; mode: string }>(
    "SELECT LOCK_TYPE AS kind, LOCK_MODE AS mode FROM INFORMATION_SCHEMA.METADATA_LOCK_INFO WHERE TABLE_SCHEMA IN ('l', '')",
  )
  return rows.map(({ kind, mode }) => `${kind} ${mode}`)
}

/** What a plain SELECT takes: it keeps the table from being altered while it is read, and keeps nobody from writing. */
const OF_A_SELECT = ['TABLE SHARED_READ', 'Table metadata lock MDL_SHARED_READ']

describe.each([
  ['MariaDB', () => MariadbServer.start(), ofMariadb, ["INSTALL SONAME 'metadata_lock_info'"]],
  ['MySQL 9', () => MysqlServer.start({ lines: ['performance-schema=ON'] }), ofMysql, []],
] as const)('reading rows on %s', (_name, begin, locksOf, prepare) => {
  it('locks no table, for as long as it takes, and nobody waits who writes', async () => {
    const server: PrivateServer = await begin()
    for (const sql of prepare) await server.query(sql)
    await server.query(`CREATE DATABASE l; CREATE TABLE l.none (a INT, b INT); CREATE TABLE l.k (id INT PRIMARY KEY, v INT);
      INSERT INTO l.none VALUES (1, 1), (2, 2), (3, 3); INSERT INTO l.k VALUES (1, 1), (2, 2), (3, 3)`)
    const rig = await new SnapshotRig({ uri: server.uri(), name: 'locks', sources: ['l.none', 'l.k'] }).start()
    const seen = new Set<string>()
    try {
      // A view that is held between two chunks.
      const first = await rig.read({ source: 'l.none', maxRows: 1 })
      for (const lock of await locksOf(server)) seen.add(lock)
      expect(seen.size).toBeGreaterThan(0)
      await server.query('SET lock_wait_timeout = 1, innodb_lock_wait_timeout = 1')
      await server.query('INSERT INTO l.none VALUES (4, 4); UPDATE l.none SET b = 9; DELETE FROM l.none WHERE a = 2')
      for (let round = 0; round < 30; round++) {
        const reading = rig.chunks('l.k', 2)
        await server.query(`UPDATE l.k SET v = ${round}`)
        for (const lock of await locksOf(server)) seen.add(lock)
        await reading
      }
      const rest = await rig.read({ source: 'l.none', maxRows: 9, after: first.next })
      expect(rest).toMatchObject({ rows: 2, atScn: first.atScn })
      expect([...seen].filter((lock) => !OF_A_SELECT.includes(lock))).toEqual([])
    } finally {
      await rig.stop()
      await server.destroy()
    }
  })
})
