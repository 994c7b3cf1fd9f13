import { ProcessReaders } from '@aesop/checkpoint'
import { MemoryEventProducer, type PhysicalSourceOptions } from '@aesop/producer'
import { ProducerRegistration } from '@aesop/relay'
import { headers } from '@aesop/wire'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request as httpRequest } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { type Fault, FaultyProducer } from './support/faulty-producer.ts'
import { get, lines, online, until } from './support/relay-fixture.ts'
import { CRM, following, positions, SHOP, severalPath, startSeveral, turns } from './support/several-fixture.ts'

const HR = { uri: 'memory:hr', name: 'hr', id: 3, scnSpace: 'of-hr', sources: [{ id: 60, uri: 'hr.jobs' }] }
const SIZE = 1 << 20

function added(source: Partial<PhysicalSourceOptions> = {}, producer = new MemoryEventProducer({ name: 'hr' })) {
  const registration = new ProducerRegistration({ physicalSourceConfig: { ...HR, ...source }, eventProducer: producer })
  return { registration, producer }
}

async function started() {
  const made = await startSeveral()
  const ask = (path: string) => get(made.port, path)
  const json = async (path: string): Promise<unknown> => JSON.parse((await ask(path)).body.toString()) as unknown
  const stream = (sources: string, scn = 0) =>
    ask(`/stream?sources=${sources}&size=${SIZE}&output=binary&checkPoint=${online(scn)}`)
  return { ...made, ask, json, stream }
}

test('a source that is added is served, listed, counted and measured beside the others', async () => {
  const { relay, json, stream, ask } = await started()
  const { registration, producer } = added()
  await relay.addSource(registration)
  producer.addWindow([{ key: 1 }], 10n)
  const answer = await stream('60')
  expect([lines(answer.body), answer.headers[headers.scnSpace]]).toEqual([['10:1', '10:end'], 'of-hr'])
  expect(await json('/sources')).toContainEqual({ name: 'hr.jobs', id: 60 })
  expect(await json('/register?sources=60')).toMatchObject([{ id: 60 }])
  expect(await json('/physicalSources')).toMatchObject([{ name: 'shop' }, { name: 'crm' }, { name: 'hr' }])
  expect(await json('/physicalBuffers')).toHaveProperty('{"id":3,"name":"hr"}')
  expect(await json('/bufferInfo/inbound/hr/3')).toMatchObject({ maxScn: 10 })
  expect(await json('/containerStats/inbound/events/psources')).toEqual(['shop:1', 'crm:2', 'hr:3'])
  expect(await json('/containerStats/inbound/events/psource/hr:3')).toMatchObject({ numDataEvents: 1 })
  expect(await json('/relayStats/outbound/http/sources')).toContain(60)
  expect(await json('/relayStats/outbound/http/source/60')).toMatchObject({ numStreamCalls: 1 })
  expect((await ask('/controlSources/status?sources=hr')).body.toString()).toMatch(/"name":"hr","status":"running"/)
  expect(await json('/config')).toMatchObject({ sources: { hr: [] } })
  expect((await ask('/relayCommand/printRelayInfo')).body.toString()).toMatch(/"hr"/)
  expect(relay.metrics().filter(({ labels }) => labels?.['physicalSource'] === 'hr').length).toBeGreaterThan(5)
  expect(relay.describe()).toMatchObject({ physicalSources: [{}, {}, { physicalSource: { name: 'hr' } }] })
})

