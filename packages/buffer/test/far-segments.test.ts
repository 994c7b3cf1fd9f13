import { checkBuffer, EventBuffer, ScnOrderError } from '@aesop/buffer'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { windowReaderContract } from '../../../test/support/window-reader-contract.ts'
import { FarSegments, type Left } from '../../../test/support/far-segments.ts'
import { addWindow, appendOf, drained, filler, rigOf, type SimpleEvent } from '../../../test/support/windows.ts'
import { assertAsyncProperty } from '../../../test/support/property.ts'

const SEGMENT_BYTES = 512
const SEED = 20_265

interface Far {
  readonly buffer: EventBuffer
  readonly store: FarSegments
}

async function opened(segments = 64, inMemory = 1, left?: Left): Promise<Far & { restoredScn: bigint | undefined }> {
  const store = new FarSegments(SEGMENT_BYTES, inMemory, left)
  const buffer = new EventBuffer({ maxBytes: segments * SEGMENT_BYTES, physicalPartition: 1, store })
  return { buffer, store, restoredScn: await buffer.open() }
}

async function started(segments = 64, inMemory = 1): Promise<Far> {
  const far = await opened(segments, inMemory)
  far.buffer.start(100n)
  return far
}

function events(count: number): SimpleEvent[] {
  return Array.from({ length: count }, (_, key) => ({ key, valueBytes: 39 }))
}

/** Everything after an SCN, each event of which proves its checksums. */
async function read(buffer: EventBuffer, scn: bigint, offset = -1): Promise<string[]> {
  const reader = buffer.openReader()
  expect(await reader.seek(scn, offset)).toEqual({ kind: 'found' })
  return drained(reader)
}

windowReaderContract('the event buffer whose segments leave memory', async () => rigOf((await started()).buffer), {
  answersAtOnce: false,
})

test('a window that left memory before its end is written once, and sealed when its segments are handed out', async () => {
  const { buffer, store } = await started(64, 2)
  addWindow(buffer, 101n, events(2))
  addWindow(buffer, 102n, events(100))
  addWindow(buffer, 103n, events(1))
  const expected = [...events(100).map(({ key }) => `102:${key}`), '102:end', '103:0', '103:end']
  expect(await read(buffer, 101n)).toEqual(expected)
  expect(await read(buffer, 101n), 'once more').toEqual(expected)
  expect(await read(buffer, 102n, 60)).toEqual(expected.slice(60))
  expect(store.writes.size).toBeGreaterThan(15)
  expect(new Set(store.writes.values())).toEqual(new Set([1]))
  expect([buffer.events, buffer.windows, store.windows, buffer.payloadBytes]).toEqual([103, 3, 3, 103 * 39])
})

test('a place within a window that lies far away takes the bytes of its first and its last segment alone', async () => {
  const { buffer, store } = await started(64, 1)
  addWindow(buffer, 101n, events(100))
  addWindow(buffer, 102n, events(1))
  const reader = buffer.openReader()
  expect(await reader.seek(101n, 92)).toEqual({ kind: 'found' })
  expect(store.reads).toBe(2)
  expect([reader.scn, reader.atWindowEnd]).toEqual([101n, false])
})

test('what was given up of a window that has left is in no part of the next one', async () => {
  const { buffer } = await started(64, 1)
  addWindow(buffer, 101n, events(1))
  buffer.beginWindow()
  for (const event of events(2)) buffer.append(appendOf(event), filler(event.valueBytes))
  const goBack = buffer.mark()
  for (const event of events(20)) buffer.append(appendOf({ ...event, key: 7 }), filler(event.valueBytes))
  goBack()
  buffer.append(appendOf({ key: 9, valueBytes: 39 }), filler(39))
  buffer.endWindow(102n)
  buffer.beginWindow()
  for (const event of events(20)) buffer.append(appendOf(event), filler(event.valueBytes))
  buffer.rollbackWindow()
  addWindow(buffer, 103n, events(1))
  const expected = ['101:0', '101:end', '102:0', '102:1', '102:9', '102:end', '103:0', '103:end']
  expect(await read(buffer, 100n)).toEqual(expected)
  expect([buffer.events, buffer.windows]).toEqual([5, 3])
})

