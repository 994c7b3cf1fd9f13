import { EventBuffer } from '@aesop/buffer'
import { SCHEMA_CHANGE_ID_DEFAULT } from '@aesop/event'
import { MemoryEventProducer, PhysicalSourceConfig } from '@aesop/producer'
import { type FoundStart, type StartFrom } from '@aesop/reading'
import { ProducerRegistration, Relay, RelayConfig } from '@aesop/relay'
import { MemorySchemaRegistry } from '@aesop/schema'
import { LocalRelays } from '@aesop/wire'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { servedSource } from '../src/served-source.ts'
import { findStart } from '../src/start-search.ts'
import { get, startRelay, testContext } from './support/relay-fixture.ts'

const NOON = Date.parse('2026-03-31T12:00:00Z')
const MINUTE = 60_000

afterEach(() => {
  vi.useRealTimers()
})

/** A relay that began behind SCN 10 and has a window of each of these SCNs, a minute apart from noon on. */
async function relayWith(scns: readonly bigint[], bufferBytes?: number) {
  const properties = bufferBytes === undefined ? {} : { 'databus.relay.eventBuffer.maxSize': bufferBytes }
  const made = await startRelay({ properties, source: { scnSpace: 'shop' } })
  for (const [at, scn] of scns.entries()) {
    vi.useFakeTimers({ toFake: ['Date'], now: NOON + at * MINUTE })
    made.producer.addWindow([{ key: at }, { key: -1 - at }], scn)
  }
  vi.useRealTimers()
  const ask = async (from: string, sources = '40'): Promise<unknown> => {
    const { status, headers, body } = await get(made.port, `/startPlace?sources=${sources}&startFrom=${from}`)
    return status === 200 ? (JSON.parse(body.toString()) as unknown) : headers['x-dbus-error-cause-message']
  }
  return { ...made, ask }
}

test('the place before the oldest window, behind the newest, and before the first of a time', async () => {
  const { ask, relay } = await relayWith([20n, 30n, 40n])
  const began = Number(relay.buffer?.prevScn)
  expect(await ask('earliest')).toEqual({ scn: began, scnSpace: 'shop' })
  expect(await ask('latest')).toEqual({ scn: 40, scnSpace: 'shop' })
  const places = [0, 1, MINUTE, MINUTE + 1, 2 * MINUTE, 3 * MINUTE].map((ms) => ask(String(NOON + ms)))
  expect(await Promise.all(places)).toMatchObject([began, 20, 20, 30, 30, 40].map((scn) => ({ scn })))
  expect(await ask(String(NOON - 1))).toMatch(/the oldest change that the relay holds is of 2026-03-31T12:00:00.000Z/)
})

test('a time before what the buffer has lost is refused by name', async () => {
  const { ask, relay } = await relayWith(
    Array.from({ length: 500 }, (_, n) => BigInt(20 + n)),
    65_536,
  )
  const { prevScn, oldestNanos = 0n } = relay.buffer ?? {}
  expect(prevScn).toBeGreaterThan(20n)
  expect(await ask(String(NOON))).toMatch(/what was before is not known/)
  expect(await ask('earliest')).toMatchObject({ scn: Number(prevScn) })
  expect(await ask(String(oldestNanos / 1_000_000n))).toMatchObject({ scn: Number(prevScn) })
})

test('a time that has not come yet is refused by name', async () => {
  const { ask } = await relayWith([20n, 30n])
  expect(await ask(String(Date.now() + MINUTE))).toMatch(/has not come yet/)
})

test('a relay without a window knows no time', async () => {
  const { ask, relay } = await relayWith([])
  const began = Number(relay.buffer?.lastScn)
  expect(await ask('latest')).toEqual({ scn: began, scnSpace: 'shop' })
  expect(await ask('earliest')).toEqual({ scn: began, scnSpace: 'shop' })
  expect(await ask(String(NOON))).toMatch(/holds no window yet/)
})

test.each([
  'sources=40&startFrom=noon',
  'sources=40&startFrom=-1',
  'sources=40',
  'startFrom=latest',
  'sources=77&startFrom=latest',
])('%s is refused by name', async (query) => {
  const { port } = await relayWith([20n])
  const { headers } = await get(port, `/startPlace?${query}`)
  expect(headers['x-dbus-error-message']).toMatch(/^Invalid value for startPlace\.(startFrom|sources): /)
})

