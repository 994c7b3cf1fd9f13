import { backoffMs } from '@aesop/kernel'
import { expect, test } from 'vitest'

const config = { initSleepMs: 100, sleepIncFactor: 2, sleepIncDeltaMs: 10, maxSleepMs: 1000, maxRetryNum: 5 }

test('delays follow min(max, factor * current + delta), beginning with the initial sleep', () => {
  expect([0, 1, 2, 3, 4, 9].map((attempt) => backoffMs(config, attempt, 0))).toEqual([100, 210, 430, 870, 1000, 1000])
})

test('a delay grows by at least one millisecond up to the maximum', () => {
  const flat = { ...config, sleepIncFactor: 1, sleepIncDeltaMs: 0 }
  expect([0, 1, 2].map((attempt) => backoffMs(flat, attempt, 0))).toEqual([100, 101, 102])
})

test('random spreads a delay over 75 to 100 per cent', () => {
  expect(backoffMs(config, 0, 0)).toBe(100)
  expect(backoffMs(config, 0, 0.999999)).toBeGreaterThan(75)
  expect(backoffMs(config, 0, 0.999999)).toBeLessThan(75.1)
})

test('an initial sleep above the maximum is the maximum, and a huge attempt returns at once', () => {
  expect(backoffMs({ ...config, initSleepMs: 5000 }, 0, 0)).toBe(1000)
  expect(backoffMs(config, Number.MAX_SAFE_INTEGER, 0)).toBe(1000)
})
