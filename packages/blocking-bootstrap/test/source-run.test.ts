import { ConsumerCallbackResult } from '@aesop/client'
import { describe, expect, onTestFinished, test } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { type SourceRunOptions } from '../src/source-run.ts'
import { KeptRun, Outside } from './kept-run.ts'
import { ITEM, LoggedProducer, LoggedShop, ORDER } from './logged-shop.ts'

function lifeOf(shop: LoggedShop, outside = new Outside(), options: Partial<SourceRunOptions> = {}): KeptRun {
  const life = new KeptRun(shop, outside, options)
  onTestFinished(() => life.end())
  return life
}

async function finished(life: KeptRun): Promise<void> {
  await until('the run is done', () => {
    if (life.failures[0] !== undefined) throw life.failures[0]
    return life.finished
  })
}

function shopOf(rows = 10): LoggedShop {
  const keys = Array.from({ length: rows }, (_, i) => i + 1)
  return new LoggedShop().hasHad(ITEM.name, ...keys).hasHad(ORDER.name, 1, 2)
}

describe('a bounded run', () => {
  test('gives all rows of before as bootstrap events, says where an online client takes over, and is done', async () => {
    const shop = shopOf()
    const outside = new Outside()
    const life = lifeOf(shop, outside, { until: 'now' })
    await life.run.start()
    await finished(life)
    expect(Object.fromEntries(outside.written)).toEqual(shop.picture)
    expect(life.told.filter(([name]) => name === 'row')).toHaveLength(12)
    expect(life.told.filter(([name]) => name === 'event')).toEqual([])
    expect(life.run.takeoverScn).toBe(shop.scn)
    expect(life.told.filter(([name]) => name === 'onStartBootstrap')).toEqual([
      ['onStartBootstrap', '0 true'],
      ['onStartBootstrap', '1 true'],
      ['onStartBootstrap', '2 true'],
    ])
    expect(life.told.filter(([name]) => name === 'onStopBootstrap')).toHaveLength(3)
  })

  test('gives what happens while the rows are read as data events, and no key goes back', async () => {
    const shop = shopOf()
    const outside = new Outside()
    const life = lifeOf(shop, outside, { until: 'now' })
    let times = 0
    shop.meanwhile = () => {
      if (++times > 6) return
      shop.change({ key: times }, { key: 11 - times, isGone: true }, { key: 20 + times })
    }
    await life.run.start()
    await finished(life)
    expect(Object.fromEntries(outside.written)).toEqual(shop.picture)
    expect(life.faults).toEqual([])
    expect(life.told.some(([name]) => name === 'event')).toBe(true)
  })

  test('leaves out rows whose key the stream has given: each change comes once', async () => {
    const shop = new LoggedShop().hasHad(ITEM.name, 1, 2, 3)
    const life = lifeOf(shop, new Outside(), { until: 'now' })
    let isFirst = true
    shop.meanwhile = () => {
      if (isFirst) shop.change({ key: 2 })
      isFirst = false
    }
    await life.run.start()
    await finished(life)
    const keys = life.told
      .filter(([name]) => name === 'row' || name === 'event')
      .map(([name, what]) => `${name} ${what.slice(2)}`)
    expect(keys.toSorted()).toEqual(['event UPSERT 2', 'row 1', 'row 3'])
  })

  test('goes to the SCN that is wanted, also when the rows are over before, and gives nothing beyond', async () => {
    const shop = shopOf()
    const outside = new Outside()
    const wanted = shop.scn + 30n
    const life = lifeOf(shop, outside, { until: String(wanted) })
    await life.run.start()
    await until('the rows are over', () => life.told.filter(([name]) => name === 'onStopBootstrap').length === 3)
    expect(life.finished).toBe(false)
    for (let key = 1; key <= 5; key++) shop.change({ key: 100 + key })
    await finished(life)
    expect(life.run.takeoverScn).toBe(wanted)
    expect([...outside.written.keys()].filter((key) => key.startsWith('shop.item 10')).toSorted()).toEqual([
      'shop.item 10',
      'shop.item 101',
      'shop.item 102',
      'shop.item 103',
    ])
  })

  test('that is started again is done at once, at the same place', async () => {
    const shop = shopOf()
    const outside = new Outside()
    const first = lifeOf(shop, outside, { until: 'now' })
    await first.run.start()
    await finished(first)
    await first.end()
    const again = lifeOf(shop, outside, { until: 'now' })
    await again.run.start()
    await finished(again)
    expect(again.run.takeoverScn).toBe(first.run.takeoverScn)
    expect(again.told).toEqual([0, 1, 2].map((partition) => ['onStartConsumption', String(partition)]))
  })

  test.each([
    ['mysql-bin.000001:4', 'it knows SCNs alone'],
    ['soon', 'it knows SCNs alone'],
  ])('to %s is refused by name where its source does not know the place', async (place, fault) => {
    const life = lifeOf(shopOf(), new Outside(), { until: place })
    await expect(life.run.start()).rejects.toThrow(fault)
  })
})