test('a stream over several sources takes in one that was added, and one that was removed is refused by name', async () => {
  const { relay, stream, crm, shop } = await started()
  const { registration, producer } = added()
  await relay.addSource(registration)
  crm.addWindow([{ key: 5 }], 50n)
  shop.addWindow([{ key: 4 }], 40n)
  producer.addWindow([{ key: 6 }], 60n)
  const { port } = relay.address ?? { port: 0 }
  const over = (places: Parameters<typeof positions>[0], sources = '40,50,60') =>
    get(port, severalPath({ sources, checkPointMult: positions(places) }))
  const all = [CRM, HR, SHOP].map((source) => [source, 0] as const)
  const whole = await over(all)
  expect(turns(whole.body)).toEqual(['2/50:5', '2/50:end', '3/60:6', '3/60:end', '1/40:4', '1/40:end'])
  await relay.removeSource('crm')
  expect((await over(all, '40,60')).headers['x-dbus-error-message']).toMatch(
    /checkPointMult: .*crm.* is none of its physical partitions: shop:1, hr:3/,
  )
  expect((await over(all.slice(1))).headers['x-dbus-error-message']).toMatch(
    /there is no buffer with source 50 any more: crm:2 was removed from this relay/,
  )
  expect(turns((await over(all.slice(1), '40,60')).body)).toEqual(['3/60:6', '3/60:end', '1/40:4', '1/40:end'])
  expect((await stream('50')).headers['x-dbus-error-message']).toMatch(/source 50 any more: crm:2 was removed/)
})

test('a source that is removed is in no list, page, health or metric any more', async () => {
  const { relay, json, ask, crm, stream } = await started()
  crm.addWindow([{ key: 1 }], 10n)
  await stream('50')
  crm.pause()
  expect(relay.health().status).toBe('degraded')
  await relay.removeSource('crm')
  expect(relay.health().status).toBe('up')
  expect(await json('/sources')).not.toContainEqual({ name: 'crm.people', id: 50 })
  expect(await json('/physicalSources')).toMatchObject([{ name: 'shop' }])
  expect(Object.keys((await json('/physicalBuffers')) as object)).toEqual(['{"id":1,"name":"shop"}'])
  expect((await ask('/bufferInfo/inbound/crm/2')).headers['x-dbus-error-message']).toMatch(/only shop:1/)
  expect((await ask('/register?sources=50')).headers['x-dbus-error-message']).toMatch(
    /source 50 any more: crm:2 was removed/,
  )
  expect(await json('/containerStats/inbound/events/psources')).toEqual(['shop:1'])
  expect((await ask('/containerStats/inbound/events/psource/crm:2')).status).toBe(500)
  expect(await json('/containerStats/inbound/events/total')).toMatchObject({ numDataEvents: 0 })
  expect(await json('/relayStats/outbound/http/sources')).not.toContain(50)
  expect((await ask('/controlSources/status?sources=crm')).headers['x-dbus-error-message']).toMatch(/expected shop/)
  expect(relay.metrics().filter(({ labels }) => labels?.['physicalSource'] === 'crm')).toEqual([])
})

test('the only source that is left has one order: its SCNs are counted and its space is told with every answer', async () => {
  const { relay, json, ask, shop, stream } = await started()
  shop.addWindow([{ key: 1 }], 10n)
  await stream('40', 7)
  expect(await json('/relayStats/outbound/http/total')).not.toHaveProperty('minStreamWinScn')
  expect((await ask('/sources')).headers[headers.scnSpace]).toBeUndefined()
  await relay.removeSource('crm')
  await stream('40', 8)
  expect(await json('/relayStats/outbound/http/total')).toMatchObject({ minStreamWinScn: 8 })
  expect((await ask('/sources')).headers[headers.scnSpace]).toBe('of-shop')
  const { registration } = added()
  await relay.addSource(registration)
  expect(await json('/relayStats/outbound/http/total')).not.toHaveProperty('minStreamWinScn')
  expect((await ask('/sources')).headers[headers.scnSpace]).toBeUndefined()
})

test('a reader of another source keeps its stream and gets every window while one is added, removed and added again', async () => {
  const { relay, port, shop } = await started()
  const reader = await following(port, { sources: 40, checkPoint: online(0), follow: 60_000 })
  const buffer = relay.buffer
  let scn = 0n
  const write = (): void => {
    shop.addWindow([{ key: Number(++scn) }], scn)
  }
  for (let round = 0; round < 3; round++) {
    const { registration } = added()
    write()
    const adding = relay.addSource(registration)
    write()
    await adding
    write()
    const removing = relay.removeSource('hr')
    write()
    await removing
  }
  await until(() => reader.turns().length === 24)
  expect(reader.turns()).toEqual(Array.from({ length: 12 }, (_, i) => [`1/${i + 1}:${i + 1}`, `1/${i + 1}:end`]).flat())
  expect(relay.buffer).toBe(buffer)
  expect(await Promise.race([reader.ended, Promise.resolve('open')])).toBe('open')
})

