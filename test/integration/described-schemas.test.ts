import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'

/*
 * A table has its schema before its first row: the one that its first row makes, byte for byte, or none yet.
 */
const TYPES = [
  'TINYINT',
  'SMALLINT UNSIGNED',
  'MEDIUMINT(5) ZEROFILL',
  'INT',
  'INT UNSIGNED',
  'BIGINT',
  'BIGINT UNSIGNED',
  'BOOLEAN',
  'FLOAT',
  'FLOAT(30)',
  'DOUBLE UNSIGNED',
  'DECIMAL(20,3)',
  'NUMERIC UNSIGNED',
  'BIT',
  'BIT(40)',
  'YEAR',
  'DATE',
  'TIME(3)',
  'DATETIME',
  'DATETIME(6)',
  'TIMESTAMP(2)',
  'CHAR(3)',
  'NCHAR(3)',
  'VARCHAR(300) CHARACTER SET latin1',
  "VARCHAR(5) COLLATE utf8mb4_bin DEFAULT 'x'",
  'BINARY(3)',
  'VARBINARY(5)',
  'TINYTEXT',
  'TEXT CHARACTER SET binary',
  'MEDIUMTEXT CHARACTER SET utf16',
  'LONGTEXT',
  'TINYBLOB',
  'BLOB',
  'MEDIUMBLOB',
  'LONGBLOB',
  'JSON',
  "ENUM('a;b','it''s') CHARACTER SET latin1",
  "SET('x','y') COLLATE utf8mb4_bin",
  'GEOMETRY',
  'POINT',
  'MULTIPOLYGON',
  'GEOMETRYCOLLECTION',
]
const OF_MARIADB = ['UUID', 'INET4', 'INET6', 'VARCHAR(9) COMPRESSED', 'TEXT COMPRESSED']
const OF_MYSQL = ['VARCHAR(5) CHARACTER SET gb18030']
/** Those that a table map alone tells for sure. */
const WAIT = ['no_key', 'unique_key', 'vector']

const TABLES: Readonly<Record<string, string>> = {
  two_keys: '(b INT, a VARCHAR(5), PRIMARY KEY (a, b))',
  prefix_key: '(a TEXT, n INT, PRIMARY KEY (a(5)))',
  no_key: '(n INT, m INT NOT NULL)',
  unique_key: '(n INT NOT NULL UNIQUE, m INT)',
  invisible: '(id INT PRIMARY KEY, n INT INVISIBLE, m INT)',
  generated_column: '(id INT PRIMARY KEY, n INT, m INT AS (n + 1) STORED, v INT AS (n) VIRTUAL)',
  Upper: '(Id INT PRIMARY KEY, `a b` INT, `a_b` INT, `ümlaut;` INT)',
  without_a_row: '(id INT PRIMARY KEY, n INT)',
}
const OF_MARIADB_TABLES = {
  versioned: '(id INT PRIMARY KEY, n INT) WITH SYSTEM VERSIONING',
  periods: `(id INT PRIMARY KEY, s TIMESTAMP(6) GENERATED ALWAYS AS ROW START, e TIMESTAMP(6) GENERATED ALWAYS AS ROW END,
    PERIOD FOR SYSTEM_TIME(s, e)) WITH SYSTEM VERSIONING`,
  long_unique: '(id INT PRIMARY KEY, t TEXT UNIQUE)',
}
const OF_MYSQL_TABLES = {
  vector: '(id INT PRIMARY KEY, v VECTOR(3))',
  expression_key: '(id INT PRIMARY KEY, n INT, KEY ((n + 1)))',
}

const SERVERS = [
  ['MariaDB', 'FULL', () => MariadbServer.start({ rowMetadata: 'FULL' })],
  ['MariaDB', 'NO_LOG', () => MariadbServer.start({ rowMetadata: 'NO_LOG' })],
  ['MySQL', 'FULL', () => MysqlServer.start({ rowMetadata: 'FULL' })],
  ['MySQL', 'MINIMAL', () => MysqlServer.start({ rowMetadata: 'MINIMAL' })],
] as const

describe.each(SERVERS)('tables of a %s with row metadata %s', (product, _metadata, startServer) => {
  let server: MariadbServer | MysqlServer
  const tables = new Map<string, string>()
  beforeAll(async () => {
    server = await startServer()
    const types = [...TYPES, ...(product === 'MariaDB' ? OF_MARIADB : OF_MYSQL)]
    types.forEach((type, i) => tables.set(`type_${i}`, `(id INT PRIMARY KEY, c ${type})`))
    types.forEach((type, i) => {
      if (!/GEO|POINT|POLY|JSON|CHARACTER SET binary/.test(type))
        tables.set(`type_${i}_not_null`, `(id INT PRIMARY KEY, c ${type} NOT NULL)`)
    })
    const others = { ...TABLES, ...(product === 'MariaDB' ? OF_MARIADB_TABLES : OF_MYSQL_TABLES) }
    for (const [name, columns] of Object.entries(others)) tables.set(name, columns)
    await server.query('CREATE DATABASE Shop')
    for (const [name, columns] of tables) await server.query(`CREATE TABLE Shop.${name} ${columns}`)
  })
  afterAll(() => server.destroy())

  test('have the schema of their first row before it is there, or wait for it', async () => {
    const sources = [...tables.keys()].map((name) => `Shop.${name}`)
    const rig = await new ProducerRig({ uri: server.uri(), sources, startFrom: 'latest' }).start()
    const before = new Map(sources.map((name) => [name, rig.schemas.latest(name)]))
    const filled = [...tables.keys()].filter((name) => name !== 'without_a_row')
    for (const name of filled) await server.query(`INSERT IGNORE INTO Shop.${name} () VALUES ()`)
    await rig.arrived(filled.length)
    await rig.producer.stop()
    const waited: string[] = []
    for (const source of sources) {
      const described = before.get(source)
      if (described === undefined) waited.push(source)
      else expect(rig.schemas.versions(source), source).toEqual([described])
    }
    expect(before.get('Shop.without_a_row')).toMatchObject({ version: 1 })
    expect(waited).toEqual(WAIT.filter((name) => tables.has(name)).map((name) => `Shop.${name}`))
  })
})
