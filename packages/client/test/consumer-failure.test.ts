import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Checkpoint,
  type CheckpointStore,
  CheckpointUnwritableError,
  FileCheckpointStore,
  MemoryCheckpointStore,
} from '@aesop/checkpoint'
import { ConsumerCallbackResult, type Registration } from '@aesop/client'
import { shownKey, silentLogger } from '@aesop/kernel'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { eventually } from './support/eventually.ts'
import { type HarnessOptions, registrationOf } from './support/harness.ts'
import { RecordingConsumer } from './support/recording-consumer.ts'
import { TestRelay } from './support/test-relay.ts'

const { ERROR, ERROR_FATAL, SKIP_CHECKPOINT } = ConsumerCallbackResult
const open: { stop(): Promise<void> }[] = []
const folders: string[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

async function started(
  windows: number,
  consumer: RecordingConsumer,
  more: Partial<HarnessOptions> = {},
): Promise<{ relay: TestRelay; registration: Registration }> {
  const relay = new TestRelay()
  for (let scn = 1; scn <= windows; scn++) relay.append(BigInt(scn), [{ id: scn, name: `n${scn}` }])
  const registration = registrationOf({ relays: [await relay.start()], consumer, ...more })
  open.push(relay, registration)
  await registration.start()
  return { relay, registration }
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'aesop-client-'))
  folders.push(path)
  return path
}