test('streams of a removed source, and those that read it beside others, end between windows', async () => {
  const { relay, port, crm, shop } = await started()
  const [one, both, other] = [
    await following(port, { sources: 50, checkPoint: online(0), follow: 60_000 }),
    await following(port, { sources: '40,50', checkPointMult: positions([]), follow: 60_000 }),
    await following(port, { sources: 40, checkPoint: online(0), follow: 60_000 }),
  ]
  crm.addWindow([{ key: 1 }], 10n)
  await until(() => one.turns().length === 2 && both.turns().length === 2)
  await relay.removeSource('crm')
  expect(await Promise.all([one.ended, both.ended])).toEqual(['whole', 'whole'])
  shop.addWindow([{ key: 2 }], 20n)
  await until(() => other.turns().length === 2)
})

test('a registration of the process finds the relay of a source only while it is served', async () => {
  const { relay, context } = await started()
  const found = () => ProcessReaders.of(context.shared).relayFor(['hr.jobs'])
  expect(found()).toBeUndefined()
  await relay.addSource(added().registration)
  expect(found()).toMatchObject({ port: relay.address?.port })
  await relay.removeSource('hr')
  expect(found()).toBeUndefined()
})

test('a place is kept when its source is removed, and it goes on from there when it comes back', async () => {
  const { relay, stream } = await started()
  const first = added()
  await relay.addSource(first.registration)
  first.producer.addWindow([{ key: 1 }], 10n)
  await relay.removeSource('hr')
  const second = new FaultyProducer()
  await relay.addSource(added({}, second).registration)
  expect(second.storedScn).toBe(10n)
  second.addWindow([{ key: 2 }], 11n)
  expect(lines((await stream('60', 10)).body)).toEqual(['11:2', '11:end'])
})

interface Refused {
  readonly source?: Partial<PhysicalSourceOptions>
  readonly fault?: Fault
}
const REFUSED: readonly (readonly [why: string, Refused, message: RegExp])[] = [
  ['an id of a table clashes', { source: { sources: [{ id: 40, uri: 'hr.jobs' }] } }, /the id 40 means two things/],
  ['its name is taken', { source: { name: 'shop' } }, /the name shop of a physical source/],
  ['its producer fails to prepare', { fault: 'prepare' }, /no way to prepare/],
  ['its producer fails to start', { fault: 'start' }, /no way to start/],
  ['its producer gives up while it starts', { fault: 'give up' }, /no way to go on/],
]

test.each(REFUSED)(
  'a source that can not be added is said by name, leaves nothing, and touches nothing else: %s',
  async (_why, { source = {}, fault }, message) => {
    const { relay, port, shop, json, context } = await started()
    const reader = await following(port, { sources: 40, checkPoint: online(0), follow: 60_000 })
    const listed = await json('/physicalSources')
    const failures: Error[] = []
    Object.assign(context, { fail: (error: Error) => failures.push(error) })
    const producer = new FaultyProducer(fault)
    await expect(relay.addSource(added(source, producer).registration)).rejects.toThrow(message)
    expect(await json('/physicalSources')).toEqual(listed)
    expect(relay.health().status).toBe('up')
    expect(failures).toEqual([])
    shop.addWindow([{ key: 1 }], 10n)
    await until(() => reader.turns().length === 2)
    // Nothing of it is left: it comes when it is mended.
    await relay.addSource(added().registration)
    expect(await json('/physicalSources')).toMatchObject([{}, {}, { name: 'hr' }])
  },
)

