import { NewestSaver } from '@aesop/checkpoint'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { assertAsyncProperty } from '../../../test/support/property.ts'

const INTERVAL_MS = 100
const SEED = 20_261_128

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A store that answers at once, or when it is told to; it keeps what it has said to keep, and notes how it was asked. */
class TestStore {
  kept: number | undefined
  readonly asked: number[] = []
  overlaps = 0
  isSlow = false
  fails = false
  end: ((fails: boolean) => void) | undefined

  save(value: number): void | Promise<void> {
    if (this.end !== undefined) this.overlaps++
    this.asked.push(value)
    if (!this.isSlow) {
      if (this.fails) throw new Error('the store is full')
      this.kept = value
      return undefined
    }
    return new Promise((resolve, reject) => {
      this.end = (fails) => {
        this.end = undefined
        if (fails) reject(new Error('the store is away'))
        else {
          this.kept = value
          resolve()
        }
      }
    })
  }
}

function saving(store: TestStore, more: { isFinal?: () => boolean; waitsAlways?: boolean } = {}) {
  const stored: number[] = []
  const failed: [string, boolean][] = []
  const recovered: number[] = []
  const saver = new NewestSaver<number>({
    keptIn: 'the store of the test',
    intervalMs: INTERVAL_MS,
    save: (value) => store.save(value),
    onStored: (value) => void stored.push(value),
    onFailed: ({ message }, isNews) => void failed.push([message, isNews]),
    onRecovered: (value) => void recovered.push(value),
    ...more,
  })
  return { saver, stored, failed, recovered }
}
const tick = (ms: number) => vi.advanceTimersByTimeAsync(ms)

describe('the saver of the newest value', () => {
  it('S1: saves at once, then what is newest when the interval is over, without a promise', () => {
    const store = new TestStore()
    const { saver } = saving(store)
    for (const value of [1, 2, 3]) saver.want(value)
    expect(store.asked).toEqual([1])
    vi.advanceTimersByTime(INTERVAL_MS)
    expect(store.asked).toEqual([1, 3])
    expect(saver.store(4)).toBeUndefined()
    expect(store.kept).toBe(4)
  })

  it('S2: lets one save be under way, and the newest value follow it', async () => {
    const store = new TestStore()
    store.isSlow = true
    const { saver } = saving(store)
    for (const value of [1, 2, 3]) saver.want(value)
    await tick(10 * INTERVAL_MS)
    expect(store.asked).toEqual([1])
    store.end?.(false)
    await tick(0)
    expect([store.asked, store.kept]).toEqual([[1, 3], 1])
  })

  it('S3: tries a store that fails again every second, with the newest value, and tells the first failure and the end', async () => {
    const store = new TestStore()
    store.fails = true
    const { saver, failed, recovered } = saving(store)
    saver.want(1)
    expect(saver.fault?.message).toBe('the store is full')
    saver.want(2)
    await tick(2000)
    expect(store.asked).toEqual([1, 2, 2])
    expect(failed.map(([, isNews]) => isNews)).toEqual([true, false, false])
    store.fails = false
    await tick(1000)
    expect([store.kept, saver.fault, recovered]).toEqual([2, undefined, [2]])
  })

  it('S4: has a fault while a save is silent for five seconds, and none when it has ended', async () => {
    const store = new TestStore()
    store.isSlow = true
    const { saver } = saving(store)
    saver.want(1)
    await tick(4_900)
    expect(saver.fault).toBeUndefined()
    await tick(200)
    expect(saver.fault).toMatchObject({ code: 'AESOP_CHECKPOINT_STORE_SILENT', fields: { silentMs: 5100 } })
    store.end?.(false)
    await tick(0)
    expect(saver.fault).toBeUndefined()
  })

  it('S5: awaits a value that is stored behind one that is under way, and rejects where it fails', async () => {
    const store = new TestStore()
    store.isSlow = true
    const { saver } = saving(store)
    saver.want(1)
    const second = saver.store(2)
    store.end?.(false)
    await tick(0)
    store.end?.(false)
    await second
    expect(store.kept).toBe(2)
    const third = saver.store(3)
    const failure = expect(third).rejects.toThrow('the store is away')
    store.end?.(true)
    await failure
  })

  it('S6: ends with the newest value stored, behind what is under way, and does not try again', async () => {
    const store = new TestStore()
    store.isSlow = true
    const { saver } = saving(store)
    saver.want(1)
    saver.want(2)
    const closed = saver.close()
    store.end?.(true)
    await tick(0)
    store.end?.(false)
    await closed
    expect([store.asked, store.kept]).toEqual([[1, 2], 2])
    const other = new TestStore()
    other.fails = true
    const { saver: failing } = saving(other)
    failing.want(1)
    await expect(failing.close()).rejects.toThrow('the store is full')
    await tick(10_000)
    expect(other.asked).toEqual([1, 1])
  })

  it('S7: ends at its limit where the store is silent, by name', async () => {
    const store = new TestStore()
    store.isSlow = true
    const { saver } = saving(store)
    saver.want(1)
    const limit = new AbortController()
    const closed = saver.close(limit.signal)
    const failure = expect(closed).rejects.toMatchObject({ code: 'AESOP_CHECKPOINT_STORE_SILENT' })
    await tick(1300)
    limit.abort()
    await failure
    let isOver = false
    const again = saver.close(AbortSignal.abort()).finally(() => (isOver = true))
    const late = expect(again).rejects.toMatchObject({ code: 'AESOP_CHECKPOINT_STORE_SILENT' })
    await tick(999)
    expect(isOver).toBe(false)
    await tick(1)
    await late
  })

  it('S7: has a second for the last save where the limit was over before it began', async () => {
    const store = new TestStore()
    store.isSlow = true
    const { saver } = saving(store)
    saver.want(1)
    const closed = saver.close(AbortSignal.abort())
    await tick(900)
    store.end?.(false)
    await closed
    expect(store.kept).toBe(1)
  })

  it('S7: needs no time where the store answers at once', async () => {
    const store = new TestStore()
    const { saver } = saving(store)
    saver.want(1)
    saver.want(2)
    await saver.close(AbortSignal.abort())
    expect(store.kept).toBe(2)
  })

  it('S8: does something else with the store between two saves, and lets none begin before that is done', async () => {
    const store = new TestStore()
    store.isSlow = true
    const { saver } = saving(store)
    saver.want(1)
    let done: (() => void) | undefined
    let began = false
    const between = saver.between(() => {
      began = true
      return new Promise((resolve) => (done = resolve))
    })
    saver.want(2)
    expect(began).toBe(false)
    store.end?.(false)
    await tick(0)
    expect([began, store.asked]).toEqual([true, [1]])
    done?.()
    await between
    await tick(INTERVAL_MS)
    expect(store.asked).toEqual([1, 2])
  })

  it.each(['before', 'behind'] as const)(
    'S8: does it in no save that ends the saver, and ends with it, asked for %s that',
    async (when) => {
      const store = new TestStore()
      store.isSlow = true
      const { saver } = saving(store)
      saver.want(1)
      saver.want(2)
      const steps: string[] = []
      const begun = (): number => steps.push(`begins beside ${store.end === undefined ? 'nothing' : 'a save'}`)
      const between = (): Promise<void> | undefined =>
        saver.between(async () => {
          begun()
          await new Promise((resolve) => setTimeout(resolve, 50))
          steps.push(`ends beside ${store.end === undefined ? 'nothing' : 'a save'}`)
        })
      const works = when === 'before' ? between() : undefined
      const closed = saver.close().then(() => steps.push('closed'))
      const later = when === 'behind' ? between() : undefined
      for (let i = 0; i < 4; i++) {
        store.end?.(false)
        await tick(100)
      }
      await Promise.all([works, later, closed])
      expect(steps).toEqual(['begins beside nothing', 'ends beside nothing', 'closed'])
      expect([store.asked, store.kept]).toEqual([[1, 2], 2])
    },
  )

  it('S9: saves nothing more after a failure that is final', async () => {
    const store = new TestStore()
    store.fails = true
    const { saver } = saving(store, { isFinal: () => true, waitsAlways: true })
    saver.want(1)
    expect(store.asked).toEqual([])
    await tick(INTERVAL_MS)
    saver.want(2)
    await tick(10_000)
    expect(store.asked).toEqual([1])
  })
})

