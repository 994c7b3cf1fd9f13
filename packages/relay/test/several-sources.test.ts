import { type ProcessReader, ProcessReaders } from '@aesop/checkpoint'
import { SCHEMA_CHANGE_ID_DEFAULT } from '@aesop/event'
import { type AnyMetric, type Metric } from '@aesop/kernel'
import { MemoryEventProducer, type PhysicalSourceOptions } from '@aesop/producer'
import { DefaultRelayFactory, ProducerRegistration, Relay, RelayConfig } from '@aesop/relay'
import { headers } from '@aesop/wire'
import { expect, onTestFinished, test } from 'vitest'
import { get, lines, online, testContext } from './support/relay-fixture.ts'

const SHOP = { uri: 'memory:shop', name: 'shop', id: 1, scnSpace: 'of-shop', sources: [{ id: 40, uri: 'shop.orders' }] }
const CRM = { uri: 'memory:crm', name: 'crm', id: 2, scnSpace: 'of-crm', sources: [{ id: 50, uri: 'crm.people' }] }
const SIZE = 1 << 20

/** A producer that says something of itself. */
class CountingProducer extends MemoryEventProducer {
  metrics(): readonly Metric[] {
    return [{ name: 'made_up', help: 'A number.', type: 'gauge', value: 7 }]
  }
}

function makeRelay(shop: Partial<PhysicalSourceOptions> = {}, crm: Partial<PhysicalSourceOptions> = {}) {
  const producers = [new CountingProducer({ name: 'a' }), new CountingProducer({ name: 'b' })] as const
  const registrations = [
    new ProducerRegistration({ physicalSourceConfig: { ...SHOP, ...shop }, eventProducer: producers[0] }),
    // The relay makes this one itself.
    new ProducerRegistration({
      physicalSourceConfig: { ...CRM, ...crm },
      properties: { 'databus.relay.eventBuffer.maxSize': 1_000_000 },
    }),
  ]
  const context = testContext()
  const config = new RelayConfig({ relayProperties: { 'databus.relay.container.httpPort': 0 } })
  const relay = new Relay({ config, registrations, futureGraceMs: 0, producerFor: () => producers[1] }, context)
  return { relay, context, shop: producers[0], crm: producers[1] }
}

async function started() {
  const made = makeRelay()
  made.relay.init()
  await made.relay.start()
  onTestFinished(() => made.relay.stop())
  made.shop.addWindow([{ key: 1 }], 10n)
  made.crm.addWindow([{ key: 2 }, { key: 3 }], 20n)
  const port = made.relay.address?.port ?? 0
  const stream = (sources: string, scn = 0) =>
    get(port, `/stream?sources=${sources}&size=${SIZE}&output=binary&checkPoint=${online(scn)}`)
  return { ...made, port, stream, ask: (path: string) => get(port, path) }
}

test('a stream has the windows of the source that has its tables, with its SCN space', async () => {
  const { stream } = await started()
  const [shop, crm] = [await stream('40'), await stream('50')]
  expect([lines(shop.body), shop.headers[headers.scnSpace]]).toEqual([['10:1', '10:end'], 'of-shop'])
  expect([lines(crm.body), crm.headers[headers.scnSpace]]).toEqual([['20:2', '20:3', '20:end'], 'of-crm'])
  expect(lines((await stream(`50,${SCHEMA_CHANGE_ID_DEFAULT}`)).body)).toEqual(['20:2', '20:3', '20:end'])
})

test('sources, schemas and buffers of both are listed', async () => {
  const { ask } = await started()
  const json = async (path: string): Promise<unknown> => JSON.parse((await ask(path)).body.toString()) as unknown
  expect(await json('/sources')).toEqual([
    { name: 'shop.orders', id: 40 },
    { name: 'com.aesop.SchemaChange', id: SCHEMA_CHANGE_ID_DEFAULT },
    { name: 'crm.people', id: 50 },
  ])
  expect(await json('/register?sources=40,50')).toMatchObject([{ id: 40 }, { id: 50 }])
  expect(await json('/physicalSources')).toMatchObject([{ name: 'shop' }, { name: 'crm' }])
  expect(await json('/bufferInfo/inbound/crm/2')).toMatchObject({ minScn: 20, maxScn: 20 })
  expect((await ask('/bufferInfo/inbound/crm/1')).headers['x-dbus-error-message']).toMatch(/only shop:1, crm:2/)
})

test('each has its metrics, and those of its producer, however that was made', async () => {
  const { relay } = await started()
  const of = (name: string) => relay.metrics().filter((metric) => metric.name === name)
  const sourceOf = ({ labels, value }: AnyMetric): unknown => [labels?.['physicalSource'], value]
  expect(of('made_up').map(sourceOf)).toEqual([
    ['shop', 7],
    ['crm', 7],
  ])
  expect(of('aesop_relay_inbound_data_events_total').map(sourceOf)).toEqual([
    ['shop', 1],
    ['crm', 2],
  ])
  const [shopBytes = 0, crmBytes = 0] = of('aesop_relay_buffer_bytes').map(({ value }) => value)
  expect(shopBytes).toBeGreaterThan(crmBytes)
})

