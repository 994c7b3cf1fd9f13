import { EventBuffer } from '@aesop/buffer'
import { type Alert, silentLogger } from '@aesop/kernel'
import { expect, test } from 'vitest'
import { appendOf, filler } from '../../../test/support/windows.ts'
import { FarSegments } from '../../../test/support/far-segments.ts'
import { FallWatch } from '../src/fall-watch.ts'
import { type WatchedReader } from '../src/watched-readers.ts'

const WALL_MS = 1_764_370_800_000
const MAX_BYTES = 16 * 16_384

/** A buffer that is written to, and a watch whose clock is the test's: each step is a second. */
class Rig {
  readonly buffer: EventBuffer
  readonly alerts: Alert[] = []
  readers: WatchedReader[] = []
  servesLate = false
  readonly watch: FallWatch
  #seconds = 0
  #scn = 0n

  constructor({ files = false, retentionMs = undefined as number | undefined, alarmMs = 60_000 } = {}) {
    const store = files ? { store: new FarSegments(16_384, 2) } : { segmentBytes: 16_384 }
    this.buffer = new EventBuffer({ maxBytes: MAX_BYTES, physicalPartition: 1, ...store })
    this.buffer.start(0n)
    this.watch = new FallWatch({
      name: 'shop',
      alarmMs,
      retentionMs,
      readers: () => this.readers,
      roomAfter: (scn) => this.buffer.roomAfter(scn),
      servesLate: () => this.servesLate,
      publish: (alert) => void this.alerts.push(alert),
      log: silentLogger,
    })
  }

  get lastScn(): bigint {
    return this.#scn
  }
  get nowSeconds(): number {
    return this.#seconds
  }
  get seconds(): number | undefined {
    return this.watch.metrics()[0]?.value
  }
  get told(): string[] {
    return this.alerts.map(({ severity, message }) => `${severity}: ${message.replace(/about \d+ s/, 'about N s')}`)
  }

