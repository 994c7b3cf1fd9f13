import { Checkpoint, type CheckpointStore, MemoryCheckpointStore } from '@aesop/checkpoint'
import { type Registration } from '@aesop/client'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { eventually } from './support/eventually.ts'
import { type HarnessOptions, registrationOf } from './support/harness.ts'
import { RecordingConsumer } from './support/recording-consumer.ts'
import { TestRelay } from './support/test-relay.ts'

const open: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop()
})

/** A store that answers when it is told to, and notes when two of its calls overlap. */
class LateStore implements CheckpointStore {
  readonly kept = new MemoryCheckpointStore()
  readonly saves: bigint[] = []
  overlaps = 0
  calls = 0
  /** Whether a call waits for `end`; else its promise is fulfilled soon. */
  waits = false
  failures = 0
  end: (() => void) | undefined

  load(): Promise<Checkpoint | undefined> {
    return this.#later(() => this.kept.load())
  }
  save(checkpoint: Checkpoint): Promise<void> {
    this.saves.push(checkpoint.windowScn)
    return this.#later(() => {
      if (this.failures-- > 0) throw new Error('the network is away')
      this.kept.save(checkpoint)
    })
  }
  clear(): Promise<void> {
    return this.#later(() => {
      this.kept.clear()
    })
  }

  async #later<T>(answer: () => T): Promise<T> {
    if (this.calls++ > 0) this.overlaps++
    await (this.waits ? new Promise<void>((resolve) => (this.end = resolve)) : new Promise(setImmediate))
    this.calls--
    this.end = undefined
    return answer()
  }
}

async function started(
  windows: number,
  store: CheckpointStore,
  more: Partial<HarnessOptions> = {},
): Promise<{ relay: TestRelay; registration: Registration; consumer: RecordingConsumer }> {
  const relay = new TestRelay()
  const consumer = new RecordingConsumer()
  for (let scn = 1; scn <= windows; scn++) relay.append(BigInt(scn), [{ id: scn, name: 'x' }])
  const registration = registrationOf({ relays: [await relay.start()], consumer, store, ...more })
  open.push(relay)
  await registration.start()
  return { relay, registration, consumer }
}

describe('a store that answers with promises', () => {
  it('is asked for one thing at a time, is never ahead, and has the last window after a stop', async () => {
    const store = new LateStore()
    store.kept.save(Checkpoint.online(0n))
    const consumer = new RecordingConsumer()
    let agreed = 0n
    const ahead: bigint[] = []
    consumer.on = (line) => {
      const kept = store.kept.load()?.windowScn ?? 0n
      if (kept > agreed) ahead.push(kept)
      if (line.startsWith('checkpoint')) agreed = BigInt(line.slice('checkpoint '.length))
      return undefined
    }
    const { registration } = await started(300, store, { consumer })
    await eventually('all windows', () => registration.checkpoint?.windowScn === 300n)
    await registration.stop()
    expect(store.kept.load()?.windowScn).toBe(300n)
    expect([ahead, store.overlaps]).toEqual([[], 0])
    expect(store.saves.length).toBeLessThan(100)
    const again = registrationOf({ relays: [{ host: '127.0.0.1', port: 1 }], consumer: new RecordingConsumer(), store })
    await again.start()
    expect(again.checkpoint?.windowScn).toBe(300n)
    await again.stop()
  })

  it('that is slow is not waited for between windows: what is newest follows the save that is under way', async () => {
    const store = new LateStore()
    store.kept.save(Checkpoint.online(0n))
    const { registration, consumer } = await started(0, store)
    store.waits = true
    const { relay } = { relay: open[0] as TestRelay }
    for (let scn = 1n; scn <= 50n; scn++) relay.append(scn, [{ id: Number(scn), name: 'x' }])
    await eventually('all rows', () => consumer.rows.length === 50)
    const [first] = store.saves
    expect(store.saves).toEqual([first])
    store.waits = false
    store.end?.()
    await eventually('the newest', () => store.kept.load()?.windowScn === 50n)
    expect(store.saves).toEqual([first, 50n])
    await registration.stop()
  })

  it('keeps the place of a new registration before its first row', async () => {
    const store = new LateStore()
    const { registration, consumer } = await started(0, store)
    store.waits = true
    ;(open[0] as TestRelay).append(7n, [{ id: 7, name: 'x' }])
    await eventually('the save', () => store.saves.length === 1)
    expect([consumer.trace, store.saves]).toEqual([['start'], [6n]])
    store.waits = false
    store.end?.()
    await eventually('the row', () => consumer.rows.length === 1)
    expect(store.kept.load()?.windowScn).toBeGreaterThanOrEqual(6n)
    await registration.stop()
  })

  it('that rejects degrades health by name, and is tried again until it does not', async () => {
    const store = new LateStore()
    store.kept.save(Checkpoint.online(0n))
    const { registration } = await started(0, store)
    store.failures = 2
    ;(open[0] as TestRelay).append(1n, [{ id: 1, name: 'x' }])
    await eventually('the fault', () => registration.health().detail?.includes('the network is away') === true)
    expect(registration.health()).toMatchObject({ status: 'degraded' })
    expect(registration.health().detail).toContain('the store of the registration "people" can not be written')
    await eventually('the checkpoint', () => store.kept.load()?.windowScn === 1n)
    expect(registration.health()).toEqual({ status: 'up' })
    expect(store.saves).toEqual([1n, 1n, 1n])
    await registration.stop()
  })

  it('that can not be read makes the start fail by name', async () => {
    const store = new LateStore()
    vi.spyOn(store, 'load').mockRejectedValue(new Error('no route'))
    await expect(started(1, store)).rejects.toMatchObject({
      code: 'AESOP_CHECKPOINT_UNREADABLE',
      message: expect.stringContaining('the store of the registration "people" can not be read: no route') as string,
    })
  })
})

