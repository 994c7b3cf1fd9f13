import { join } from 'node:path'
import { type StoreReader } from '@aesop/bootstrap-store'
import { AesopError } from '@aesop/kernel'
import { PhysicalSourceConfig } from '@aesop/producer'
import { describe, expect, it } from 'vitest'
import { extent } from '../../../test/support/extent.ts'
import { storePicture } from '../../../test/support/store-picture.ts'
import { until } from '../../../test/support/until.ts'
import { BootstrapProducer } from '../src/index.ts'
import { contextOf, folderOf, ITEM, ORDER, Shop } from './shop.ts'
import { TrickyStore } from './tricky-store.ts'

const KEYS = 20
/** Of every second one of the first of them the stream tells: the others only chunks have. */
const CHANGED = 5
/** Calls that change what is stored. */
const WRITES = ['declare', 'writeWindows', 'apply', 'breakStream', 'beginSeeding', 'putChunk', 'endSeeding'] as const
type Write = (typeof WRITES)[number]
type When = 'before' | 'behind'
/** Applying goes on while there is nothing to be applied: later ones are like those before. */
const NTH_MAX = 12

class Killed extends AesopError {
  constructor() {
    super({ code: 'AESOP_TEST_KILLED', meaning: 'None.', remedy: 'None.', canRetry: false }, 'the process was killed')
  }
}

/** A producer that is killed at one of its writes: nothing that it does from then on has an effect. */
class Run {
  readonly folder = folderOf()
  readonly store = new TrickyStore(join(this.folder, 'bootstrap.db'))
  readonly shop: Shop
  isKilled = false
  #reader: StoreReader | undefined

  constructor(shop: Shop) {
    this.shop = shop
  }

  killAt(write: Write, nth: number, when: When): void {
    let writes = 0
    const dead = (method: string): Error | undefined => (this.isKilled && method !== 'close' ? new Killed() : undefined)
    const told = (method: string): Error | undefined => {
      if (method === write && writes++ === nth) this.isKilled = true
      return dead(method)
    }
    this.store.before = when === 'before' ? told : dead
    this.store.behind = when === 'behind' ? told : dead
  }

  /** As its next process. */
  restart(): void {
    this.isKilled = false
    this.store.before = this.store.behind = () => undefined
  }

  /** Until all is there, or it was killed. */
  async goOn(): Promise<void> {
    const uri = `relay://127.0.0.1:${this.shop.relay.address?.port ?? 0}`
    const physicalSourceConfig = new PhysicalSourceConfig({ uri, name: 'shop', sources: [ITEM, ORDER] })
    const options = { physicalSourceConfig, store: this.store, snapshots: this.shop.reader, batchMs: 1 }
    const producer = new BootstrapProducer(options, { ...contextOf(this.folder), fail: () => undefined })
    const started = producer.start().catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error
    })
    await until('all is there, or it was killed', async () => this.isKilled || (await this.#hasAll()))
    await started
    await producer.stop()
  }

  async end(): Promise<void> {
    await this.store.close()
  }

  async picture(): Promise<Map<number, string>> {
    return storePicture(await this.#read(), ITEM.name)
  }

  async #hasAll(): Promise<boolean> {
    try {
      const [state] = await (await this.#read()).states([ITEM.name])
      return state?.status === 'ACTIVE' && state.stream.appliedScn >= this.shop.scn
    } catch (error) {
      // Its tables are still being made.
      if (error instanceof AesopError) return false
      throw error
    }
  }

  async #read(): Promise<StoreReader> {
    return (this.#reader ??= await this.store.openReader())
  }
}

/** Changes of rows before, between and behind the chunks of its seeding. */
async function shopInUse(): Promise<Shop> {
  const shop = await new Shop().start()
  shop.hasHad(Object.fromEntries(Array.from({ length: KEYS }, (_, key) => [key, `old ${key}`])))
  shop.change([0, 'ZERO'])
  shop.meanwhile = () => {
    const key = 2 * (shop.chunks % CHANGED)
    shop.change(
      [key, shop.rows.has(key) ? undefined : `again ${shop.chunks}`],
      [KEYS + (shop.chunks % 4), `new ${shop.chunks}`],
    )
  }
  return shop
}

/** @returns whether it was killed: the write was reached */
async function killed(shop: Shop, write: Write, nth: number, when: When): Promise<boolean> {
  const run = new Run(shop)
  run.killAt(write, nth, when)
  await run.goOn()
  const { isKilled } = run
  run.restart()
  if (isKilled) await run.goOn()
  expect(await run.picture(), `killed ${when} ${write} ${nth}`).toEqual(shop.rows)
  await run.end()
  return isKilled
}

describe('a producer that is killed has the table in its next process', () => {
  it.each<[When, Write, number]>([
    ['before', 'writeWindows', 1],
    ['behind', 'beginSeeding', 0],
    ['behind', 'putChunk', 1],
    ['before', 'endSeeding', 0],
  ])('%s %s %d', async (when, write, nth) => {
    expect(await killed(await shopInUse(), write, nth, when)).toBe(true)
  })

  const all = WRITES.flatMap((write): [When, Write][] => [
    ['before', write],
    ['behind', write],
  ])
  it.each(extent([], all))(
    '%s each %s',
    async (when, write) => {
      const shop = await shopInUse()
      let nth = 0
      while (nth < NTH_MAX && (await killed(shop, write, nth, when))) nth++
      expect(nth).toBeGreaterThan(0)
    },
    600_000,
  )
})
