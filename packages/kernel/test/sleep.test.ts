import { sleep } from '@aesop/kernel'
import { expect, test } from 'vitest'

test('sleep resolves after its time', async () => {
  const start = performance.now()
  await sleep(20)
  expect(performance.now() - start).toBeGreaterThanOrEqual(18)
})

test('an abort before or during the sleep ends it, without an error', async () => {
  const controller = new AbortController()
  const sleeping = sleep(60_000, controller.signal)
  controller.abort()
  await sleeping
  await sleep(60_000, controller.signal)
})

test('a finished sleep leaves no listener on its signal', async () => {
  const controller = new AbortController()
  let listeners = 0
  const { signal } = controller
  const add = signal.addEventListener.bind(signal)
  const remove = signal.removeEventListener.bind(signal)
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1
    add(...args)
  }
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners -= 1
    remove(...args)
  }
  await sleep(1, signal)
  expect(listeners).toBe(0)
})
