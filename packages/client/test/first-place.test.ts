import { Checkpoint, CheckpointUnwritableError, type CheckpointStore, MemoryCheckpointStore } from '@aesop/checkpoint'
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

/** A relay that begins after SCN 10, with windows of SCN 20, 30 and on, and a registration that is yet to be started. */
async function pair(
  windows: number,
  consumer: RecordingConsumer,
  more: Partial<HarnessOptions> & { tells?: boolean } = {},
): Promise<{ relay: TestRelay; registration: Registration; store: CheckpointStore }> {
  const relay = new TestRelay()
  relay.prevScn = 10n
  relay.tellsPreviousScn = more.tells ?? true
  for (let n = 2; n < windows + 2; n++) relay.append(BigInt(n) * 10n, [{ id: n, name: 'x' }])
  const store = more.store ?? new MemoryCheckpointStore()
  const registration = registrationOf({ relays: [await relay.start()], consumer, ...more, store })
  open.push(relay, registration)
  return { relay, registration, store }
}

const scns = (relay: TestRelay): bigint[] => relay.requests.map(({ checkpoint }) => checkpoint.windowScn)

describe('a registration without a checkpoint', () => {
  it.each([
    ['as the relay knows it', true, 10n],
    ['one below the first where the relay does not say', false, 19n],
  ])('has a place before the first callback of data: the SCN before its first window, %s', async (_w, tells, place) => {
    const consumer = new RecordingConsumer()
    const { registration, store } = await pair(2, consumer, { tells })
    const saved: unknown[] = []
    consumer.on = (line) => {
      if (line === 'window 20') saved.push(store.load())
      return undefined
    }
    await registration.start()
    await eventually('both windows', () => registration.checkpoint?.windowScn === 30n)
    expect(saved).toEqual([Checkpoint.online(place)])
  })

  it('has it also where the first window is empty', async () => {
    const consumer = new RecordingConsumer()
    const { registration, relay, store } = await pair(0, consumer)
    const saved: unknown[] = []
    consumer.on = (line) => {
      if (line === 'checkpoint 20') saved.push(store.load())
      return undefined
    }
    relay.append(20n, [])
    await registration.start()
    await eventually('the window', () => registration.checkpoint?.windowScn === 20n)
    expect(saved).toEqual([Checkpoint.online(10n)])
  })

  it('has none when it is stopped before its first event', async () => {
    const { registration, relay, store } = await pair(0, new RecordingConsumer())
    await registration.start()
    await eventually('the request', () => relay.requests.length === 1)
    await registration.stop()
    expect(store.load()).toBeUndefined()
  })

  it('that is cut in its first window is told by name when the relay no longer holds it, and skips nothing', async () => {
    const consumer = new RecordingConsumer()
    const { relay, registration } = await pair(3, consumer, { tells: false })
    const first = relay.windows[0]
    relay.faults.push({ kind: 'cut', afterBytes: (first?.ends[0] ?? 0) + 5 })
    consumer.on = (line) => {
      // The window goes while the consumer is in it: what the relay holds now begins later.
      if (line === 'window 20') relay.forgetThrough(20n)
      return undefined
    }
    await registration.start()
    await eventually('the error', () => consumer.errors.length === 1)
    expect(consumer.errors[0]?.code).toBe('AESOP_RELAY_SCN_NOT_FOUND')
    expect(registration.health().status).toBe('down')
    expect(consumer.rows).toEqual(['20/2/x'])
    expect(new Set(scns(relay).slice(1))).toEqual(new Set([19n]))
  })

  it('that rolls back in its first window asks for that window again', async () => {
    const consumer = new RecordingConsumer()
    let failures = 2
    consumer.on = (line) => (line.startsWith('row 20') && failures-- > 0 ? ConsumerCallbackResult.ERROR : undefined)
    const { relay, registration } = await pair(2, consumer)
    await registration.start()
    await eventually('both windows', () => registration.checkpoint?.windowScn === 30n)
    expect(scns(relay)).toEqual([-1n, 10n, 10n])
    expect(consumer.trace.filter((line) => line.startsWith('rollback'))).toEqual(['rollback 10', 'rollback 10'])
  })

  it('gives no row before its place is on disk, and goes on when it is', async () => {
    const kept = new MemoryCheckpointStore()
    let full = true
    let tries = 0
    const store: CheckpointStore = {
      load: () => kept.load(),
      clear: () => {
        kept.clear()
      },
      save: (checkpoint) => {
        tries++
        if (full) throw new CheckpointUnwritableError('/state/current.json', new Error('no space left'))
        kept.save(checkpoint)
      },
    }
    const consumer = new RecordingConsumer()
    const properties = { 'databus.client.connectionDefaults.pullerRetries.maxRetryNum': 1 }
    const { registration, relay } = await pair(2, consumer, { store, properties })
    await registration.start()
    await eventually('four tries', () => tries >= 4)
    expect(consumer.trace).toEqual(['start'])
    expect(registration.health()).toMatchObject({ status: 'degraded' })
    expect(registration.health().detail).toContain('no space left')
    full = false
    await eventually('both windows', () => registration.checkpoint?.windowScn === 30n)
    expect(consumer.rows).toEqual(['20/2/x', '30/3/x'])
    expect(new Set(scns(relay).slice(1))).toEqual(new Set([10n]))
    expect(registration.health()).toEqual({ status: 'up' })
  })

  it('does not believe a relay that begins after its own first window', async () => {
    const consumer = new RecordingConsumer()
    const { registration, relay } = await pair(1, consumer)
    relay.prevScn = 20n
    await registration.start()
    await eventually('the fault', () => registration.health().detail?.includes('a first window of SCN 20') === true)
    expect(consumer.rows).toEqual([])
  })
})

it.each([
  ['{"consumption_mode":"ONLINE_CONSUMPTION","windowScn":5,"windowOffset":2}', 'has no prevScn'],
  ['{"consumption_mode":"INIT","windowScn":-1}', 'consumption_mode is INIT'],
])('a registration does not start from %s, whatever store it comes from', async (text, fault) => {
  const store = new MemoryCheckpointStore()
  store.save(Checkpoint.parse(text))
  const { registration, relay } = await pair(1, new RecordingConsumer(), { store })
  await expect(registration.start()).rejects.toThrow(fault)
  expect(relay.requests).toEqual([])
})