test('what a registration says of the relay as a whole is refused while that runs', async () => {
  const { relay } = await started()
  const registration = new ProducerRegistration({
    physicalSourceConfig: HR,
    eventProducer: new MemoryEventProducer(),
    properties: { 'databus.relay.container.httpPort': 4711 },
  })
  await expect(relay.addSource(registration)).rejects.toMatchObject({ code: 'AESOP_RELAY_PROPERTY_REFUSED' })
  await relay.removeSource('shop')
  await relay.removeSource('crm')
  expect(relay.health().status).toBe('down')
  await expect(relay.addSource(registration)).rejects.toMatchObject({
    code: 'AESOP_RELAY_PROPERTY_REFUSED',
    message: expect.stringMatching(/httpPort" is 4711: .*the relay runs/) as string,
  })
  await relay.addSource(added().registration)
  expect(relay.health().status).toBe('up')
})

test('one that is not there is not removed, and a relay that does not run takes none', async () => {
  const { relay } = await started()
  await expect(relay.removeSource('hr')).rejects.toMatchObject({
    code: 'AESOP_RELAY_SOURCE_UNKNOWN',
    message: expect.stringMatching(/"hr".*shop, crm/) as string,
  })
  await relay.stop()
  await expect(relay.addSource(added().registration)).rejects.toMatchObject({ code: 'AESOP_RELAY_NOT_RUNNING' })
  await expect(relay.removeSource('shop')).rejects.toMatchObject({ code: 'AESOP_RELAY_NOT_RUNNING' })
})

test('changes that are asked for at once happen one after the other', async () => {
  const { relay, json } = await started()
  await Promise.all([relay.addSource(added().registration), relay.removeSource('hr'), relay.removeSource('crm')])
  expect(await json('/physicalSources')).toMatchObject([{ name: 'shop' }])
  await relay.stop()
  await relay.start()
  expect(relay.describe()).toMatchObject({ physicalSource: { name: 'shop' } })
})

test('a stop does not wait for a source that hangs while it is added, and leaves nothing of it', async () => {
  const { relay } = await started()
  const producer = new FaultyProducer('hang')
  const adding = relay.addSource(added({}, producer).registration).catch((error: unknown) => error)
  await until(() => producer.isPreparing)
  await relay.stop()
  expect(await adding).toMatchObject({ code: 'AESOP_RELAY_NOT_RUNNING' })
  expect([relay.address, producer.status().state]).toEqual([undefined, 'stopped'])
})

test('a source that does not begin in time is given up by name, and another one comes after it', async () => {
  const { relay, json } = await started()
  const producer = new FaultyProducer('hang')
  const late = new AbortController()
  const adding = relay.addSource(added({}, producer).registration, late.signal).catch((error: unknown) => error)
  await until(() => producer.isPreparing)
  late.abort()
  expect(await adding).toMatchObject({ code: 'AESOP_RELAY_SOURCE_LATE', fields: { name: 'hr' } })
  expect(await json('/physicalSources')).toMatchObject([{ name: 'shop' }, { name: 'crm' }])
  // Once it has arrived, the signal means nothing any more.
  const arrived = new AbortController()
  await relay.addSource(added().registration, arrived.signal)
  arrived.abort()
  expect(await json('/physicalSources')).toMatchObject([{}, {}, { name: 'hr' }])
  expect(relay.health().status).toBe('up')
})

test('a connection from before a source hears of a schema that came after the source', async () => {
  const { relay, port } = await started()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => {
    agent.destroy()
  })
  const ask = async (path: string) => {
    const request = httpRequest({ port, path, agent }).end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    await response.toArray()
    return { connection: response.headers.connection, reused: request.reusedSocket }
  }
  await ask('/sources')
  const producer = new FaultyProducer()
  await relay.addSource(added({}, producer).registration)
  expect(await ask('/register?sources=60')).toEqual({ connection: 'keep-alive', reused: true })
  producer.addWindow([{ key: 1 }], 10n)
  producer.newSchema('hr.jobs', '{"type":"record","name":"jobs","fields":[{"name":"id","type":"long"}]}')
  expect(await ask(`/stream?sources=60&size=${SIZE}&output=binary&checkPoint=${online(0)}`)).toEqual({
    connection: 'close',
    reused: true,
  })
})
