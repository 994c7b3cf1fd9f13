import { ToldBefore } from '@aesop/kernel'
import { expect, test } from 'vitest'

test('what was told is told again only when much else came in between', () => {
  const told = new ToldBefore(2)
  expect([told.has('a', 1n), told.has('a', 1n), told.has('a', 2n)]).toEqual([false, true, false])
  expect([told.has('b', 1n), told.has('a', 1n)]).toEqual([false, false])
})

test('things are tuples: how their parts are joined does not matter', () => {
  const told = new ToldBefore(10)
  expect([told.has('a,b', 'c'), told.has('a', 'b,c'), told.has('1'), told.has(1n)]).toEqual([
    false,
    false,
    false,
    false,
  ])
})
