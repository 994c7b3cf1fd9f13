import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { type PrivateServer } from '../support/private-server.ts'
import { SnapshotRig } from '../support/snapshot-rig.ts'
import { rowsOfChunk } from '../support/value-sink.ts'

/* The bytes of a row that is read, beside those of the same row in the stream. */

/** Type, and values. Of `both` servers, or one of them. */
const MATRIX: readonly (readonly ['both' | 'MariaDB' | 'MySQL', type: string, ...values: string[]])[] = [
  ['both', 'TINYINT', '-128', '127', '0'],
  ['both', 'TINYINT UNSIGNED', '255'],
  ['both', 'SMALLINT', '-32768', '32767'],
  ['both', 'SMALLINT UNSIGNED', '65535'],
  ['both', 'MEDIUMINT', '-8388608', '8388607', '-1'],
  ['both', 'MEDIUMINT UNSIGNED', '16777215'],
  ['both', 'INT', '-2147483648', '2147483647'],
  ['both', 'INT UNSIGNED', '4294967295'],
  ['both', 'INT(5) ZEROFILL', '42'],
  ['both', 'BIGINT', '-9223372036854775808', '9223372036854775807'],
  ['both', 'BIGINT UNSIGNED', '18446744073709551615'],
  ['both', 'YEAR', '2024', '0', '1901', '2155'],
  ['both', 'BIT(1)', "b'1'", "b'0'"],
  ['both', 'BIT(10)', "b'1010101010'", '0'],
  ['both', 'BIT(64)', '0xffffffffffffffff', '1'],
  ['both', 'DATE', "'2024-02-29'", "'0000-00-00'", "'0099-01-15'", "'2024-00-00'", "'9999-12-31'"],
  ['both', 'TIME', "'-10:11:12'", "'838:59:59'", "'-838:59:59'", "'00:00:00'"],
  ['both', 'TIME(1)', "'-00:00:00.1'", "'01:02:03.4'"],
  ['both', 'TIME(3)', "'-00:00:00.001'", "'123:02:03.456'"],
  ['both', 'TIME(6)', "'-00:00:00.000001'", "'838:59:58.999999'", "'-838:59:58.999999'"],
  ['both', 'DATETIME', "'9999-12-31 23:59:59'", "'2024-00-15'", "'0000-00-00'", "'2024-02-29 00:00:00'"],
  ['both', 'DATETIME(2)', "'2001-02-03 04:05:06.78'", "'1000-01-01 00:00:00'"],
  ['both', 'DATETIME(6)', "'0000-00-00'", "'2001-02-03 04:05:06.000007'", "'2001-02-03 00:00:00.5'"],
  ['both', 'TIMESTAMP NULL', "'2001-01-01 00:00:01'", "'0000-00-00'", "'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'"],
  ['both', 'TIMESTAMP(3) NULL', "'2000-02-29 23:59:59.5'", "'0000-00-00'"],
  ['both', 'TIMESTAMP(6) NULL', "'2024-12-31 23:59:59.999999'", "'1970-01-01 00:00:01.000001'"],
  ['both', 'FLOAT', '0.1', '1e30', '-1.5', '16777216.4'],
  ['both', 'DOUBLE', '1e300', '-0.0', '0.1'],
  ['both', 'DECIMAL(65,30)', '-1.5', '0', '12345678901234567890123456789012345.000000000000000000000000000001', '0.5'],
  ['both', 'DECIMAL(5,0)', '-7', '99999', '0'],
  ['both', 'DECIMAL(10,10)', '0.1234567891', '-0.0000000001'],
  ['both', 'DECIMAL(9,9)', '0.123456789'],
  ['both', 'DECIMAL(18,9)', '-123456789.987654321', '999999999.999999999', '-0.000000001'],
  ['both', 'DECIMAL(20,5) ZEROFILL', '1.5', '0'],
  ['both', 'CHAR(9) CHARACTER SET latin1', "'\\n\\t\\\\\"é'", "'a  '", "''"],
  ['both', 'CHAR(9) CHARACTER SET utf8mb4', "'€😀'", "'x'"],
  ['both', 'VARCHAR(300) CHARACTER SET utf8mb3', "REPEAT('€', 299)", "''", "'a  '"],
  ['both', 'VARCHAR(20) CHARACTER SET utf16', "'a€😀'"],
  ['both', 'VARCHAR(20) CHARACTER SET sjis', "'日本'"],
  ['both', 'TINYTEXT', "'a'", "''"],
  ['both', 'TEXT CHARACTER SET latin1', "REPEAT('é', 300)"],
  ['both', 'MEDIUMTEXT', "REPEAT('z', 70000)"],
  ['both', 'LONGTEXT CHARACTER SET utf32', "'a€'"],
  ['both', 'BINARY(4)', "'z'", "''", "UNHEX('00ff0000')"],
  ['both', 'VARBINARY(300)', "REPEAT('y', 251)", "UNHEX('00')", "REPEAT('y', 250)"],
  ['both', 'TINYBLOB', "'a'", "''"],
  ['both', 'BLOB', "REPEAT(UNHEX('00FF'), 300)"],
  ['both', 'LONGBLOB', "REPEAT('z', 70000)"],
  ['both', "ENUM('k','l','é')", "'l'", '0', "'é'"],
  ['both', `ENUM(${Array.from({ length: 300 }, (_unused, i) => `'e${i}'`).join()})`, "'e299'", "'e0'"],
  ['both', "SET('m','n','o')", "'m,o'", "''"],
  ['both', `SET(${Array.from({ length: 64 }, (_unused, i) => `'s${i}'`).join()})`, "'s0,s63'", "'s33'"],
  ['both', 'GEOMETRY', "ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('LINESTRING(0 0,1 1)', 4326)"],
  ['both', 'JSON', `'{"a": [1, 0.5, 1e100, null, true], "b": {"é": "x\\\\ny"}}'`, "'3'", "'[]'", '\'"text"\''],
  [
    'MySQL',
    'JSON',
    "JSON_OBJECT('d', CAST('2024-02-29' AS DATE), 't', CAST('-10:11:12.5' AS TIME(6)), 'n', CAST(1.50 AS DECIMAL(10,3)), 'b', x'00ff', 'u', 18446744073709551615, 'f', 0.1e0, 'g', 1e22, 'h', -0.0e0)",
  ],
  ['MySQL', 'VECTOR(3)', "TO_VECTOR('[1, -2.5, 0]')"],
  ['MariaDB', 'UUID', "'123e4567-e89b-12d3-a456-426614174000'", "'00000000-0000-0000-0000-000000000001'"],
  ['MariaDB', 'INET6', "'::1'", "'2001:db8::ff00:42:8329'", "'::ffff:1.2.3.4'", "'::'"],
  ['MariaDB', 'INET4', "'192.0.2.1'", "'0.0.0.0'"],
  ['MariaDB', 'VARCHAR(900) COMPRESSED', "REPEAT('abc', 200)", "''"],
  ['MariaDB', 'BLOB COMPRESSED', "REPEAT('abc', 5000)", "'x'"],
]

