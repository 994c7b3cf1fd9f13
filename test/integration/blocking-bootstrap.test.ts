import { expect, onTestFinished, test } from 'vitest'
import { CopiedShop, ITEMS } from '../support/copied-shop.ts'
import { extent } from '../support/extent.ts'
import { sayingSeed, seedOf } from '../support/seed.ts'
import { SeededDraw } from '../support/seeded-draw.ts'
import { type Product, ShopServer } from '../support/shop-server.ts'
import { ShopWriter } from '../support/shop-writer.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'
import { until } from '../support/until.ts'

/*
 * Two tables of a server, one of whose keys are words, into tables of the same server, by a process that is killed again and again, while
 * two writers insert, update, delete and truncate. At the end both are the same.
 */
const KILLS = 3
const DEADLINE_MS = 100_000

test.each(extent<Product>(['MariaDB'], ['MySQL']))(
  'tables of %s are the same at the destination, whatever is killed while they are written to',
  (product) => sayingSeed(seedOf(271_828), () => bootstrapped(product, new SeededDraw(seedOf(271_828)))),
  240_000,
)

async function bootstrapped(product: Product, draw: SeededDraw): Promise<void> {
  await using shop = await ShopServer.start(product)
  const folder = newFolder('blocking')
  onTestFinished(() => {
    removeFolder(folder)
  })
  const copy = await CopiedShop.filled(shop, folder)
  const writers = [1, 2].map((n) => new ShopWriter(shop, draw.below(1000) + n))
  const writing = Promise.all(writers.map((writer) => writer.run()))
  try {
    await killedAndDone(copy, draw, { writers, writing })
  } finally {
    for (const writer of writers) writer.stop()
    await writing
  }
}

interface Writing {
  readonly writers: readonly ShopWriter[]
  readonly writing: Promise<unknown>
}

async function killedAndDone(copy: CopiedShop, draw: SeededDraw, { writers, writing }: Writing): Promise<void> {
  const { shop } = copy
  const reached = { inRows: 0, behindRows: 0 }
  for (let kill = 1; kill <= KILLS; kill++) {
    const life = copy.launch('--parallel', String(1 + draw.below(4)))
    await life.untilReady(DEADLINE_MS)
    const wanted = Math.min(((kill - 1) * ITEMS) / 4 + draw.below(ITEMS / 4), ITEMS / 2)
    const before = writers[0]?.transactions ?? 0
    await until(
      `${wanted} rows are there`,
      async () => {
        if (life.exitCode !== undefined) throw new Error(`it ended with ${String(life.exitCode)}: ${life.errors}`)
        return (await copy.copied()) >= wanted && (writers[0]?.transactions ?? 0) > before + 50
      },
      DEADLINE_MS,
    )
    reached[life.errors.includes('all rows of shop.item are read') ? 'behindRows' : 'inRows']++
    // One of them is asked to stop, as by Ctrl-C.
    const code = await life.stop(kill === 2 ? 'SIGINT' : 'SIGKILL')
    if (kill === 2) expect(code, life.errors).toBe(life.errors.includes('stopped before the end') ? 130 : 0)
  }
  expect(reached.inRows).toBeGreaterThan(0)
  const first = copy.launch('--set', 'until=now', '--json')
  expect(await first.untilExit(), first.errors).toBe(0)
  await shop.server.query('TRUNCATE shop.tag')
  await until('somebody writes on', () => (writers[0]?.transactions ?? 0) > 100)
  for (const writer of writers) writer.stop()
  await writing
  await shop.server.query('UPDATE shop.item SET more = more + 1 ORDER BY id LIMIT 1')
  const { file, position } = await shop.end()
  const rest = copy.launch('--set', `until=${file}:${position}`, '--json')
  expect(await rest.untilExit(), rest.errors).toBe(0)
  const told = JSON.parse(rest.output.at(-1) ?? '{}') as { sources: { takeoverScn: string; rows: number }[] }
  expect(told.sources).toMatchObject([
    { physicalSource: 'shop', takeoverScn: expect.stringMatching(/^\d+$/) as string },
  ])
  expect(await copy.rowsOf('copy')).toEqual(await copy.rowsOf('shop'))
  const again = copy.launch('--set', 'until=now')
  expect(await again.untilExit()).toBe(0)
  expect(again.output.at(-1)).toContain(`An online client takes over at SCN ${told.sources[0]?.takeoverScn ?? ''}`)
}
