import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ChangePath } from '../support/change-path.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { until } from '../support/until.ts'

/*
 * Statements of every kind, sent to a server, read by a relay and delivered by a client, both processes of their own.
 * A consumer that applied what it saw would hold exactly the rows that the tables hold.
 */
const SETUP = `
  CREATE DATABASE app;
  CREATE TABLE app.t (id INT PRIMARY KEY, n INT, text VARCHAR(40));
  CREATE TABLE app.child (id INT PRIMARY KEY, t_id INT);
  CREATE TABLE app.marker (id INT PRIMARY KEY);
  CREATE TABLE app.audit (id INT PRIMARY KEY, n INT);
  CREATE TABLE app.unseen (id INT PRIMARY KEY, n INT);
  CREATE VIEW app.v AS SELECT id, n FROM app.t;
  CREATE TRIGGER app.after_t AFTER INSERT ON app.child FOR EACH ROW INSERT INTO app.audit VALUES (NEW.id, NEW.t_id);
`
const CASES: readonly (readonly [name: string, statements: readonly string[]])[] = [
  ['many rows in one INSERT', [`INSERT INTO app.t VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 3, NULL)`]],
  ['INSERT … SELECT', [`INSERT INTO app.t SELECT id + 10, n * 2, REPEAT('x', 40) FROM app.t`]],
  ['a primary key that changes', [`UPDATE app.t SET id = 9 WHERE id = 1`]],
  ['ON DUPLICATE KEY UPDATE', [`INSERT INTO app.t VALUES (2, 0, 'dup'), (4, 4, 'new') ON DUPLICATE KEY UPDATE n = 22`]],
  ['REPLACE', [`REPLACE INTO app.t VALUES (2, 23, 'replaced'), (5, 5, 'new')`]],
  ['INSERT IGNORE', [`INSERT IGNORE INTO app.t VALUES (2, 0, 'ignored'), (6, 6, 'six')`]],
  ['a trigger that writes another table', [`INSERT INTO app.child VALUES (1, 2)`]],
  ['ROLLBACK', [`BEGIN`, `INSERT INTO app.t VALUES (100, 0, 'never')`, `ROLLBACK`]],
  [
    'ROLLBACK TO SAVEPOINT',
    [
      `BEGIN`,
      `INSERT INTO app.t VALUES (31, 1, 'kept')`,
      `SAVEPOINT s`,
      `INSERT INTO app.t VALUES (32, 2, 'undone')`,
      `ROLLBACK TO SAVEPOINT s`,
      `INSERT INTO app.t VALUES (33, 3, 'kept')`,
      `COMMIT`,
    ],
  ],
  ['INSERT … RETURNING', [`INSERT INTO app.t VALUES (40, 40, 'r') RETURNING id`]],
  ['writes through a view', [`UPDATE app.v SET n = -1 WHERE id = 40`, `INSERT INTO app.v VALUES (41, 41)`]],
  [
    'XA transactions, one of them rolled back',
    [
      `XA START 'one'`,
      `INSERT INTO app.t VALUES (50, 50, 'xa')`,
      `XA END 'one'`,
      `XA PREPARE 'one'`,
      `XA COMMIT 'one'`,
      `XA START 'two'`,
      `INSERT INTO app.t VALUES (51, 51, 'never')`,
      `XA END 'two'`,
      `XA PREPARE 'two'`,
      `XA ROLLBACK 'two'`,
      `XA START 'three'`,
      `INSERT INTO app.t VALUES (52, 52, 'one phase')`,
      `XA END 'three'`,
      `XA COMMIT 'three' ONE PHASE`,
    ],
  ],
  [
    'a transaction over tables that nobody captures',
    [`BEGIN`, `INSERT INTO app.unseen VALUES (1, 1)`, `INSERT INTO app.t VALUES (60, 60, 'seen')`, `COMMIT`],
  ],
  ['a log of a new checksum and a new file', [`SET GLOBAL binlog_checksum = NONE`, `UPDATE app.t SET n = n + 1`]],
  ['and back', [`SET GLOBAL binlog_checksum = CRC32`, `UPDATE app.t SET n = n + 1 WHERE id < 20`]],
  ['compressed events', [`SET GLOBAL log_bin_compress = ON`, `FLUSH LOGS`, `UPDATE app.t SET text = REPEAT('y', 40)`]],
  [
    'statements that are none of ours',
    [
      `SET GLOBAL log_bin_compress = OFF`,
      `/* led by a comment */ ALTER TABLE app.unseen ADD COLUMN text VARCHAR(9)`,
      `OPTIMIZE TABLE app.t`,
      `ANALYZE TABLE app.t`,
      `CREATE USER someone@localhost IDENTIFIED BY 'INSERT INTO app.t'`,
      `DROP USER someone@localhost`,
      `CREATE TEMPORARY TABLE app.temporary (id INT)`,
      `INSERT INTO app.temporary VALUES (1)`,
      `DROP TEMPORARY TABLE app.temporary`,
      `CREATE FUNCTION app.one() RETURNS INT DETERMINISTIC RETURN 1`,
      `ALTER DATABASE app CHARACTER SET latin1`,
      `CREATE TABLE app.from_select AS SELECT * FROM app.t`,
      `INSERT INTO app.t VALUES (70, 70, 'after')`,
    ],
  ],
  ['DELETE without WHERE', [`DELETE FROM app.child`]],
  ['names and texts in other character sets', [`UPDATE app.t SET text = '日本語 😀 é' WHERE id = 70`]],
]
const TABLES = ['app.t', 'app.child', 'app.audit', 'app.marker'] as const

