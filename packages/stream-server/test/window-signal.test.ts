import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { WindowSignal } from '../src/window-signal.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** So many readers that wait, and how many were woken until now. */
function waiting(readers: number): { signal: WindowSignal; woken: () => number } {
  const signal = new WindowSignal()
  let woken = 0
  for (let n = 0; n < readers; n++) signal.add(() => woken++)
  return { signal, woken: () => woken }
}

test.each([1, 15])('wakes %i readers in the same turn of the loop', (readers) => {
  const { signal, woken } = waiting(readers)
  signal.windowClosed()
  signal.windowClosed()
  expect(woken()).toBe(0)
  vi.advanceTimersByTime(0)
  expect(woken()).toBe(readers)
})

test.each([
  [16, 1],
  [100, 6],
  [160, 10],
  [5000, 10],
])('puts the windows of some milliseconds together for %i readers: %i', (readers, ms) => {
  const { signal, woken } = waiting(readers)
  for (let n = 1; n <= ms; n++) {
    signal.windowClosed()
    expect(woken()).toBe(0)
    vi.advanceTimersByTime(1)
  }
  expect(woken()).toBe(readers)
  signal.windowClosed()
  vi.advanceTimersByTime(100)
  expect(woken()).toBe(readers)
})

test('wakes who comes while windows are put together, and not who has left', () => {
  const { signal, woken } = waiting(32)
  const late = vi.fn()
  const gone = vi.fn()
  signal.add(gone)
  signal.windowClosed()
  signal.add(late)
  signal.remove(gone)
  vi.advanceTimersByTime(2)
  expect([woken(), late.mock.calls.length, gone.mock.calls.length]).toEqual([32, 1, 0])
})
