import { type MemoryEventProducer } from '@aesop/producer'
import { describe, expect, onTestFinished, test } from 'vitest'
import { FaultProxy } from '../../../test/support/fault-proxy.ts'
import { RELAY_TOKEN } from '../../../test/support/markers.ts'
import { until } from '../../../test/support/until.ts'
import { ADDRESS, ChainLink, PERSON, startLink, startOrigin } from './support/chain.ts'

/** Windows of both sources, and one without rows, up to the SCN. */
function addWindows(producer: MemoryEventProducer, from: number, to: number): void {
  for (let scn = from; scn <= to; scn++) {
    const rows = [
      { key: scn, source: PERSON.name },
      { key: `key ${scn}`, source: ADDRESS.name, opcode: 'DELETE' as const },
    ]
    producer.addWindow(scn % 4 === 0 ? [] : rows, BigInt(scn) * 10n)
  }
}

async function proxyTo(port: number): Promise<FaultProxy> {
  const proxy = await FaultProxy.start(port)
  onTestFinished(() => proxy.close())
  return proxy
}

const failed = (link: ChainLink): Promise<void> =>
  until(
    'a failure',
    () => link.failure !== undefined,
    10_000,
    () => link.lines,
  )

describe('a relay that follows a relay', () => {
  test('has the same windows byte for byte, without rows, too, the same schemas, and the SCN space', async () => {
    const origin = await startOrigin()
    addWindows(origin.producer, 1, 9)
    const follower = await startLink(`relay://${origin.place}`)
    await follower.reaches(90n)
    addWindows(origin.producer, 10, 20)
    await follower.reaches(200n)
    const wanted = await origin.bytes()
    expect(wanted.length).toBeGreaterThan(1000)
    expect(await follower.bytes()).toEqual(wanted)
    const schemas = '/register?sources=40,41,32767'
    expect(JSON.parse(await follower.text(schemas))).toEqual(JSON.parse(await origin.text(schemas)))
    expect(follower.producer.scnSpace).toBe(origin.producer.scnSpace)
    expect(follower.producer.scnSpace).toMatch(/./)
  })

  test('has events of version 2 where it was told so, byte for byte, and refuses those of another version by name', async () => {
    const origin = await startLink('memory:origin', { source: { eventVersion: 2 } })
    addWindows(origin.producer as MemoryEventProducer, 1, 9)
    const [two, one] = [
      await startLink(`relay://${origin.place}`, { source: { eventVersion: 2 } }),
      await startLink(`relay://${origin.place}`),
    ]
    for (const link of [two, one]) await link.reaches(90n)
    const first = await origin.bytes(-1n, 2)
    expect(first[0]).toBe(2)
    expect(await two.bytes(-1n, 2)).toEqual(first)
    expect(await one.bytes(-1n, 2)).toEqual(await origin.bytes(-1n, 0))
    const mistaken = await startLink(`relay://${one.place}`, { source: { eventVersion: 2 } })
    await failed(mistaken)
    expect(mistaken.failure?.code).toBe('AESOP_BUFFER_EVENT_VERSION')
  })

  test('goes over to the next relay when one is gone, without a gap and without a repetition', async () => {
    const origin = await startOrigin()
    const [one, other] = [await startLink(`relay://${origin.place}`), await startLink(`relay://${origin.place}`)]
    const last = await startLink(`relay://${one.place},${other.place}`)
    addWindows(origin.producer, 1, 5)
    await last.reaches(50n)
    const { upstream } = (last.relay.describe() as { producer: { upstream: string } }).producer
    expect(upstream).toBe(one.place)
    await one.relay.stop()
    addWindows(origin.producer, 6, 12)
    await last.reaches(120n)
    expect(await last.bytes()).toEqual(await origin.bytes())
    expect(last.relay.health().status).toBe('up')
  })

  test.each(['cut', 'stall'] as const)(
    'reads a window again from its beginning after a connection was %s',
    async (fault) => {
      const origin = await startOrigin()
      const proxy = await proxyTo(origin.port)
      const settings = { token: undefined, silenceMs: 200 }
      const follower = await startLink(`relay://127.0.0.1:${proxy.port}`, { source: { settings } })
      for (let round = 1; round <= 4; round++) {
        addWindows(origin.producer, round * 5, round * 5 + 4)
        proxy[fault]()
        await follower.reaches(BigInt(round * 50 + 40))
      }
      expect(await follower.bytes()).toEqual(await origin.bytes())
      expect(proxy.accepted).toBeGreaterThan(2)
    },
  )

  test('follows a window whose rows are small at first, and then larger than what it asks for', async () => {
    const origin = await startOrigin()
    const large = 3 * 1024 * 1024
    const rows = [...Array.from({ length: 20 }, (_, i) => ({ key: i, bytes: 10_000 })), { key: 20, bytes: large }]
    const values = rows.map(({ key, bytes }) => ({ key, source: PERSON.name, value: Buffer.alloc(bytes, key) }))
    const follower = await startLink(`relay://${origin.place}`)
    addWindows(origin.producer, 1, 2)
    origin.producer.addWindow(values, 30n)
    addWindows(origin.producer, 4, 5)
    await follower.reaches(50n)
    expect((await follower.bytes()).equals(await origin.bytes())).toBe(true)
  })

  test('believes no event that is damaged on its way, and gives up the window that it is in', async () => {
    const origin = await startOrigin()
    const proxy = await proxyTo(origin.port)
    proxy.damage('key 2', 'kex 2', 1)
    const follower = await startLink(`relay://127.0.0.1:${proxy.port}`)
    addWindows(origin.producer, 1, 3)
    await follower.reaches(30n)
    expect(await follower.bytes()).toEqual(await origin.bytes())
    expect(follower.lines.filter((line) => line.includes('can not be read now'))).toHaveLength(1)
  })

  test('follows no relay of another SCN space, and one of its own beside it', async () => {
    const origin = await startOrigin()
    const stranger = await startOrigin()
    addWindows(origin.producer, 1, 3)
    addWindows(stranger.producer, 1, 30)
    const first = await startLink(`relay://${origin.place}`)
    await first.reaches(30n)
    await first.relay.stop()
    const second = await startLink(`relay://${stranger.place},${origin.place}`, { folder: first.folder })
    addWindows(origin.producer, 4, 6)
    await second.reaches(60n)
    expect(await second.bytes()).toEqual(await origin.bytes())
    await second.relay.stop()
    const alone = new ChainLink(`relay://${stranger.place}`, { folder: first.folder })
    await expect(alone.relay.start()).rejects.toMatchObject({
      code: 'AESOP_UPSTREAM_SPACE_FOREIGN',
      fields: { theirs: stranger.producer.scnSpace, ours: origin.producer.scnSpace },
    })
    await alone.relay.stop()
  })

  test('ends by name when what follows is gone everywhere: never behind a gap', async () => {
    const origin = await startOrigin({ properties: { 'databus.relay.eventBuffer.maxSize': 65_536 } })
    addWindows(origin.producer, 1, 3)
    const proxy = await proxyTo(origin.port)
    const follower = await startLink(`relay://127.0.0.1:${proxy.port}`)
    await follower.reaches(30n)
    proxy.refuse()
    proxy.cut()
    addWindows(origin.producer, 4, 4_000)
    proxy.heal()
    await failed(follower)
    expect(follower.failure?.code).toBe('AESOP_UPSTREAM_FELL_OFF')
    expect(follower.failure?.message).toContain('SCN 30')
    expect(follower.lastScn).toBe(30n)
  })

  test('fills its buffer again after a restart, for clients that are behind', async () => {
    const origin = await startOrigin()
    addWindows(origin.producer, 1, 10)
    const first = await startLink(`relay://${origin.place}`)
    await first.reaches(100n)
    await first.relay.stop()
    const second = await startLink(`relay://${origin.place}`, { folder: first.folder })
    addWindows(origin.producer, 11, 15)
    await second.reaches(150n)
    expect(await second.bytes(10n)).toEqual(await origin.bytes(10n))
  })

  test('goes on where its files end, and passes over what it has', async () => {
    const properties = {
      'databus.relay.eventBuffer.allocationPolicy': 'MMAPPED_MEMORY',
      'databus.relay.eventBuffer.maxSize': 4_194_304,
    }
    const origin = await startOrigin()
    addWindows(origin.producer, 1, 10)
    const first = await startLink(`relay://${origin.place}`, { properties })
    await first.reaches(100n)
    await first.relay.stop()
    addWindows(origin.producer, 11, 15)
    const second = await startLink(`relay://${origin.place}`, { properties, folder: first.folder })
    await second.reaches(150n)
    expect(await second.bytes(0n)).toEqual(await origin.bytes(0n))
    expect(second.producer.status()).not.toHaveProperty('rereadUntilScn')
  })

  test.each([
    ['earliest', 0n],
    // The window that comes first has no rows.
    ['scn:70', 70n],
    ['latest', 99n],
  ])('begins at %s', async (startFrom, afterScn) => {
    const origin = await startOrigin()
    addWindows(origin.producer, 1, 10)
    const follower = await startLink(`relay://${origin.place}`, { source: { startFrom } })
    await follower.reaches(100n)
    expect(await follower.bytes()).toEqual(await origin.bytes(afterScn))
  })

  test('holds between windows, and goes on', async () => {
    const origin = await startOrigin()
    const follower = await startLink(`relay://${origin.place}`)
    follower.producer.pause()
    addWindows(origin.producer, 1, 3)
    expect(follower.producer.status().state).toBe('paused')
    follower.producer.resume()
    await follower.reaches(30n)
    follower.producer.pause()
    addWindows(origin.producer, 4, 5)
    // What is on its way when it is held may be one window.
    await until('nothing more', async () => (await follower.bytes()).length <= (await origin.bytes(-1n)).length)
    expect(follower.lastScn).toBeLessThan(50n)
    follower.producer.resume()
    await follower.reaches(50n)
  })

  test.each([
    ['an id of the partition that is another', { id: 2 }, 'AESOP_UPSTREAM_PARTITION'],
    ['a source under another id', { sources: [{ ...PERSON, id: 44 }] }, 'AESOP_UPSTREAM_SOURCES'],
    ['a source that is not served', { sources: [{ id: 45, name: 'x', uri: 'a.x' }] }, 'AESOP_UPSTREAM_SOURCES'],
    ['another id of the changes of tables', { schemaChangeSourceId: 999 }, 'AESOP_UPSTREAM_SOURCES'],
    ['a time to start from', { startFrom: 'timestamp:0' }, 'AESOP_SOURCE_CONFIG_INVALID'],
  ])('is refused by name: %s', async (_what, source, code) => {
    const origin = await startOrigin()
    addWindows(origin.producer, 1, 2)
    const follower = new ChainLink(`relay://${origin.place}`, { source })
    onTestFinished(() => follower.relay.stop())
    const thrown = await follower.relay.start().then(
      () => failed(follower).then(() => follower.failure),
      (error: unknown) => error,
    )
    expect(thrown).toMatchObject({ code })
  })

  test('shows the token that the relay asks for', async () => {
    const origin = await startOrigin({ access: { token: RELAY_TOKEN } })
    addWindows(origin.producer, 1, 2)
    const settings = { token: { reveal: () => RELAY_TOKEN }, silenceMs: 1_000 }
    const follower = await startLink(`relay://${origin.place}`, { source: { settings } })
    await follower.reaches(20n)
    const without = new ChainLink(`relay://${origin.place}`, {})
    onTestFinished(() => without.relay.stop())
    await expect(without.relay.start()).rejects.toMatchObject({ code: 'AESOP_RELAY_TOKEN_REFUSED' })
  })
})
