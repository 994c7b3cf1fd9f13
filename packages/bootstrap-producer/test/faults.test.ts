import { join } from 'node:path'
import { type SourceState, type StoreReader, StoreThreadDiedError } from '@aesop/bootstrap-store'
import { type Alert, AesopError, type BeanContext } from '@aesop/kernel'
import { PhysicalSourceConfig } from '@aesop/producer'
import { type SnapshotChunk, type SnapshotReader, type SnapshotRequest } from '@aesop/reading'
import { describe, expect, it, onTestFinished } from 'vitest'
import { until } from '../../../test/support/until.ts'
import { BootstrapProducer, type BootstrapProducerOptions } from '../src/index.ts'
import { contextOf, folderOf, ITEM, ORDER, Shop } from './shop.ts'
import { TrickyStore } from './tricky-store.ts'

class Rig {
  readonly folder = folderOf()
  readonly shop: Shop
  readonly store = new TrickyStore(join(this.folder, 'bootstrap.db'))
  readonly failures: Error[] = []
  readonly alerts: Alert[] = []
  producer: BootstrapProducer | undefined
  reader: StoreReader | undefined

  constructor(shop: Shop) {
    this.shop = shop
    onTestFinished(() => this.stop())
  }

  async start(options: Partial<BootstrapProducerOptions> = {}): Promise<void> {
    const uri = `relay://127.0.0.1:${this.shop.relay.address?.port ?? 0}`
    const physicalSourceConfig = new PhysicalSourceConfig({ uri, name: 'shop', sources: [ITEM, ORDER] })
    const all = { physicalSourceConfig, store: this.store, snapshots: this.shop.reader, batchMs: 1, ...options }
    const context: BeanContext = {
      ...contextOf(this.folder),
      fail: (error) => this.failures.push(error),
      publish: (alert) => this.alerts.push(alert),
    }
    this.producer = new BootstrapProducer(all, context)
    await this.producer.start()
    this.reader = await this.store.openReader()
  }

  async stop(): Promise<void> {
    await this.producer?.stop()
    this.producer = undefined
  }

  async state(): Promise<SourceState> {
    const [state] = (await this.reader?.states([ITEM.name])) ?? []
    if (state === undefined) throw new Error('no state')
    return state
  }

  async isServed(): Promise<void> {
    const seen = (): unknown => [this.producer?.describe(), this.producer?.health()]
    await until('the table is served', async () => (await this.state()).status === 'ACTIVE', 20_000, seen)
  }
}

class Final extends AesopError {
  constructor() {
    const kind = { code: 'AESOP_TEST_FINAL', meaning: 'None.', remedy: 'None.', canRetry: false } as const
    super(kind, 'the store is of no use any more')
  }
}

const lost = (): AesopError =>
  new AesopError(
    { code: 'AESOP_WIRE_SNAPSHOT_FAILED', meaning: 'None.', remedy: 'None.', canRetry: false },
    'AESOP_SNAPSHOT_CURSOR_LOST: the reading of the source shop.item, which has no key, is over',
  )

