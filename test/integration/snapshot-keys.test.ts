import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { type PrivateServer } from '../support/private-server.ts'
import { SnapshotRig } from '../support/snapshot-rig.ts'
import { rowsOfChunk } from '../support/value-sink.ts'

const servers: [string, () => Promise<PrivateServer>][] = [
  ['MariaDB', () => MariadbServer.start()],
  ['MySQL 9', () => MysqlServer.start()],
]

/** Columns of a key, and rows of it: what is near each other in its order, where a step may skip or repeat one. */
const KEYS: readonly (readonly [columns: string, key: string, ...rows: string[]])[] = [
  ['a INT, b INT, c INT', 'a, b, c', '1,1,1', '1,1,2', '1,2,0', '1,2,1', '2,0,0', '2,0,9', '-1,5,5'],
  ['a VARCHAR(9) COLLATE utf8mb4_general_ci, b INT', 'a, b', "'a',1", "'A',2", "'á',3", "'b',0", "'',1", "'B',7"],
  ['k VARCHAR(9) CHARACTER SET latin1', 'k', "'a'", "'é'", "'z'", "''", "'b c'", "'ÿ'"],
  ['k CHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin', 'k', "'a'", "'A'", "'€'", "'😀'", "'a\\t'"],
  ['k VARBINARY(9)', 'k', "UNHEX('')", "UNHEX('00')", "UNHEX('0000')", "UNHEX('ff')", "UNHEX('61')", "'''\\\\'"],
  ['k BINARY(3)', 'k', "UNHEX('000000')", "UNHEX('000001')", "UNHEX('ffffff')"],
  ['k BIGINT UNSIGNED', 'k', '0', '1', '9223372036854775807', '9223372036854775808', '18446744073709551615'],
  ['k BIGINT', 'k', '-9223372036854775808', '-1', '0', '9223372036854775807'],
  [
    'k DECIMAL(30,10)',
    'k',
    '-1.5',
    '0',
    '0.0000000001',
    '12345678901234567890.0000000001',
    '12345678901234567890.0000000002',
  ],
  ['k DOUBLE', 'k', '-1e300', '0', '0.1', '1e-7', '1e300'],
  ['k FLOAT', 'k', '-1.5', '0.1', '0.3', '1e30', '16777216'],
  ['k DATE', 'k', "'0000-00-00'", "'2024-00-00'", "'2024-02-29'", "'9999-12-31'"],
  ['k DATETIME(6)', 'k', "'0000-00-00'", "'2024-02-29 01:02:03.000004'", "'2024-02-29 01:02:03.000005'"],
  ['k TIMESTAMP(3)', 'k', "'1970-01-01 00:00:01'", "'2024-02-29 01:02:03.004'", "'2024-02-29 01:02:03.005'"],
  ['k TIME(2)', 'k', "'-838:59:59'", "'-00:00:00.01'", "'00:00:00'", "'10:00:00.5'"],
  ['k YEAR', 'k', '0', '1901', '2000', '2024'],
  ['k BIT(20)', 'k', '0', '1', '1000', '1048575'],
  ["k ENUM('z','a','m')", 'k', "'z'", "'a'", "'m'"],
  ["k SET('z','a','m')", 'k', "'z'", "'a'", "'z,a'", "'m'", "''"],
]

describe.each(servers)('a table in chunks on %s', (name, begin) => {
  let server: PrivateServer
  let rig: SnapshotRig
  beforeAll(async () => {
    server = await begin()
    await server.query("CREATE DATABASE k; SET sql_mode = ''; SET time_zone = '+00:00'; SET NAMES utf8mb4")
    for (const [i, [columns, key, ...rows]] of KEYS.entries()) {
      const filled = rows.map((row, n) => `INSERT INTO k.k${i} VALUES (${row}, ${n})`)
      await server.query([`CREATE TABLE k.k${i} (${columns}, n INT, PRIMARY KEY (${key}))`, ...filled].join(';'))
    }
    await server.query(`CREATE TABLE k.large (a INT, b INT, PRIMARY KEY (a, b));
      CREATE TABLE k.digits (d INT); INSERT INTO k.digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9);
      INSERT INTO k.large SELECT x.d, y.d * 100 + z.d * 10 + w.d FROM k.digits x, k.digits y, k.digits z, k.digits w; ANALYZE TABLE k.large;
      CREATE TABLE k.nulls (a INT, b INT, UNIQUE (a)); INSERT INTO k.nulls VALUES (NULL, 1), (NULL, 2), (1, 3);
      CREATE TABLE k.part (t TEXT, n INT, PRIMARY KEY (t(2))); INSERT INTO k.part VALUES ('aab', 1), ('abb', 2), ('b', 3)`)
    const names = [...KEYS.map((_key, i) => `k${i}`), 'large', 'nulls', 'part']
    const sources = names.map((table, i) => ({ id: i + 1, uri: `k.${table}` }))
    rig = await new SnapshotRig({ uri: server.uri(), name: 'keys', sources }).start()
  })
  afterAll(async () => {
    await rig.stop()
    await server.destroy()
  })

  const keysIn = async (table: string, maxRows: number): Promise<string[]> =>
    (await rig.chunks(table, maxRows)).flatMap((chunk) => rowsOfChunk(chunk)).map(({ key }) => String(key))

  it.each(KEYS.map((key, i) => [key[0], key[1], i] as const))(
    'skips no row and repeats none: %s, key %s',
    async (_columns, _key, i) => {
      const whole = await keysIn(`k.k${i}`, 1000)
      expect(new Set(whole).size).toBe((KEYS[i]?.length ?? 0) - 2)
      for (const maxRows of [1, 2, 3]) expect(await keysIn(`k.k${i}`, maxRows)).toEqual(whole)
    },
  )

  it('reads a table as one where its only key has NULL, or a part of a column', async () => {
    await expect(rig.reader.describe('k.nulls')).resolves.toMatchObject({ isKeyless: true })
    await expect(rig.reader.describe('k.part')).resolves.toMatchObject({ isKeyless: true })
    expect((await keysIn('k.nulls', 1)).length).toBe(3)
    expect((await keysIn('k.part', 2)).length).toBe(3)
  })

  it('asks for a range of the index, and for no more rows than come', async () => {
    const { next = '' } = await rig.read({ source: 'k.large', maxRows: 4321 })
    const [said] = await server.query<{ Value: string }>("SHOW GLOBAL STATUS LIKE 'Handler_read_next'")
    const chunk = await rig.read({ source: 'k.large', maxRows: 10, after: next })
    const [now] = await server.query<{ Value: string }>("SHOW GLOBAL STATUS LIKE 'Handler_read_next'")
    expect(rowsOfChunk(chunk).map(({ key }) => key)[0]).toBe('4\t321')
    expect(Number(now?.Value) - Number(said?.Value)).toBeLessThan(400)
    expect((await keysIn('k.large', 999)).length).toBe(10_000)
    expect(name).toBeTruthy()
  })
})
