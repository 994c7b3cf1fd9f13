import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BootstrapLaunch, SOURCE } from '../support/bootstrap-launch.ts'
import { LaunchedProcess } from '../support/launched-process.ts'
import { ShopServer } from '../support/shop-server.ts'
import { until } from '../support/until.ts'

const SERVED_MS = 60_000

describe('a table that a bootstrap store has, and whose rows are left out of the stream', () => {
  let shop: ShopServer
  beforeAll(async () => {
    shop = await ShopServer.start('MariaDB')
  })
  afterAll(() => shop[Symbol.asyncDispose]())

  test('is not served and can not be seeded; when it is released it can be, and is seeded by itself with its next row', async () => {
    await shop.begin()
    const insert = (id: number): Promise<unknown> =>
      shop.server.query(`INSERT INTO shop.item VALUES (${id}, 'row ${id}', 0)`)
    await insert(1)
    await insert(2)
    await shop.resetLog()
    const launch = await BootstrapLaunch.of(shop.server.uri(), '', {
      source: 'startFrom: latest, onTableFault: quarantine',
    })
    const relay = await launch.start('relay')
    await launch.start('bootstrap-producer')
    await launch.isServed()

    const session = await shop.server.connect()
    await session.query("SET SESSION binlog_row_image=MINIMAL; UPDATE shop.item SET name='unseen' WHERE id=1")
    await session.end()
    await insert(3)
    await until('it is not served', async () => (await launch.state())?.status === 'INACTIVE', SERVED_MS)
    const seed = launch.command('seed', SOURCE)
    expect(await seed.untilExit()).toBe(3)
    expect(seed.errors).toContain('its rows are left out of the stream')

    expect(await relay.stop()).toBe(0)
    const release = LaunchedProcess.start(
      ['state', 'release', 'relay.yaml', '--source', 'shop', '--table', SOURCE, '--yes'],
      {},
      launch.folder,
    )
    expect(await release.untilExit(), release.errors).toBe(0)
    await launch.start('relay')
    const byHand = launch.command('seed', SOURCE)
    expect(await byHand.untilExit(), byHand.errors).toBe(0)
    await launch.isServed()
    const picture = await launch.picture()
    expect([...picture.keys()].toSorted()).toEqual([1, 2, 3])
    expect(picture.get(1)).toContain('unseen')

    // The stream tells of the release with the next row of the table.
    await insert(4)
    await until('it is seeded again', async () => (await launch.state())?.seeding?.number === 3, SERVED_MS)
    await launch.isServed()
    expect([...(await launch.picture()).keys()].toSorted()).toEqual([1, 2, 3, 4])
  })
})
