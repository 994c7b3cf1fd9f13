import { CheckpointUnwritableError, type MaxScn } from '@aesop/checkpoint'
import { silentLogger } from '@aesop/kernel'
import { ResumeKeeper } from '@aesop/producer'
import { describe, expect, it, vi } from 'vitest'

interface Point {
  readonly scn: bigint
}
const point: Point = { scn: 4294967400n }
const recordOf = ({ scn }: Point, savedAtMs: number, reread?: Point): MaxScn => ({ scn, savedAtMs, position: reread })

describe('the keeper of resume points', () => {
  it('saves the last of many points once per interval, and what is pending on flush', () => {
    vi.useFakeTimers()
    const saved: MaxScn[] = []
    const store = { load: () => undefined, save: (record: MaxScn) => void saved.push(record) }
    const keeper = new ResumeKeeper({ store, recordOf, log: silentLogger, onFinalError: () => undefined })
    for (let i = 0n; i < 1000n; i++) keeper.note(() => ({ ...point, scn: i }))
    expect(saved).toEqual([])
    vi.advanceTimersByTime(100)
    expect(saved.map(({ scn }) => scn)).toEqual([999n])
    keeper.note(() => ({ ...point, scn: 1000n }))
    void keeper.flush()
    void keeper.flush()
    expect(saved.map(({ scn }) => scn)).toEqual([999n, 1000n])
    vi.useRealTimers()
  })

  it('tries a full disk again, with the newest point, and says so meanwhile', () => {
    vi.useFakeTimers()
    const saved: bigint[] = []
    let full = true
    const store = {
      load: () => undefined,
      save: ({ scn }: MaxScn) => {
        if (full) throw new CheckpointUnwritableError('maxscn.json', new Error('disk full'))
        saved.push(scn)
      },
    }
    const errors: unknown[] = []
    const keeper = new ResumeKeeper({ store, recordOf, log: silentLogger, onFinalError: (error) => errors.push(error) })
    keeper.note(() => ({ ...point, scn: 1n }))
    vi.advanceTimersByTime(100)
    expect(keeper.fault).toContain('disk full')
    keeper.note(() => ({ ...point, scn: 2n }))
    vi.advanceTimersByTime(5000)
    full = false
    vi.advanceTimersByTime(1000)
    expect({ saved, errors, fault: keeper.fault }).toEqual({ saved: [2n], errors: [], fault: undefined })
    vi.useRealTimers()
  })

  it('takes a store that answers later: one save at a time, what is left out between two of them, the newest at the end', async () => {
    const saved: MaxScn[] = []
    let asked = 0
    let overlaps = 0
    const later = async <T>(answer: () => T): Promise<T> => {
      if (asked++ > 0) overlaps++
      await new Promise(setImmediate)
      asked--
      return answer()
    }
    const store = {
      load: () => later(() => saved.at(-1)),
      save: (record: MaxScn) => later(() => void saved.push(record)),
    }
    const log = silentLogger
    const keeper = new ResumeKeeper<Point>({ store, recordOf, log, onFinalError: () => undefined, intervalMs: 5 })
    await keeper.begin(point)
    keeper.note(() => ({ scn: 1n }))
    await keeper.flush()
    keeper.note(() => ({ scn: 2n }))
    await keeper.saveQuarantines([], () => point)
    keeper.note(() => ({ scn: 3n }))
    await keeper.close()
    expect(overlaps).toBe(0)
    expect(saved.map(({ scn, quarantines }) => [scn, quarantines !== undefined])).toEqual([
      [point.scn, false],
      [1n, false],
      [1n, true],
      [3n, false],
    ])
  })

  it('stores no place before what it stands for is safe from a power cut', async () => {
    const saved: bigint[] = []
    const store = { load: () => undefined, save: ({ scn }: MaxScn) => void saved.push(scn) }
    const keeper = new ResumeKeeper({ store, recordOf, log: silentLogger, onFinalError: () => undefined })
    let safe: () => void = () => undefined
    keeper.durable = () => new Promise((resolve) => (safe = resolve))
    keeper.note(() => ({ scn: 1n }))
    const flushed = keeper.flush()
    await new Promise(setImmediate)
    expect(saved).toEqual([])
    safe()
    await flushed
    const kept = keeper.saveQuarantines([], () => ({ scn: 9n }))
    await new Promise(setImmediate)
    expect(saved).toEqual([1n])
    safe()
    await kept
    expect(saved).toEqual([1n, 9n])
  })

  it('whose first save fails tells who begins, and tries nothing by itself', async () => {
    vi.useFakeTimers()
    const save = vi.fn(() => Promise.reject(new Error('away')))
    const store = { load: () => undefined, save }
    const keeper = new ResumeKeeper({ store, recordOf, log: silentLogger, onFinalError: () => undefined })
    await expect(keeper.begin(point)).rejects.toThrow('away')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(save).toHaveBeenCalledTimes(1)
    vi.useRealTimers()
  })

  it('gives up by name where trying again can not help', () => {
    vi.useFakeTimers()
    const errors: unknown[] = []
    const store = {
      load: () => undefined,
      save: () => {
        throw new Error('a fault of the program')
      },
    }
    new ResumeKeeper({ store, recordOf, log: silentLogger, onFinalError: (error) => errors.push(error) }).note(
      () => point,
    )
    vi.advanceTimersByTime(10_000)
    expect(errors.map(String)).toEqual(['Error: a fault of the program'])
    vi.useRealTimers()
  })
})
