import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { MemoryMaxScnStore } from '@aesop/checkpoint'
import { AesopError, invariant } from '@aesop/kernel'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { until } from '../support/until.ts'
import { WindowLedger } from '../support/window-ledger.ts'

/*
 * Rows before and behind a change of their table, each read by the shape that the table had then:
 *
 * | how          | what is read when                                                        | the rows are             |
 * |--------------|--------------------------------------------------------------------------|--------------------------|
 * | live         | before the next statement                                                | all right                |
 * | replayed     | once more, from a place that was stored before the first row             | all right, the same ones |
 * | lagging      | by a source that stood still meanwhile, and knew the table               | all right                |
 * | from nothing | the same, and what it knew is lost                                       | right, or a named fault  |
 */

const SERVERS = {
  'MariaDB FULL': () => MariadbServer.start(),
  'MariaDB NO_LOG': () => MariadbServer.start({ rowMetadata: 'NO_LOG' }),
  'MySQL FULL': () => MysqlServer.start(),
  'MySQL MINIMAL': () => MysqlServer.start({ rowMetadata: 'MINIMAL' }),
}
type ServerName = keyof typeof SERVERS

interface Change {
  readonly name: string
  /** All statements run with the database of the case as the default one. */
  readonly before: string
  readonly first: string
  readonly change: string
  readonly second: string
  /** Keys and rows, as text. */
  readonly expected: readonly (readonly [key: string, row: Readonly<Record<string, string>>])[]
  readonly mariadbAlone?: boolean
}

const TWO = 'CREATE TABLE t (id INT PRIMARY KEY, a VARCHAR(9), b VARCHAR(9))'
const FIRST = "INSERT INTO t VALUES (1, 'a1', 'b1')"
const ONE_ROW = { id: '1', a: 'a1', b: 'b1' }
const one = ['1', ONE_ROW] as const

