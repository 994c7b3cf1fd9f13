import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BootstrapLaunch } from '../support/bootstrap-launch.ts'
import { sayingSeed, seedOf } from '../support/seed.ts'
import { SeededDraw } from '../support/seeded-draw.ts'
import { ShopServer } from '../support/shop-server.ts'
import { until } from '../support/until.ts'

const ROWS = 4000
const KEYS = 6000
const KILLS = 5
const SEED = seedOf(20_261_130)

/** Changes rows at random until it is told to stop. */
async function write(shop: ShopServer, draw: SeededDraw, isOver: () => boolean): Promise<void> {
  for (let n = 0; !isOver(); n++) {
    const key = draw.below(KEYS)
    const statement = [
      `REPLACE INTO shop.item VALUES (${key}, 'change ${n}', ${n})`,
      `UPDATE shop.item SET more = more + 1 WHERE id BETWEEN ${key} AND ${key + 5}`,
      `DELETE FROM shop.item WHERE id = ${key}`,
    ][draw.below(3)]
    await shop.server.query(statement ?? '')
    await delay(draw.below(5))
  }
}

describe('a bootstrap producer that is killed at any moment', () => {
  let shop: ShopServer
  beforeAll(async () => {
    shop = await ShopServer.start('MariaDB')
  })
  afterAll(() => shop[Symbol.asyncDispose]())

  test('has the table at the end, and its relay may be killed, too', () =>
    sayingSeed(SEED, async () => {
      const draw = new SeededDraw(SEED)
      await shop.begin()
      const rows = Array.from({ length: ROWS }, (_, id) => `(${id}, 'before ${id}', 0)`)
      await shop.server.query(`INSERT INTO shop.item VALUES ${rows.join(', ')}`)
      await shop.resetLog()
      const launch = await BootstrapLaunch.of(shop.server.uri(), 'seedRowsPerSecond: 1500')
      let relay = await launch.start('relay')
      let isOver = false
      const writing = write(shop, draw, () => isOver)
      try {
        for (let kill = 0; kill < KILLS; kill++) {
          const producer = await launch.start('bootstrap-producer')
          await delay(draw.below(1500))
          await producer.stop('SIGKILL')
          if (draw.below(2) === 0) {
            await relay.stop('SIGKILL')
            relay = await launch.start('relay')
          }
        }
        await launch.start('bootstrap-producer')
        await launch.isServed()
      } finally {
        isOver = true
        await writing
      }
      await shop.server.query(`REPLACE INTO shop.item VALUES (${KEYS}, 'the last', 0)`)
      await until('the last row is there', async () => (await launch.picture()).has(KEYS), 60_000)
      const table = await shop.server.query<{ id: bigint; name: string; more: number }>(
        'SELECT id, name, more FROM shop.item',
      )
      const picture = await launch.picture()
      expect([...picture.keys()].toSorted((a, b) => a - b)).toEqual(
        table.map(({ id }) => Number(id)).toSorted((a, b) => a - b),
      )
      for (const { id, name } of table) expect(picture.get(Number(id)), String(id)).toContain(name)
    }))
})