interface Change {
  readonly opcode: 'UPSERT' | 'DELETE'
  readonly source: string
  readonly row: { readonly id: number }
}

/** The tables of somebody who applies every change. */
function applied(lines: readonly string[]): Map<string, Map<number, unknown>> {
  const tables = new Map<string, Map<number, unknown>>(TABLES.map((name) => [name, new Map()]))
  for (const line of lines) {
    const { opcode, source, row } = JSON.parse(line) as Change
    if (opcode === 'UPSERT') tables.get(source)?.set(row.id, row)
    else tables.get(source)?.delete(row.id)
  }
  return tables
}

describe('what a consumer holds that applies every change is what the tables hold, after', () => {
  let server: MariadbServer
  let path: ChangePath
  let marker = 0
  beforeAll(async () => {
    server = await MariadbServer.start({ lines: ['log_bin_compress_min_len=10'] })
    await server.query(SETUP)
    path = await ChangePath.create({ uri: server.uri(), sources: TABLES, consumer: 'RowsFactory' })
    await path.startRelay()
    await path.startClient()
  })
  afterAll(async () => {
    await path[Symbol.asyncDispose]()
    await server.destroy()
  })

  test.each(CASES)('%s', async (_name, statements) => {
    for (const statement of statements) await server.query(statement)
    await server.query('INSERT INTO app.marker VALUES (?)', [++marker])
    await until('the marker', () => applied(path.lines).get('app.marker')?.has(marker) === true)
    const held = applied(path.lines)
    for (const name of TABLES) {
      const rows = await server.query<{ id: number }>(`SELECT * FROM ${name} ORDER BY id`)
      const seen = [...(held.get(name)?.entries() ?? [])].sort(([left], [right]) => left - right).map(([, row]) => row)
      expect(seen, name).toEqual(rows.map((row) => ({ ...row })))
    }
  })

  test('a statement that was logged as text raises an alarm', async () => {
    await server.query(`SET SESSION binlog_format = STATEMENT`)
    await server.query(`INSERT INTO app.t VALUES (90, 90, 'lost')`)
    await server.query(`SET SESSION binlog_format = ROW`)
    await path.relay?.until(() => /AESOP_MYSQL_STATEMENT_FORMAT/.test(path.relay?.errors ?? ''), 20_000, 'it said so')
  })
})
