import { describe, expect, it } from 'vitest'
import { type Logger, silentLogger } from '@aesop/kernel'
import { SeedingClock } from '../src/seeding-progress.ts'
import { StallWatch } from '../src/stall-watch.ts'

/** A seeding of ten rows, and what is said of it. */
function rig(): { clock: SeedingClock; watch: StallWatch; told: string[]; lookAt: (seconds: number) => void } {
  const told: string[] = []
  const note = (text: string): void => {
    told.push(text)
  }
  const log: Logger = { ...silentLogger, info: note, warn: note }
  const watch = new StallWatch(log)
  const clock = new SeedingClock('shop.item')
  clock.begin(10, undefined, undefined)
  const lookAt = (seconds: number): void => {
    watch.look([clock.progress], seconds * 1000)
  }
  return { clock, watch, told, lookAt }
}

describe('a seeding that stands still', () => {
  it('is told once, with what it waits for, and again when it goes on', () => {
    const { clock, told, lookAt } = rig()
    lookAt(0)
    lookAt(44)
    expect(told).toEqual([])
    lookAt(46)
    lookAt(100)
    clock.set({ waitsFor: 'the tables to come to SCN 7' })
    clock.entered(5)
    lookAt(101)
    clock.set({ waitsFor: 'the tables to come to SCN 9' })
    lookAt(147)
    expect(told).toEqual([
      'the seeding of shop.item stands still at 10 rows: it waits for an answer of the relay or of the store',
      'the seeding of shop.item goes on',
      'the seeding of shop.item stands still at 15 rows: it waits for the tables to come to SCN 9',
    ])
  })

  it.each([
    ['has a fault, which was said', { fault: 'no way to the relay' }],
    ['is held by hand', { state: 'paused' }],
    ['is over', { state: 'done' }],
  ] as const)('is not told where it %s', (_what, change) => {
    const { clock, told, lookAt } = rig()
    lookAt(0)
    clock.set(change)
    lookAt(50)
    lookAt(100)
    expect(told).toEqual([])
  })
})

it('tells of a store that does not answer, once, and of its next answer', () => {
  const { watch, told } = rig()
  for (const silentMs of [44_999, 45_000, 46_000, 0, 10]) watch.lookAtStore(silentMs)
  expect(told).toEqual([
    'the store has not answered for 45 s: tables stand still until it does',
    'the store answers again',
  ])
})
