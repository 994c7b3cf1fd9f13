import { Checkpoint, CheckpointUnwritableError, type CheckpointStore, MemoryCheckpointStore } from '@aesop/checkpoint'
import { Client, ClientConfig, ConsumerRegistration, type Registration } from '@aesop/client'
import { type BeanContext } from '@aesop/kernel'
import { ScnNotFoundError, type StartPlaceRequest } from '@aesop/wire'
import { afterEach, describe, expect, it } from 'vitest'
import { testLog } from '../../../test/support/test-log.ts'
import { parseStartFrom } from '../src/start-from.ts'
import { eventually } from './support/eventually.ts'
import { type HarnessOptions, registrationOf } from './support/harness.ts'
import { RecordingConsumer } from './support/recording-consumer.ts'
import { TestRelay } from './support/test-relay.ts'

const open: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop()
})

/** A relay with windows of SCN 20, 30, 40 and 50, which says that everybody begins behind 30. */
async function relayOf(): Promise<{
  relay: TestRelay
  asked: StartPlaceRequest[]
  at: { host: string; port: number }
}> {
  const relay = new TestRelay()
  const asked: StartPlaceRequest[] = []
  relay.prevScn = 10n
  relay.scnSpace = 'shop'
  for (const n of [2, 3, 4, 5]) relay.append(BigInt(n) * 10n, [{ id: n, name: 'x' }])
  relay.startPlace = (request) => {
    asked.push(request)
    return 30n
  }
  open.push(relay)
  return { relay, asked, at: await relay.start() }
}

function started(at: { host: string; port: number }, more: Partial<HarnessOptions>): Registration {
  const registration = registrationOf({ relays: [at], consumer: new RecordingConsumer(), ...more })
  open.push(registration)
  return registration
}

describe('where a registration without a checkpoint begins', () => {
  it.each([
    ['earliest', { kind: 'earliest' }],
    ['latest', { kind: 'latest' }],
    ['2026-03-31T22:00:00Z', { kind: 'time', ms: 1_774_994_400_000 }],
  ] as const)('is asked of the relay, once, and stored before the first row: %s', async (text, from) => {
    const { at, asked } = await relayOf()
    const consumer = new RecordingConsumer()
    const store = new MemoryCheckpointStore()
    const saved: unknown[] = []
    consumer.on = (line) => {
      if (line === 'window 40') saved.push(store.load())
      return undefined
    }
    const registration = started(at, { consumer, store, startFrom: parseStartFrom(text) })
    await registration.start()
    await eventually('the windows', () => registration.checkpoint?.windowScn === 50n)
    expect(asked).toEqual([{ sources: [41], from }])
    expect(saved).toEqual([Checkpoint.online(30n, -1n, 'shop')])
    expect(consumer.rows).toEqual(['40/4/x', '50/5/x'])
  })

  it('is behind an SCN that is given, without a question', async () => {
    const { at, asked } = await relayOf()
    const consumer = new RecordingConsumer()
    const registration = started(at, { consumer, startFrom: parseStartFrom('40') })
    await registration.start()
    await eventually('the window', () => registration.checkpoint?.windowScn === 50n)
    expect([consumer.rows, asked]).toEqual([['50/5/x'], []])
  })

  it('is the same after a restart before its first window, whatever the relay would say then', async () => {
    const { at, asked, relay } = await relayOf()
    relay.startPlace = () => 50n
    const store = new MemoryCheckpointStore()
    const first = started(at, { store, startFrom: { kind: 'latest' } })
    await first.start()
    await eventually('the place', () => store.load()?.windowScn === 50n)
    await first.stop()
    relay.append(60n, [{ id: 6, name: 'x' }])
    relay.startPlace = () => 60n
    const consumer = new RecordingConsumer()
    const second = started(at, { consumer, store, startFrom: { kind: 'latest' } })
    await second.start()
    await eventually('what came meanwhile', () => second.checkpoint?.windowScn === 60n)
    expect([consumer.rows, asked]).toEqual([['60/6/x'], []])
  })

  it('is not moved by a store that fails: the place that was told is stored later', async () => {
    const { at, relay } = await relayOf()
    const kept = new MemoryCheckpointStore()
    let failures = 2
    let places = 0
    relay.startPlace = () => BigInt(10 + 10 * ++places)
    const store: CheckpointStore = {
      load: () => kept.load(),
      clear: () => {
        kept.clear()
      },
      save: (checkpoint) => {
        if (failures-- > 0) throw new CheckpointUnwritableError('the store', new Error('full'))
        kept.save(checkpoint)
      },
    }
    const consumer = new RecordingConsumer()
    const registration = started(at, { consumer, store, startFrom: { kind: 'latest' } })
    await registration.start()
    await eventually('all windows', () => registration.checkpoint?.windowScn === 50n)
    expect([places, consumer.rows[0]]).toEqual([1, '30/3/x'])
  })

  it('is not asked for where a checkpoint is stored, be it "anywhere"', async () => {
    const { at, asked } = await relayOf()
    for (const checkpoint of [Checkpoint.online(20n), Checkpoint.flexible()]) {
      const store = new MemoryCheckpointStore()
      store.save(checkpoint)
      const consumer = new RecordingConsumer()
      const registration = started(at, { consumer, store, startFrom: { kind: 'latest' } })
      await registration.start()
      await eventually('all windows', () => registration.checkpoint?.windowScn === 50n)
      expect(consumer.rows[0]).toBe(checkpoint.isFlexible ? '20/2/x' : '30/3/x')
    }
    expect(asked).toEqual([])
  })

  it('suspends it by name where the relay has none, or does not know what that is', async () => {
    const { at, relay } = await relayOf()
    relay.startPlace = () => {
      throw new ScnNotFoundError('no place to begin in shop:1: the log of the source begins at noon')
    }
    const properties = { 'databus.client.connectionDefaults.numRetriesOnFallOff': 1 }
    const gone = started(at, { properties, startFrom: { kind: 'time', ms: 5 } })
    await gone.start()
    await eventually('the end', () => gone.health().status === 'down')
    expect(gone.health().detail).toContain('the log of the source begins at noon')
    relay.startPlace = undefined
    const unknown = started(at, { startFrom: { kind: 'earliest' } })
    await unknown.start()
    await eventually('the end', () => unknown.health().status === 'down')
    expect(unknown.health().detail).toContain('startPlace')
  })
})

