import { describe, expect, it } from 'vitest'
import { SeedThrottle, type SeedThrottleOptions } from '../src/seed-throttle.ts'

/** A throttle whose waits are noted, and whose clock goes with them. */
function throttleOf(options: Omit<SeedThrottleOptions, 'nowMs' | 'wait'>): {
  readonly after: (rows: number, tookMs: number) => Promise<number>
  readonly throttle: SeedThrottle
} {
  let nowMs = 0
  let waitedMs = 0
  const wait = (ms: number): Promise<void> => {
    waitedMs += ms
    nowMs += ms
    return Promise.resolve()
  }
  const throttle = new SeedThrottle({ ...options, nowMs: () => nowMs, wait })
  const after = async (rows: number, tookMs: number): Promise<number> => {
    waitedMs = 0
    nowMs += tookMs
    await throttle.after('shop.item', rows, tookMs, new AbortController().signal)
    return waitedMs
  }
  return { after, throttle }
}

describe('what spares the database', () => {
  it('lets no more rows a second through than it is told', async () => {
    const { after } = throttleOf({ rowsPerSecond: 1000, loadFactor: 0 })
    expect(new SeedThrottle({ rowsPerSecond: 1000, loadFactor: 0 }).limit(5000)).toBe(1000)
    let ms = 0
    for (let chunk = 0; chunk < 10; chunk++) ms += 50 + (await after(500, 50))
    expect(ms).toBeGreaterThanOrEqual(5000)
    expect(ms).toBeLessThan(5600)
  })

  it('waits where chunks take far longer than the best of the table, and not for one that does', async () => {
    const { after, throttle } = throttleOf({ loadFactor: 3 })
    expect(await after(1000, 100)).toBe(0)
    expect(await after(2000, 200)).toBe(0)
    expect(await after(1000, 700)).toBe(0)
    for (let chunk = 0; chunk < 10; chunk++) expect(await after(1000, 105)).toBe(0)
    for (let chunk = 0; chunk < 10; chunk++) await after(1000, 700)
    const waited = await after(1000, 700)
    expect(throttle.stretchOf('shop.item')).toBeGreaterThan(5)
    expect(waited).toBeGreaterThan(700)
    expect(waited).toBeLessThan(4 * 700)
    for (let chunk = 0; chunk < 10; chunk++) await after(1000, 100)
    expect(throttle.stretchOf('shop.item')).toBeLessThan(1.2)
  })

  it('is not misled by chunks of few rows, which take as long as a statement takes', async () => {
    const { after } = throttleOf({ loadFactor: 3 })
    await after(50_000, 100)
    for (let chunk = 0; chunk < 20; chunk++) expect(await after(100, 6)).toBe(0)
  })

  it('takes a pace that stays for the one of the table at last', async () => {
    const { after } = throttleOf({ loadFactor: 3 })
    await after(1000, 100)
    let waits = 0
    for (let chunk = 0; chunk < 200; chunk++) if ((await after(1000, 500)) > 0) waits++
    expect(waits).toBeGreaterThan(10)
    expect(await after(1000, 500)).toBe(0)
  })

  it('is told not to look at the load', async () => {
    const { after } = throttleOf({ loadFactor: 0 })
    await after(1000, 100)
    expect(await after(1000, 10_000)).toBe(0)
  })
})
