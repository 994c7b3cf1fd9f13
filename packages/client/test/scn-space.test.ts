import { Checkpoint, type CheckpointStore, MemoryCheckpointStore } from '@aesop/checkpoint'
import { ConsumerCallbackResult, type Registration } from '@aesop/client'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from './support/eventually.ts'
import { type HarnessOptions, registrationOf } from './support/harness.ts'
import { RecordingConsumer } from './support/recording-consumer.ts'
import { TestRelay } from './support/test-relay.ts'

const open: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop()
})

/** A relay that tells this SCN space, with windows of SCN 10, 20 and on. */
async function relayOf(scnSpace: string | undefined, windows = 3, port = 0) {
  const relay = new TestRelay()
  relay.scnSpace = scnSpace
  for (let n = 1; n <= windows; n++) relay.append(BigInt(n) * 10n, [{ id: n, name: String(scnSpace) }])
  const address = await relay.start(port)
  open.push(relay)
  return { relay, address }
}

async function started(options: HarnessOptions): Promise<Registration> {
  const registration = registrationOf(options)
  open.push(registration)
  await registration.start()
  return registration
}

function storeAt(checkpoint: Checkpoint): CheckpointStore {
  const store = new MemoryCheckpointStore()
  store.save(checkpoint)
  return store
}

