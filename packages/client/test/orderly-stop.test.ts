import { Checkpoint, MemoryCheckpointStore } from '@aesop/checkpoint'
import { Client, ClientConfig, ConsumerCallbackResult, ConsumerRegistration, type Registration } from '@aesop/client'
import { silentLogger } from '@aesop/kernel'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually } from './support/eventually.ts'
import { type HarnessOptions, registrationOf } from './support/harness.ts'
import { RecordingConsumer } from './support/recording-consumer.ts'
import { TestRelay } from './support/test-relay.ts'

const open: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop()
})

/** A consumer that waits at its second row until it is told to go on, or until the signal of the call fires. */
class WaitingConsumer extends RecordingConsumer {
  goOn: () => void = () => undefined
  waits = false

  constructor(then: () => ConsumerCallbackResult | undefined = () => undefined) {
    super()
    this.on = (line, signal) => {
      if (this.waits || !line.endsWith(' 2')) return undefined
      this.waits = true
      return new Promise((resolve, reject) => {
        this.goOn = () => {
          resolve(then())
        }
        signal.addEventListener('abort', () => {
          reject(new Error('told to end'))
        })
      })
    }
  }
}

interface Stopping {
  readonly relay: TestRelay
  readonly registration: Registration
  readonly store: MemoryCheckpointStore
}

/** Two windows of five rows; the consumer is at the second row of the first. */
async function withinWindow(consumer: WaitingConsumer, more: Partial<HarnessOptions> = {}): Promise<Stopping> {
  const relay = new TestRelay()
  for (const scn of [1n, 2n])
    relay.append(
      scn,
      [1, 2, 3, 4, 5].map((id) => ({ id, name: 'x' })),
    )
  relay.follows = more.followMs !== 0
  const store = new MemoryCheckpointStore()
  const registration = registrationOf({ relays: [await relay.start()], consumer, store, ...more })
  open.push(relay, registration)
  await registration.start()
  await eventually('the second row', () => consumer.waits)
  return { relay, registration, store }
}

const firstWindow = [1, 2, 3, 4, 5].map((id) => `1/${id}/x`)

describe('an orderly stop', () => {
  it.each([
    ['in one answer', {}],
    [
      'that a plain relay has cut',
      { followMs: 0, properties: { 'databus.client.connectionDefaults.eventBuffer.maxSize': 1024 } },
    ],
  ])('finishes the window that the consumer is in, %s, and saves: nothing comes again', async (_what, more) => {
    const consumer = new WaitingConsumer()
    const { registration, store, relay } = await withinWindow(consumer, more)
    const stopped = registration.stop()
    consumer.goOn()
    await stopped
    expect(consumer.rows).toEqual(firstWindow)
    expect(consumer.trace.slice(-3)).toEqual(['end 1', 'checkpoint 1', 'stop'])
    expect(store.load()?.windowScn).toBe(1n)
    const next = new RecordingConsumer()
    const again = registrationOf({ relays: [await relay.stop().then(() => relay.start())], consumer: next, store })
    open.push(again)
    await again.start()
    await eventually('the second window', () => again.checkpoint?.windowScn === 2n)
    expect(next.rows).toEqual([1, 2, 3, 4, 5].map((id) => `2/${id}/x`))
  })

  it('gives the window up when it may take no longer: the call is told, and the window comes again', async () => {
    const consumer = new WaitingConsumer()
    const { registration, store } = await withinWindow(consumer)
    const giveUp = new AbortController()
    const stopped = registration.stop(giveUp.signal)
    giveUp.abort()
    await stopped
    expect(consumer.trace.at(-1)).toBe('stop')
    expect(store.load()).toEqual(Checkpoint.online(0n))
  })

  it('does not wait for a window whose rest can not come', async () => {
    const consumer = new WaitingConsumer()
    const { registration, relay, store } = await withinWindow(consumer)
    const stopped = registration.stop()
    // Rows that the client has received by now are in its chunk; a relay that is gone brings no other answer.
    await relay.stop()
    consumer.goOn()
    await stopped
    expect(consumer.trace.at(-1)).toBe('stop')
    expect([0n, 1n]).toContain(store.load()?.windowScn)
  })

  it('does not try a window again whose consumer fails', async () => {
    const consumer = new WaitingConsumer(() => ConsumerCallbackResult.ERROR)
    const { registration, store } = await withinWindow(consumer)
    const stopped = registration.stop()
    consumer.goOn()
    await stopped
    expect(consumer.rows).toEqual(firstWindow.slice(0, 2))
    expect(consumer.trace.at(-1)).toBe('stop')
    expect(store.load()).toEqual(Checkpoint.online(0n))
  })

  it('of a client ends in order within the time that the process has for it', async () => {
    const consumer = new WaitingConsumer()
    const relay = new TestRelay()
    relay.append(
      1n,
      [1, 2, 3].map((id) => ({ id, name: 'x' })),
    )
    const root = mkdtempSync(join(tmpdir(), 'aesop-client-'))
    const client = new Client(
      new ClientConfig(),
      [new ConsumerRegistration({ logicalSources: ['or_test.person'], eventConsumer: consumer })],
      {
        id: 'client',
        container: 'client',
        log: silentLogger,
        signal: new AbortController().signal,
        projectsRoot: root,
        stateDirectory: join(root, '.aesop'),
        stopTimeoutMs: 100,
        shared: new Map<string, unknown>([['relay.address', await relay.start()]]),
        fail: (error) => {
          throw error
        },
      },
    )
    const removed = { stop: async () => rm(root, { recursive: true }) }
    open.push(removed, relay)
    await client.start()
    await eventually('the second row', () => consumer.waits)
    await client.stop()
    expect(consumer.trace.at(-1)).toBe('stop')
  })
})