describe('a bootstrap producer', () => {
  it('begins a table anew whose reading was lost, and has it whole at the end', async () => {
    const shop = await new Shop().start()
    shop.hasHad({ 1: 'one', 2: 'two', 3: 'three', 4: 'four', 5: 'five' })
    shop.change([1, 'ONE'])
    let losses = 2
    const real = shop.reader
    const snapshots: SnapshotReader = {
      describe: (source) => real.describe(source),
      readChunk: (request: SnapshotRequest, signal: AbortSignal): Promise<SnapshotChunk> =>
        request.after !== undefined && losses-- > 0 ? Promise.reject(lost()) : real.readChunk(request, signal),
    }
    const rig = new Rig(shop)
    await rig.start({ snapshots })
    await rig.isServed()
    expect((await rig.state()).seeding).toMatchObject({ number: 3, rows: 5n })
  })

  it('does not read a table again whose chunks are all in when its process dies before the sweep', async () => {
    const shop = await new Shop().start()
    shop.hasHad({ 1: 'one', 2: 'two', 3: 'three', 4: 'four', 5: 'five' })
    shop.change([1, 'ONE'])
    const rig = new Rig(shop)
    rig.store.before = (method) => (method === 'endSeeding' ? new Final() : undefined)
    await rig.start()
    await until('the sweep is tried', () => (rig.store.calls.get('endSeeding') ?? 0) > 1)
    await rig.stop()
    const { chunks } = shop
    rig.store.before = () => undefined
    await rig.start()
    await rig.isServed()
    expect(shop.chunks).toBe(chunks)
  })

  it('ends by name after a fault that trying again can not help, and the place of the store stays', async () => {
    const shop = await new Shop().start()
    shop.change([1, 'one'])
    const rig = new Rig(shop)
    await rig.start()
    await rig.isServed()
    rig.store.before = (method) => (method === 'writeWindows' ? new Final() : undefined)
    const { stream } = await rig.state()
    for (let more = 0; more < 20; more++) shop.change([more, 'lost to nobody'])
    await until('it has failed', () => rig.failures.length > 0)
    expect(rig.failures.map(({ message }) => message)).toEqual(['the store is of no use any more'])
    expect(rig.producer?.health()).toMatchObject({ status: 'down', detail: 'the store is of no use any more' })
    rig.store.before = () => undefined
    const tried = rig.store.calls.get('writeWindows')
    shop.change([30, 'later'])
    await rig.stop()
    expect(rig.store.calls.get('writeWindows')).toBe(tried)
    await rig.start()
    await until('it goes on where it was', async () => (await rig.state()).stream.appliedScn === shop.scn)
    expect(stream.logScn).toBeLessThan(shop.scn)
  })

  it('ends by name where the connection to its store has died, though nothing is to be written', async () => {
    const shop = await new Shop().start()
    shop.change([1, 'one'])
    const rig = new Rig(shop)
    await rig.start()
    await rig.isServed()
    rig.store.before = (method) => (method === 'apply' ? new StoreThreadDiedError('the store', 'none') : undefined)
    await until('it has failed', () => rig.failures.length > 0)
    expect(rig.failures).toMatchObject([{ code: 'AESOP_BOOTSTRAP_STORE_THREAD_DIED', canRetry: false }])
    expect(rig.producer?.health().status).toBe('down')
    const applied = rig.store.calls.get('apply')
    await rig.stop()
    expect(rig.store.calls.get('apply')).toBe(applied)
  })

  it('breaks the stream and reads all tables again where no relay has what follows, and says so', async () => {
    const shop = await new Shop({ 'databus.relay.eventBuffer.maxSize': 65_536 }).start()
    shop.hasHad({ 1: 'one', 2: 'two' })
    shop.change([1, 'ONE'])
    const rig = new Rig(shop)
    await rig.start()
    await rig.isServed()
    const before = await rig.state()
    await rig.stop()
    for (let row = 0; row < 200; row++) shop.change([row % 50, `row ${row}`.padEnd(1000, '.')])
    const go = shop.holdChunks()
    await rig.start()
    await until('the gap is told', () => rig.alerts.length > 0)
    expect(rig.alerts).toMatchObject([{ severity: 'error' }])
    expect(rig.alerts[0]?.message).toContain('has a gap')
    expect(rig.producer?.health().status).toBe('degraded')
    expect(rig.producer?.health().detail).toContain('gap')
    go()
    await rig.isServed()
    await until('all tables are served', () => rig.producer?.health().status === 'up')
    const after = await rig.state()
    expect(after.seeding?.number).toBe((before.seeding?.number ?? 0) + 1)
    expect(rig.failures).toEqual([])
  })

  it('ends by name where there is a gap and nobody reads the tables', async () => {
    const shop = await new Shop({ 'databus.relay.eventBuffer.maxSize': 65_536 }).start()
    shop.change([1, 'one'])
    const rig = new Rig(shop)
    await rig.start({ snapshots: undefined })
    await rig.isServed()
    await rig.stop()
    for (let row = 0; row < 200; row++) shop.change([row % 50, `row ${row}`.padEnd(1000, '.')])
    await expect(rig.start({ snapshots: undefined })).rejects.toMatchObject({ code: 'AESOP_UPSTREAM_FELL_OFF' })
    expect((await rig.state()).status).toBe('ACTIVE')
  })
})