const CHANGES: readonly Change[] = [
  {
    name: 'a column that is added',
    before: TWO,
    first: FIRST,
    change: 'ALTER TABLE t ADD c VARCHAR(9) AFTER id',
    second: "INSERT INTO t VALUES (2, 'c2', 'a2', 'b2')",
    expected: [one, ['2', { id: '2', c: 'c2', a: 'a2', b: 'b2' }]],
  },
  {
    name: 'a column that is dropped where another is added',
    before: TWO,
    first: FIRST,
    change: 'ALTER TABLE t DROP COLUMN a, ADD COLUMN c VARCHAR(9)',
    second: "INSERT INTO t VALUES (2, 'b2', 'c2')",
    expected: [one, ['2', { id: '2', b: 'b2', c: 'c2' }]],
  },
  {
    name: 'columns in another order',
    before: TWO,
    first: FIRST,
    change: 'ALTER TABLE t MODIFY b VARCHAR(9) AFTER id',
    second: "INSERT INTO t VALUES (2, 'b2', 'a2')",
    expected: [one, ['2', { id: '2', b: 'b2', a: 'a2' }]],
  },
  {
    name: 'a column that is renamed',
    before: TWO,
    first: FIRST,
    change: 'ALTER TABLE t RENAME COLUMN a TO c',
    second: "INSERT INTO t VALUES (2, 'c2', 'b2')",
    expected: [one, ['2', { id: '2', c: 'c2', b: 'b2' }]],
  },
  {
    name: 'two columns that change their names',
    before: TWO,
    first: FIRST,
    change: 'ALTER /* one */ TABLE `t` RENAME COLUMN a TO b, RENAME COLUMN b TO a',
    second: "INSERT INTO t VALUES (2, 'b2', 'a2')",
    expected: [one, ['2', { id: '2', b: 'b2', a: 'a2' }]],
  },
  {
    name: 'another sign',
    before: 'CREATE TABLE t (id INT PRIMARY KEY, n INT)',
    first: 'INSERT INTO t VALUES (1, 5)',
    change: 'ALTER TABLE t MODIFY n INT UNSIGNED',
    second: 'INSERT INTO t VALUES (2, 4000000000)',
    expected: [
      ['1', { id: '1', n: '5' }],
      ['2', { id: '2', n: '4000000000' }],
    ],
  },
  {
    name: 'another character set',
    before: 'CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(9) CHARACTER SET cp1251)',
    first: "INSERT INTO t VALUES (1, 'Ж')",
    change: 'ALTER TABLE t MODIFY s VARCHAR(9) CHARACTER SET koi8r',
    second: "INSERT INTO t VALUES (2, 'Ж')",
    expected: [
      ['1', { id: '1', s: 'Ж' }],
      ['2', { id: '2', s: 'Ж' }],
    ],
  },
  {
    name: 'other labels',
    before: "CREATE TABLE t (id INT PRIMARY KEY, e ENUM('a', 'b'))",
    first: "INSERT INTO t VALUES (1, 'a')",
    change: "ALTER TABLE t MODIFY e ENUM('b', 'a')",
    second: "INSERT INTO t VALUES (2, 'a')",
    expected: [
      ['1', { id: '1', e: 'a' }],
      ['2', { id: '2', e: 'a' }],
    ],
  },
  {
    name: 'another primary key',
    before: 'CREATE TABLE t (id INT PRIMARY KEY, k INT NOT NULL)',
    first: 'INSERT INTO t VALUES (1, 10)',
    change: 'ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (k)',
    second: 'INSERT INTO t VALUES (2, 20)',
    expected: [
      ['1', { id: '1', k: '10' }],
      ['20', { id: '2', k: '20' }],
    ],
  },
  {
    name: 'a wider type',
    before: 'CREATE TABLE t (id INT PRIMARY KEY, n INT, d DECIMAL(5,2))',
    first: 'INSERT INTO t VALUES (1, -7, 1.5)',
    change: 'ALTER TABLE t MODIFY n BIGINT, MODIFY d DECIMAL(9,3)',
    second: 'INSERT INTO t VALUES (2, -8000000000, 2.125)',
    expected: [
      ['1', { id: '1', n: '-7', d: '1.50' }],
      ['2', { id: '2', n: '-8000000000', d: '2.125' }],
    ],
  },
  {
    name: 'tables that change their names',
    before: `${TWO}; CREATE TABLE u (id INT PRIMARY KEY, c VARCHAR(9), d VARCHAR(9))`,
    first: FIRST,
    change: 'RENAME TABLE t TO tmp, u TO t, tmp TO u',
    second: "INSERT INTO t VALUES (2, 'c2', 'd2'); INSERT INTO u VALUES (3, 'no', 'no')",
    expected: [one, ['2', { id: '2', c: 'c2', d: 'd2' }]],
  },
  {
    name: 'a copy that takes the place of its table',
    before: TWO,
    first: FIRST,
    change: `CREATE TABLE _t_gho LIKE t; ALTER TABLE _t_gho CHANGE a c VARCHAR(9);
      RENAME TABLE t TO _t_del, _t_gho TO t; DROP TABLE _t_del`,
    second: "INSERT INTO t VALUES (2, 'c2', 'b2')",
    expected: [one, ['2', { id: '2', c: 'c2', b: 'b2' }]],
  },
  {
    name: 'a table that is emptied',
    before: TWO,
    first: FIRST,
    change: 'TRUNCATE t',
    second: "INSERT INTO t VALUES (2, 'a2', 'b2')",
    expected: [one, ['2', { id: '2', a: 'a2', b: 'b2' }]],
  },
  {
    name: 'a table that is made anew',
    before: TWO,
    first: FIRST,
    change: 'DROP TABLE t; CREATE TABLE t (id INT PRIMARY KEY, x VARCHAR(9), y VARCHAR(9))',
    second: "INSERT INTO t VALUES (2, 'x2', 'y2')",
    expected: [one, ['2', { id: '2', x: 'x2', y: 'y2' }]],
  },
  {
    name: 'a database that is made anew',
    before: TWO,
    first: FIRST,
    change: `DROP DATABASE $db; CREATE DATABASE $db; USE $db;
      CREATE TABLE t (id INT PRIMARY KEY, x VARCHAR(9), y VARCHAR(9))`,
    second: "INSERT INTO t VALUES (2, 'x2', 'y2')",
    expected: [one, ['2', { id: '2', x: 'x2', y: 'y2' }]],
  },
  {
    name: 'an ALTER in two phases',
    before: TWO,
    first: FIRST,
    change: 'SET SESSION binlog_alter_two_phase = ON; ALTER TABLE t RENAME COLUMN a TO c, ALGORITHM = COPY',
    second: "INSERT INTO t VALUES (2, 'c2', 'b2')",
    expected: [one, ['2', { id: '2', c: 'c2', b: 'b2' }]],
    mariadbAlone: true,
  },
  {
    name: 'an ALTER behind a setting',
    before: TWO,
    first: FIRST,
    change: 'SET STATEMENT max_statement_time = 60 FOR ALTER TABLE t RENAME COLUMN a TO c',
    second: "INSERT INTO t VALUES (2, 'c2', 'b2')",
    expected: [one, ['2', { id: '2', c: 'c2', b: 'b2' }]],
    mariadbAlone: true,
  },
]

