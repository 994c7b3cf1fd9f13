import { MemoryCheckpointStore } from '@aesop/checkpoint'
import { ConsumerCallbackResult, type Registration, type Result } from '@aesop/client'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from './support/eventually.ts'
import { feeding } from './support/feed.ts'
import { type HarnessOptions, registrationOf } from './support/harness.ts'
import { windowOf } from './support/person-stream.ts'
import { RecordingConsumer } from './support/recording-consumer.ts'
import { TestRelay } from './support/test-relay.ts'

const open: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop()
})

/** Notes when two of its calls overlap; the first call at a line that begins with `at` takes as long as it is told. */
class BusyConsumer extends RecordingConsumer {
  readonly overlaps: string[] = []
  readonly signals: AbortSignal[] = []
  held: AbortSignal | undefined
  /** Whether the held call ends, with a success, soon after its signal has fired. */
  endsWhenTold = false
  release: (result?: Result) => void = () => undefined
  #running: string | undefined

  constructor(at: string) {
    super()
    this.on = (line, signal) => {
      if (this.#running !== undefined) this.overlaps.push(`${line} while ${this.#running} runs`)
      this.signals.push(signal)
      if (this.held !== undefined || !line.startsWith(at)) return undefined
      this.held = signal
      this.#running = line
      if (this.endsWhenTold) {
        signal.addEventListener('abort', () => {
          // Whatever does not wait for the call has its turn before it ends.
          setImmediate(() => {
            this.release()
          })
        })
      }
      return new Promise((resolve) => {
        this.release = (result) => {
          this.#running = undefined
          resolve(result)
        }
      })
    }
  }
}

async function started(
  consumer: RecordingConsumer,
  budgetMs: number,
  more: Partial<HarnessOptions> = {},
): Promise<Registration> {
  const relay = new TestRelay()
  for (const scn of [1n, 2n, 3n]) relay.append(scn, [{ id: Number(scn), name: 'x' }])
  const properties = { 'databus.client.connectionDefaults.consumerTimeBudgetMs': budgetMs, ...more.properties }
  const registration = registrationOf({ relays: [await relay.start()], consumer, ...more, properties })
  open.push(relay, registration)
  await registration.start()
  return registration
}

describe('a call that is over its time budget', () => {
  it.each(['row 2', 'window 2', 'source', 'end of', 'end 2'])(
    'at "%s" fails, though it succeeds late, and nothing is given before it has settled',
    async (at) => {
      const consumer = new BusyConsumer(at)
      consumer.endsWhenTold = true
      const registration = await started(consumer, 50)
      await eventually('all windows', () => registration.checkpoint?.windowScn === 3n)
      expect(consumer.overlaps).toEqual([])
      expect(consumer.trace.some((line) => line.startsWith('rollback'))).toBe(true)
      expect(consumer.errors).toEqual([])
    },
  )

  it('in onCheckpoint keeps the old checkpoint, and nothing is given before it has settled', async () => {
    const consumer = new BusyConsumer('checkpoint 2')
    consumer.endsWhenTold = true
    const store = new MemoryCheckpointStore()
    const saved: unknown[] = []
    const { on } = consumer
    consumer.on = (line, signal) => {
      if (line.startsWith('checkpoint 3')) saved.push(store.load()?.windowScn)
      return on(line, signal)
    }
    const registration = await started(consumer, 50, { store })
    await eventually('all windows', () => registration.checkpoint?.windowScn === 3n)
    expect(saved).not.toContain(2n)
    expect(consumer.overlaps).toEqual([])
  })

  it('tells by the reason of its signal why', async () => {
    const consumer = new BusyConsumer('row 1')
    consumer.endsWhenTold = true
    const registration = await started(consumer, 50)
    await eventually('all windows', () => registration.checkpoint?.windowScn === 3n)
    expect(consumer.held?.reason).toMatchObject({ code: 'AESOP_CLIENT_CONSUMER_TIME_BUDGET' })
  })
})

describe('a call that has not settled in two budgets', () => {
  it.each(['row 2', 'checkpoint 2', 'rollback'])(
    'at "%s" suspends the registration by name; resume waits for it',
    async (at) => {
      const consumer = new BusyConsumer(at)
      const { on } = consumer
      let failures = at === 'rollback' ? 1 : 0
      consumer.on = (line, signal) =>
        line.startsWith('row 2') && failures-- > 0 ? ConsumerCallbackResult.ERROR : on(line, signal)
      const registration = await started(consumer, 10)
      await eventually('the suspension', () => registration.health().status === 'down')
      expect(registration.health().detail).toContain('has not settled in 20 ms')
      const before = consumer.trace.length
      registration.resume()
      await eventually('the wait', () => registration.health().status === 'degraded')
      expect(registration.health().detail).toContain('has not settled')
      expect(consumer.trace).toHaveLength(before)
      consumer.release()
      await eventually('all windows', () => registration.checkpoint?.windowScn === 3n)
      expect(consumer.overlaps).toEqual([])
      expect(consumer.errors.map(({ code }) => code)).toEqual(['AESOP_CLIENT_CONSUMER_OVERDUE'])
      expect(registration.health()).toEqual({ status: 'up' })
    },
  )

  it('does not keep a stop waiting, which calls nothing more', async () => {
    const consumer = new BusyConsumer('row 2')
    const registration = await started(consumer, 10)
    await eventually('the suspension', () => registration.health().status === 'down')
    await registration.stop()
    expect(consumer.trace.at(-1)).toBe('row 2 or_test.person 2')
    expect(consumer.overlaps).toEqual([])
  })
})

describe('the signal of a call', () => {
  it('is one object for all callbacks until it has fired, then another', async () => {
    const consumer = new BusyConsumer('row 2')
    consumer.endsWhenTold = true
    const registration = await started(consumer, 50)
    await eventually('all windows', () => registration.checkpoint?.windowScn === 3n)
    const ofHeld = consumer.signals.lastIndexOf(consumer.held as AbortSignal)
    expect(new Set(consumer.signals.slice(0, ofHeld + 1)).size).toBe(1)
    expect(new Set(consumer.signals.slice(ofHeld + 1)).size).toBe(1)
    expect(consumer.signals.every((signal) => signal instanceof AbortSignal)).toBe(true)
    expect(consumer.signals.at(-1)?.aborted).toBe(false)
  })
})

describe('what a callback returns', () => {
  it.each([0, 60_000])('is a failure when it is null, with a budget of %i ms', async (timeBudgetMs) => {
    const window = windowOf(2n, [{ id: 2, name: 'x' }])
    for (const result of [null, Promise.resolve(null), {}]) {
      for (const at of ['window 2', 'row 2', 'end 2']) {
        const consumer = new RecordingConsumer()
        consumer.on = (line) => (line.startsWith(at) ? (result as never) : undefined)
        const { feed } = feeding(consumer, { since: 1n, timeBudgetMs })
        await expect(feed(window)).rejects.toMatchObject({ code: 'AESOP_CLIENT_CONSUMER_FAILED' })
      }
      const consumer = new RecordingConsumer()
      consumer.on = (line) => (line.startsWith('checkpoint') ? (result as never) : undefined)
      const { feed, acknowledged } = feeding(consumer, { since: 1n, timeBudgetMs })
      await feed(window)
      expect(acknowledged).toEqual([])
    }
  })
})

it('resume gives the whole retry budget again', async () => {
  const consumer = new RecordingConsumer()
  consumer.on = (line) => (line.startsWith('row 2') ? ConsumerCallbackResult.ERROR : undefined)
  const registration = await started(consumer, 0)
  for (const round of [1, 2]) {
    await eventually(`the error of round ${round}`, () => consumer.errors.length === round)
    expect(consumer.rows.filter((row) => row.startsWith('2/'))).toHaveLength(11 * round)
    registration.resume()
  }
})

it('an event carries nothing that a consumer could change for the next one', async () => {
  const seen: string[] = []
  const consumer = new RecordingConsumer()
  const { feed } = feeding({
    onStartSource: (source) => {
      expect(() => Object.assign(source, { name: 'other' })).toThrow(TypeError)
    },
    onDataEvent: (event) => {
      expect(() => Object.assign(event.source, { name: 'other' })).toThrow(TypeError)
      expect(() => Object.assign(event.schema, { version: 9 })).toThrow(TypeError)
      seen.push(`${event.source.name} ${event.schema.version}`)
    },
  })
  await feed(
    windowOf(
      1n,
      [1, 2].map((id) => ({ id, name: 'x' })),
    ),
  )
  expect(seen).toEqual(['or_test.person 1', 'or_test.person 1'])
  expect(consumer.errors).toEqual([])
})