describe('a consumer that fails', () => {
  it('gets the window again from the last checkpoint, read anew from the relay', async () => {
    const consumer = new RecordingConsumer()
    let failures = 3
    consumer.on = (line) => (line.startsWith('row 2') && failures-- > 0 ? ERROR : undefined)
    const { registration, relay } = await started(3, consumer)
    await eventually('all windows', () => registration.checkpoint?.windowScn === 3n)
    expect(consumer.rows).toEqual(['1/1/n1', '2/2/n2', '2/2/n2', '2/2/n2', '2/2/n2', '3/3/n3'])
    expect(consumer.trace.filter((line) => line.startsWith('rollback'))).toEqual([
      'rollback 1',
      'rollback 1',
      'rollback 1',
    ])
    expect(relay.requests.map(({ checkpoint }) => checkpoint.windowScn)).toEqual([-1n, 1n, 1n, 1n])
    expect(relay.registers).toBe(1)
    expect(registration.health()).toEqual({ status: 'up' })
  })

  it('for ever is stopped after the budget, with the event named, and nothing is skipped', async () => {
    const consumer = new RecordingConsumer()
    consumer.on = (line) => (line.startsWith('row 2') ? ERROR : undefined)
    const store = new MemoryCheckpointStore()
    const { registration } = await started(3, consumer, { store })
    await eventually('the error', () => consumer.errors.length === 1)
    expect(consumer.errors[0]).toMatchObject({
      code: 'AESOP_CLIENT_CONSUMER_RETRIES_EXHAUSTED',
      fields: { scn: 2n, source: 'or_test.person', ordinal: 0, key: shownKey(2n, 'hash'), tries: 11 },
    })
    expect(consumer.rows.filter((row) => row.startsWith('2/'))).toHaveLength(11)
    expect(registration.health()).toMatchObject({ status: 'down' })
    expect(registration.health().detail).toContain(
      `SCN 2, source "or_test.person", ordinal 0, key ${shownKey(2n, 'hash') ?? ''})`,
    )
    await registration.stop()
    expect(store.load()?.windowScn).toBe(1n)
  })

  it('behind skipped checkpoints exhausts the same budget although earlier windows succeed again', async () => {
    const consumer = new RecordingConsumer()
    consumer.on = (line) =>
      line.startsWith('checkpoint') ? SKIP_CHECKPOINT : line.startsWith('row 3') ? ERROR : undefined
    await started(3, consumer)
    await eventually('the error', () => consumer.errors.length === 1)
    expect(consumer.rows.filter((row) => row.startsWith('3/'))).toHaveLength(11)
    expect(consumer.rows.filter((row) => row.startsWith('1/'))).toHaveLength(11)
  })

  it('now and then has the whole budget for each place', async () => {
    const consumer = new RecordingConsumer()
    const seen = new Map<string, number>()
    consumer.on = (line) => {
      if (!line.startsWith('row')) return undefined
      const times = (seen.get(line) ?? 0) + 1
      seen.set(line, times)
      return times <= 6 ? ERROR : undefined
    }
    const { registration } = await started(4, consumer)
    await eventually('all windows', () => registration.checkpoint?.windowScn === 4n)
    expect(consumer.errors).toEqual([])
  })

  it('once, and goes on, is waited for by the relay of its process, however long ago that was', async () => {
    const consumer = new RecordingConsumer()
    let failures = 1
    consumer.on = (line) => (line.startsWith('row 2') && failures-- > 0 ? ERROR : undefined)
    const { registration } = await started(3, consumer)
    await eventually('all windows', () => registration.checkpoint?.windowScn === 3n)
    const nowMs = performance.now()
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs + 60_000)
    expect(registration.isRunning).toBe(true)
    vi.restoreAllMocks()
  })

  it('is in the log with SCN, source and ordinal of the event, at each try and at the end', async () => {
    const lines: { message: string; fields: Readonly<Record<string, unknown>> }[] = []
    const note = (message: string, fields = {}): void => void lines.push({ message, fields })
    const relay = new TestRelay()
    relay.append(
      5n,
      [1, 2, 3].map((id) => ({ id, name: 'x' })),
    )
    const consumer = new RecordingConsumer()
    consumer.on = (line) => (line === 'row 5 or_test.person 3' ? ERROR : undefined)
    const properties = { 'databus.client.connectionDefaults.dispatcherRetries.maxRetryNum': 1 }
    const log = { ...silentLogger, warn: note, error: note }
    const registration = registrationOf({ relays: [await relay.start()], consumer, properties, log })
    open.push(relay, registration)
    await registration.start()
    await eventually('the error', () => consumer.errors.length === 1)
    expect(lines).toMatchObject([
      { fields: { code: 'AESOP_CLIENT_CONSUMER_FAILED', scn: 5n, source: 'or_test.person', ordinal: 2, tries: 1 } },
      { fields: { code: 'AESOP_CLIENT_CONSUMER_RETRIES_EXHAUSTED', scn: 5n, ordinal: 2, tries: 2 } },
    ])
    for (const { message } of lines) expect(message).toContain('SCN 5, source "or_test.person", ordinal 2')
  })

  it('with ERROR_FATAL is stopped at once, and resumed where it was', async () => {
    const consumer = new RecordingConsumer()
    let fatal = true
    consumer.on = (line) => (line.startsWith('row 2') && fatal ? ERROR_FATAL : undefined)
    const { registration } = await started(3, consumer)
    await eventually('the error', () => consumer.errors.length === 1)
    expect(consumer.errors[0]?.code).toBe('AESOP_CLIENT_CONSUMER_FATAL')
    fatal = false
    registration.resume()
    await eventually('all windows', () => registration.checkpoint?.windowScn === 3n)
    expect(consumer.trace).toContain('rollback 1')
  })

  it('in onStartConsumption makes the start fail by name', async () => {
    const consumer = new RecordingConsumer()
    consumer.on = (line) => (line === 'start' ? ERROR : undefined)
    await expect(started(1, consumer)).rejects.toMatchObject({ code: 'AESOP_CLIENT_CONSUMER_FAILED' })
  })

  it('in onError is no reason to hang', async () => {
    const consumer = new RecordingConsumer()
    consumer.on = (line) => (line.startsWith('row') ? ERROR_FATAL : line.startsWith('error') ? ERROR : undefined)
    const { registration } = await started(1, consumer)
    await eventually('the error', () => registration.health().status === 'down')
    await registration.stop()
  })
})

