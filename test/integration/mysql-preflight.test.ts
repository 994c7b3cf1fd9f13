import { silentLogger } from '@aesop/kernel'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { PhysicalSourceConfig } from '@aesop/producer'
import { parseMysqlUri } from '../../packages/producer-mysql/src/server/mysql-uri.ts'
import { type ResumePoint } from '../../packages/producer-mysql/src/place/resume-point.ts'
import { ServerOrigin, type ServerOriginOptions } from '../../packages/producer-mysql/src/origin/server-origin.ts'
import { parseStartFrom } from '../../packages/producer-mysql/src/place/start-from.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { MariadbServer } from '../support/mariadb-server.ts'
import { SERVER_PASSWORD } from '../support/markers.ts'

describe('what is checked before a log is read', () => {
  let server: MariadbServer
  const open: ServerOrigin[] = []

  beforeAll(async () => {
    server = await MariadbServer.start()
    await server.query(`CREATE DATABASE shop;
      CREATE TABLE shop.item (id INT UNSIGNED PRIMARY KEY, kind ENUM('a','it''s, so'), name VARCHAR(40) CHARACTER SET latin1, u UUID);
      CREATE TABLE shop.pair (b INT, a INT, PRIMARY KEY (a, b))`)
  })
  afterEach(async () => {
    for (const origin of open.splice(0)) await origin.release()
  })
  afterAll(async () => {
    await server.destroy()
  })

  function origin(uri = server.uri(), more: Partial<ServerOriginOptions> = {}, sources = ['shop.item']): ServerOrigin {
    const physicalSource = new PhysicalSourceConfig({ uri, sources })
    const made = new ServerOrigin({
      uri: parseMysqlUri(uri),
      physicalSource,
      serverId: 4711,
      log: silentLogger,
      ...more,
    })
    open.push(made)
    return made
  }

  const latest = (from: ServerOrigin): Promise<ResumePoint> => from.locate({ kind: 'latest' })

  it('finds the end and the beginning of the log', async () => {
    const end = await latest(origin())
    const [status] = await server.query<{ File: string; Position: number }>('SHOW MASTER STATUS')
    expect(end).toMatchObject({ file: status?.File, position: status?.Position, serverIdentity: '1/0', generation: 0 })
    expect(end.gtid).toMatch(/^0-1-\d+$/)
    expect(await origin().locate({ kind: 'earliest' })).toMatchObject({ file: 'mysql-bin.000001', position: 4 })
    expect((await origin().locate({ kind: 'earliest' })).scn).toBe(4294967300n)
  })

  it('finds the file that was being written at a time', async () => {
    await server.query(
      'SET timestamp=1000000000; FLUSH BINARY LOGS; SET timestamp=1000086400; FLUSH BINARY LOGS; SET timestamp=DEFAULT',
    )
    const [first] = await server.query<{ Log_name: string }>('SHOW BINARY LOGS')
    const from = origin()
    expect(await from.locate(parseStartFrom('timestamp:1990-01-01'))).toMatchObject({ file: first?.Log_name })
    const newest = (await server.query<{ Log_name: string }>('SHOW BINARY LOGS')).at(-1)?.Log_name
    expect(await from.locate(parseStartFrom(`timestamp:${Date.now() + 60_000}`))).toMatchObject({ file: newest })
  })

  it('lets a good server pass and knows the GTID of the place', async () => {
    const from = origin()
    const end = await latest(from)
    expect(await from.settle({ ...end, gtid: undefined })).toMatchObject({
      gtid: end.gtid,
      byGtid: false,
      flavour: 'mariadb',
    })
  })

  it('describes the tables as the server does', async () => {
    const { catalogue } = origin()
    const { description, at } = await catalogue.refresh('shop', 'item')
    expect(at).toMatchObject({ file: expect.stringMatching(/\.\d{6}$/) as string })
    expect(description).toEqual({
      database: 'shop',
      table: 'item',
      asShown: { database: 'shop', table: 'item' },
      primaryKey: ['id'],
      columns: [
        {
          name: 'id',
          nullable: false,
          unsigned: true,
          charset: undefined,
          labels: undefined,
          typeName: 'int(10) unsigned',
        },
        {
          name: 'kind',
          nullable: true,
          unsigned: false,
          charset: 'utf8mb4',
          labels: ['a', "it's, so"],
          typeName: "enum('a','it''s, so')",
        },
        {
          name: 'name',
          nullable: true,
          unsigned: false,
          charset: 'latin1',
          labels: undefined,
          typeName: 'varchar(40)',
        },
        { name: 'u', nullable: true, unsigned: false, charset: undefined, labels: undefined, typeName: 'uuid' },
      ],
    })
    expect((await catalogue.refresh('shop', 'pair')).description?.primaryKey).toEqual(['a', 'b'])
    expect(catalogue.describe('shop', 'pair')?.primaryKey).toEqual(['a', 'b'])
    expect((await catalogue.refresh('shop', 'nothing')).description).toBeUndefined()
  })

  it('takes no description from another server than the one whose log is read', async () => {
    const from = origin()
    await from.settle(await latest(from))
    const [{ id } = { id: 1 }] = await server.query<{ id: number }>('SELECT @@server_id AS id')
    await server.query('SET GLOBAL server_id = 77')
    try {
      const another = {
        code: 'AESOP_MYSQL_TABLE_ANSWER_OF_ANOTHER',
        canRetry: true,
        fields: { answered: 'the server 77/0' },
      }
      await expect(from.catalogue.refresh('shop', 'item')).rejects.toMatchObject(another)
    } finally {
      await server.query(`SET GLOBAL server_id = ${id}`)
    }
    expect((await from.catalogue.refresh('shop', 'item')).description).toBeDefined()
  })

  it('refuses a table that is not there', async () => {
    const from = origin(server.uri(), {}, ['shop.item', 'shop.itme'])
    const unknown = {
      code: 'AESOP_MYSQL_TABLE_UNKNOWN',
      canRetry: false,
      message: expect.stringContaining('shop.itme') as string,
      remedy: expect.stringContaining('GRANT SELECT') as string,
    }
    // Before anything of it can be stored, and where a place was given.
    await expect(latest(from)).rejects.toMatchObject(unknown)
    await expect(from.settle(await latest(origin()))).rejects.toMatchObject(unknown)
  })

  it('refuses a wrong password', async () => {
    await expect(latest(origin(server.uri(server.port, 'aesop', 'wrong')))).rejects.toMatchObject({
      code: 'AESOP_MYSQL_ACCESS_DENIED',
      canRetry: false,
    })
  })

  it('tells a server that is not there from one that refuses', async () => {
    await expect(latest(origin(server.uri(1)))).rejects.toMatchObject({
      code: 'AESOP_MYSQL_SERVER_UNREACHABLE',
      canRetry: true,
    })
  })

  it.each([
    ['SELECT', 'REPLICATION SLAVE'],
    ['SELECT, REPLICATION SLAVE', 'REPLICATION CLIENT'],
  ])('names what a user with only %s lacks', async (granted, missing) => {
    await server.query(
      `CREATE OR REPLACE USER weak@'%' IDENTIFIED BY '${SERVER_PASSWORD}'; GRANT ${granted} ON *.* TO weak@'%'`,
    )
    await expect(latest(origin(server.uri(server.port, 'weak')))).rejects.toMatchObject({
      code: 'AESOP_MYSQL_GRANT_MISSING',
      canRetry: false,
      remedy: expect.stringContaining(`GRANT ${missing} ON *.*`) as string,
    })
  })

  it('waits for no answer of a half-open connection', async () => {
    const proxy = await FaultProxy.start(server.port)
    try {
      const from = origin(server.uri(proxy.port), { timing: { readDeadlineMs: 300 } })
      await latest(from)
      proxy.stall()
      await expect(from.catalogue.refresh('shop', 'item')).rejects.toMatchObject({
        code: 'AESOP_MYSQL_SERVER_SILENT',
        canRetry: true,
      })
      expect(await from.catalogue.refresh('shop', 'item')).toBeDefined()
    } finally {
      await proxy.close()
    }
  })

  it('refuses a log of statements', async () => {
    await server.query("SET GLOBAL binlog_format='STATEMENT'")
    try {
      await expect(latest(origin())).rejects.toMatchObject({
        code: 'AESOP_MYSQL_BINLOG_FORMAT',
        remedy: expect.stringContaining('SET GLOBAL binlog_format=ROW') as string,
      })
    } finally {
      await server.query("SET GLOBAL binlog_format='ROW'")
    }
  })

  it('refuses a log of partial rows', async () => {
    await server.query("SET GLOBAL binlog_row_image='MINIMAL'")
    try {
      await expect(latest(origin())).rejects.toMatchObject({ code: 'AESOP_MYSQL_ROW_IMAGE' })
    } finally {
      await server.query("SET GLOBAL binlog_row_image='FULL'")
    }
  })

  it("refuses the server's own id", async () => {
    await expect(latest(origin(server.uri(), { serverId: 1 }))).rejects.toMatchObject({
      code: 'AESOP_MYSQL_SERVER_ID_IN_USE',
    })
  })

  it('refuses a server without a log', async () => {
    const mute = await MariadbServer.start({ logBin: false })
    try {
      await expect(latest(origin(mute.uri()))).rejects.toMatchObject({
        code: 'AESOP_MYSQL_BINLOG_OFF',
        canRetry: false,
        remedy: expect.stringContaining('log_bin') as string,
      })
    } finally {
      await mute.destroy()
    }
  })

  it('refuses a position behind the end, and one that was purged', async () => {
    const from = origin()
    const end = await latest(from)
    const behind = { ...end, position: (end.position ?? 0) + 1 }
    await expect(from.settle(behind)).rejects.toMatchObject({ code: 'AESOP_MYSQL_LOG_RESET', canRetry: false })
    await expect(from.settle({ ...behind, serverIdentity: undefined })).rejects.toMatchObject({
      code: 'AESOP_MYSQL_POSITION_IN_FUTURE',
      canRetry: false,
    })
    await server.purge()
    await expect(from.settle(end)).rejects.toMatchObject({ code: 'AESOP_MYSQL_LOG_PURGED', canRetry: false })
  })

  it('goes on by GTID, in a new generation, when another server has taken over', async () => {
    const from = origin()
    const end = await latest(from)
    expect(await from.settle({ ...end, serverIdentity: '99/0' })).toMatchObject({
      byGtid: true,
      generation: 1,
      gtid: end.gtid,
    })
    const withoutGtid = { ...end, serverIdentity: '99/0', gtid: undefined }
    await expect(from.settle(withoutGtid)).rejects.toMatchObject({ code: 'AESOP_MYSQL_LOG_RESET' })
  })

  it('finds a reset log although the position exists again', async () => {
    await server.query("INSERT INTO shop.item (id, name) VALUES (1, 'a')")
    const from = origin()
    const end = await latest(from)
    await server.query('RESET MASTER')
    await server.query("INSERT INTO shop.item (id, name) VALUES (2, 'a')")
    // Without its event, a place is held to the identifiers that came before it.
    const place = { ...end, file: 'mysql-bin.000001', position: 256, event: undefined }
    await expect(from.settle(place)).rejects.toMatchObject({ code: 'AESOP_MYSQL_LOG_RESET', canRetry: false })
  })
})