test('of several physical sources each has its own, and both together none', async () => {
  const [shop, crm] = [new MemoryEventProducer(), new MemoryEventProducer()]
  const source = (id: number, name: string, table: number) => ({
    ...{ id, name, uri: `memory:${name}`, scnSpace: name, sources: [{ id: table, uri: `${name}.t` }] },
  })
  const registrations = [
    new ProducerRegistration({ physicalSourceConfig: source(1, 'shop', 40), eventProducer: shop }),
    new ProducerRegistration({ physicalSourceConfig: source(2, 'crm', 50), eventProducer: crm }),
  ]
  const config = new RelayConfig({ relayProperties: { 'databus.relay.container.httpPort': 0 } })
  const context = testContext()
  const relay = new Relay({ config, registrations, futureGraceMs: 0 }, context)
  relay.init()
  await relay.start()
  onTestFinished(() => relay.stop())
  shop.addWindow([{ key: 1 }], 10n)
  crm.addWindow([{ key: 2 }], 20n)
  const { host = '', port = 0 } = relay.address ?? {}
  const local = LocalRelays.of(context.shared).at(host, port)?.connect('me')
  const latest: StartFrom = { kind: 'latest' }
  expect(await local?.startPlace([40], latest)).toEqual({ scn: 10n, scnSpace: 'shop' })
  expect(await local?.startPlace([50, SCHEMA_CHANGE_ID_DEFAULT], latest)).toEqual({ scn: 20n, scnSpace: 'crm' })
  const refusal = /Invalid value for startPlace.sources: .*expected sources of one physical source/
  await expect(local?.startPlace([40, 50], latest)).rejects.toThrow(refusal)
  await expect(local?.startPlace([SCHEMA_CHANGE_ID_DEFAULT], latest)).rejects.toThrow(refusal)
})

describe('of a source that can look', () => {
  const gone = { kind: 'gone', reason: 'the log begins at noon' } as const

  function source(found: { kind: 'found'; scn: bigint } | typeof gone, rereadUntilScn?: bigint) {
    const buffer = new EventBuffer({ maxBytes: 1 << 16, physicalPartition: 1 })
    buffer.start(100n)
    const producer = new MemoryEventProducer()
    const status = (): ReturnType<MemoryEventProducer['status']> => ({
      ...{ state: 'running', scn: 100n },
      ...(rereadUntilScn === undefined ? {} : { rereadUntilScn }),
    })
    const looking = Object.assign(producer, { findStart: () => Promise.resolve(found), status })
    return (from: StartFrom) => findStart(from, buffer, looking)
  }

  test('its log counts, and the buffer where that reaches back further', async () => {
    expect(await source({ kind: 'found', scn: 50n })({ kind: 'earliest' })).toEqual({ kind: 'found', scn: 50n })
    expect(await source({ kind: 'found', scn: 150n })({ kind: 'earliest' })).toEqual({ kind: 'found', scn: 100n })
    expect(await source({ kind: 'found', scn: 150n })({ kind: 'time', ms: 5 })).toEqual({ kind: 'found', scn: 150n })
  })

  test('what its log does not reach is refused with its reason', async () => {
    expect(await source(gone)({ kind: 'time', ms: 5 })).toEqual(gone)
  })

  test('a time that has not come yet is no place, whatever is held', async () => {
    const ms = Date.now() + MINUTE
    expect(await source({ kind: 'found', scn: 50n })({ kind: 'time', ms })).toMatchObject({ kind: 'gone' })
  })

  test('what is not read yet of the log may still come, once somebody was told to begin there', async () => {
    const buffer = new EventBuffer({ maxBytes: 1 << 16, physicalPartition: 1 })
    buffer.start(100n)
    const found = { kind: 'found', scn: 150n } as const
    const looking = Object.assign(new MemoryEventProducer(), { findStart: () => Promise.resolve(found) })
    const config = { id: 1, name: 'shop', uri: 'memory:shop', sources: [{ id: 40, uri: 'shop.t' }] }
    const served = servedSource(new PhysicalSourceConfig(config), buffer, looking, new MemorySchemaRegistry(), 0)
    expect(served.mayStillCome(150n)).toBe(false)
    expect(await served.findStart({ kind: 'time', ms: 5 })).toEqual(found)
    expect([served.mayStillCome(150n), served.mayStillCome(151n)]).toEqual([true, false])
  })

  test('who asks again while it looks gets the same answer: a log is read for all of them once', async () => {
    const buffer = new EventBuffer({ maxBytes: 1 << 16, physicalPartition: 1 })
    buffer.start(100n)
    const looks: (() => void)[] = []
    const look = (): Promise<FoundStart> =>
      new Promise((resolve) => {
        looks.push(() => {
          resolve({ kind: 'found', scn: 50n })
        })
      })
    const looking = Object.assign(new MemoryEventProducer(), { findStart: look })
    const config = { id: 1, name: 'shop', uri: 'memory:shop', sources: [{ id: 40, uri: 'shop.t' }] }
    const served = servedSource(new PhysicalSourceConfig(config), buffer, looking, new MemorySchemaRegistry(), 0)
    const asked = [5, 5, 6].map((ms) => served.findStart({ kind: 'time', ms }))
    for (const done of looks) done()
    expect([await Promise.all(asked), looks.length]).toMatchObject([[{ scn: 50n }, { scn: 50n }, { scn: 50n }], 2])
    const later = served.findStart({ kind: 'time', ms: 5 })
    expect(looks.length).toBe(3)
    looks[2]?.()
    await later
  })

  test('behind the newest window means where it was before a restart, while it reads again', async () => {
    expect(await source(gone, 170n)({ kind: 'latest' })).toEqual({ kind: 'found', scn: 170n })
  })
})