describe('the SCN space of a registration', () => {
  it('is that of the relay where it begins, from its first place on, and goes with each request', async () => {
    const { relay, address } = await relayOf('shop', 1)
    const consumer = new RecordingConsumer()
    const store = new MemoryCheckpointStore()
    const saved: unknown[] = []
    consumer.on = (line) => {
      if (line === 'window 10') saved.push(store.load())
      return undefined
    }
    const registration = await started({ relays: [address], consumer, store, followMs: 0 })
    await eventually('the window', () => registration.checkpoint?.windowScn === 10n)
    expect(saved).toEqual([Checkpoint.online(9n, -1n, 'shop')])
    expect(registration.checkpoint?.scnSpace).toBe('shop')
    expect(registration.describe()).toMatchObject({ scnSpace: 'shop' })
    await eventually('the next request', () => relay.requests.length >= 2)
    expect(relay.requests.at(-1)?.checkpoint).toMatchObject({ windowScn: 10n, scnSpace: 'shop' })
    await registration.stop()
    expect(store.load()).toMatchObject({ windowScn: 10n, scnSpace: 'shop' })
  })

  it('is taken on by a checkpoint without one, with the first window and not before', async () => {
    const { relay, address } = await relayOf('shop', 1)
    const store = storeAt(Checkpoint.online(10n))
    const registration = await started({ relays: [address], consumer: new RecordingConsumer(), store })
    await eventually('the request', () => relay.requests.length === 1)
    expect(registration.checkpoint?.scnSpace).toBeUndefined()
    relay.append(20n, [{ id: 2, name: 'x' }])
    await eventually('the window', () => registration.checkpoint?.windowScn === 20n)
    expect(registration.checkpoint?.scnSpace).toBe('shop')
  })

  it('is taken on with an empty window, too', async () => {
    const { relay, address } = await relayOf('shop', 1)
    const registration = await started({ relays: [address], consumer: new RecordingConsumer(), since: 10n })
    relay.append(20n, [])
    await eventually('the window', () => registration.checkpoint?.windowScn === 20n)
    expect(registration.checkpoint?.scnSpace).toBe('shop')
  })

  it('is not checked where a relay tells none, whose place is of no known space from then on', async () => {
    const { address } = await relayOf(undefined, 2)
    const store = storeAt(Checkpoint.online(10n, -1n, 'shop'))
    const consumer = new RecordingConsumer()
    const registration = await started({ relays: [address], consumer, store })
    await eventually('the window', () => registration.checkpoint?.windowScn === 20n)
    expect(consumer.rows).toEqual(['20/2/undefined'])
    expect(registration.checkpoint?.scnSpace).toBeUndefined()
  })

  it('that is foreign to a relay gives no row and suspends it by name, with both spaces and the way on', async () => {
    const { address } = await relayOf('shop-after')
    const store = storeAt(Checkpoint.online(10n, -1n, 'shop-before'))
    const consumer = new RecordingConsumer()
    const registration = await started({ relays: [address], consumer, store })
    await eventually('the error', () => consumer.errors.length === 1)
    const [error] = consumer.errors
    expect(error?.code).toBe('AESOP_RELAY_SCN_SPACE_FOREIGN')
    expect(error?.message).toMatch(/SCN 10, .*"shop-before", and the relay at 127\.0\.0\.1:\d+ serves .*"shop-after"/)
    expect(error?.remedy).toContain('--registration people --to oldest')
    expect(consumer.rows).toEqual([])
    expect(registration.health()).toMatchObject({ status: 'down' })
    expect(store.load()).toEqual(Checkpoint.online(10n, -1n, 'shop-before'))
  })

  it('that is foreign is refused also when newer windows may be jumped to', async () => {
    const { address, relay } = await relayOf('shop-after')
    relay.forgetThrough(20n)
    const store = storeAt(Checkpoint.online(10n, -1n, 'shop-before'))
    const consumer = new RecordingConsumer()
    const properties = {
      'databus.client.connectionDefaults.readLatestScnOnError': true,
      'databus.client.connectionDefaults.numRetriesOnFallOff': 0,
    }
    await started({ relays: [address], consumer, store, properties })
    await eventually('the error', () => consumer.errors.length === 1)
    expect(consumer.errors[0]?.code).toBe('AESOP_RELAY_SCN_SPACE_FOREIGN')
    expect(consumer.rows).toEqual([])
  })

  it('is asked for at other relays of the list before it gives up', async () => {
    const foreign = await relayOf('other')
    const own = await relayOf('shop')
    const store = storeAt(Checkpoint.online(10n, -1n, 'shop'))
    const consumer = new RecordingConsumer()
    const registration = await started({ relays: [foreign.address, own.address], consumer, store })
    await eventually('the windows', () => registration.checkpoint?.windowScn === 30n)
    expect(foreign.relay.requests.length).toBeGreaterThan(0)
    expect(consumer.rows).toEqual(['20/2/shop', '30/3/shop'])
  })

  it('is noticed when the relay behind an address becomes another one while it runs', async () => {
    const before = await relayOf('before', 1)
    const consumer = new RecordingConsumer()
    const registration = await started({ relays: [before.address], consumer })
    await eventually('the window', () => registration.checkpoint?.windowScn === 10n)
    await before.relay.stop()
    await relayOf('after', 3, before.address.port)
    await eventually('the error', () => consumer.errors.length === 1)
    expect(consumer.errors[0]?.code).toBe('AESOP_RELAY_SCN_SPACE_FOREIGN')
    expect(consumer.rows).toEqual(['10/1/before'])
  })

  it('goes back with a roll-back', async () => {
    const { address, relay } = await relayOf('shop', 2)
    const consumer = new RecordingConsumer()
    let failures = 1
    consumer.on = (line) => (line.startsWith('row 20') && failures-- > 0 ? ConsumerCallbackResult.ERROR : undefined)
    const registration = await started({ relays: [address], consumer, store: storeAt(Checkpoint.online(10n)) })
    await eventually('the window', () => registration.checkpoint?.windowScn === 20n)
    expect(relay.requests.map(({ checkpoint }) => checkpoint.scnSpace)).toEqual([undefined, undefined])
    expect(registration.checkpoint?.scnSpace).toBe('shop')
  })

  it('that no relay could mean is a damaged answer', async () => {
    const { address } = await relayOf('two words')
    const consumer = new RecordingConsumer()
    const registration = await started({ relays: [address], consumer })
    await eventually('the fault', () => registration.health().detail?.includes('x-aesop-scn-space is two') === true)
    expect(consumer.rows).toEqual([])
  })
})
