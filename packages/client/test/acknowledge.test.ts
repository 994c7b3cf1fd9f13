import { Checkpoint, MemoryCheckpointStore } from '@aesop/checkpoint'
import { ConsumerRegistration, type Registration } from '@aesop/client'
import { silentLogger } from '@aesop/kernel'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WindowsGiven } from '../src/windows-given.ts'
import { eventually } from './support/eventually.ts'
import { type HarnessOptions, registrationOf } from './support/harness.ts'
import { RecordingConsumer } from './support/recording-consumer.ts'
import { TestRelay } from './support/test-relay.ts'
import { assertProperty } from '../../../test/support/property.ts'

const open: { stop(): Promise<void> }[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const one of open.splice(0).reverse()) await one.stop()
})

interface Given {
  readonly relay: TestRelay
  readonly registration: Registration
  readonly consumer: RecordingConsumer
  readonly store: MemoryCheckpointStore
}

/** Windows of SCN 10, 20, 30 and on, a consumer that acknowledges, and a registration that stands at SCN 0. */
async function given(windows: number, more: Partial<HarnessOptions> = {}): Promise<Given> {
  const relay = new TestRelay()
  for (let n = 1; n <= windows; n++) relay.append(BigInt(n) * 10n, [{ id: n, name: 'x' }])
  const consumer = new RecordingConsumer()
  const store = new MemoryCheckpointStore()
  store.save(Checkpoint.online(0n))
  const options = { relays: [await relay.start()], consumer, store, acknowledge: 'consumer' as const, ...more }
  const registration = registrationOf(options)
  open.push(relay, registration)
  await registration.start()
  return { relay, registration, consumer, store }
}
const rowsOf = ({ rows }: RecordingConsumer): number[] => rows.map((row) => Number(row.split('/')[1]))
const scnOf = (store: MemoryCheckpointStore): bigint | undefined => store.load()?.windowScn

describe('a consumer that acknowledges', () => {
  it('decides alone what is stored: nothing before it says so, and then that, whatever came since', async () => {
    const { registration, consumer, store, relay } = await given(5)
    await eventually('five windows', () => consumer.trace.includes('checkpoint 50'))
    await registration.stop()
    expect([scnOf(store), registration.checkpoint?.windowScn]).toEqual([0n, 0n])
    const next = new RecordingConsumer()
    const again = registrationOf({
      relays: [await relay.stop().then(() => relay.start())],
      consumer: next,
      store,
      acknowledge: 'consumer',
    })
    open.push(again)
    await again.start()
    await eventually('five windows', () => next.trace.includes('checkpoint 50'))
    again.acknowledge(30n)
    await eventually('the checkpoint', () => scnOf(store) === 30n)
    await again.stop()
    expect([rowsOf(next), scnOf(store)]).toEqual([[1, 2, 3, 4, 5], 30n])
    expect(store.load()).toMatchObject({ windowScn: 30n, prevScn: 30n })
  })

  it('covers all windows up to an SCN that is the end of none, and is not heard below what it has said', async () => {
    const { registration, consumer, store } = await given(5)
    await eventually('five windows', () => consumer.trace.includes('checkpoint 50'))
    registration.acknowledge(39n)
    await eventually('the checkpoint', () => scnOf(store) === 30n)
    for (const scn of [39n, 30n, 20n, 0n, -1n]) registration.acknowledge(scn)
    expect(registration.checkpoint?.windowScn).toBe(30n)
    registration.acknowledge(50n)
    expect(registration.checkpoint?.windowScn).toBe(50n)
  })

  it('may do so within onCheckpoint for its own window, and within onStopConsumption for all', async () => {
    const seen: (bigint | undefined)[] = []
    const { registration, consumer, store } = await given(0)
    consumer.on = (line) => {
      if (line === 'checkpoint 10') registration.acknowledge(10n)
      if (line === 'window 20') seen.push(registration.checkpoint?.windowScn)
      if (line === 'stop') registration.acknowledge(30n)
      return undefined
    }
    const [relay] = open as unknown as [TestRelay]
    for (const n of [1, 2, 3]) relay.append(BigInt(n) * 10n, [{ id: n, name: 'x' }])
    await eventually('three windows', () => consumer.trace.includes('checkpoint 30'))
    await registration.stop()
    expect([seen, scnOf(store)]).toEqual([[10n], 30n])
  })

  it('is refused by name above what it was given', async () => {
    const { registration, consumer } = await given(1)
    await eventually('the window', () => consumer.trace.includes('checkpoint 10'))
    expect(() => {
      registration.acknowledge(11n)
    }).toThrow('can not take SCN 11 for acknowledged: it was given windows up to SCN 10')
    expect(() => {
      registration.acknowledge(10 as never)
    }).toThrow('expected a bigint')
    expect(registration.checkpoint?.windowScn).toBe(0n)
  })

  it('goes back to what it has acknowledged when it fails, and what it says of windows that are to come again is not heard', async () => {
    const { registration, consumer, store, relay } = await given(0)
    let failures = 1
    const heard: (bigint | undefined)[] = []
    consumer.on = (line) => {
      if (line === 'checkpoint 10') registration.acknowledge(10n)
      if (line.startsWith('row 40') && failures-- > 0) return 'ERROR'
      if (line === 'window 20' && failures < 1) {
        // The second time, or the first: only then is there anything between.
        registration.acknowledge(registration.checkpoint?.windowScn ?? 0n)
        if (consumer.rows.length > 1) registration.acknowledge(30n)
        heard.push(registration.checkpoint?.windowScn)
      }
      return undefined
    }
    for (const n of [1, 2, 3, 4]) relay.append(BigInt(n) * 10n, [{ id: n, name: 'x' }])
    await eventually('four windows', () => consumer.trace.includes('checkpoint 40'))
    expect(consumer.trace.filter((line) => line.startsWith('rollback'))).toEqual(['rollback 10'])
    expect(rowsOf(consumer)).toEqual([1, 2, 3, 4, 2, 3, 4])
    expect(heard).toEqual([10n])
    registration.acknowledge(40n)
    await eventually('the checkpoint', () => scnOf(store) === 40n)
  })

  it('is given unsavedWindowsMax windows beyond what it has acknowledged, with a fault that says so, and the rest then', async () => {
    const { registration, consumer } = await given(10, { unsavedWindowsMax: 3 })
    await eventually('three windows', () => consumer.trace.includes('checkpoint 30'))
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
    expect(rowsOf(consumer)).toEqual([1, 2, 3])
    expect(registration.health()).toEqual({ status: 'up' })
    const nowMs = performance.now()
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs + 6_000)
    expect(registration.health().detail).toContain('3 windows were given, and are not acknowledged')
    expect(registration.isRunning).toBe(false)
    vi.restoreAllMocks()
    registration.acknowledge(20n)
    await eventually('two more', () => consumer.trace.includes('checkpoint 50'))
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
    expect(rowsOf(consumer)).toEqual([1, 2, 3, 4, 5])
    const stopped = registration.stop()
    await stopped
    expect(consumer.trace.at(-1)).toBe('stop')
  })

  it('is told when it acknowledges after the end', async () => {
    const lines: string[] = []
    const { registration, consumer, store } = await given(1, {
      log: { ...silentLogger, warn: (line) => lines.push(line) },
    })
    await eventually('the window', () => consumer.trace.includes('checkpoint 10'))
    await registration.stop()
    registration.acknowledge(10n)
    expect([scnOf(store), lines]).toEqual([
      0n,
      ['the registration "people" has ended: SCN 10 is acknowledged too late'],
    ])
  })
})

