import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { type PrivateServer } from '../support/private-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { until } from '../support/until.ts'
import { type LedgerRow } from '../support/window-ledger.ts'

/* What a row holds, compared with what the server itself says. */

const servers: [string, () => Promise<PrivateServer>][] = [
  ['MariaDB', () => MariadbServer.start()],
  ['MySQL 9', () => MysqlServer.start()],
]

/** Captures the tables, runs the statements and gives the changes that came of them. */
async function changesOf(
  server: PrivateServer,
  tables: string[],
  sql: readonly string[],
  count: number,
): Promise<LedgerRow[]> {
  const rig = await new ProducerRig({ uri: server.uri(), name: 'values', sources: tables }).start()
  const connection = await server.connect()
  try {
    for (const statement of sql) await connection.query(statement)
    await rig.arrived(count)
    return rig.ledger.rows
  } finally {
    await connection.end()
    await rig.producer.stop()
  }
}

/** Kinds of columns that go into documents as they are. */
const OPAQUE_COLUMNS: readonly (readonly [type: string, ...values: string[]])[] = [
  ['YEAR', '2024', '0'],
  ['BIT(1)', "b'1'"],
  ['BIT(10)', "b'1010101010'", '0'],
  ['BIT(64)', '0xffffffffffffffff', '0x8000000000000000'],
  ['DATE', "'2024-02-29'", "'0000-00-00'", "'0099-01-15'"],
  ['TIME', "'-10:11:12'", "'838:59:59'"],
  ['TIME(6)', "'-00:00:00.000001'", "'838:59:58.999999'"],
  ['DATETIME', "'9999-12-31 23:59:59'", "'2024-00-15'"],
  ['DATETIME(6)', "'0000-00-00'", "'2001-02-03 04:05:06.000007'"],
  ['TIMESTAMP(3) NULL', "'2001-01-01 00:00:01.5'", "'0000-00-00'"],
  ['TINYBLOB', "'a'", "''"],
  ['BLOB', "REPEAT('x', 57)", "REPEAT('x', 58)", "REPEAT(UNHEX('00FF'), 300)"],
  ['MEDIUMBLOB', "REPEAT('y', 114)"],
  ['LONGBLOB', "REPEAT('z', 70000)"],
  ['BINARY(4)', "'z'", "''"],
  ['VARBINARY(300)', "REPEAT('y', 200)"],
  ['DECIMAL(65,30)', '-1.5', '0', '12345678901234567890123456789012345.000000000000000000000000000001'],
  ['DECIMAL(5,0)', '-7', '99999'],
  ["ENUM('k','l')", "'l'", '0'],
  ["SET('m','n')", "'m,n'", "''"],
  ['GEOMETRY', "ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('LINESTRING(0 0,1 1)', 4326)"],
  ['FLOAT', '0.1', '1e30'],
  ['DOUBLE', '1e300', '-0.0', '0.1'],
  ['BIGINT UNSIGNED', '18446744073709551615'],
  ['CHAR(9) CHARACTER SET latin1', "'\\n\\t\\\\\"é'", "'\\Z\\b'"],
]

describe('a document of MySQL 9', () => {
  let server: MysqlServer
  beforeAll(async () => {
    server = await MysqlServer.start()
  })
  afterAll(async () => {
    await server.destroy()
  })

  it('prints values of every kind of column as the server does', async () => {
    await server.query('CREATE DATABASE documents; CREATE TABLE documents.d (id INT PRIMARY KEY, type TEXT, d JSON)')
    const all = OPAQUE_COLUMNS.flatMap(([type, ...values]) => values.map((value) => [type, value] as const))
    const sql = all.flatMap(([type, value], i) => [
      `SET sql_mode = ''; CREATE TEMPORARY TABLE documents.one (v ${type}); INSERT INTO documents.one VALUES (${value})`,
      `INSERT INTO documents.d SELECT ${i}, '${type.replaceAll("'", '')}', JSON_OBJECT('v', v, 'a', JSON_ARRAY(v, 1)) FROM documents.one`,
      'DROP TEMPORARY TABLE documents.one',
    ])
    const rows = await changesOf(server, ['documents.d'], sql, all.length)
    const said = await server.query('SELECT id, type, CAST(d AS CHAR) AS d FROM documents.d ORDER BY id')
    expect(said.length).toBe(all.length)
    expect(rows.map(({ row }) => row)).toEqual(said)
    expect(said.map(({ d }) => String(d)).join()).toMatch(/base64:type16:.*base64:type251:/s)
  })
})