test('a writer waits for the store between windows, and waits no more when it was told to stop', async () => {
  const { buffer } = await started()
  expect([buffer.whenWritable() === undefined, buffer.whenWritable() instanceof Promise]).toEqual([true, true])
  const never = new FarSegments(SEGMENT_BYTES, 1)
  never.whenRoom = () => new Promise<void>(() => undefined)
  const waiting = new EventBuffer({ maxBytes: 1 << 16, physicalPartition: 1, store: never })
  await waiting.open()
  waiting.start(0n)
  const wait = waiting.whenWritable()
  expect(wait).toBeInstanceOf(Promise)
  waiting.stopWaiting()
  await wait
  expect(waiting.whenWritable()).toBeUndefined()
})

test('a fault of the store is that of who waits for it', async () => {
  const { buffer, store } = await started()
  addWindow(buffer, 101n, events(20))
  store.read = () => Promise.reject(new Error('the disk is gone'))
  await expect(read(buffer, 100n)).rejects.toThrow('the disk is gone')
})

/** A buffer with windows, one of which spans many segments, and what it leaves. */
async function left(): Promise<{ left: Left; lines: string[] }> {
  const { buffer, store } = await started(64, 1)
  addWindow(buffer, 101n, events(2))
  addWindow(buffer, 102n, events(30))
  addWindow(buffer, 105n, [])
  buffer.beginWindow()
  for (const event of events(10)) buffer.append(appendOf(event), filler(event.valueBytes))
  const found = store.leftOf(buffer)
  buffer.rollbackWindow()
  const lines = await read(buffer, 100n)
  await buffer.close()
  expect(store.isClosed).toBe(true)
  return { left: found, lines }
}

test('what a former process left is read on, in front of what comes, when the source goes on where it ends', async () => {
  const former = await left()
  const { buffer, restoredScn } = await opened(64, 1, former.left)
  expect(restoredScn).toBe(105n)
  buffer.start(105n)
  addWindow(buffer, 106n, events(1))
  expect([buffer.prevScn, buffer.minScn, buffer.lastScn, buffer.oldestNanos]).toEqual([
    100n,
    101n,
    106n,
    1_000_000_000n,
  ])
  expect(await read(buffer, 100n)).toEqual([...former.lines, '106:0', '106:end'])
  expect(await read(buffer, 102n, 20)).toEqual([...former.lines.slice(3 + 20), '106:0', '106:end'])
  const latest = buffer.openReader()
  latest.seekLatest()
  expect(await drained(latest)).toEqual(['106:0', '106:end'])
})

test('what was left is given back when it is of something else, wherever the source goes on, but only before it does', async () => {
  const { buffer } = await opened(64, 1, (await left()).left)
  buffer.forget()
  expect(buffer.segments).toEqual([])
  buffer.start(103n)
  expect([buffer.prevScn, buffer.lastScn, buffer.minScn]).toEqual([103n, 103n, -1n])
  addWindow(buffer, 104n, events(1))
  expect(await read(buffer, 103n)).toEqual(['104:0', '104:end'])
  expect(() => {
    buffer.forget()
  }).toThrow('the buffer is started already')
})

test.each([99n, 106n])(
  'what was left is given back when the source goes on at %s: never is there a hole',
  async (scn) => {
    const { buffer } = await opened(64, 1, (await left()).left)
    buffer.start(scn)
    expect([buffer.prevScn, buffer.lastScn, buffer.minScn]).toEqual([scn, scn, -1n])
    addWindow(buffer, scn + 1n, events(1))
    expect(buffer.seek(scn - 1n, -1)).toEqual({ kind: 'gone', prevScn: scn })
    expect(await read(buffer, scn)).toEqual([`${scn + 1n}:0`, `${scn + 1n}:end`])
  },
)

test('what was left stays when the source goes on within it, and windows that come again are passed over', async () => {
  const former = await left()
  const { buffer } = await opened(64, 1, former.left)
  buffer.start(101n)
  addWindow(buffer, 102n, events(30))
  addWindow(buffer, 104n, events(1))
  expect([buffer.lastScn, buffer.windows, buffer.events]).toEqual([105n, 0, 0])
  addWindow(buffer, 106n, events(1))
  expect(await read(buffer, 100n)).toEqual([...former.lines, '106:0', '106:end'])
  expect(() => {
    addWindow(buffer, 105n, events(1))
  }, 'a source that goes back later').toThrow(ScnOrderError)
})

test('the store is told what precedes a segment', async () => {
  const { buffer, store } = await started(64, 1)
  addWindow(buffer, 101n, events(3))
  addWindow(buffer, 102n, events(20))
  expect(store.starts.slice(0, 3)).toEqual([
    { prevScn: 100n, continues: false },
    { prevScn: 101n, continues: true },
    { prevScn: 101n, continues: true },
  ])
})

