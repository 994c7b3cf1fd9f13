import { join } from 'node:path'
import { type BootstrapStore, type SourceState, SqliteStore, type StoreReader } from '@aesop/bootstrap-store'
import { PhysicalSourceConfig } from '@aesop/producer'
import { type SnapshotReader } from '@aesop/reading'
import { describe, expect, it, onTestFinished } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { BootstrapProducer, type BootstrapProducerOptions, type SeedingProgress } from '../src/index.ts'
import { contextOf, folderOf, ITEM, ORDER, Shop } from './shop.ts'

class Rig {
  readonly folder = folderOf()
  readonly shop: Shop
  readonly store = new SqliteStore({ path: join(this.folder, 'bootstrap.db') })
  producer: BootstrapProducer | undefined
  reader: StoreReader | undefined

  constructor(shop: Shop) {
    this.shop = shop
    onTestFinished(async () => {
      await this.producer?.stop()
      await this.store.close()
    })
  }

  async start(sources: readonly object[] = [ITEM], options: Partial<BootstrapProducerOptions> = {}): Promise<this> {
    const uri = `relay://127.0.0.1:${this.shop.relay.address?.port ?? 0}`
    const physicalSourceConfig = new PhysicalSourceConfig({ uri, name: 'shop', sources })
    const all = { physicalSourceConfig, store: this.store, snapshots: this.shop.reader, batchMs: 1, ...options }
    this.producer = new BootstrapProducer(all, contextOf(this.folder))
    await this.producer.start()
    this.reader ??= await this.store.openReader()
    return this
  }

  async state(source = ITEM.name): Promise<SourceState> {
    const [state] = (await this.reader?.states([source])) ?? []
    if (state === undefined) throw new Error('no state')
    return state
  }

  async has(status: string, source = ITEM.name): Promise<void> {
    const seen = (): unknown => this.producer?.describe()
    await until(`${source} is ${status}`, async () => (await this.state(source)).status === status, 20_000, seen)
  }

  get progress(): SeedingProgress | undefined {
    return this.producer?.describe().seeding.find(({ source }) => source === ITEM.name)
  }
}

async function shopOf(rows: number): Promise<Shop> {
  const shop = await new Shop().start()
  shop.hasHad(Object.fromEntries(Array.from({ length: rows }, (_, key) => [key + 1, `row ${key + 1}`])))
  shop.change([1, 'ONE'])
  return shop
}