  /** Windows that are written in a second. */
  write(windows: number): void {
    for (let at = 0; at < windows; at++) {
      void this.buffer.whenWritable()
      const nanos = BigInt(WALL_MS + 1000 * this.#seconds) * 1_000_000n
      this.buffer.beginWindow()
      this.buffer.append({ ...appendOf({ key: 1, valueBytes: 400 }), timestampNanos: nanos }, filler(400))
      this.buffer.endWindow(++this.#scn)
    }
  }

  look(): void {
    this.#seconds++
    this.watch.look(1000 * this.#seconds, WALL_MS + 1000 * this.#seconds)
  }

  stands(scn: bigint, more: Partial<WatchedReader> = {}): void {
    this.readers = [{ client: 'orders', peer: '10.0.0.7', scn, isLate: false, ...more }]
  }
}

const SOON = (next: string): string =>
  expect.stringMatching(
    new RegExp(
      `^${next}: shop: the reader "orders" \\(10.0.0.7\\) falls off the buffer in about N s at its pace, \\d+ bytes behind: `,
    ),
  ) as string

test.each([
  ['in memory, that stands still', false, 0],
  ['in files, that stands still', true, 0],
  ['in memory, that is half as fast', false, 5],
  ['in files, that is half as fast', true, 5],
])('a reader %s falls off when it was said to', (_which, files, pace) => {
  const rig = new Rig({ files, alarmMs: 20_000 })
  let scn = 1n
  rig.write(1)
  const said: { readonly at: number; readonly seconds: number }[] = []
  let isAlarmed = false
  while (rig.buffer.roomAfter(scn) !== undefined) {
    rig.write(10)
    scn += BigInt(pace)
    rig.stands(scn)
    rig.look()
    if (rig.seconds !== undefined) said.push({ at: rig.nowSeconds, seconds: rig.seconds })
    isAlarmed ||= rig.alerts.length > 0
  }
  const fell = rig.nowSeconds
  expect(said.length).toBeGreaterThan(20)
  expect(said[0]?.at).toBeLessThan(8)
  expect(isAlarmed).toBe(true)
  // A segment is three seconds of writing, and its last tenth may stay empty.
  const slack = pace === 0 ? 4 : 8
  for (const { at, seconds } of said) {
    const left = fell - at
    expect(Math.abs(seconds - left), `${seconds} s told, ${left} s left`).toBeLessThan(slack + 0.15 * left)
  }
  rig.look()
  expect(rig.told).toEqual([
    SOON('warning'),
    expect.stringMatching(
      /^error: shop: the reader "orders" \(10.0.0.7\) has fallen off the buffer: what follows SCN \d+ is gone for it$/,
    ),
  ])
  expect(rig.seconds).toBeUndefined()
})

test('nobody falls off who gains, keeps up, has all, is late or is not known for long enough', () => {
  const rig = new Rig()
  rig.write(300)
  const figures: (number | undefined)[] = []
  for (let second = 0; second < 20; second++) {
    rig.write(10)
    rig.readers = [
      { client: 'gains', peer: 'p', scn: BigInt(100 + 15 * second), isLate: false },
      { client: 'keeps up', peer: 'p', scn: rig.lastScn - 50n, isLate: false },
      { client: 'has all', peer: 'p', scn: rig.lastScn, isLate: false },
      { client: 'late', peer: 'p', scn: 100n, isLate: true },
      { client: `new ${second >> 2}`, peer: 'p', scn: 100n, isLate: false },
      { client: 'gone', peer: 'p', scn: -5n, isLate: false },
    ]
    rig.look()
    figures.push(rig.seconds)
  }
  expect(figures.filter((seconds) => seconds !== undefined)).toEqual([])
  expect([rig.alerts, rig.watch.concern, rig.watch.describe()]).toEqual([[], undefined, []])
})

test('who had all until a moment ago, and stands still now, is told by what it lost since', () => {
  const rig = new Rig()
  for (let second = 0; second < 20; second++) {
    rig.write(10)
    rig.stands(rig.lastScn)
    rig.look()
  }
  const scn = rig.lastScn
  for (let second = 0; second < 6; second++) {
    rig.write(10)
    rig.look()
  }
  const said = rig.seconds ?? 0
  const at = rig.nowSeconds
  while (rig.buffer.roomAfter(scn) !== undefined) {
    rig.write(10)
    rig.look()
  }
  expect(Math.abs(said - (rig.nowSeconds - at))).toBeLessThan(8)
})

test('it is told once, when it is near, and once when that is over', () => {
  const rig = new Rig({ alarmMs: 30_000 })
  rig.write(1)
  for (let second = 0; second < 20; second++) {
    rig.write(10)
    rig.stands(1n)
    rig.look()
  }
  expect(rig.told).toEqual([SOON('warning')])
  expect(rig.watch.concern).toContain('"orders" (10.0.0.7) falls off the buffer in about')
  expect(rig.watch.describe()).toMatchObject([{ client: 'orders', peer: '10.0.0.7', scn: '1', next: 'ScnNotFound' }])
  for (let second = 0; second < 10; second++) {
    rig.write(10)
    rig.stands(rig.lastScn)
    rig.look()
  }
  expect(rig.told.slice(1)).toEqual([
    'info: shop: the reader "orders" (10.0.0.7) is in no danger of falling off the buffer any more',
  ])
  expect(rig.watch.concern).toBeUndefined()
})

test('health names the one that falls first, and how many do so beside it', () => {
  const rig = new Rig()
  rig.write(100)
  for (let second = 0; second < 10; second++) {
    rig.write(10)
    rig.readers = [90n, 1n, 50n].map((scn) => ({ client: `at ${scn}`, peer: 'p', scn, isLate: false }))
    rig.look()
  }
  expect(rig.alerts.length).toBe(3)
  expect(rig.watch.concern).toMatch(/^the reader "at 1" \(p\) falls off .* bytes behind; so do 2 more$/)
})

test('where the log of the source serves what the buffer loses, that is said, and health is as it was', () => {
  const rig = new Rig()
  rig.servesLate = true
  rig.write(1)
  while (rig.buffer.roomAfter(1n) !== undefined) {
    rig.write(10)
    rig.stands(1n)
    rig.look()
    expect(rig.watch.concern).toBeUndefined()
  }
  rig.stands(1n, { isLate: true })
  rig.look()
  expect(rig.alerts[0]?.message).toContain('read late for it, as far as the log of the source has it: that is no loss')
  expect(rig.told).toEqual([
    SOON('info'),
    'info: shop: the reader "orders" (10.0.0.7) has fallen off the buffer, and is read late from now on',
  ])
})

test('of a reader that is not known any more nobody says that it was saved', () => {
  const rig = new Rig()
  rig.write(1)
  for (let second = 0; second < 10; second++) {
    rig.write(10)
    rig.stands(1n)
    rig.look()
  }
  rig.readers = []
  rig.look()
  expect(rig.told.slice(1)).toEqual([
    'info: shop: the reader "orders" (10.0.0.7) is not known any more, and was about to fall off the buffer',
  ])
})

test('a bound of 0 tells nobody, and the figure is there', () => {
  const rig = new Rig({ alarmMs: 0 })
  rig.write(1)
  for (let second = 0; second < 10; second++) {
    rig.write(10)
    rig.stands(1n)
    rig.look()
  }
  expect(rig.seconds).toBeGreaterThan(1)
  expect(rig.alerts).toEqual([])
})

test('windows that leave by age take a reader with them when it was said', () => {
  const retentionMs = 40_000
  const rig = new Rig({ retentionMs })
  rig.write(60)
  const said: { readonly at: number; readonly seconds: number }[] = []
  while (rig.buffer.roomAfter(1n) !== undefined) {
    rig.write(1)
    rig.stands(1n)
    rig.look()
    if (rig.seconds !== undefined) said.push({ at: rig.nowSeconds, seconds: rig.seconds })
    rig.buffer.expire(BigInt(WALL_MS + 1000 * rig.nowSeconds - retentionMs) * 1_000_000n)
  }
  expect(said.length).toBeGreaterThan(20)
  for (const { at, seconds } of said) expect(Math.abs(seconds - (rig.nowSeconds - at))).toBeLessThan(3)
})

test('in a segment that is written to nobody falls off by age, however old its windows are', () => {
  const rig = new Rig({ retentionMs: 5_000 })
  rig.write(5)
  for (let second = 0; second < 20; second++) {
    rig.stands(1n)
    rig.look()
    rig.buffer.expire(BigInt(WALL_MS + 1000 * rig.nowSeconds - 5_000) * 1_000_000n)
  }
  expect([rig.seconds, rig.alerts]).toEqual([undefined, []])
  expect(rig.buffer.roomAfter(1n)).toBeDefined()
})