test('a window may be larger than the buffer, and leaves when as much as the buffer is there besides it', async () => {
  const { buffer } = await started(4, 1)
  addWindow(buffer, 101n, events(4))
  addWindow(buffer, 102n, events(100))
  expect([buffer.heldBytes > 4 * buffer.maxBytes, await buffer.whenWritable()]).toEqual([true, undefined])
  const big = [...events(100).map(({ key }) => `102:${key}`), '102:end']
  expect(await read(buffer, 101n)).toEqual(big)
  for (let scn = 103n; scn < 106n; scn += 1n) addWindow(buffer, scn, events(4))
  expect((await read(buffer, 101n)).slice(0, 101)).toEqual(big)
  for (let scn = 106n; scn < 112n; scn += 1n) addWindow(buffer, scn, events(4))
  expect([buffer.prevScn, buffer.heldBytes], 'whole').toEqual([107n, 5 * SEGMENT_BYTES])
})

test('a damaged segment leaves with all before it, and whoever is there is told; what is behind it is served', async () => {
  const { buffer, store } = await started(64, 1)
  for (let scn = 101n; scn < 110n; scn += 1n) addWindow(buffer, scn, events(3))
  const reader = buffer.openReader()
  await reader.seek(100n, -1)
  const within = buffer.openReader()
  await within.seek(105n, 1)
  const damaged = store.damage((segment) => segment.firstWindowScn === 105n)
  expect(await read(buffer, 105n).catch((error: unknown) => error)).toEqual(expect.anything())
  const whole = buffer.openReader()
  expect(await whole.seek(104n, -1)).toEqual({ kind: 'found' })
  expect(await whole.next(1 << 20)).toEqual({ kind: 'overrun', scn: 104n })
  expect([buffer.prevScn, store.aside]).toEqual([damaged.lastWindowScn, [damaged]])
  expect(await reader.next(1 << 20)).toEqual({ kind: 'overrun', scn: 100n })
  expect(await within.next(1 << 20)).toEqual({ kind: 'overrun', scn: 105n })
  expect(buffer.seek(104n, -1)).toEqual({ kind: 'gone', prevScn: buffer.prevScn })
  const rest = await read(buffer, buffer.prevScn)
  expect([rest[0], rest.at(-1)]).toEqual([`${buffer.prevScn + 1n}:0`, '109:end'])
})

/** A window, and one behind it that is open: it begins in the same segment, which is away and damaged. */
async function damagedWhileOpen(): Promise<Far & { damaged: unknown }> {
  const far = await started(64, 1)
  const { buffer, store } = far
  addWindow(buffer, 101n, events(1))
  buffer.beginWindow()
  for (const event of events(30)) buffer.append(appendOf(event), filler(event.valueBytes))
  return { ...far, damaged: store.damage(({ firstWindowScn }) => firstWindowScn === 101n) }
}

test('a damaged segment stays as long as a window is open that began in it, and leaves then', async () => {
  const { buffer, store, damaged } = await damagedWhileOpen()
  await expect(read(buffer, 100n)).rejects.toMatchObject({ code: 'AESOP_EVENT_CORRUPT' })
  expect([store.aside, buffer.segments[0] === damaged, buffer.prevScn]).toEqual([[], true, 100n])
  buffer.endWindow(102n)
  expect(await read(buffer, 101n)).toEqual([...events(30).map(({ key }) => `102:${key}`), '102:end'])
  await expect(read(buffer, 100n)).rejects.toThrow('got overrun')
  expect([store.aside, buffer.prevScn]).toEqual([[damaged], 102n])
  addWindow(buffer, 103n, events(1))
  expect(await read(buffer, 102n)).toEqual(['103:0', '103:end'])
})

test('a damaged segment stays as long as it is the newest, and leaves when the next one is written to', async () => {
  const { buffer, store, damaged } = await damagedWhileOpen()
  buffer.rollbackWindow()
  await expect(read(buffer, 100n)).rejects.toMatchObject({ code: 'AESOP_EVENT_CORRUPT' })
  expect([store.aside, buffer.segments, buffer.prevScn]).toEqual([[], [damaged], 100n])
  addWindow(buffer, 102n, events(1))
  await expect(read(buffer, 100n)).rejects.toThrow('got overrun')
  expect([store.aside, buffer.prevScn]).toEqual([[damaged], 101n])
  expect(await read(buffer, 101n)).toEqual(['102:0', '102:end'])
})

