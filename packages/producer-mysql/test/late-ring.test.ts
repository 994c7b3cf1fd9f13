import { expect, test } from 'vitest'
import { LateRing } from '../src/late/late-ring.ts'
import { LiveLag } from '../src/late/live-lag.ts'

/** A reading whose windows take 1 ms each, beside a live one. */
class Rig {
  nowMs = 0
  workedMs = 0
  readings = 0
  readonly ring = new LateRing({
    maxBytes: 1 << 20,
    physicalPartition: 1,
    yieldsWith: () => this.readings,
    signal: new AbortController().signal,
    now: () => this.nowMs,
    wait: (ms) => {
      this.nowMs += ms
      return Promise.resolve()
    },
  })

  async window(): Promise<void> {
    this.nowMs++
    this.workedMs++
    await this.ring.whenWritable()
  }
  /** What part of the time it works. */
  async part(windows: number): Promise<number> {
    const [now, worked] = [this.nowMs, this.workedMs]
    for (let i = 0; i < windows; i++) await this.window()
    return (this.workedMs - worked) / (this.nowMs - now)
  }
}

test('a late reading takes a tenth of the time while the live one is behind, and all of it while it is not', async () => {
  const rig = new Rig()
  expect(await rig.part(100)).toBe(1)
  rig.readings = 1
  expect(await rig.part(100)).toBeCloseTo(0.1, 2)
  rig.readings = 0
  expect(await rig.part(100)).toBe(1)
})

test('several late readings take a tenth together', async () => {
  const rig = new Rig()
  rig.readings = 4
  expect(await rig.part(100)).toBeCloseTo(0.025, 3)
})

test('a wait for the log is no work: what comes after it does not wait for long', async () => {
  const rig = new Rig()
  rig.readings = 1
  await rig.part(10)
  rig.nowMs += 60_000
  const before = rig.nowMs
  await rig.ring.whenWritable()
  expect(rig.nowMs - before).toBeLessThan(500)
})

test('a live reading is behind while it reads what was written a while ago', () => {
  let [windows, lastEventMs] = [1, 0]
  const lag = new LiveLag(
    () => windows,
    () => lastEventMs,
  )
  expect(lag.isBehind(0, 10_000)).toBe(true)
  // It has read nothing since: there is nothing to read.
  expect(lag.isBehind(200, 10_000)).toBe(false)
  windows = 2
  expect([lag.isBehind(250, 10_000), lag.isBehind(400, 10_000)]).toEqual([false, true])
  ;[windows, lastEventMs] = [3, 9_000]
  expect(lag.isBehind(600, 10_000)).toBe(false)
})
