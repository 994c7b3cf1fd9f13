import { join } from 'node:path'
import { PhysicalSourceConfig } from '@aesop/producer'
import { SqliteStore, type SourceState, type StoreReader } from '@aesop/bootstrap-store'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SeededDraw } from '../../../test/support/seeded-draw.ts'
import { storePicture } from '../../../test/support/store-picture.ts'
import { until } from '../../../test/support/until.ts'
import { BootstrapProducer, type BootstrapProducerOptions } from '../src/index.ts'
import { contextOf, folderOf, ITEM, ORDER, Shop } from './shop.ts'

class Rig {
  readonly folder = folderOf()
  readonly shop: Shop
  readonly store: SqliteStore
  readonly #options: Partial<BootstrapProducerOptions>
  producer: BootstrapProducer | undefined
  reader: StoreReader | undefined

  constructor(shop: Shop, options: Partial<BootstrapProducerOptions> = {}) {
    this.shop = shop
    this.#options = options
    this.store = new SqliteStore({ path: join(this.folder, 'bootstrap.db') })
    onTestFinished(() => this.stop())
  }

  async start(): Promise<this> {
    this.producer = this.#producerOf(this.#options)
    await this.producer.start()
    this.reader = await this.store.openReader()
    return this
  }

  async stop(): Promise<void> {
    await this.producer?.stop()
    await this.store.close()
  }

  async state(): Promise<SourceState> {
    const [state] = (await this.reader?.states([ITEM.name])) ?? []
    if (state === undefined) throw new Error('no state')
    return state
  }

  async isServed(): Promise<void> {
    const seen = (): unknown => this.producer?.describe()
    await until('the table is served', async () => (await this.state()).status === 'ACTIVE', 20_000, seen)
  }

  async hasApplied(scn: bigint): Promise<void> {
    await until(`SCN ${scn}`, async () => (await this.state()).stream.appliedScn >= scn)
  }

  /** What a consumer that begins now gets. */
  async picture(): Promise<Record<number, string>> {
    if (this.reader === undefined) throw new Error('it was not started')
    return Object.fromEntries(await storePicture(this.reader, ITEM.name))
  }

  wanted(): Record<number, string> {
    return Object.fromEntries(this.shop.rows)
  }

  #producerOf(options: Partial<BootstrapProducerOptions>): BootstrapProducer {
    const uri = `relay://127.0.0.1:${this.shop.relay.address?.port ?? 0}`
    const physicalSourceConfig = new PhysicalSourceConfig({ uri, name: 'shop', sources: [ITEM, ORDER] })
    const snapshots = this.shop.reader
    const all = { physicalSourceConfig, store: this.store, snapshots, batchMs: 1, ...options }
    return new BootstrapProducer(all, contextOf(this.folder))
  }
}

describe('a bootstrap producer', () => {
  it('has the table as it is: rows of before, and what happened while they were read', async () => {
    const shop = await new Shop().start()
    shop.hasHad({ 1: 'one', 2: 'two', 3: 'three', 4: 'four', 5: 'five', 6: 'six', 7: 'seven' })
    shop.change([1, 'ONE'], [2, undefined])
    let more = 3
    shop.meanwhile = () => {
      if (more-- > 0) shop.change([4 + more, `seen ${more}`], [20 + more, 'new'], [6, undefined])
    }
    const rig = await new Rig(shop).start()
    await rig.isServed()
    shop.change([3, 'THREE'], [8, 'eight'])
    await rig.hasApplied(shop.scn)
    expect(await rig.picture()).toEqual(rig.wanted())
    expect(shop.chunks).toBeGreaterThan(2)
    expect(rig.producer?.health()).toEqual({ status: 'up' })
  })

  it('goes on behind what the store has after a restart, and seeds no table twice', async () => {
    const shop = await new Shop().start()
    shop.hasHad({ 1: 'one', 2: 'two' })
    shop.change([1, 'ONE'])
    const rig = await new Rig(shop).start()
    await rig.isServed()
    await until('the other one, too', () => shop.chunks >= 2)
    await rig.stop()
    const { chunks } = shop
    for (let key = 10; key < 40; key++) shop.change([key, `row ${key}`])
    await rig.start()
    await rig.hasApplied(shop.scn)
    expect(await rig.picture()).toEqual(rig.wanted())
    expect(shop.chunks).toBe(chunks)
  })

  it('takes a window over that is larger than a batch, and windows without rows', async () => {
    const shop = await new Shop().start()
    shop.change([1, 'one'])
    const rig = await new Rig(shop, { batchBytes: 2000 }).start()
    await rig.isServed()
    shop.change(...Array.from({ length: 300 }, (_, key) => [key, `row ${key}`.padEnd(60, '.')] as const))
    shop.change()
    shop.change([5, 'last'])
    await rig.hasApplied(shop.scn)
    expect(await rig.picture()).toEqual(rig.wanted())
  })

  it('serves a source without a reader of its rows as the stream makes it', async () => {
    const shop = await new Shop().start()
    shop.change([1, 'one'])
    const rig = await new Rig(shop, { snapshots: undefined }).start()
    await rig.isServed()
    shop.change([2, 'two'])
    await rig.hasApplied(shop.scn)
    expect(await rig.picture()).toMatchObject({ 2: 'two' })
  })

  it('is equal to the table after random changes, restarts in between', async () => {
    const draw = new SeededDraw(20261129)
    const shop = await new Shop().start()
    shop.hasHad(Object.fromEntries(Array.from({ length: 30 }, (_, key) => [key, `old ${key}`])))
    const change = (): void => {
      const key = draw.below(40)
      shop.change([key, draw.below(3) === 0 ? undefined : `at ${shop.scn}`])
    }
    change()
    shop.meanwhile = () => {
      if (draw.below(2) === 0) change()
    }
    const rig = new Rig(shop)
    for (let round = 0; round < 4; round++) {
      await rig.start()
      for (let left = 20; left > 0; left--) change()
      if (round === 3) break
      await until('some of it', async () => (await rig.state()).stream.logScn >= shop.scn - 100n)
      await rig.stop()
    }
    await rig.isServed()
    await rig.hasApplied(shop.scn)
    expect(await rig.picture()).toEqual(rig.wanted())
  })
})