/** Types of keys, and values in no order. */
const KEYS: readonly (readonly [columns: string, key: string, ...rows: string[]])[] = [
  ['a INT, b VARCHAR(9)', 'b, a', "1, 'x'", "2, 'x'", "1, 'y'", "1, 'é'"],
  ['k VARCHAR(20) CHARACTER SET latin1', 'k', "'a'", "'b'", "'é'", "''"],
  ['k BINARY(3)', 'k', "'a'", "UNHEX('00')", "UNHEX('ffffff')"],
  ['k BIGINT UNSIGNED', 'k', '0', '18446744073709551615', '9223372036854775808'],
]

const servers: [string, 'MariaDB' | 'MySQL', () => Promise<PrivateServer>][] = [
  ['MariaDB', 'MariaDB', () => MariadbServer.start()],
  ['MariaDB without row metadata', 'MariaDB', () => MariadbServer.start({ rowMetadata: 'NO_LOG' })],
  ['MySQL 9', 'MySQL', () => MysqlServer.start()],
  ['MySQL 9 with little row metadata', 'MySQL', () => MysqlServer.start({ rowMetadata: 'MINIMAL' })],
]

describe.each(servers)('on %s', (_name, product, begin) => {
  let server: PrivateServer
  beforeAll(async () => {
    server = await begin()
    await server.query('CREATE DATABASE v')
    await server.query("SET sql_mode = ''; SET time_zone = '+00:00'; SET NAMES utf8mb4")
  })
  afterAll(async () => {
    await server.destroy()
  })

  async function compared(tables: readonly string[], sql: readonly string[]): Promise<void> {
    const sources = tables.map((name, i) => ({ id: i + 1, uri: `v.${name}` }))
    const rig = await new SnapshotRig({ uri: server.uri(), name: 'values', sources }).start()
    try {
      for (const statement of sql) await server.query(statement)
      for (const [i, name] of tables.entries()) {
        const [said] = await server.query<{ n: number }>(`SELECT COUNT(*) AS n FROM v.${name}`)
        await rig.arrived(i + 1, Number(said?.n))
        const rows = (await rig.chunks(`v.${name}`, 1000)).flatMap((chunk) => rowsOfChunk(chunk))
        const streamed = [...rig.sink.of(i + 1).values()]
        const byKey = (key: unknown): string => String(key)
        const sorted = <Row extends { key: unknown }>(all: readonly Row[]): Row[] =>
          [...all].sort((left, right) => (byKey(left.key) < byKey(right.key) ? -1 : 1))
        expect(rows.length).toBe(Number(said?.n))
        expect({ name, rows: sorted(rows) }).toMatchObject({ name, rows: sorted(streamed) })
      }
    } finally {
      await rig.stop()
    }
  }

  it('rows of every type, NULLs and all, are the bytes that they are in the stream', async () => {
    const types = MATRIX.filter(([of]) => of === 'both' || of === product)
    const columns = types.map(([, type], i) => `c${i} ${type}`)
    const rows = Math.max(...types.map(([, , ...values]) => values.length)) + 1
    const sql = Array.from({ length: rows }, (_unused, row) => {
      const values = types.map(([, , ...all]) => (row === rows - 1 ? 'NULL' : (all[row] ?? all[0] ?? 'NULL')))
      return `INSERT INTO v.matrix VALUES (${row}, ${values.join(', ')})`
    })
    await server.query(`CREATE TABLE v.matrix (id INT PRIMARY KEY, ${columns.join(', ')})`)
    await compared(['matrix'], sql)
  })

  it('keys, generated and invisible columns are those of the stream', async () => {
    const invisible = product === 'MySQL' ? 'INT INVISIBLE DEFAULT 3' : 'INT INVISIBLE DEFAULT 3'
    const tables = KEYS.map(([columns, key], i) => `CREATE TABLE v.k${i} (${columns}, v INT, PRIMARY KEY (${key}))`)
    await server.query(
      [
        ...tables,
        `CREATE TABLE v.made (id INT PRIMARY KEY, n INT, hidden ${invisible}, twice INT AS (n * 2) VIRTUAL, kept INT AS (n * 3) STORED)`,
        'CREATE TABLE v.uniq (a INT NOT NULL, b VARCHAR(9) NOT NULL, c INT, UNIQUE (b, a), UNIQUE (c))',
        'CREATE TABLE v.none (a INT, b VARCHAR(9), f FLOAT, UNIQUE (a))',
      ].join(';'),
    )
    const names = [...KEYS.map((_key, i) => `k${i}`), 'made', 'uniq', 'none']
    const sql = [
      ...KEYS.flatMap(([, , ...rows], i) => rows.map((row) => `INSERT INTO v.k${i} VALUES (${row}, 7)`)),
      'INSERT INTO v.made (id, n) VALUES (1, 2), (2, NULL)',
      "INSERT INTO v.uniq VALUES (1, 'x', 5), (1, 'y', NULL), (2, 'x', NULL)",
      "INSERT INTO v.none VALUES (NULL, 'x', 0.1), (NULL, 'y', 0.1), (1, NULL, NULL)",
    ]
    await compared(names, sql)
  })
})
