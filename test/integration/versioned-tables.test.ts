import { PhysicalSourceConfig } from '@aesop/producer'
import { type Connection } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { until } from '../support/until.ts'

/*
 * Tables WITH SYSTEM VERSIONING keep their history in rows of their own, which are logged like others. A consumer that
 * applies the events holds what SELECT gives: the current rows.
 */
const SETUP = `
  CREATE DATABASE v; CREATE DATABASE marker; CREATE TABLE marker.done (id INT PRIMARY KEY AUTO_INCREMENT);
  CREATE TABLE v.implicit (id INT PRIMARY KEY, n INT, note TEXT UNIQUE) WITH SYSTEM VERSIONING;
  CREATE TABLE v.declared (
    since TIMESTAMP(6) GENERATED ALWAYS AS ROW START, id INT PRIMARY KEY, n INT,
    until TIMESTAMP(6) GENERATED ALWAYS AS ROW END INVISIBLE, note VARCHAR(40),
    PERIOD FOR SYSTEM_TIME (since, until)) WITH SYSTEM VERSIONING;
  CREATE TABLE v.pair (a INT DEFAULT 9, id INT, n INT, note VARCHAR(40), PRIMARY KEY (id, a)) WITH SYSTEM VERSIONING;
  CREATE TABLE v.keyless (id INT, n INT, note VARCHAR(40)) WITH SYSTEM VERSIONING;
  CREATE TABLE v.parted (id INT PRIMARY KEY, n INT, note VARCHAR(40)) WITH SYSTEM VERSIONING
    PARTITION BY SYSTEM_TIME LIMIT 2 (PARTITION h1 HISTORY, PARTITION h2 HISTORY, PARTITION now CURRENT);
  CREATE TABLE v.partly (id INT PRIMARY KEY, n INT WITHOUT SYSTEM VERSIONING, note VARCHAR(40)) WITH SYSTEM VERSIONING;
  CREATE TABLE v.later (id INT PRIMARY KEY, n INT, note VARCHAR(40));
`
const TABLES = ['implicit', 'declared', 'pair', 'keyless', 'parted', 'partly', 'later'] as const
const STEPS: Readonly<Record<string, (table: string) => string>> = {
  INSERT: (t) =>
    `INSERT INTO v.${t} (id, n, note) VALUES (1, 1, 'one'), (2, 2, 'two'), (3, 3, 'three'), (4, 4, 'four')`,
  UPDATE: (t) => `UPDATE v.${t} SET note = CONCAT(note, '!') WHERE id < 4`,
  'a changed key': (t) => `UPDATE v.${t} SET id = id + 10 WHERE id IN (2, 3)`,
  REPLACE: (t) => `REPLACE INTO v.${t} (id, n, note) VALUES (12, 5, 'replaced'), (5, 5, 'new')`,
  'INSERT … ON DUPLICATE KEY UPDATE': (t) =>
    `INSERT INTO v.${t} (id, n, note) VALUES (12, 6, 'a'), (6, 6, 'b') ON DUPLICATE KEY UPDATE n = n + 100, note = 'd'`,
  DELETE: (t) => `DELETE FROM v.${t} WHERE id IN (4, 13)`,
  'a row that comes again': (t) => `INSERT INTO v.${t} (id, n, note) VALUES (4, 44, 'again')`,
  'DELETE HISTORY': (t) => `DELETE HISTORY FROM v.${t}`,
  'many changes in one transaction': (t) =>
    `BEGIN; UPDATE v.${t} SET n = 7 WHERE id = 1; UPDATE v.${t} SET n = 8 WHERE id = 1; DELETE FROM v.${t} WHERE id = 5;` +
    ` INSERT INTO v.${t} (id, n, note) VALUES (5, 9, 'back'), (7, 7, 'short'); DELETE FROM v.${t} WHERE id = 7; COMMIT`,
  'history of its own': (t) =>
    `SET system_versioning_insert_history = 1; SET timestamp = DEFAULT; INSERT INTO v.${t} (id, n, note, row_start, row_end)
     VALUES (1, 0, 'old', '2001-01-01', '2002-01-01'), (8, 0, 'gone', '2001-01-01', '2002-01-01')`,
}
/** These have no such columns to be filled, or no history. */
const WITHOUT: Readonly<Record<string, readonly string[]>> = {
  'history of its own': ['declared', 'later'],
  'DELETE HISTORY': ['later'],
}