describe('seedings', () => {
  it('are begun by hand on a table that is served, and say how far they are', async () => {
    const shop = await shopOf(10)
    const rig = await new Rig(shop).start()
    await rig.has('ACTIVE')
    const go = shop.holdChunks()
    const asked = rig.producer?.seed(ITEM.name, undefined)
    go()
    await asked
    await until('it is read again', async () => (await rig.state()).seeding?.number === 2)
    await rig.has('ACTIVE')
    await until('it says so', () => rig.progress?.state === 'done')
    expect(rig.progress).toMatchObject({ rows: 10, ofRows: 10, percent: 100, etaSeconds: 0, fault: undefined })
  })

  it('keep their condition through a restart', async () => {
    const shop = await shopOf(10)
    const wheres: (string | undefined)[] = []
    const real = shop.reader
    const snapshots: SnapshotReader = {
      describe: (source) => real.describe(source),
      readChunk: (request, signal) => {
        wheres.push(request.where)
        return real.readChunk(request, signal)
      },
    }
    const rig = await new Rig(shop).start([ITEM], { snapshots })
    await rig.has('ACTIVE')
    rig.producer?.pause()
    await rig.producer?.seed(ITEM.name, 'id < 100')
    await rig.has('SEEDING')
    await rig.producer?.stop()
    wheres.length = 0
    await rig.start([ITEM], { snapshots })
    await rig.has('ACTIVE')
    expect(new Set(wheres)).toEqual(new Set(['id < 100']))
    expect((await rig.state()).seeding).toMatchObject({ number: 2, where: 'id < 100' })
  })

  it('stand still while they are held, and go on', async () => {
    const shop = await shopOf(10)
    const go = shop.holdChunks()
    const rig = await new Rig(shop).start()
    await rig.has('SEEDING')
    rig.producer?.pause()
    go()
    await until('it says so', () => rig.progress?.state === 'paused')
    expect(rig.producer?.describe().isPaused).toBe(true)
    rig.producer?.resume()
    await rig.has('ACTIVE')
  })

  it('are ended by hand: the table is not served before it is seeded again', async () => {
    const shop = await shopOf(10)
    const go = shop.holdChunks()
    const rig = await new Rig(shop).start()
    await rig.has('SEEDING')
    const cancelling = rig.producer?.cancel(ITEM.name)
    go()
    await cancelling
    await rig.has('INACTIVE')
    await expect(rig.producer?.cancel(ITEM.name)).rejects.toMatchObject({ code: 'AESOP_BOOTSTRAP_SEEDING_IMPOSSIBLE' })
    await rig.producer?.seed(ITEM.name, undefined)
    await rig.has('ACTIVE')
  })

  it('are reported as they are now', async () => {
    const rig = await new Rig(await shopOf(10)).start()
    for (const number of [1, 2, 3]) {
      await rig.has('ACTIVE')
      const report = await rig.producer?.report()
      expect(report).toMatchObject({ sources: [{ status: 'ACTIVE', seededRows: 10n }] })
      expect((await rig.state()).seeding?.number).toBe(number)
      await rig.producer?.seed(ITEM.name, undefined)
    }
  })

  it('are reported as they were seen last, with the reason, where the store can not be read or does not answer', async () => {
    let before = (): Promise<void> => Promise.resolve()
    const rig = new Rig(await shopOf(10))
    const { store } = rig
    const openReader = async (): Promise<StoreReader> => {
      const reader = await store.openReader()
      const states = reader.states.bind(reader)
      return Object.assign(reader, { states: (wanted?: readonly string[]) => before().then(() => states(wanted)) })
    }
    const tricky: BootstrapStore = {
      name: store.name,
      openReader,
      openWriter: (bounds) => store.openWriter(bounds),
      close: () => store.close(),
    }
    await rig.start([ITEM], { store: tricky, stallMs: 300 })
    await rig.has('ACTIVE')
    await rig.producer?.report()
    before = () => Promise.reject(new Error('no disk'))
    expect(await rig.producer?.report()).toMatchObject({ sources: [{ status: 'ACTIVE' }], fault: 'no disk' })
    let answer = (): void => undefined
    before = () => new Promise((resolve) => (answer = resolve))
    expect(await rig.producer?.report()).toMatchObject({ sources: [{ status: 'ACTIVE' }], fault: 'it does not answer' })
    expect(rig.producer?.health()).toMatchObject({
      status: 'degraded',
      detail: expect.stringMatching(/^the store has not answered for \d s/) as string,
    })
    before = () => Promise.resolve()
    answer()
    expect(await rig.producer?.report()).not.toHaveProperty('fault')
    expect(rig.producer?.health().status).toBe('up')
  })

  it('refuse a table that nobody has, by name', async () => {
    const rig = await new Rig(await shopOf(1)).start()
    await expect(rig.producer?.seed('shop.nothing', undefined)).rejects.toThrow(
      'there is no source "shop.nothing"; there are shop.item',
    )
  })

  it('come by themselves for a table that is added later, and for one that was left out meanwhile', async () => {
    const shop = await shopOf(5)
    const rig = await new Rig(shop).start([ITEM])
    await rig.has('ACTIVE')
    await rig.producer?.stop()
    await rig.start([ORDER])
    await rig.has('ACTIVE', ORDER.name)
    expect((await rig.state()).status).toBe('FELL_OFF_RELAY')
    shop.change([2, 'changed while nobody looked'])
    await rig.producer?.stop()
    await rig.start([ITEM, ORDER])
    await rig.has('ACTIVE')
    expect((await rig.state()).seeding?.number).toBe(2)
  })

  it('read on while the store is behind what chunks saw, within their bytes, and say what they wait for', async () => {
    const shop = await shopOf(60)
    const real = shop.reader
    let isBehind = true
    const snapshots: SnapshotReader = {
      describe: (source) => real.describe(source),
      readChunk: async (request, signal) => {
        const chunk = await real.readChunk(request, signal)
        return isBehind ? { ...chunk, visibleScn: shop.scn + 10n } : chunk
      },
    }
    const rig = await new Rig(shop).start([ITEM], { snapshots, seedAheadBytes: 2000 })
    await until('several chunks are read', () => shop.chunks > 3)
    await until('it says so', () => rig.progress?.waitsFor?.startsWith('the tables to come to SCN') === true)
    expect((await rig.state()).seeding?.rows).toBe(0n)
    expect(shop.chunks).toBeLessThan(20)
    isBehind = false
    shop.change([61, 'the stream goes on'])
    shop.change([62, 'and on'])
    await rig.has('ACTIVE')
  })
})