describe('a run without an end', () => {
  test('goes on following, and stores what the consumers are done with', async () => {
    const shop = shopOf()
    const outside = new Outside()
    const life = lifeOf(shop, outside)
    await life.run.start()
    await until('the rows are over', () => life.told.filter(([name]) => name === 'onStopBootstrap').length === 3)
    shop.change({ key: 1 }, { key: 2, isGone: true })
    await until('the change is there', () => outside.written.get('shop.item 1') === shop.picture['shop.item 1'])
    await until('its place is stored', () => outside.place?.scn === shop.scn)
    expect(Object.fromEntries(outside.written)).toEqual(shop.picture)
    expect(life.finished).toBe(false)
    expect(life.run.health()).toEqual({ status: 'up' })
    expect(life.run.describe()).toMatchObject({ givenScn: String(shop.scn), doneScn: String(shop.scn) })
  })

  test('stores no place and no rows that a slow consumer is not done with', async () => {
    const shop = shopOf()
    const outside = new Outside()
    const life = lifeOf(shop, outside, { partitions: 1 })
    let go: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (go = resolve))
    const begin = shop.scn
    shop.change({ key: 50 })
    life.onEvent = () => gate
    await life.run.start()
    await until('a row is given', () => life.told.some(([name]) => name === 'row' || name === 'event'))
    shop.change({ key: 51 })
    await until('the change is handed out', () => life.run.counts.windows > 0)
    expect(outside.rows).toBeUndefined()
    expect(outside.place?.scn).toBeLessThanOrEqual(begin + 10n)
    go()
    await until('all is stored', () => outside.place?.scn === shop.scn && outside.rows?.hasEnded === true)
    expect(Object.fromEntries(outside.written)).toEqual(shop.picture)
  })

  test('waits for its consumers: no more than the room that it has is taken from the source', async () => {
    const shop = shopOf(200)
    const life = lifeOf(shop, new Outside(), { partitions: 1, rowsMax: 5 })
    let go: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (go = resolve))
    life.onEvent = () => gate
    await life.run.start()
    for (let key = 300; key < 400; key++) shop.change({ key })
    await until('the room is full', () => life.run.counts.events >= 5)
    // A chunk that is under way and a window may come on top of it.
    expect(life.run.counts.events).toBeLessThanOrEqual(5 + 3 + 1)
    go()
    await until('all is given', () => life.run.counts.windows === 100)
  })
})

describe('a consumer that fails', () => {
  test('is given the same again after onRollback, and the others go on', async () => {
    const shop = shopOf(30)
    const outside = new Outside()
    const life = lifeOf(shop, outside, { until: 'now' })
    let failures = 0
    life.onEvent = (event) => {
      if (event.key === 7n && failures++ < 3) throw new Error('no room')
      return undefined
    }
    await life.run.start()
    await finished(life)
    expect(failures).toBe(4)
    expect(life.told.filter(([name]) => name === 'onRollback')).toHaveLength(3)
    expect(Object.fromEntries(outside.written)).toEqual(shop.picture)
  })

  test('for longer than its retries ends the run by name, and what was stored is gone on with', async () => {
    const shop = shopOf(30)
    const outside = new Outside()
    const life = lifeOf(shop, outside, { until: 'now' })
    life.onEvent = (event) => (event.key === 25n ? ConsumerCallbackResult.ERROR : undefined)
    await life.run.start()
    await until('it gives up', () => life.failures.length > 0)
    expect(life.failures[0]).toMatchObject({ code: 'AESOP_CLIENT_CONSUMER_RETRIES_EXHAUSTED' })
    expect(life.run.health().status).toBe('down')
    await life.end()
    const again = lifeOf(shop, outside, { until: 'now' })
    await again.run.start()
    await finished(again)
    expect(Object.fromEntries(outside.written)).toEqual(shop.picture)
    expect(again.told).toContainEqual(['onStartBootstrap', '0 false'])
  })

  test('that skips checkpoints is given everything since the last one again', async () => {
    const shop = new LoggedShop()
    const outside = new Outside()
    const life = lifeOf(shop, outside, { partitions: 1 })
    let hasFailed = false
    life.onCheckpoint = (scn) => (scn < 140n ? ConsumerCallbackResult.SKIP_CHECKPOINT : undefined)
    life.onEvent = (event) => {
      if (event.key !== 4n || hasFailed) return undefined
      hasFailed = true
      return ConsumerCallbackResult.ERROR
    }
    await life.run.start()
    for (let key = 1; key <= 4; key++) shop.change({ key })
    await until('all is done', () => outside.place?.scn === shop.scn)
    const events = life.told.filter(([name]) => name === 'event' || name === 'onRollback').map(([, what]) => what)
    const all = [1, 2, 3, 4].map((key) => `0 UPSERT ${key}`)
    expect(events).toEqual([...all, '0 -1', ...all])
  })

  test('that never agrees to a checkpoint ends by name, and not in silence', async () => {
    const shop = new LoggedShop()
    const life = lifeOf(shop, new Outside(), { partitions: 1, rowsMax: 5 })
    life.onCheckpoint = () => ConsumerCallbackResult.SKIP_CHECKPOINT
    await life.run.start()
    for (let key = 1; key <= 20; key++) shop.change({ key })
    await until('it gives up', () => life.failures.length > 0)
    expect(life.failures[0]).toMatchObject({ code: 'AESOP_BLOCKING_NOT_AGREED' })
  })
})

