import { join } from 'node:path'
import { SqliteStore } from '@aesop/bootstrap-store'
import { type SnapshotReader } from '@aesop/reading'
import { PhysicalSourceConfig } from '@aesop/producer'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SeededDraw } from '../../../test/support/seeded-draw.ts'
import { until } from '../../../test/support/until.ts'
import { BootstrapProducer, type TableReport } from '../src/index.ts'
import { MetRows } from '../src/verify/met-rows.ts'
import { contextOf, folderOf, ITEM, ORDER, Shop } from './shop.ts'

/** Few, so that a change meets the range that is being compared. */
const KEYS = 6

/** A store that has a shop's table, whole. */
async function served(shop: Shop, snapshots: SnapshotReader = shop.reader): Promise<BootstrapProducer> {
  await shop.start()
  const folder = folderOf()
  const store = new SqliteStore({ path: join(folder, 'bootstrap.db') })
  const { port = 0 } = shop.relay.address ?? {}
  const uri = `relay://127.0.0.1:${port}`
  const physicalSourceConfig = new PhysicalSourceConfig({ uri, name: 'shop', sources: [ITEM, ORDER] })
  const producer = new BootstrapProducer({ physicalSourceConfig, store, snapshots }, contextOf(folder))
  onTestFinished(async () => {
    await producer.stop()
    await store.close()
  })
  shop.change([1000, 'the first'])
  await producer.start()
  await isServed(producer)
  return producer
}

function isServed(producer: BootstrapProducer): Promise<void> {
  return until('the tables are served', () => {
    const { sources, seeding } = producer.describe()
    const areWhole = sources.length === 2 && sources.every(({ status }) => status === 'ACTIVE')
    return areWhole && seeding.every(({ state }) => state === 'done')
  })
}

function verify(
  producer: BootstrapProducer,
  given: Partial<{ patienceMs: number; signal: AbortSignal; onMoved: (report: TableReport) => void }> = {},
): Promise<TableReport> {
  const question = { patienceMs: 10_000, signal: new AbortController().signal, onMoved: () => undefined }
  return producer.verify(ITEM.name, { ...question, ...given })
}

describe('a table that is compared with its store', () => {
  it('is equal, whatever changes between the place of a range, its rows, and the look at the store', async () => {
    const draw = new SeededDraw(7)
    const shop = new Shop()
    shop.hasHad(Object.fromEntries(Array.from({ length: KEYS }, (_, key) => [key, `before ${key}`])))
    const producer = await served(shop)
    const change = (): void => {
      const key = draw.below(KEYS * 2)
      shop.change([key, draw.below(3) === 0 ? undefined : `value ${draw.below(3)}`])
    }
    shop.meanwhile = () => {
      for (let n = draw.below(4); n > 0; n--) change()
      for (let n = draw.below(4); n > 0; n--) setTimeout(change, draw.below(100))
    }
    for (let round = 0; round < 5; round++) {
      const report = await verify(producer)
      expect(report).toMatchObject({ outcome: 'equal', named: [] })
      expect(report.rows).toBeGreaterThan(0)
    }
  })

  it('has rows that change each time that they are looked at: they are counted, and no difference', async () => {
    const shop = new Shop()
    shop.hasHad({ 1: 'one', 2: 'two' })
    let readings = 0
    let isChanging = false
    const { reader } = shop
    const producer = await served(shop, {
      describe: (source) => reader.describe(source),
      readChunk: async (request, signal) => {
        const chunk = await reader.readChunk(request, signal)
        if (isChanging && request.after === undefined) {
          shop.change([1, `reading ${readings++}`])
          await until('the store has it', () => producer.describe().sources[0]?.appliedScn === shop.scn)
        }
        return chunk
      },
    })
    isChanging = true
    expect(await verify(producer)).toMatchObject({ outcome: 'equal', changing: 1, named: [] })
    expect(readings).toBe(3)
  })

  it('is not compared where the store stands still before what the table has, and equal where it has all', async () => {
    const shop = new Shop()
    shop.hasHad({ 1: 'one', 2: 'two' })
    const producer = await served(shop)
    await producer.stop()
    expect(await verify(producer)).toMatchObject({ outcome: 'equal', rows: 3 })
    shop.change([1, 'another'])
    const report = await verify(producer, { patienceMs: 50 })
    expect(report.outcome).toBe('notCompared')
    expect(report.reason).toMatch(
      /^AESOP_BOOTSTRAP_NOT_COMPARABLE: .* at SCN 10, the table is at 20, and the store stands still/,
    )
  })

  it('is not compared while it is seeded, or where it was meanwhile', async () => {
    const shop = new Shop()
    shop.hasHad({ 1: 'one', 2: 'two', 3: 'three', 4: 'four' })
    const { reader } = shop
    let before: (maxRows: number) => Promise<void> = () => Promise.resolve()
    const producer = await served(shop, {
      describe: (source) => reader.describe(source),
      readChunk: async (request, signal) => {
        await before(request.maxRows)
        return reader.readChunk(request, signal)
      },
    })
    let go: () => void = () => undefined
    const held = new Promise<void>((resolve) => (go = resolve))
    before = (maxRows) => (maxRows === 1 ? Promise.resolve() : held)
    await producer.seed(ITEM.name, undefined)
    expect((await verify(producer)).reason).toMatch(/the store does not serve it: it is SEEDING$/)
    go()
    await isServed(producer)
    before = async () => {
      before = () => Promise.resolve()
      await producer.seed(ITEM.name, undefined)
      await isServed(producer)
    }
    expect((await verify(producer)).reason).toMatch(/it was seeded anew meanwhile/)
    expect(await verify(producer)).toMatchObject({ outcome: 'equal', rows: 5 })
  })

  it('is compared until nobody wants to know any more, and asks a relay again that does not answer', async () => {
    const shop = new Shop()
    shop.hasHad({ 1: 'one', 2: 'two', 3: 'three', 4: 'four' })
    let faults = 2
    const { reader } = shop
    const producer = await served(shop, {
      describe: (source) => reader.describe(source),
      readChunk: (request, signal) =>
        faults-- > 0 ? Promise.reject(new Error('the relay is gone')) : reader.readChunk(request, signal),
    })
    faults = 2
    const interrupt = new AbortController()
    const seen: number[] = []
    const report = await verify(producer, {
      signal: interrupt.signal,
      onMoved: ({ rows }) => {
        seen.push(rows)
        interrupt.abort()
      },
    })
    expect(report).toMatchObject({ outcome: 'interrupted', rows: 3 })
    expect(seen).toEqual([3])
    faults = 1000
    const mute = await verify(producer, { patienceMs: 50 })
    expect(mute).toMatchObject({ outcome: 'notCompared', reason: 'the relay is gone' })
  })
})

it('keeps which rows were met, near and far', () => {
  const met = new MetRows()
  const ids = [1n, 8191n, 8192n, 2n ** 40n]
  for (const id of ids) met.add(id)
  for (const id of ids) expect([id, met.has(id), met.has(id + 2n)]).toEqual([id, true, false])
})