describe.each(Object.keys(SERVERS) as ServerName[])('on %s', (serverName) => {
  const own = CHANGES.filter(({ mariadbAlone }) => mariadbAlone !== true || serverName.startsWith('MariaDB'))
  let server: MariadbServer | MysqlServer
  let databases = 0
  const rigs: ProducerRig[] = []
  beforeAll(async () => {
    server = await SERVERS[serverName]()
  })
  afterAll(async () => {
    for (const { producer } of rigs) await producer.stop()
    await server.destroy()
  })

  /** A source that begins at the end of the log, with the first table there. */
  async function prepared(before: string): Promise<{ rig: ProducerRig; run: (sql: string) => Promise<void> }> {
    const database = `s${++databases}`
    await server.query(`CREATE DATABASE ${database}; USE ${database}; ${before}`)
    const run = async (sql: string): Promise<void> => {
      await server.query(`USE ${database}; ${sql.replaceAll('$db', database)}`)
    }
    return {
      rig: await keep(new ProducerRig({ uri: server.uri(), name: 'shapes', sources: [`${database}.t`] })).start(),
      run,
    }
  }

  function keep(rig: ProducerRig): ProducerRig {
    rigs.push(rig)
    return rig
  }

  /** What a restart would read whose buffer is empty and whose place is this one. */
  async function restarted(rig: ProducerRig, place: ReturnType<MemoryMaxScnStore['load']>): Promise<ProducerRig> {
    invariant(place !== undefined, 'a source that has begun has a place')
    const maxScn = new MemoryMaxScnStore()
    maxScn.save(place)
    const made = Object.assign(rig.again(), { maxScn, ledger: new WindowLedger(rig.schemas) })
    return keep(made.again()).start()
  }

  const rowsOf = ({ ledger }: ProducerRig): unknown[] =>
    ledger.rows.map(({ key, row }) => [
      String(key),
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, String(value)])),
    ])

  it.each(own)('$name: live, and replayed', async ({ before, first, change, second, expected }) => {
    const { rig, run } = await prepared(before)
    const place = rig.maxScn.load()
    await run(first)
    await rig.arrived(1)
    await run(`${change}; ${second}`)
    await rig.arrived(expected.length)
    expect(rowsOf(rig)).toEqual(expected)
    await rig.producer.stop()
    const again = await restarted(rig, place)
    await again.arrived(expected.length)
    expect(rowsOf(again)).toEqual(expected)
    expect(again.ledger.windows.filter(({ rows }) => rows.length > 0)).toEqual(
      rig.ledger.windows.filter(({ rows }) => rows.length > 0),
    )
    await again.producer.stop()
  })

  it.each(own)('$name: lagging, and from nothing', async ({ before, first, change, second, expected }) => {
    const { rig, run } = await prepared(before)
    await rig.producer.stop()
    const place = rig.maxScn.load()
    await run(`${first}; ${change}; ${second}`)
    const lagging = await restarted(rig, place)
    await lagging.arrived(expected.length)
    expect(rowsOf(lagging)).toEqual(expected)
    await lagging.producer.stop()

    const folder = join(rig.stateDirectory, 'tables')
    expect(readdirSync(folder)).toHaveLength(1)
    rmSync(folder, { recursive: true })
    const ignorant = await restarted(rig, place)
    await until('all rows, or a fault', () => {
      return ignorant.failures.length > 0 || ignorant.ledger.rows.length >= expected.length
    })
    const [fault] = ignorant.failures
    if (fault === undefined) expect(rowsOf(ignorant)).toEqual(expected)
    else {
      expect(serverName).not.toContain('FULL')
      expect(rowsOf(ignorant)).toEqual([])
      invariant(fault instanceof AesopError, 'faults have names')
      expect(fault.code).toBe('AESOP_MYSQL_TABLE_SHAPE_UNSURE')
      expect(fault.fields).toMatchObject({ source: 'shapes', table: expect.stringMatching(/^s\d+\.t$/) as string })
    }
    await ignorant.producer.stop()
  })
})