describe.each(['FULL', 'MINIMAL', 'NO_LOG'] as const)('with binlog_row_metadata=%s', (rowMetadata) => {
  let server: MariadbServer
  let session: Connection
  let rig: ProducerRig
  let nameOf: ReadonlyMap<number, string>

  beforeAll(async () => {
    server = await MariadbServer.start({ rowMetadata })
    session = await server.connect()
    await session.query(SETUP)
    const sources = [...TABLES.map((table) => `v.${table}`), 'marker.done']
    const options = { uri: server.uri(), name: 'versioned', sources }
    rig = await new ProducerRig(options).start()
    nameOf = new Map(new PhysicalSourceConfig(options).sources.map(({ id, uri }) => [id, uri]))
  })
  afterAll(async () => {
    await rig.producer.stop()
    await session.end()
    await server.destroy()
  })

  async function run(sql: string): Promise<void> {
    // Periods of no length leave no history: each statement gets a time of its own.
    await session.query(`SET timestamp = ${(clock += 1)}; SET system_versioning_insert_history = 0; ${sql}`)
    const [[marker]] = (await session.query('INSERT INTO marker.done VALUES () RETURNING id')) as unknown as [
      [{ id: number }],
    ]
    await until('the statement to arrive', () => {
      if (rig.failures[0] !== undefined) throw rig.failures[0]
      return rig.ledger.rows.some(
        ({ sourceId, row }) => nameOf.get(sourceId) === 'marker.done' && Number(row['id']) === marker.id,
      )
    })
  }
  let clock = 1_700_000_000

  /** What a consumer holds that applied all events of the table. */
  function applied(table: string): string[] {
    const held = new Map<string, object>()
    for (const { sourceId, opcode, key, row } of rig.ledger.rows) {
      if (nameOf.get(sourceId) !== `v.${table}`) continue
      if (opcode === 'DELETE') expect(held.delete(String(key)), `the row of ${String(key)} in ${table}`).toBe(true)
      else held.set(String(key), row)
    }
    return sorted([...held.values()])
  }

  async function selected(table: string): Promise<string[]> {
    const [rows] = await session.query(
      table === 'declared'
        ? `SELECT CAST(UNIX_TIMESTAMP(since) * 1000000 AS INT) AS since, id, n, CAST(UNIX_TIMESTAMP(until) * 1000000 AS INT) AS until, note FROM v.declared`
        : `SELECT * FROM v.${table}`,
    )
    return sorted(rows as object[])
  }

  const sorted = (rows: readonly object[]): string[] =>
    rows
      .map((row) => JSON.stringify(row, (_key, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)))
      .sort()

  async function history(table: string): Promise<number> {
    const [[counted]] = (await session.query(
      `SELECT COUNT(*) AS n FROM v.${table} FOR SYSTEM_TIME ALL`,
    )) as unknown as [[{ n: number }]]
    return counted.n - (await selected(table)).length
  }

  describe.each(TABLES)('the events of %s give what SELECT gives', (table) => {
    it.each(Object.keys(STEPS).filter((step) => WITHOUT[step]?.includes(table) !== true))('after %s', async (step) => {
      await run(STEPS[step]?.(table) ?? '')
      const rows = await selected(table)
      expect(rows.length).toBeGreaterThan(0)
      expect(applied(table)).toEqual(rows)
    })

    if (table !== 'later') {
      it('and the table has a history that is none of them', async () => {
        await run(`UPDATE v.${table} SET note = CONCAT(note, '?'), n = n + 1`)
        expect(await history(table)).toBeGreaterThan(0)
        expect(applied(table)).toEqual(await selected(table))
      })
    }
  })

  it('says nothing of history that is deleted', async () => {
    await run(`UPDATE v.implicit SET n = n + 1`)
    const before = rig.ledger.rows.filter(({ sourceId }) => nameOf.get(sourceId) === 'v.implicit').length
    await run('DELETE HISTORY FROM v.implicit')
    expect(await history('implicit')).toBe(0)
    expect(rig.ledger.rows.filter(({ sourceId }) => nameOf.get(sourceId) === 'v.implicit')).toHaveLength(before)
  })

  it('goes on when versioning begins and ends, and while it lasts', async () => {
    for (const change of [
      'ADD SYSTEM VERSIONING',
      'DROP SYSTEM VERSIONING',
      'ADD SYSTEM VERSIONING',
      'ADD UNIQUE KEY long_note (note, n) USING HASH',
      'DROP SYSTEM VERSIONING',
    ]) {
      await run(`SET system_versioning_alter_history = KEEP; ALTER TABLE v.later ${change}`)
      await run(`UPDATE v.later SET n = n + 1, note = CONCAT(note, '.')`)
      await run('DELETE FROM v.later WHERE id = 1')
      await run(`INSERT INTO v.later (id, n, note) VALUES (1, 1, 'again')`)
      await run('DELETE FROM v.later WHERE id = 101; UPDATE v.later SET id = 101 WHERE id = 1')
      await run(`REPLACE INTO v.later (id, n, note) VALUES (1, 2, 'kept'), (101, 3, 'replaced')`)
      expect(applied('later')).toEqual(await selected('later'))
    }
    await run('ALTER TABLE v.parted DROP PARTITION h1')
    await run(`UPDATE v.parted SET n = n + 1`)
    expect(applied('parted')).toEqual(await selected('parted'))
  })

  it('delivers neither the hidden columns nor their values in keys', () => {
    const columnsOf = new Map(rig.ledger.rows.map(({ sourceId, row }) => [nameOf.get(sourceId), Object.keys(row)]))
    for (const table of ['implicit', 'keyless', 'parted', 'partly', 'later']) {
      expect(columnsOf.get(`v.${table}`)).toEqual(['id', 'n', 'note'])
    }
    expect(columnsOf.get('v.declared')).toEqual(['since', 'id', 'n', 'until', 'note'])
    const keys = new Map(rig.ledger.rows.map(({ sourceId, key, row }) => [nameOf.get(sourceId), { key, row }]))
    expect(keys.get('v.implicit')?.key).toBe(Number(keys.get('v.implicit')?.row['id']))
    const pair = keys.get('v.pair')
    expect(pair?.key).toBe(`${String(pair?.row['id'])}\t${String(pair?.row['a'])}`)
    expect(String(keys.get('v.keyless')?.key).split('\t')).toHaveLength(3)
  })
})
