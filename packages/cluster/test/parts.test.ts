import { describe, expect, test } from 'vitest'
import { NewestWrite } from '../src/newest-write.ts'
import { OwnTime } from '../src/own-time.ts'
import { until } from '../../../test/support/until.ts'

describe('the clock', () => {
  test('ends a margin before the session, once and for good, also when the session is sure again', () => {
    let nowMs = 0
    let untilMs = 10_000
    let ends = 0
    const time = new OwnTime({
      ttlMs: () => 10_000,
      sessionUntil: () => untilMs,
      over: () => ends++,
      nowMs: () => nowMs,
    })
    expect([time.untilMs, time.leftMs]).toEqual([9_000, 9_000])
    nowMs = 8_999
    expect([time.untilMs, time.leftMs, ends]).toEqual([9_000, 1, 0])
    nowMs = 9_000
    expect([time.untilMs, time.leftMs, ends]).toEqual([-Infinity, 0, 1])
    untilMs = 20_000
    expect([time.untilMs, ends]).toEqual([-Infinity, 1])
  })

  test('has a margin of 100 ms at least', () => {
    const time = new OwnTime({ ttlMs: () => 500, sessionUntil: () => 500, over: () => undefined, nowMs: () => 0 })
    expect(time.untilMs).toBe(400)
    time.end()
    expect(time.untilMs).toBe(-Infinity)
  })

  test('ends by its own timer, where nobody asks', async () => {
    let ends = 0
    const sessionUntilMs = performance.now() + 150
    new OwnTime({ ttlMs: () => 500, sessionUntil: () => sessionUntilMs, over: () => ends++ })
    expect(ends).toBe(0)
    await until('it has ended', () => ends === 1)
    expect(performance.now()).toBeGreaterThanOrEqual(sessionUntilMs - 100)
  })
})

describe('one write at a time', () => {
  /** Writes that end when they are told to. */
  function rig() {
    const begun: { item: string; end: (result: string) => void; fail: (error: Error) => void }[] = []
    const writes = new NewestWrite<string, string>(
      (item) =>
        new Promise((resolve, reject) => {
          begun.push({ item, end: resolve, fail: reject })
        }),
    )
    return { writes, begun, items: () => begun.map(({ item }) => item) }
  }

  test('of those that wait only the newest is written, and it answers for all', async () => {
    const { writes, begun, items } = rig()
    const all = ['a', 'b', 'c', 'd'].map((item) => writes.put(item))
    expect(items()).toEqual(['a'])
    begun[0]?.end('first')
    await until('the next one', () => begun.length === 2)
    expect(items()).toEqual(['a', 'd'])
    const behind = writes.put('e')
    begun[1]?.end('second')
    await until('the one behind', () => begun.length === 3)
    begun[2]?.end('third')
    expect(await Promise.all([...all, behind])).toEqual(['first', 'second', 'second', 'second', 'third'])
    const later = writes.put('f')
    begun[3]?.end('fourth')
    expect([await later, items()]).toEqual(['fourth', ['a', 'd', 'e', 'f']])
  })

  test('that fails is told to who asked for it, and the next one is written', async () => {
    const { writes, begun } = rig()
    const first = writes.put('a')
    const second = writes.put('b')
    begun[0]?.fail(new Error('no'))
    await expect(first).rejects.toThrow('no')
    await until('the next one', () => begun.length === 2)
    begun[1]?.end('yes')
    expect(await second).toBe('yes')
  })
})
