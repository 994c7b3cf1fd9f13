import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { FaultProxy } from '../../../test/support/fault-proxy.ts'
import { MariadbServer } from '../../../test/support/mariadb-server.ts'
import { MysqlServer } from '../../../test/support/mysql-server.ts'
import { assertAsyncProperty } from '../../../test/support/property.ts'
import { eventOf, pieceOf, SCHEMA_CHANGE_ID, told } from '../../../test/support/stored-events.ts'
import { MysqlStore } from '../src/index.ts'
import { MysqlSession } from '../src/mysql/mysql-session.ts'
import { PictureSchedule, reached } from './picture-schedule.ts'

const PASSWORD = 'store secret'
const ACCOUNT = { user: 'store', password: PASSWORD, database: 'bootstrap' }
const shop = { name: 'shop', sources: ['shop.item'], schemaChangeId: SCHEMA_CHANGE_ID }
const windowOf = (scn: bigint, value: string | undefined, key: bigint | string = 1n) => ({
  scnSpace: 'space-1',
  pieces: [pieceOf('shop.item', [eventOf({ scn, key, value })])],
  endScn: scn,
})

describe.each(['MariaDB', 'MySQL'] as const)('a store in %s', (product) => {
  let server: MariadbServer | MysqlServer

  beforeAll(async () => {
    server = product === 'MariaDB' ? await MariadbServer.start() : await MysqlServer.start()
    await server.query(`CREATE USER store@'%' IDENTIFIED BY '${PASSWORD}'`)
    await server.query(`GRANT ALL ON bootstrap.* TO store@'%'`)
  })
  afterAll(() => server.destroy())
  beforeEach(async () => {
    await server.query('DROP DATABASE IF EXISTS bootstrap')
    await server.query('CREATE DATABASE bootstrap')
  })

  const place = (port = server.port) => ({ ...ACCOUNT, host: '127.0.0.1', port })

  it('gives each consumer the table, whatever happens meanwhile', async () => {
    await assertAsyncProperty(
      fc.asyncProperty(fc.nat(), async (seed) => {
        await server.query('DROP DATABASE bootstrap')
        await server.query('CREATE DATABASE bootstrap')
        const session = new MysqlSession(place(), 'the store', 'writes')
        await new PictureSchedule(session, seed).run(80)
        await session.close()
      }),
      { seed: 20261129, numRuns: 6, reached: { pictures: reached.pictures }, atLeast: 0 },
    )
    expect(reached.pictures).toBeGreaterThan(20)
  })

  it('is written by one side and read by another, with integers of 64 bits', async () => {
    const scn = 9_007_199_254_740_993n
    const store = new MysqlStore(place())
    const writer = await store.openWriter()
    await writer.declare(shop)
    for (const at of [0n, 1n, 2n]) await writer.writeWindows('shop', windowOf(scn + at, `v${at}`, scn + at))
    await writer.activate('shop.item')
    await writer.apply('shop', 1 << 20)
    const reader = await store.openReader()
    const question = { source: 'shop.item', startScn: scn + 1n, sinceScn: 0n, maxBytes: 10_000 }
    const answer = await reader.snapshot({ ...question, afterId: 0n, takesSchemaChanges: true })
    expect(answer.kind === 'events' && told(answer.bytes)).toEqual([`${scn}=v0@${scn}`, `${scn + 1n}=v1@${scn + 1n}`])
    expect(told((await reader.event('shop.item', scn + 2n)) ?? Buffer.alloc(0))).toEqual([`${scn + 2n}=v2@${scn + 2n}`])
    await store.close()
  })

  it('has one writer, until that is closed', async () => {
    const writer = await new MysqlStore(place()).openWriter()
    const other = new MysqlStore(place())
    await expect(other.openWriter()).rejects.toMatchObject({ code: 'AESOP_BOOTSTRAP_STORE_IN_USE' })
    await writer.close()
    await (await other.openWriter()).close()
  })

  it('says so where a reader is not answered, asks over a new connection, and closes what is silent', async () => {
    const proxy = await FaultProxy.start(server.port)
    const writer = await new MysqlStore(place()).openWriter()
    await writer.declare(shop)
    const store = new MysqlStore({ ...place(proxy.port), readMs: 300 })
    const reader = await store.openReader()
    await reader.states()
    proxy.stall()
    await expect(reader.states()).rejects.toMatchObject({
      code: 'AESOP_BOOTSTRAP_STORE_FAILED',
      message: expect.stringContaining('inactivity timeout') as string,
    })
    expect(await reader.states()).toHaveLength(1)
    proxy.stall()
    await store.close()
    await writer.close()
    await proxy.close()
  })

  it('loses and repeats nothing when its connection is cut, at whatever moment', async () => {
    const proxy = await FaultProxy.start(server.port)
    const store = new MysqlStore(place(proxy.port))
    const writer = await store.openWriter()
    await writer.declare(shop)
    const cuts = setInterval(() => {
      proxy.cut()
    }, 40)
    let failures = 0
    let windows = 0n
    // As many as it takes until it was met often enough.
    for (let scn = 1n; scn <= 150n || failures < 4;) {
      const isDone = await writer.writeWindows('shop', windowOf(scn, `v${scn}`)).then(
        () => true,
        () => false,
      )
      if (isDone) windows = scn++
      else failures++
    }
    clearInterval(cuts)
    await writer.activate('shop.item')
    const reader = await new MysqlStore(place()).openReader()
    const question = { source: 'shop.item', startScn: -1n, targetScn: windows, sinceScn: 0n, maxBytes: 1 << 24 }
    const answer = await reader.log({ ...question, afterOrdinal: 0n })
    const wanted = Array.from({ length: Number(windows) }, (_, at) => `1=v${at + 1}@${at + 1}`)
    expect(answer.kind === 'events' && told(answer.bytes)).toEqual(wanted)
    expect(answer).toMatchObject({ place: windows })
    await reader.close()
    await store.close()
    await proxy.close()
  })

  it('names what it can not do, without its password', async () => {
    const refused = new MysqlStore({ ...place(), password: 'another' }).openWriter()
    const error = await refused.catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'AESOP_BOOTSTRAP_STORE_FAILED' })
    expect(String(error)).not.toContain('another')
    const missing = { code: 'AESOP_BOOTSTRAP_STORE_MISSING', canRetry: true }
    await expect(new MysqlStore(place()).openReader()).rejects.toMatchObject(missing)
  })
})