describe('a store that is behind', () => {
  it.each([
    ['fails', (store: LateStore) => void (store.failures = 1e9)],
    ['is silent', (store: LateStore) => void (store.waits = true)],
  ])('and %s lets unsavedWindowsMax windows be given, and the rest when it has caught up', async (_what, hinder) => {
    const store = new LateStore()
    store.kept.save(Checkpoint.online(0n))
    const { registration, consumer } = await started(0, store, { unsavedWindowsMax: 5 })
    const relay = open[0] as TestRelay
    hinder(store)
    for (let scn = 1n; scn <= 20n; scn++) relay.append(scn, [{ id: Number(scn), name: 'x' }])
    await eventually('five rows', () => consumer.rows.length === 5)
    // Whatever else there is to do before more rows could come is done by then.
    relay.append(21n, [{ id: 21, name: 'x' }])
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
    expect(consumer.rows).toHaveLength(5)
    store.failures = 0
    store.waits = false
    store.end?.()
    await eventually('all rows', () => registration.checkpoint?.windowScn === 21n)
    await registration.stop()
    expect(store.kept.load()?.windowScn).toBe(21n)
  })

  it('that answers at once never holds anything back, and is never more than that behind', async () => {
    const kept = new MemoryCheckpointStore()
    kept.save(Checkpoint.online(0n))
    const consumer = new RecordingConsumer()
    let behind = 0n
    consumer.on = (line) => {
      if (!line.startsWith('row ')) return undefined
      const scn = BigInt(line.split(' ')[1] ?? '')
      const stored = kept.load()?.windowScn ?? 0n
      if (scn - stored > behind) behind = scn - stored
      return undefined
    }
    const { registration } = await started(500, kept, { unsavedWindowsMax: 10, consumer })
    await eventually('all windows', () => registration.checkpoint?.windowScn === 500n)
    expect(behind).toBeLessThanOrEqual(10n)
    await registration.stop()
  })

  it('is not waited for by a stop, nor by the relay of the process for longer than five seconds', async () => {
    const store = new LateStore()
    store.kept.save(Checkpoint.online(0n))
    const { registration, consumer } = await started(0, store, { unsavedWindowsMax: 1 })
    store.waits = true
    ;(open[0] as TestRelay).append(1n, [{ id: 1, name: 'x' }])
    await eventually('the row', () => consumer.rows.length === 1)
    expect(registration.isRunning).toBe(true)
    const nowMs = performance.now()
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs + 6_000)
    expect(registration.isRunning).toBe(false)
    expect(registration.health().detail).toContain('has not come to the end of a save in')
    vi.restoreAllMocks()
    const limit = new AbortController()
    const stopped = registration.stop(undefined, limit.signal)
    const failure = expect(stopped).rejects.toMatchObject({ code: 'AESOP_CHECKPOINT_STORE_SILENT' })
    await eventually('the last callback', () => consumer.trace.at(-1) === 'stop')
    limit.abort()
    await failure
  })

  it('that never answers for the first place does not keep a stop from ending', async () => {
    const store = new LateStore()
    const { registration, consumer } = await started(0, store)
    store.waits = true
    ;(open[0] as TestRelay).append(7n, [{ id: 7, name: 'x' }])
    await eventually('the save', () => store.saves.length === 1)
    await expect(registration.stop(undefined, AbortSignal.timeout(50))).rejects.toMatchObject({
      code: 'AESOP_CHECKPOINT_STORE_SILENT',
    })
    expect(consumer.rows).toEqual([])
  })
})
