import { type PhysicalSourceOptions } from '@aesop/producer'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { MariadbServer } from '../support/mariadb-server.ts'
import { MysqlServer } from '../support/mysql-server.ts'
import { type PrivateServer } from '../support/private-server.ts'
import { ProducerRig } from '../support/producer-rig.ts'
import { until } from '../support/until.ts'
import { ROW_TEXT } from '../support/markers.ts'

const MIB = 1024 * 1024
const LIMIT = MIB

/** What it is, how it is started, and whether its log is smaller than what it says. */
const servers: [string, () => Promise<PrivateServer>, boolean][] = [
  [
    'MySQL 9 that compresses transactions',
    () => MysqlServer.start({ lines: ['binlog_transaction_compression=ON', 'max_allowed_packet=64M'] }),
    true,
  ],
  [
    'MariaDB that compresses events',
    () => MariadbServer.start({ lines: ['log_bin_compress=ON', 'max_allowed_packet=64M'] }),
    true,
  ],
  ['MariaDB that compresses nothing', () => MariadbServer.start({ lines: ['max_allowed_packet=64M'] }), false],
]

describe.each(servers)('largestEventSizeInBytes with %s', (_what, begin, compresses) => {
  let server: PrivateServer
  const open: ProducerRig[] = []
  beforeAll(async () => {
    server = await begin()
    await server.query('CREATE DATABASE shop')
    await server.query('CREATE TABLE shop.item (id INT PRIMARY KEY, name LONGTEXT)')
    await server.query('CREATE TABLE shop.other (id INT PRIMARY KEY, name LONGTEXT)')
  })
  afterEach(async () => {
    for (const made of open.splice(0)) await made.producer.stop()
    await server.query('DELETE FROM shop.item')
  })
  afterAll(async () => {
    await server.destroy()
  })

  function keep(made: ProducerRig): ProducerRig {
    open.push(made)
    return made
  }

  const rig = (change: Partial<PhysicalSourceOptions> = {}): ProducerRig =>
    keep(
      new ProducerRig({
        uri: server.uri(),
        name: 'shop',
        sources: ['shop.item'],
        largestEventSizeInBytes: LIMIT,
        ...change,
      }),
    )

  const failed = async (made: ProducerRig): Promise<void> =>
    until('the source has ended', () => made.failures.length > 0)

  it.each([
    ['one that makes a larger event', 2 * MIB, 'AESOP_MYSQL_ROW_TOO_LARGE'],
    ['one that is far larger', 20 * MIB, 'AESOP_MYSQL_LOGGED_ROW_TOO_LARGE'],
  ])('ends the source by name at %s, and goes on there when it is raised', async (_row, bytes, code) => {
    const made = await rig().start()
    await server.query(`INSERT INTO shop.item VALUES (1, '${ROW_TEXT}')`)
    await made.arrived(1)
    await server.query(`INSERT INTO shop.item VALUES (2, REPEAT('x', ${bytes}))`)
    await failed(made)
    const { file, position } = (made.failures[0] as unknown as Failure).fields
    expect(made.failures[0]).toMatchObject({
      code,
      canRetry: false,
      fields: { table: 'shop.item' },
      remedy: expect.stringContaining(`--source shop --at ${file}:${position}`) as string,
    })
    expect(made.ledger.ids).toEqual([1])
    await made.producer.stop()

    const again = await keep(made.again({ largestEventSizeInBytes: 64 * MIB })).start()
    await again.arrived(2)
    expect(again.ledger.ids).toEqual([1, 2])
  })

  it('is no bound of tables that nobody captures', async () => {
    const made = await rig().start()
    await server.query(`INSERT INTO shop.other VALUES (1, REPEAT('x', ${20 * MIB}))`)
    await server.query(`DELETE FROM shop.other`)
    await server.query(`INSERT INTO shop.item VALUES (5, '${ROW_TEXT}')`)
    await made.arrived(1)
    expect(made.ledger.ids).toEqual([5])
  })

  it('is no bound of a transaction', async () => {
    const made = await rig().start()
    const values = (from: number): string =>
      Array.from({ length: 100 }, (_unused, i) => `(${from + i}, REPEAT('${from + i} ', 20000))`).join(', ')
    await server.query(`BEGIN`)
    for (let from = 100; from < 600; from += 100) await server.query(`INSERT INTO shop.item VALUES ${values(from)}`)
    await server.query(`COMMIT`)
    await made.arrived(500)
    expect(made.ledger.windows.filter(({ rows }) => rows.length > 0)).toHaveLength(1)
    expect(made.ledger.ids).toEqual(Array.from({ length: 500 }, (_unused, i) => 100 + i))
    const logs = await server.query<{ File_size: number }>('SHOW BINARY LOGS')
    const loggedBytes = logs.reduce((sum, { File_size: bytes }) => sum + bytes, 0)
    expect(loggedBytes < 5 * MIB).toBe(compresses)
  })
})