test('windows that are older than asked for leave by segments, but for those that are needed', async () => {
  const { buffer } = await started(64, 1)
  const add = (scn: bigint, nanos: bigint): void => {
    buffer.beginWindow()
    for (const event of events(4)) buffer.append({ ...appendOf(event), timestampNanos: nanos }, filler(39))
    buffer.endWindow(scn)
  }
  for (let scn = 101n; scn < 110n; scn += 1n) add(scn, scn)
  buffer.expire(105n)
  expect(buffer.prevScn).toBe(104n)
  buffer.expire(1000n)
  expect([buffer.prevScn, buffer.lastScn], 'the one that is written to stays').toEqual([108n, 109n])
})

test('the segment that is written to stays when the window whose end lies in it leaves', async () => {
  const { buffer } = await started(64, 1)
  addWindow(buffer, 101n, events(7))
  expect(buffer.segments.at(-1)?.isWithin, 'nothing but the end of a window').toBe(true)
  buffer.expire(2_000_000_000n)
  addWindow(buffer, 102n, events(1))
  expect([buffer.prevScn, await read(buffer, 101n)]).toEqual([101n, ['102:0', '102:end']])
})

test('a window larger than the buffer that begins where another one ends is whole', async () => {
  const { buffer } = await started(4, 1)
  addWindow(buffer, 101n, events(7))
  addWindow(buffer, 102n, events(100))
  expect(await read(buffer, 101n)).toEqual([...events(100).map(({ key }) => `102:${key}`), '102:end'])
})

test('a window larger than the buffer that comes again does not take the place of itself', async () => {
  const { buffer, store } = await started(4, 1)
  addWindow(buffer, 101n, events(4))
  addWindow(buffer, 102n, events(100))
  const next = await opened(4, 1, store.leftOf(buffer))
  next.buffer.start(101n)
  addWindow(next.buffer, 102n, events(100))
  await next.buffer.whenWritable()
  addWindow(next.buffer, 103n, events(1))
  const big = [...events(100).map(({ key }) => `102:${key}`), '102:end']
  expect(await read(next.buffer, 101n)).toEqual([...big, '103:0', '103:end'])
})

test('what was not closed when the buffer ends is given up', async () => {
  const { buffer, store } = await started(64, 4)
  addWindow(buffer, 101n, events(1))
  buffer.beginWindow()
  for (const event of events(20)) buffer.append(appendOf(event), filler(event.valueBytes))
  const ends: number[] = []
  store.close = () => {
    ends.push(...buffer.segments.map(({ writeEnd, visibleEnd }) => writeEnd - visibleEnd))
    return Promise.resolve()
  }
  await buffer.close()
  expect(ends).toEqual([0])
})

test('whatever is written, marked and given up: segments that leave give the same as those that stay', async () => {
  const reached = { spilled: 0, rolledBack: 0, marked: 0, inside: 0 }
  const step = fc.record({
    events: fc.integer({ min: 0, max: 14 }),
    after: fc.constantFrom('end', 'end', 'rollback', 'mark'),
    more: fc.integer({ min: 0, max: 9 }),
  })
  await assertAsyncProperty(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      const near = new EventBuffer({ maxBytes: 256 * SEGMENT_BYTES, segmentBytes: SEGMENT_BYTES, physicalPartition: 1 })
      near.start(100n)
      const { buffer: far, store } = await started(256, 1)
      for (const buffer of [near, far]) {
        let scn = 100n
        for (const { events: count, after, more } of steps) {
          buffer.beginWindow()
          for (const event of events(count)) buffer.append(appendOf(event), filler(39))
          if (after === 'rollback') {
            buffer.rollbackWindow()
            reached.rolledBack++
            continue
          }
          if (after === 'mark') {
            const goBack = buffer.mark()
            for (const event of events(more)) buffer.append(appendOf({ ...event, key: 77 }), filler(39))
            goBack()
            reached.marked++
          }
          buffer.append(appendOf({ key: 99, valueBytes: 39 }), filler(39))
          buffer.endWindow((scn += 2n))
        }
      }
      checkBuffer(near)
      if (store.writes.size > 3) reached.spilled++
      expect([far.events, far.payloadBytes, far.eventBytes]).toEqual([near.events, near.payloadBytes, near.eventBytes])
      expect(await read(far, 100n)).toEqual(await read(near, 100n))
      for (let scn = 101n; scn <= near.lastScn; scn += 1n) {
        for (const offset of [-1, 0, 5, 12]) {
          expect(await read(far, scn, offset), `${scn} from ${offset}`).toEqual(await read(near, scn, offset))
          reached.inside++
        }
      }
    }),
    { seed: SEED, numRuns: 40, reached, atLeast: 20 },
  )
})
