import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ChangePath } from '../support/change-path.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { until } from '../support/until.ts'

/*
 * Tables that change their shape, their name or their content while relay and client run: what the consumer saw of
 * each statement is compared with what the statement did.
 */
interface Change {
  readonly opcode: string
  readonly source: string
  readonly key: string | number
  readonly row: Readonly<Record<string, unknown>>
}

const changesOf = (path: ChangePath): Change[] => path.lines.map((line) => JSON.parse(line) as Change)
const short = ({ opcode, source, row }: Change): unknown[] => [opcode, source, row]

const CAPTURED_ROW = /^(?:INSERT INTO|UPDATE|DELETE FROM) app\.[ab]\b/

describe.each(['FULL', 'NO_LOG'] as const)('while tables change, with row metadata %s,', (rowMetadata) => {
  let server: MariadbServer
  let path: ChangePath
  beforeAll(async () => {
    server = await MariadbServer.start({ rowMetadata })
    await server.query('CREATE DATABASE app')
    await server.query('CREATE TABLE app.a (id INT PRIMARY KEY, n INT, text VARCHAR(20))')
    await server.query('CREATE TABLE app.b (id INT PRIMARY KEY, n INT, text VARCHAR(20))')
    await server.query('CREATE TABLE app.quiet (id INT PRIMARY KEY)')
    path = await ChangePath.create({
      uri: server.uri(),
      sources: ['app.a', 'app.b', 'app.quiet'],
      consumer: 'RowsFactory',
      startFrom: 'latest',
    })
    await path.startRelay()
    await path.startClient()
  })
  /**
   * Runs the statements one after the other and gives what the consumer saw of them. A log without names is read with
   * what the server says now, so that the reader has to keep up there.
   */
  async function seen(
    statements: readonly string[],
    count: number,
    keepsUp = rowMetadata !== 'FULL',
  ): Promise<unknown[][]> {
    const before = path.lines.length
    const arrived = (rows: number): Promise<void> => until(`${rows} rows`, () => path.lines.length >= before + rows)
    let rows = 0
    for (const statement of statements) {
      await server.query(statement)
      if (CAPTURED_ROW.test(statement)) rows++
      if (keepsUp) await arrived(rows)
    }
    await arrived(count)
    return changesOf(path).slice(before).map(short)
  }

  afterAll(async () => {
    await path[Symbol.asyncDispose]()
    await server.destroy()
  })

  test('a source that never had a row holds up no other source', async () => {
    expect(await seen([`INSERT INTO app.a VALUES (1, 10, 'one')`], 1)).toEqual([
      ['UPSERT', 'app.a', { id: 1, n: 10, text: 'one' }],
    ])
  })

  test('a column that is added, renamed, retyped or dropped shows from its statement on', async () => {
    const statements = [
      `ALTER TABLE app.a ADD COLUMN more BIGINT DEFAULT 7 AFTER id`,
      `UPDATE app.a SET n = 11 WHERE id = 1`,
      `ALTER TABLE app.a RENAME COLUMN text TO words`,
      `INSERT INTO app.a VALUES (2, 8, 20, 'two')`,
      `ALTER TABLE app.a MODIFY n VARCHAR(9), DROP COLUMN more`,
      `INSERT INTO app.a VALUES (3, 'x', 'three')`,
      `ALTER TABLE app.a DROP COLUMN n, ADD COLUMN n DATE FIRST`,
      `INSERT INTO app.a VALUES ('2024-02-29', 4, 'four')`,
      `DELETE FROM app.a WHERE id = 4`,
    ]
    expect(await seen(statements, 5)).toEqual([
      ['UPSERT', 'app.a', { id: 1, more: '7', n: 11, text: 'one' }],
      ['UPSERT', 'app.a', { id: 2, more: '8', n: 20, words: 'two' }],
      ['UPSERT', 'app.a', { id: 3, n: 'x', words: 'three' }],
      ['UPSERT', 'app.a', { n: '2024-02-29', id: 4, words: 'four' }],
      ['DELETE', 'app.a', { n: '2024-02-29', id: 4, words: 'four' }],
    ])
  })

  test('bytes that become a UUID, and a UUID that becomes bytes, are read as what they are', async () => {
    const statements = [
      `DROP TABLE app.a`,
      `CREATE TABLE app.a (id INT PRIMARY KEY, v BINARY(16))`,
      `INSERT INTO app.a VALUES (1, X'00112233445566778899AABBCCDDEEFF')`,
      `ALTER TABLE app.a MODIFY v UUID`,
      `INSERT INTO app.a VALUES (2, '00112233-4455-6677-8899-aabbccddeeff')`,
      `ALTER TABLE app.a MODIFY v BINARY(16)`,
      `INSERT INTO app.a VALUES (3, X'00112233445566778899AABBCCDDEEFF')`,
    ]
    // No log tells the two apart.
    expect(await seen(statements, 3, true)).toEqual([
      ['UPSERT', 'app.a', { id: 1, v: '00112233445566778899aabbccddeeff' }],
      ['UPSERT', 'app.a', { id: 2, v: '00112233-4455-6677-8899-aabbccddeeff' }],
      ['UPSERT', 'app.a', { id: 3, v: '00112233445566778899aabbccddeeff' }],
    ])
  })

  test('tables that change places, are truncated, dropped or made anew are known by their names', async () => {
    const statements = [
      `DROP TABLE app.a`,
      `CREATE TABLE app.a (id INT PRIMARY KEY, n INT)`,
      `INSERT INTO app.a VALUES (1, 1)`,
      `RENAME TABLE app.a TO app.tmp, app.b TO app.a, app.tmp TO app.b`,
      `INSERT INTO app.a VALUES (2, 2, 'was b')`,
      `INSERT INTO app.b VALUES (2, 2)`,
      `TRUNCATE TABLE app.b`,
      `INSERT INTO app.b VALUES (3, 3)`,
      `RENAME TABLE app.b TO app.uncaptured`,
      `INSERT INTO app.uncaptured VALUES (4, 4)`,
      `CREATE TABLE app.b (k VARCHAR(9), v INT)`,
      `INSERT INTO app.b VALUES ('keyless', 5)`,
      `CREATE TABLE app.full LIKE app.a`,
      `INSERT INTO app.full VALUES (6, 6, 'before')`,
      `DROP TABLE app.a`,
      `RENAME TABLE app.full TO app.a`,
      `UPDATE app.a SET text = 'after'`,
    ]
    expect(await seen(statements, 6)).toEqual([
      ['UPSERT', 'app.a', { id: 1, n: 1 }],
      ['UPSERT', 'app.a', { id: 2, n: 2, text: 'was b' }],
      ['UPSERT', 'app.b', { id: 2, n: 2 }],
      ['UPSERT', 'app.b', { id: 3, n: 3 }],
      ['UPSERT', 'app.b', { k: 'keyless', v: 5 }],
      ['UPSERT', 'app.a', { id: 6, n: 6, text: 'after' }],
    ])
  })

  test('a table that is gone does not end a running relay when its connection breaks', async () => {
    await server.query('DROP TABLE app.quiet')
    const dumps = await server.query<{ Id: number }>(
      `SELECT ID AS Id FROM information_schema.PROCESSLIST WHERE COMMAND = 'Binlog Dump'`,
    )
    for (const { Id } of dumps) await server.query(`KILL ${Id}`)
    expect(await seen([`INSERT INTO app.a VALUES (7, 7, 'seven')`], 1)).toEqual([
      ['UPSERT', 'app.a', { id: 7, n: 7, text: 'seven' }],
    ])
    expect(path.relay?.exitCode).toBeUndefined()
  })
})