describe.each(servers)('on %s', (_name, begin) => {
  let server: PrivateServer
  beforeAll(async () => {
    server = await begin()
  })
  afterAll(async () => {
    await server.destroy()
  })

  it('every byte of every single-byte character set is the character that the server converts it to', async () => {
    const sets = await server.query<{ name: string }>(
      `SELECT CHARACTER_SET_NAME AS name FROM INFORMATION_SCHEMA.CHARACTER_SETS WHERE MAXLEN = 1 AND CHARACTER_SET_NAME <> 'binary'`,
    )
    const names = sets.map(({ name }) => name)
    expect(names).toEqual(expect.arrayContaining(['dec8', 'geostd8', 'hp8', 'keybcs2', 'swe7', 'latin1']))
    const columns = names.map(
      (name) => `${name}_c VARCHAR(9) CHARACTER SET ${name}, ${name}_t TEXT CHARACTER SET ${name}`,
    )
    await server.query(`CREATE DATABASE chars; CREATE TABLE chars.t (id INT PRIMARY KEY, ${columns.join(', ')})`)
    const bytes = Array.from({ length: 256 }, (_unused, i) => i)
    const values = bytes.map((byte) => {
      const hex = byte.toString(16).padStart(2, '0')
      return `(${byte}, ${names.map((name) => `_${name} x'${hex}', _${name} x'41${hex}${hex}7A'`).join(', ')})`
    })

    const sql = [`SET sql_mode = ''; INSERT INTO chars.t VALUES ${values.join(', ')}`]
    const rows = await changesOf(server, ['chars.t'], sql, 256)
    const said = await server.query(
      `SELECT id, ${names.map((name) => `CONVERT(${name}_c USING utf8mb4) AS ${name}_c, CONVERT(${name}_t USING utf8mb4) AS ${name}_t`).join(', ')} FROM chars.t ORDER BY id`,
    )
    const faults = rows.flatMap(({ row }, i) =>
      Object.entries(said[i] ?? {}).flatMap(([name, value]) =>
        row[name] === value ? [] : [`${name} ${i}: ${String(row[name])}, expected ${String(value)}`],
      ),
    )
    expect(rows.length).toBe(256)
    expect(faults).toEqual([])
  })

  it('rows of a table without a key have the same key when they come and when they go, however large they are', async () => {
    await server.query('CREATE DATABASE keyless')
    await server.query(`CREATE TABLE keyless.k (n INT, f FLOAT, d DOUBLE, j JSON, l LONGTEXT CHARACTER SET latin1, u TEXT CHARACTER SET utf16, b LONGBLOB,
      c CHAR(9), bi BINARY(9), t TIMESTAMP(3) NULL, z DECIMAL(30,10), e ENUM('a','b'), s SET('x','y'), doubled INT AS (n * 2) VIRTUAL)`)
    const insert = (n: number, times: number): string =>
      `INSERT INTO keyless.k (n,f,d,j,l,u,b,c,bi,t,z,e,s) VALUES (${n}, 0.1, 1e-7, '{"a": [1, 0.5, "${'x'.repeat(times)}"], "b": null}', REPEAT('é', ${times}), REPEAT('€', ${times % 9000}),
        REPEAT(UNHEX('00ff'), ${times}), 'a ', 'b', '2001-02-03 04:05:06.789', -1.5, 'b', 'x,y')`
    const sql = [
      "SET time_zone = '+00:00'; SET NAMES utf8mb4",
      insert(1, 10),
      insert(2, 1000),
      insert(3, 100_000),
      "UPDATE keyless.k SET j = JSON_SET(j, '$.b', 7), f = 0.3",
      'DELETE FROM keyless.k',
    ]
    const rows = await changesOf(server, ['keyless.k'], sql, 12)
    for (const n of [1, 2, 3]) {
      const [inserted, gone, changed, deleted] = rows.filter(({ row }) => row['n'] === n)
      expect([inserted, gone, changed, deleted].map((row) => row?.opcode)).toEqual([
        'UPSERT',
        'DELETE',
        'UPSERT',
        'DELETE',
      ])
      expect(gone?.key).toBe(inserted?.key)
      expect(deleted?.key).toBe(changed?.key)
      expect(changed?.key).not.toBe(inserted?.key)
      if (n > 2) expect(inserted?.key).toMatch(/^\\sha256:[0-9a-f]{64}$/)
    }
  })

  it('values are equal to SELECT but for the exact FLOAT and for ZEROFILL; TIMESTAMP and BIT are bigints', async () => {
    await server.query(`CREATE DATABASE equal_to; CREATE TABLE equal_to.t (id INT PRIMARY KEY, f FLOAT, z INT(5) ZEROFILL, d DOUBLE, n DECIMAL(20,5) ZEROFILL,
      b BIT(64), one BIT(1), t TIMESTAMP(3) NULL, bi BIGINT(12) UNSIGNED ZEROFILL)`)
    const sql = [
      "SET time_zone = '+03:00'",
      `INSERT INTO equal_to.t VALUES (1, 0.1, 42, 0.1, 1.5, 0x8000000000000001, b'1', '2001-02-03 04:05:06.789', 18446744073709551615),
        (2, 16777216.4, 99999, -0.5, 0, 0, b'0', NULL, 7)`,
    ]
    const rows = await changesOf(server, ['equal_to.t'], sql, 2)
    const shown = await server.query('SELECT f, CONCAT(z) AS z, d, CONCAT(n) AS n FROM equal_to.t ORDER BY id')
    expect(shown).toMatchObject([
      { f: 0.1, z: '00042', d: 0.1, n: '000000000000001.50000' },
      { f: 16777200, z: '99999', d: -0.5, n: '000000000000000.00000' },
    ])
    const exact = await server.query<{ f: number }>('SELECT f + 0e0 AS f FROM equal_to.t ORDER BY id')
    expect(rows.map(({ row }) => row['f'])).toEqual(exact.map(({ f }) => f))
    expect(rows.map(({ row }) => row)).toMatchObject([
      { f: Math.fround(0.1), z: 42, d: 0.1, n: '1.50000', b: 0x8000000000000001n, one: 1n, bi: 18446744073709551615n },
      { f: 16777216, z: 99999, d: -0.5, n: '0.00000', b: 0n, one: 0n, t: null, bi: 7n },
    ])
    expect(rows[0]?.row['t']).toBe(BigInt(Date.UTC(2001, 1, 3, 1, 5, 6, 789)) * 1000n)
  })

  it('large rows ask a buffer for what they take: JSON, text in other character sets, keys, both images of an update', async () => {
    await server.query('CREATE DATABASE large; SET GLOBAL max_allowed_packet = 1073741824')
    await server.query(
      'CREATE TABLE large.t (id INT PRIMARY KEY, j JSON, l LONGTEXT CHARACTER SET latin1, b LONGBLOB); CREATE TABLE large.k (id INT, b LONGBLOB)',
    )
    const sql = [
      `INSERT INTO large.t VALUES (1, CONCAT('[', REPEAT('1, ', 1000000), '1]'), REPEAT('a', 3000000), REPEAT('b', 5000000))`,
      `UPDATE large.t SET b = REPEAT('c', 5000001)`,
      `INSERT INTO large.k VALUES (2, REPEAT('b', 8000000))`,
      'DELETE FROM large.k',
    ]
    // The ledger refuses what asks for much more than it takes.
    const rows = await changesOf(server, ['large.t', 'large.k'], sql, 4)
    expect(rows.map(({ opcode, row }) => [opcode, row['id']])).toEqual([
      ['UPSERT', 1],
      ['UPSERT', 1],
      ['UPSERT', 2],
      ['DELETE', 2],
    ])
  })
})