interface Failure {
  readonly fields: { readonly file: string; readonly position: number }
}

describe('a compressed column of MariaDB', () => {
  let server: MariadbServer
  beforeAll(async () => {
    server = await MariadbServer.start({ lines: ['max_allowed_packet=64M'] })
    await server.query('CREATE DATABASE shop')
  })
  afterAll(async () => {
    await server.destroy()
  })

  it.each([
    ['with a key', 'id INT PRIMARY KEY, name LONGBLOB COMPRESSED'],
    ['whose rows are their keys', 'id INT, name LONGBLOB COMPRESSED'],
  ])('of a table %s is refused before it is inflated', async (_what, columns) => {
    await server.query(`CREATE OR REPLACE TABLE shop.small (${columns})`)
    const options = { uri: server.uri(), name: 'shop', sources: ['shop.small'], largestEventSizeInBytes: LIMIT }
    const made = await new ProducerRig(options).start()
    try {
      await server.query(`INSERT INTO shop.small VALUES (2, REPEAT('x', ${20 * MIB}))`)
      await until('the source has ended', () => made.failures.length > 0)
      expect(made.failures[0]).toMatchObject({
        code: 'AESOP_MYSQL_LOGGED_ROW_TOO_LARGE',
        fields: { table: 'shop.small', bytesMax: 3 * MIB },
      })
    } finally {
      await made.producer.stop()
    }
  })
})

describe('a compressed statement of MariaDB', () => {
  it('is refused by the length that it says before it is inflated, with the place of its transaction', async () => {
    const server = await MariadbServer.start({ lines: ['log_bin_compress=ON', 'max_allowed_packet=64M'] })
    const options = { uri: server.uri(), name: 'shop', sources: ['shop.item'], largestEventSizeInBytes: LIMIT }
    try {
      await server.query('CREATE DATABASE shop; CREATE TABLE shop.item (id INT PRIMARY KEY)')
      const made = await new ProducerRig(options).start()
      await server.query(`CREATE TABLE shop.other (id INT) /* ${'x'.repeat(4 * MIB)} */`)
      await server.query('INSERT INTO shop.item VALUES (1)')
      await until('the source has ended', () => made.failures.length > 0)
      const { file, position } = (made.failures[0] as unknown as Failure).fields
      expect(made.failures[0]).toMatchObject({
        code: 'AESOP_MYSQL_LOGGED_ROW_TOO_LARGE',
        message: expect.stringContaining('a compressed statement') as string,
        remedy: expect.stringContaining(`--at ${file}:${position}`) as string,
      })
      expect(made.ledger.ids).toEqual([])
      await made.producer.stop()
      const [log] = await server.query<{ Pos: number }>(`SHOW BINLOG EVENTS IN '${file}' FROM ${position} LIMIT 1`)
      expect(log?.Pos).toBe(position)
    } finally {
      await server.destroy()
    }
  })
})