test('health is that of the worst, by name', async () => {
  const { relay, crm, ask } = await started()
  expect(relay.health().status).toBe('up')
  crm.pause()
  expect(relay.health()).toMatchObject({ status: 'degraded', detail: expect.stringMatching(/^crm: /) as string })
  expect((await ask('/admin/status')).body.toString()).toMatch(/RUNNING/)
  relay.actions.pauseProducer()
  expect((await ask('/admin/status')).body.toString()).toMatch(/PAUSED/)
  relay.actions.resumeProducer()
  expect(relay.health().status).toBe('up')
})

test('a table or an id that two sources have ends the start by name', async () => {
  const clashes: [Partial<PhysicalSourceOptions>, RegExp][] = [
    [
      { sources: [{ id: 40, uri: 'crm.people' }] },
      /the id 40 means two things: shop.orders of shop:1, and crm.people of crm:2/,
    ],
    [{ sources: [{ id: 51, uri: 'shop.orders' }] }, /the name shop.orders means two things/],
    [{ schemaChangeSourceId: 40 }, /the id 40 means two things: shop.orders of shop:1, and com.aesop.SchemaChange/],
    [{ schemaChangeSourceId: 99 }, /the name com.aesop.SchemaChange means two things: the id 32767, and the id 99/],
    [{ id: 1 }, /the id 1 of a physical source means two things: shop:1, and crm:1/],
    [{ name: 'shop' }, /the name shop of a physical source means two things: shop:1, and shop:2/],
  ]
  for (const [crm, message] of clashes) {
    const { relay } = makeRelay({}, crm)
    await expect(relay.start()).rejects.toThrow(message)
    await expect(relay.start()).rejects.toMatchObject({ code: 'AESOP_STREAM_SERVER_SOURCES_CLASH' })
  }
})

test('each source keeps its place by itself', async () => {
  const { relay } = await started()
  await relay.stop()
  const desks = await relay.placeDesks()
  expect(desks.map((desk) => [desk.name, desk.show()])).toMatchObject([
    ['shop', { scn: 10n, scnSpace: 'of-shop' }],
    ['crm', { scn: 20n, scnSpace: 'of-crm' }],
  ])
})

test('a registration of the process finds the source that it reads', async () => {
  const { relay, context } = makeRelay()
  await relay.start()
  onTestFinished(() => relay.stop())
  const readerOf = (table: string): ProcessReader => ({
    id: table,
    logicalSources: [table],
    readsFrom: (_host, port) => port === relay.address?.port,
    isRunning: true,
    checkpointScn: undefined,
    readScn: -1n,
  })
  const relayOf = (table: string) => ProcessReaders.of(context.shared).relayOf(readerOf(table))
  const changes = 'com.aesop.SchemaChange'
  expect([...(relayOf('shop.orders')?.sources ?? [])]).toEqual(['shop.orders', changes])
  expect([...(relayOf('crm.people')?.sources ?? [])]).toEqual(['crm.people', changes])
  expect(relayOf('other.table')).toBeUndefined()
})

test('what a descriptor makes takes several sources, and one that has none says so', () => {
  const producerRegistrationList = [SHOP, CRM].map(
    (physicalSourceConfig) => new ProducerRegistration({ physicalSourceConfig }),
  )
  const made = (list: readonly ProducerRegistration[]) =>
    new DefaultRelayFactory({ producerRegistrationList: list }, testContext()).createInstance()
  expect(made(producerRegistrationList).describe()).toMatchObject({
    physicalSources: [{ physicalSource: { name: 'shop' } }, { physicalSource: { name: 'crm' } }],
  })
  expect(() => made([])).toThrow(expect.objectContaining({ code: 'AESOP_RELAY_PARTITIONS' }) as Error)
})

test('of two relays of a process the one that stops leaves the address of the other', async () => {
  const context = testContext()
  const relayOf = (source: PhysicalSourceOptions): Relay => {
    const config = new RelayConfig({ relayProperties: { 'databus.relay.container.httpPort': 0 } })
    const registration = new ProducerRegistration({
      physicalSourceConfig: source,
      eventProducer: new MemoryEventProducer(),
    })
    return new Relay({ config, registrations: [registration] }, context)
  }
  const [shop, crm] = [relayOf(SHOP), relayOf(CRM)]
  for (const relay of [shop, crm]) {
    relay.init()
    await relay.start()
    onTestFinished(() => relay.stop())
  }
  const found = (table: string) => ProcessReaders.of(context.shared).relayFor([table])
  expect([found('shop.orders'), found('crm.people')]).toMatchObject([shop.address, crm.address])
  expect(context.shared.get('relay.address')).toEqual(crm.address)
  const { address } = shop
  await crm.stop()
  expect(context.shared.get('relay.address')).toEqual(address)
  expect(found('crm.people')).toBeUndefined()
  await shop.stop()
  expect(context.shared.get('relay.address')).toBeUndefined()
})