describe('startFrom', () => {
  it.each(['earliest', 'latest', '0', '9223372036854775807', '2026-03-31T22:00Z', '2024-02-29T23:59:59.999-11:30'])(
    'takes %s',
    (text) => {
      expect(parseStartFrom(text)).toBeDefined()
    },
  )

  it.each([
    '9223372036854775808',
    '-1',
    'oldest',
    '',
    '2026-03-31',
    '2026-03-31T22:00:00',
    '2026-03-31 22:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-03-31T24:00:00Z',
    '2026-03-31T22:60:00Z',
    '2026-03-31T22:00:00+24:00',
    '1969-12-31T23:59:59Z',
    'timestamp:5',
  ])('refuses "%s" by name', (startFrom) => {
    const declared = (): ConsumerRegistration =>
      new ConsumerRegistration({ id: 'a', logicalSources: ['b'], eventConsumer: new RecordingConsumer(), startFrom })
    expect(declared).toThrow(
      `the registration "a" says startFrom: ${startFrom}, expected earliest, latest, bootstrap, an SCN`,
    )
  })

  it('is refused beside a property that says another place', () => {
    const client = new Client(
      new ClientConfig({ clientProperties: { 'databus.client.connectionDefaults.consumeCurrent': false } }),
      [
        new ConsumerRegistration({
          ...{ id: 'a', logicalSources: ['b'], eventConsumer: new RecordingConsumer() },
          startFrom: 'latest',
        }),
      ],
      contextOf(),
    )
    expect(() => client.init()).toThrow(/says startFrom, and .*consumeCurrent=false says SCN 0/)
  })

  it('is shown while nothing is stored, also to those who take the place away', async () => {
    const client = new Client(
      new ClientConfig(),
      [
        new ConsumerRegistration({
          ...{ id: 'a', logicalSources: ['b'], eventConsumer: new RecordingConsumer() },
          startFrom: '2026-03-31T22:00:00+02:00',
        }),
      ],
      contextOf(),
    )
    const [desk] = await client.placeDesks()
    const note = 'nothing: it begins with startFrom: 2026-03-31T20:00:00.000Z'
    expect(await desk?.show()).toEqual({ note })
    expect(await desk?.reset({ readersScn: -1n })).toMatchObject({ to: { note } })
  })
})

function contextOf(): BeanContext {
  return {
    ...{ id: 'client', container: 'client', log: testLog('client'), signal: new AbortController().signal },
    ...{ projectsRoot: '/nowhere', stateDirectory: '/nowhere/.aesop', shared: new Map(), fail: () => undefined },
  }
}
