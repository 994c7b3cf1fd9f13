import { expect, it } from 'vitest'
import { OnceATurn } from '../src/once-a-turn.ts'

it('works once for all that came before the first wait, and again for what comes after', async () => {
  let works = 0
  const once = new OnceATurn(() => works++)
  once.settle()
  expect(works).toBe(0)
  for (let i = 0; i < 100; i++) once.due()
  expect(works).toBe(0)
  await Promise.resolve()
  expect(works).toBe(1)
  once.due()
  await Promise.resolve()
  expect(works).toBe(2)
})

it('works at once for whoever looks, and not once more for the same', async () => {
  let works = 0
  const once = new OnceATurn(() => works++)
  once.due()
  once.settle()
  once.settle()
  expect(works).toBe(1)
  await Promise.resolve()
  expect(works).toBe(1)
})
