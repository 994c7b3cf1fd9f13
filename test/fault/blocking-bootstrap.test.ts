import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { CopiedShop, ITEMS, TAGS } from '../support/copied-shop.ts'
import { extent } from '../support/extent.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { type LaunchedProcess } from '../support/launched-process.ts'
import { ShopServer } from '../support/shop-server.ts'
import { ShopWriter } from '../support/shop-writer.ts'
import { SmallDisk } from '../support/small-disk.ts'
import { newFolder, removeFolder } from '../support/test-folder.ts'
import { until } from '../support/until.ts'

/*
 * Faults of a blocking bootstrap between two tables of a server. A lock on the second one holds its rows back, so that each fault comes while
 * rows are under way; behind it the destination is the source.
 */
const DEADLINE_MS = 60_000
const MIB = 1024 * 1024
/** An SCN that no log comes to. */
const NEVER = 2n ** 59n
const SENTINEL = 9_000_000

let shop: ShopServer
beforeAll(async () => {
  shop = await ShopServer.start('MariaDB')
})
afterAll(async () => {
  await shop[Symbol.asyncDispose]()
})

function folderOfTest(): string {
  const folder = newFolder('blocking')
  onTestFinished(() => {
    removeFolder(folder)
  })
  return folder
}

/** Nobody reads `shop.tag` until this is called. */
async function heldTags(): Promise<() => Promise<void>> {
  const connection = await shop.server.connect()
  await connection.query('LOCK TABLES shop.tag WRITE')
  let isHeld = true
  const release = async (): Promise<void> => {
    if (isHeld) await connection.end()
    isHeld = false
  }
  onTestFinished(release)
  return release
}

async function untilItemsAreCopied(copy: CopiedShop, life: LaunchedProcess): Promise<void> {
  await life.untilReady(DEADLINE_MS)
  await until('all items are copied', async () => (await copy.copied()) >= ITEMS, DEADLINE_MS)
}

/** Another run goes on to the end of the log: both are the same then. */
async function expectToEnd(copy: CopiedShop): Promise<void> {
  await shop.server.query('UPDATE shop.item SET more = more + 1 ORDER BY id LIMIT 1')
  const { file, position } = await shop.end()
  const life = copy.launch('--set', `until=${file}:${position}`, '-q')
  expect(await life.untilExit(), life.errors).toBe(0)
  expect(await copy.rowsOf('copy')).toEqual(await copy.rowsOf('shop'))
}

describe('a blocking bootstrap', { timeout: 120_000 }, () => {
  test('that is interrupted ends with 130, and the next one goes on behind what is done', async () => {
    const copy = await CopiedShop.filled(shop, folderOfTest())
    const release = await heldTags()
    const first = copy.launch('--parallel', '2', '--set', 'until=now')
    await untilItemsAreCopied(copy, first)
    await first.until(() => /shop: shop\.tag 0 rows/.test(first.errors), DEADLINE_MS, 'it told how far it is')
    expect(await first.stop('SIGINT'), first.errors).toBe(130)
    expect(first.errors).toMatch(/stopped before the end; the next start goes on .*"shop.item":8000/)
    expect(first.output).toEqual([])
    await release()
    // A run that began anew would clear the copy.
    await shop.server.query(`INSERT INTO copy.item VALUES (${SENTINEL}, 'kept', 0)`)
    const second = copy.launch('--set', 'until=now', '--json')
    expect(await second.untilExit(), second.errors).toBe(0)
    expect(second.errors).not.toMatch(/ rows\b.*(rows\/s|left)/)
    expect(JSON.parse(second.output.at(-1) ?? '')).toMatchObject({ sources: [{ rows: ITEMS + TAGS }] })
    const kept = await shop.server.query(`DELETE FROM copy.item WHERE id = ${SENTINEL} RETURNING id`)
    expect(kept).toEqual([{ id: SENTINEL }])
    expect(await copy.rowsOf('copy')).toEqual(await copy.rowsOf('shop'))
  })

  test.each(extent(['cut'], ['stall']))('whose connections are %s says that it waits, and goes on', async (fault) => {
    const proxy = await FaultProxy.start(shop.server.port)
    onTestFinished(() => proxy.close())
    const copy = await CopiedShop.filled(shop, folderOfTest(), proxy.port)
    const release = await heldTags()
    const life = copy.launch('--set', `until=${NEVER}`)
    await untilItemsAreCopied(copy, life)
    const [writer, before] = [new ShopWriter(shop, 7), life.errors.length]
    if (fault === 'stall') proxy.stall()
    else {
      proxy.refuse()
      proxy.cut()
    }
    await release()
    const writing = writer.run()
    await life.until(() => life.errors.slice(before).includes('the rows of shop.tag wait: '), DEADLINE_MS, 'it waits')
    proxy.heal()
    await until('all is read', () => life.errors.includes('all rows of shop.tag are read'), DEADLINE_MS)
    writer.stop()
    await writing
    expect(await life.stop('SIGTERM'), life.errors).toBe(143)
    await expectToEnd(copy)
  })

  test('whose disk is full says so, ends by name, and the next one goes on when there is room', async () => {
    const folder = folderOfTest()
    using disk = SmallDisk.at(join(folder, '.aesop'), 2 * MIB)
    const copy = await CopiedShop.filled(shop, folder)
    const release = await heldTags()
    const life = copy.launch('--set', 'until=now')
    await untilItemsAreCopied(copy, life)
    disk.fill()
    await release()
    expect(await life.untilExit(), life.errors).toBe(5)
    expect(life.errors).toMatch(
      /ERROR .*how far the tables are read could not be saved: .*shop\.rows\.json.*no space left/,
    )
    expect(life.errors).toMatch(/failed to stop: .*shop\.(rows|place)\.json.*no space left/)
    // What it has come to is not kept, so it is not told.
    expect(life.output).toEqual([])
    disk.clear()
    await expectToEnd(copy)
  })
})