describe('what concerns a whole table', () => {
  test('a TRUNCATE is told to each partition when all before it is given everywhere, and before all after it', async () => {
    const shop = shopOf(40)
    const outside = new Outside()
    const life = lifeOf(shop, outside)
    // One partition is slower than the others.
    life.onEvent = (_event, partition) =>
      partition === 1 ? new Promise((resolve) => setTimeout(resolve, 1)) : undefined
    await life.run.start()
    await until('the rows are over', () => life.told.filter(([name]) => name === 'onStopBootstrap').length === 3)
    for (let key = 1; key <= 12; key++) shop.change({ key })
    shop.truncate(ITEM.name)
    for (let key = 1; key <= 12; key++) shop.change({ key: key + 6 })
    await until('all is done', () => outside.place?.scn === shop.scn)
    expect(Object.fromEntries(outside.written)).toEqual(shop.picture)
    const order = life.told.map(([name]) => name).filter((name) => name === 'event' || name === 'change')
    expect(order).toEqual([
      ...Array<string>(12).fill('event'),
      ...Array<string>(3).fill('change'),
      ...Array<string>(12).fill('event'),
    ])
  })

  test('a TRUNCATE while rows are read: the chunk is read again, and nothing that is gone comes back', async () => {
    const shop = shopOf(20)
    const outside = new Outside()
    const life = lifeOf(shop, outside, { until: 'now' })
    let times = 0
    shop.meanwhile = () => {
      times++
      if (times === 4) shop.truncate(ITEM.name)
      if (times === 6) shop.change({ key: 3 }, { key: 19 })
    }
    await life.run.start()
    await finished(life)
    expect(Object.fromEntries(outside.written)).toEqual(shop.picture)
    expect(life.faults).toEqual([])
  })
})

test('a table without a key is read in one view, and what is deleted meanwhile stays deleted', async () => {
  const shop = shopOf(20)
  shop.isKeyless = true
  const outside = new Outside()
  const life = lifeOf(shop, outside, { until: 'now' })
  let times = 0
  shop.meanwhile = () => {
    times++
    if (times < 6) shop.change({ key: 21 - times, isGone: true }, { key: times })
  }
  await life.run.start()
  await finished(life)
  expect(Object.fromEntries(outside.written)).toEqual(shop.picture)
  expect(life.faults).toEqual([])
})

test('a window that is larger than its room goes through a file, to each partition its own', async () => {
  const shop = new LoggedShop()
  const outside = new Outside()
  const life = lifeOf(shop, outside, { bytesMax: 2000 })
  await life.run.start()
  const keys = Array.from({ length: 500 }, (_, i) => ({ key: i }))
  shop.change(...keys)
  shop.change({ key: 7, isGone: true })
  await until('all is done', () => outside.place?.scn === shop.scn)
  expect(Object.fromEntries(outside.written)).toEqual(shop.picture)
  expect(life.faults).toEqual([])
})

describe('what is stored and does not fit', () => {
  test('of another SCN space is refused by name', async () => {
    const outside = new Outside()
    outside.rows = { scnSpace: 'another', tables: {}, hasEnded: false }
    outside.place = { scn: 100n, savedAtMs: 0 }
    await expect(lifeOf(shopOf(), outside).run.start()).rejects.toMatchObject({
      code: 'AESOP_BLOCKING_PROGRESS_ASTRAY',
    })
  })

  test('without the place in the log is refused by name', async () => {
    const outside = new Outside()
    outside.rows = { scnSpace: 'shop-1', tables: {}, hasEnded: true }
    await expect(lifeOf(shopOf(), outside).run.start()).rejects.toThrow('/state/shop.rows.json')
  })
})

test('a source that reads no rows is refused by name, unless only its log is wanted', async () => {
  const shop = shopOf()
  const producer = new LoggedProducer(shop)
  Object.defineProperty(producer, 'snapshotReader', { value: undefined })
  await expect(lifeOf(shop, new Outside(), { producer }).run.start()).rejects.toMatchObject({
    code: 'AESOP_BLOCKING_NO_ROWS_READER',
  })
  shop.change({ key: 99 })
  const outside = new Outside()
  const life = lifeOf(shop, outside, { readsRows: false, initialScn: 100n, until: '110' })
  await life.run.start()
  await finished(life)
  expect([...outside.written.keys()]).toEqual(['shop.item 99'])
})