const DIGITS = [0, 1, 2, 3, 4, 5, 6]

describe.each(['FULL', 'NO_LOG'] as const)(
  'MariaDB with mysql56_temporal_format=OFF and row metadata %s',
  (rowMetadata) => {
    let server: MariadbServer
    beforeAll(async () => {
      server = await MariadbServer.start({ rowMetadata, lines: ['mysql56_temporal_format=OFF'] })
    })
    afterAll(async () => {
      await server.destroy()
    })

    it('prints dates and times with every number of digits as the server does', async () => {
      const names = DIGITS.flatMap((digits) => [`d${digits}`, `t${digits}`, `s${digits}`])
      const types = DIGITS.map(
        (digits) => `d${digits} DATETIME(${digits}), t${digits} TIME(${digits}), s${digits} TIMESTAMP(${digits}) NULL`,
      )
      await server.query(`CREATE DATABASE old; CREATE TABLE old.t (id INT PRIMARY KEY, ${types.join(', ')})`)
      const moments = [
        ['2024-02-29 12:34:56.123456', '-10:11:12.987654', '2024-02-29 12:34:56.123456'],
        ['0000-00-00', '00:00:00', '0000-00-00'],
        ['9999-12-31 23:59:59.999999', '838:59:59.999999', '2038-01-19 03:14:07.999999'],
        ['2024-00-15 00:00:00.000001', '-838:59:59.999999', '1970-01-01 00:00:01.000001'],
        ['0099-01-00 01:02:03.040506', '-00:00:00.100001', '2001-02-03 04:05:06.070809'],
      ]
      const sql = moments.map(
        (moment, i) =>
          `INSERT INTO old.t VALUES (${i}, ${DIGITS.map(() => moment.map((value) => `'${value}'`).join(', ')).join(', ')})`,
      )
      const nulls = `INSERT INTO old.t VALUES (99, ${names.map(() => 'NULL').join(', ')})`
      const rows = await changesOf(server, ['old.t'], ["SET sql_mode = ''; SET time_zone = '+00:00'", ...sql, nulls], 6)
      await server.query("SET time_zone = '+00:00'")
      const said = await server.query('SELECT * FROM old.t ORDER BY id')
      expect(rows.map(({ row }) => asSelected(row))).toEqual(said)
    })

    it('names the digits that the log does not tell in the type of the field', async () => {
      const rig = await new ProducerRig({ uri: server.uri(), name: 'values', sources: ['old.t'] }).start()
      await server.query('INSERT INTO old.t (id, d3) VALUES (100, NULL)')
      await rig.arrived(1)
      await rig.producer.stop()
      expect(rig.schemas.latest('old.t')?.text).toContain('dbFieldType=datetime(3);')
    })
  },
)