it('model: whatever the store does, what it keeps is old or new, no two saves overlap, and the newest comes in the end', async () => {
  type Step = 'want' | 'tick' | 'long tick' | 'end' | 'fail' | 'slow' | 'quick' | 'full' | 'room' | 'flush'
  const rare: Step[] = ['tick', 'long tick', 'end', 'fail', 'quick', 'full', 'room', 'flush']
  const steps: Step[] = ['want', 'want', 'want', 'slow', 'slow', 'tick', 'end', ...rare]
  const reached = { saves: 0, failures: 0, replacedUnderWay: 0, retries: 0, together: 0, recovered: 0 }
  await assertAsyncProperty(
    fc.asyncProperty(fc.array(fc.constantFrom(...steps), { minLength: 5, maxLength: 40 }), async (walk) => {
      const store = new TestStore()
      const { saver, stored, failed, recovered } = saving(store)
      let newest = 0
      for (const step of walk) {
        const before = store.asked.length
        if (step === 'want') {
          if (store.end !== undefined) reached.replacedUnderWay++
          saver.want(++newest)
        } else if (step === 'tick') await tick(INTERVAL_MS / 2)
        else if (step === 'long tick') await tick(1000)
        else if (step === 'end' || step === 'fail') store.end?.(step === 'fail')
        else if (step === 'flush') saver.flush()
        else if (step === 'slow' || step === 'quick') store.isSlow = step === 'slow'
        else store.fails = step === 'full'
        await tick(0)
        const asked = store.asked.slice(before)
        // Each save is of what was newest when it began: values never go back, and a value that was passed over stays so.
        for (const [i, value] of asked.entries()) {
          const last = store.asked[before + i - 1] ?? 0
          expect(value).toBeGreaterThanOrEqual(last)
          if (value === last) reached.retries++
          if (value > last + 1) reached.together++
        }
        expect(store.overlaps).toBe(0)
        expect(store.kept ?? 0).toBeLessThanOrEqual(newest)
      }
      store.isSlow = false
      store.fails = false
      store.end?.(false)
      await tick(5000)
      expect(store.kept).toBe(newest === 0 ? undefined : newest)
      expect(saver.fault).toBeUndefined()
      expect(stored.at(-1)).toBe(store.kept)
      reached.saves += stored.length
      reached.failures += failed.length
      reached.recovered += recovered.length
      saver.end()
    }),
    { seed: SEED, numRuns: 500, reached, atLeast: 20 },
  )
})
