import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { BootstrapLaunch } from '../support/bootstrap-launch.ts'
import { ShopServer } from '../support/shop-server.ts'
import { SmallDisk } from '../support/small-disk.ts'
import { until } from '../support/until.ts'

const DISK_BYTES = 24 * 1024 * 1024
const ROWS = 300
const SAID_MS = 60_000

describe('a bootstrap producer whose store has no room', () => {
  let shop: ShopServer
  beforeAll(async () => {
    shop = await ShopServer.start('MariaDB')
  })
  afterAll(() => shop[Symbol.asyncDispose]())

  test('says so, waits, and goes on when there is room: nothing is lost, of rows and of the stream', async () => {
    await shop.begin()
    const rows = Array.from({ length: ROWS }, (_, id) => `(${id}, REPEAT('before ${id} ', 200), 0)`)
    await shop.server.query(`INSERT INTO shop.item VALUES ${rows.join(', ')}`)
    await shop.resetLog()
    const launch = await BootstrapLaunch.of(shop.server.uri(), 'seedRowsPerSecond: 50', { file: 'disk/store.db' })
    mkdirSync(join(launch.folder, 'disk'))
    const disk = SmallDisk.at(join(launch.folder, 'disk'), DISK_BYTES)
    onTestFinished(() => {
      disk[Symbol.dispose]()
    })
    await launch.start('relay')
    const producer = await launch.start('bootstrap-producer')
    await until('some rows are in', async () => ((await launch.state())?.seeding?.rows ?? 0n) > 0n, SAID_MS)
    disk.fill()
    const texts = Array.from({ length: ROWS }, (_, at) => `(${1000 + at}, REPEAT('while full ${at} ', 500), 0)`)
    await shop.server.query(`INSERT INTO shop.item VALUES ${texts.join(', ')}`)
    await shop.server.query('DELETE FROM shop.item WHERE id < 10')
    await until(
      'it says so',
      () => producer.errors.includes('windows can not be written to the bootstrap store'),
      SAID_MS,
    )
    expect(await launch.health()).toMatch(/degraded.*store\.db could not/s)
    expect(producer.exitCode).toBeUndefined()
    disk.clear()
    await launch.isServed()
    await until('it is well', async () => !(await launch.health()).includes('degraded'), SAID_MS)
    const verify = launch.command('verify', 'bootstrap-producer.yaml')
    expect(await verify.untilExit(), verify.errors).toBe(0)
    expect(verify.output.join('\n')).toBe(`shop.item: equal, ${2 * ROWS - 10} rows`)
    expect(await producer.stop()).toBe(0)
  })
})