describe('a log file of MariaDB with mysql56_temporal_format=OFF', () => {
  let server: MariadbServer
  beforeAll(async () => {
    server = await MariadbServer.start({ lines: ['mysql56_temporal_format=OFF'] })
  })
  afterAll(async () => {
    await server.destroy()
  })

  it('is refused by table and column, because nobody tells the digits; the remedy that is printed mends it', async () => {
    const uri = `binlog:${join(server.dataFolder, 'mysql-bin.index')}`
    const rigOf = (): ProducerRig => new ProducerRig({ uri, name: 'values', sources: ['old.t'], startFrom: 'earliest' })
    await server.query('CREATE DATABASE old; CREATE TABLE old.t (id INT PRIMARY KEY, d DATETIME(3))')
    await server.query("INSERT INTO old.t VALUES (1, '2024-02-29 12:34:56.789')")
    const refused = await rigOf().start()
    await until('the source has ended', () => refused.failures.length > 0)
    await refused.producer.stop()
    expect(refused.failures[0]).toMatchObject({
      code: 'AESOP_MYSQL_COLUMN_UNSUPPORTED',
      message: expect.stringMatching(
        /old\.t.*column d.*ALTER TABLE … FORCE under mysql56_temporal_format=ON/,
      ) as string,
    })

    await server.query('SET GLOBAL mysql56_temporal_format = ON; ALTER TABLE old.t FORCE')
    await server.purge()
    await server.query("INSERT INTO old.t VALUES (2, '2024-02-29 12:34:56.789')")
    const made = await rigOf().start()
    await made.arrived(1)
    await made.producer.stop()
    expect(made.ledger.rows[0]?.row).toEqual({ id: 2, d: '2024-02-29 12:34:56.789' })
  })
})

/** Timestamps in the words of SELECT in UTC; zero is null for us. */
function asSelected(row: LedgerRow['row']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => {
      if (!name.startsWith('s') || row['id'] === 99) return [name, value]
      const digits = Number(name.slice(1))
      const micros = typeof value === 'bigint' ? value : undefined
      const text =
        micros === undefined
          ? '0000-00-00 00:00:00'
          : new Date(Number(micros / 1000n)).toISOString().slice(0, 19).replace('T', ' ')
      const fraction = String((micros ?? 0n) % 1_000_000n)
        .padStart(6, '0')
        .slice(0, digits)
      return [name, digits === 0 ? text : `${text}.${fraction}`]
    }),
  )
}