it('a registration whose windows are acknowledged by their end refuses acknowledge by name', async () => {
  const { registration, consumer, store } = await given(1, { acknowledge: 'window' })
  await eventually('the window', () => consumer.trace.includes('checkpoint 10'))
  expect(() => {
    registration.acknowledge(10n)
  }).toThrow('it says acknowledge: window')
  await registration.stop()
  expect(scnOf(store)).toBe(10n)
})

it.each([
  [
    { acknowledge: 'consumer', eventConsumer: new RecordingConsumer() },
    'says acknowledge: consumer without a consumerFactory',
  ],
  [
    { acknowledge: 'never', eventConsumer: new RecordingConsumer() },
    'says acknowledge: never, expected window or consumer',
  ],
])('a declared registration is refused where it can not be kept: %j', (options, message) => {
  expect(() => new ConsumerRegistration({ logicalSources: ['or_test.person'], ...options })).toThrow(message)
})

it('model: what is taken is the newest window that is covered, with the number of those before it', () => {
  const reached = { taken: 0, nothing: 0, several: 0, cleared: 0 }
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.constant('add' as const) },
    { weight: 4, arbitrary: fc.integer({ min: -5, max: 60 }) },
    { weight: 1, arbitrary: fc.constant('clear' as const) },
  )
  assertProperty(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const windows = new WindowsGiven()
      let model: bigint[] = []
      let scn = 0n
      for (const each of steps) {
        if (each === 'add') {
          scn += 3n
          windows.add(Checkpoint.online(scn))
          model.push(scn)
        } else if (each === 'clear') {
          windows.clear()
          model = []
          reached.cleared++
        } else {
          const covered = model.filter((one) => one <= BigInt(each))
          const taken = windows.take(BigInt(each))
          expect([taken?.newest.windowScn, taken?.count ?? 0]).toEqual([covered.at(-1), covered.length])
          model = model.slice(covered.length)
          if (covered.length > 1) reached.several++
          reached[covered.length === 0 ? 'nothing' : 'taken']++
        }
      }
    }),
    { seed: 20_261_128, numRuns: 500, reached, atLeast: 100 },
  )
})
