import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { ProcessBootstraps } from '@aesop/checkpoint'
import { type BeanContext, silentLogger } from '@aesop/kernel'
import { SqliteStore, type StoreWriter } from '@aesop/bootstrap-store'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventOf, pieceOf, SCHEMA_CHANGE_ID } from '../../../test/support/stored-events.ts'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { until } from '../../../test/support/until.ts'
import { BootstrapConfig, type BootstrapServerBean, DefaultBootstrapServerFactory } from '../src/index.ts'

let folder: string
let shared: Map<string, unknown>
let bean: BootstrapServerBean
let writer: StoreWriter | undefined

beforeEach(() => {
  folder = newFolder('bootstrap-bean')
  shared = new Map()
})
afterEach(async () => {
  await bean.stop()
  await writer?.close()
  writer = undefined
  removeFolder(folder)
})

function contextOf(): BeanContext {
  const signal = new AbortController().signal
  const place = { projectsRoot: folder, stateDirectory: folder }
  return {
    id: 'server',
    container: 'bootstrap',
    log: silentLogger,
    signal,
    ...place,
    shared,
    nature: 'test',
    fail: () => undefined,
  }
}

async function begin(config = new BootstrapConfig()): Promise<void> {
  bean = new DefaultBootstrapServerFactory({ bootstrapConfig: config }, contextOf()).createInstance()
  bean.init()
  await bean.start()
}

async function makeStore(): Promise<StoreWriter> {
  const made = (writer = await new SqliteStore({ path: join(folder, 'bootstrap.db') }).openWriter())
  await made.declare({ name: 'shop', sources: ['shop.item', 'shop.order'], schemaChangeId: SCHEMA_CHANGE_ID })
  const piece = pieceOf('shop.item', [eventOf({ scn: 10n, key: 1n, value: 'a' })])
  await made.writeWindows('shop', { scnSpace: 'space-1', pieces: [piece], endScn: 10n })
  await made.apply('shop', 1 << 20)
  return made
}

const healthOf = (): string => `${bean.health().status}: ${bean.health().detail ?? ''}`
const isSaid = (text: RegExp): Promise<void> => until(`health says ${text.source}`, () => text.test(healthOf()), 20_000)

describe('a bootstrap server in a launch', () => {
  it('says which source it does not serve, and why', async () => {
    await begin()
    expect(healthOf()).toMatch(/^degraded: nobody is served: there is no bootstrap store/)
    const made = await makeStore()
    await isSaid(/^degraded: not served: shop.item \(its rows were not read yet\); shop.order \(/)
    await made.beginSeeding('shop.item', undefined)
    await made.activate('shop.order')
    await isSaid(/^degraded: not served: shop.item \(its rows are being read, 0 so far\)$/)
    await made.activate('shop.item')
    await isSaid(/^up: $/)
    await made.breakStream('shop', 20n, 'space-1')
    await isSaid(/shop.item \(windows of its relay are missing/)
    expect(bean.describe()).toMatchObject({
      sources: [
        { name: 'shop.item', physicalSource: 'shop', status: 'FELL_OFF_RELAY', logScn: '20', rowsSeeded: 0 },
        { name: 'shop.order', status: 'FELL_OFF_RELAY' },
      ],
    })
    await made.close()
    writer = undefined
    rmSync(join(folder, 'bootstrap.db'))
    await isSaid(/^degraded: nobody is served: there is no bootstrap store/)
  })

  it('tells the clients of its process where it listens, as long as it does', async () => {
    await makeStore()
    await begin()
    const own = ProcessBootstraps.of(shared)
    const [host, port] = bean.address.split(':')
    expect(own.serverFor(['shop.item', 'shop.order'])).toMatchObject({ host, port: Number(port) })
    expect(own.serverFor(['shop.none'])).toBeUndefined()
    await bean.stop()
    expect(own.serverFor(['shop.item'])).toBeUndefined()
  })

  it('asks for its token, and names its settings without their values', async () => {
    const token = 'a token of 24 characters'.replaceAll(' ', '-')
    const name = 'databus.bootstrap.db.bootstrapBatchSize'
    await begin(new BootstrapConfig({ bootstrapProperties: { [name]: 4711 }, token }))
    const page = (headers: Record<string, string>): Promise<Response> =>
      fetch(`http://${bean.address}/config`, { headers })
    expect((await page({})).status).toBe(401)
    const shown = await page({ authorization: `Bearer ${token}` })
    expect(await shown.text()).toBe(`{"given":["${name}"]}`)
  })

  it('is refused beyond its own machine where nobody said who may ask', () => {
    const bootstrapProperties = { 'databus.bootstrap.db.container.host': '0.0.0.0' }
    const config = new BootstrapConfig({ bootstrapProperties, address: 'store.example:6060' })
    const make = (): unknown =>
      new DefaultBootstrapServerFactory({ bootstrapConfig: config }, contextOf()).createInstance()
    expect(make).toThrow(expect.objectContaining({ code: 'AESOP_BOOTSTRAP_TOKEN_MISSING' }) as Error)
  })
})