describe('the checkpoint on disk', () => {
  it('is saved together for many windows, and is that of the last one after a stop', async () => {
    let saves = 0
    const kept = new MemoryCheckpointStore()
    const store: CheckpointStore = {
      load: () => kept.load(),
      clear: () => {
        kept.clear()
      },
      save: (checkpoint) => {
        saves++
        kept.save(checkpoint)
      },
    }
    const { registration } = await started(500, new RecordingConsumer(), { store })
    await eventually('all windows', () => registration.checkpoint?.windowScn === 500n)
    await registration.stop()
    expect(kept.load()?.windowScn).toBe(500n)
    expect(saves).toBeLessThan(50)
  })

  it('is never ahead of what the consumer acknowledged', async () => {
    const directory = folder()
    const consumer = new RecordingConsumer()
    const store = new FileCheckpointStore(directory, 'people')
    // The place where it began, before the first window.
    let acknowledged = 0n
    let checked = 0
    consumer.on = (line) => {
      const saved = store.load()?.windowScn ?? -1n
      checked++
      if (saved > acknowledged) throw new Error(`disk says ${saved}, acknowledged was ${acknowledged}`)
      if (line.startsWith('checkpoint')) acknowledged = BigInt(line.slice('checkpoint '.length))
      return undefined
    }
    const { registration } = await started(50, consumer, { store })
    await eventually('all windows', () => registration.checkpoint?.windowScn === 50n)
    expect(consumer.errors).toEqual([])
    expect(checked).toBeGreaterThan(250)
  })

  it('that is torn stops the start by name and is never taken for no checkpoint', async () => {
    const directory = folder()
    const store = new FileCheckpointStore(directory, 'people')
    await store.save(Checkpoint.online(2n))
    writeFileSync(store.path, readFileSync(store.path).subarray(0, 20))
    const consumer = new RecordingConsumer()
    await expect(started(3, consumer, { store })).rejects.toMatchObject({
      code: expect.stringContaining('CHECKPOINT') as string,
    })
    expect(consumer.rows).toEqual([])
  })

  it('that can not be saved at the end makes the stop fail', async () => {
    const relay = new TestRelay()
    relay.append(1n, [{ id: 1, name: 'n1' }])
    const store: CheckpointStore = {
      load: () => Checkpoint.online(0n),
      clear: () => undefined,
      save: () => {
        throw new CheckpointUnwritableError('current.json', new Error('the disk is full'))
      },
    }
    const registration = registrationOf({ relays: [await relay.start()], consumer: new RecordingConsumer(), store })
    await registration.start()
    await eventually('the row', () => registration.checkpoint?.windowScn === 1n)
    await expect(registration.stop()).rejects.toThrow('the disk is full')
    await relay.stop()
  })

  it('that can not be saved shows in health, and is saved when it can be again', async () => {
    const kept = new MemoryCheckpointStore()
    let full = true
    const store: CheckpointStore = {
      load: () => kept.load(),
      clear: () => {
        kept.clear()
      },
      save: (checkpoint) => {
        if (full) throw new CheckpointUnwritableError('current.json', new Error('no space left'))
        kept.save(checkpoint)
      },
    }
    const { registration, relay } = await started(1, new RecordingConsumer(), { store })
    await eventually('degraded health', () => registration.health().detail?.includes('no space left') === true)
    full = false
    relay.append(2n, [{ id: 2, name: 'n2' }])
    await eventually('the checkpoint', () => kept.load()?.windowScn === 2n)
    expect(registration.health().status).toBe('up')
  })

  it.each([0, 2])(
    'is saved, though nothing new comes, when the folder can be written again (history %i)',
    async (n) => {
      const directory = folder()
      const consumer = new RecordingConsumer()
      let blocked = false
      const inTheWay = join(directory, 'people')
      consumer.on = (line) => {
        if (line !== 'end 2') return undefined
        // A file where the folder was: no write succeeds, as on a full disk, and nothing of it is our doing.
        rmSync(inTheWay, { recursive: true })
        writeFileSync(inTheWay, '')
        blocked = true
        return undefined
      }
      const store = new FileCheckpointStore(directory, 'people', { historySize: n })
      const { registration } = await started(2, consumer, { store })
      await eventually('degraded health', () => blocked && registration.health().status === 'degraded')
      expect(registration.health().detail).toContain('can not be written')
      expect(registration.checkpoint?.windowScn).toBe(2n)
      rmSync(inTheWay)
      await eventually('the checkpoint', () => store.load()?.windowScn === 2n)
      await eventually('health', () => registration.health().status === 'up')
      expect(registration.health()).toEqual({ status: 'up' })
    },
  )

  it('is removed first where clearBeforeUse says so', async () => {
    const directory = folder()
    const store = new FileCheckpointStore(directory, 'people')
    await store.save(Checkpoint.online(2n))
    const consumer = new RecordingConsumer()
    const properties = { 'databus.client.checkpointPersistence.clearBeforeUse': true }
    await started(3, consumer, { store, properties })
    await eventually('all rows', () => consumer.rows.length === 3)
    expect(readdirSync(directory)).toEqual(['people'])
  })
})
