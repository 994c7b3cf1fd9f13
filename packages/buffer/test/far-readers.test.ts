import { type BufferReader, checkBuffer, EventBuffer, Segment } from '@aesop/buffer'
import { expect, test, vi } from 'vitest'
import { FarSegments, type Left } from '../../../test/support/far-segments.ts'
import { addWindow, appendOf, filler, linesOf } from '../../../test/support/windows.ts'

const SEGMENT_BYTES = 512
const MAX_BYTES = 8 * SEGMENT_BYTES
const EVENT = { key: 1, valueBytes: 39 }

async function opened(segmentBytes = SEGMENT_BYTES, maxBytes = MAX_BYTES, inMemory = 1, left?: Left) {
  const store = new FarSegments(segmentBytes, inMemory, left)
  const buffer = new EventBuffer({ maxBytes, physicalPartition: 1, store })
  return { buffer, store, restoredScn: await buffer.open() }
}

/** Windows of one event, of which three begin in a segment. */
async function filled(windows: number): Promise<{ buffer: EventBuffer; store: FarSegments }> {
  const far = await opened()
  far.buffer.start(100n)
  add(far.buffer, windows)
  return far
}

function add(buffer: EventBuffer, windows: number): void {
  for (let i = 0; i < windows; i++) addWindow(buffer, buffer.lastScn + 1n, [EVENT])
}

function evict(buffer: EventBuffer, scn: bigint): void {
  while (buffer.prevScn < scn) add(buffer, 1)
}

/** The lines of a chunk, or what came in its place. */
function told(step: Awaited<ReturnType<BufferReader['next']>>): unknown {
  if (step.kind !== 'chunk') return step
  const lines = linesOf(step.bytes)
  step.release()
  return lines
}

async function drained(reader: BufferReader): Promise<string[]> {
  const all: string[] = []
  for (;;) {
    const lines = told(await reader.next(1 << 20))
    if (!Array.isArray(lines)) return all
    all.push(...(lines as string[]))
  }
}

test('a reader whose window goes while the bytes of it come is told that it is gone', async () => {
  const { buffer } = await filled(0)
  addWindow(buffer, 101n, Array<typeof EVENT>(12).fill(EVENT))
  add(buffer, 3)
  const reader = buffer.openReader()
  const seeking = reader.seek(101n, 9)
  expect(seeking).toBeInstanceOf(Promise)
  evict(buffer, 101n)
  expect(await seeking).toEqual({ kind: 'gone', prevScn: buffer.prevScn })
})

test('bytes that come of a segment that was given back meanwhile lead nowhere', async () => {
  const { buffer, store } = await filled(0)
  addWindow(buffer, 101n, Array<typeof EVENT>(12).fill(EVENT))
  add(buffer, 3)
  const step = buffer.seek(101n, 9)
  if (step.kind !== 'far') throw new Error(`expected a far step, got ${step.kind}`)
  const bytes = await store.read(step.segment, step.from, step.segment.visibleEnd)
  evict(buffer, 101n)
  expect(step.resume(bytes)).toEqual({ kind: 'gone', prevScn: buffer.prevScn })
})

test('a reader that is closed while its place is looked for gets nothing', async () => {
  const { buffer } = await filled(0)
  const reader = buffer.openReader()
  expect(reader.seek(102n, -1)).toEqual({ kind: 'future', lastScn: 100n })
  add(buffer, 9)
  const reading = reader.next(1 << 20)
  expect(reading).toBeInstanceOf(Promise)
  reader.close()
  expect(await reading).toEqual({ kind: 'caughtUp' })
})

test('a reader of the future begins behind its SCN, in the middle of a segment that has left', async () => {
  const { buffer } = await filled(0)
  const reader = buffer.openReader()
  expect(reader.seek(102n, -1)).toEqual({ kind: 'future', lastScn: 100n })
  add(buffer, 9)
  const reading = reader.next(1 << 20)
  expect(reading).toBeInstanceOf(Promise)
  expect(told(await reading)).toEqual(['103:1', '103:end'])
  expect(await drained(reader)).toEqual(
    [104n, 105n, 106n, 107n, 108n, 109n].flatMap((scn) => [`${scn}:1`, `${scn}:end`]),
  )
})

test('a reader of the future whose windows go before it has looked is told that they are gone', async () => {
  const { buffer } = await filled(0)
  const reader = buffer.openReader()
  expect(reader.seek(102n, -1)).toEqual({ kind: 'future', lastScn: 100n })
  add(buffer, 9)
  const reading = reader.next(1 << 20)
  evict(buffer, 105n)
  expect(await reading).toEqual({ kind: 'gone', prevScn: buffer.prevScn })
})

test('what is in memory is not asked of the store', async () => {
  const { buffer, store } = await filled(9)
  const reader = buffer.openReader()
  expect(reader.seekLatest()).toEqual({ kind: 'found' })
  expect(await drained(reader)).toEqual(['109:1', '109:end'])
  expect(store.reads).toBe(0)
})

test('nothing is taken of a store before it was asked what a former process left', async () => {
  const store = new FarSegments(SEGMENT_BYTES, 1)
  const take = vi.spyOn(store, 'take')
  const buffer = new EventBuffer({ maxBytes: MAX_BYTES, physicalPartition: 1, store })
  await buffer.open()
  expect(take).not.toHaveBeenCalled()
  buffer.start(100n)
  expect(take).toHaveBeenCalledTimes(1)
})

test('where only the rest of a window was left, the source goes on behind it, and the rest is no window', async () => {
  const former = await filled(0)
  addWindow(former.buffer, 101n, Array<typeof EVENT>(12).fill(EVENT))
  const rest = { segments: former.buffer.segments.slice(1), prevScn: 101n }
  expect(rest.segments.map(({ firstWindowOffset }) => firstWindowOffset)).toEqual([-1, -1])
  const { buffer, restoredScn } = await opened(SEGMENT_BYTES, MAX_BYTES, 1, former.store.leftOf(rest))
  expect(restoredScn).toBe(101n)
  buffer.start(101n)
  add(buffer, 1)
  const reader = buffer.openReader()
  expect([reader.seek(100n, -1), reader.seek(101n, -1)]).toEqual([{ kind: 'gone', prevScn: 101n }, { kind: 'found' }])
  expect(await drained(reader)).toEqual(['102:1', '102:end'])
})

test('from every SCN and offset of large segments that have left, and come from a former process, all is read', async () => {
  const LARGE = 16_384
  const fill = (buffer: EventBuffer): void => {
    buffer.start(100n)
    for (let scn = 102n; scn < 140n; scn += 2n)
      addWindow(buffer, scn, [EVENT, { key: 2, valueBytes: 1300 }, { key: 3, valueBytes: 700 }])
  }
  const near = new EventBuffer({ maxBytes: 4 * LARGE, segmentBytes: LARGE, physicalPartition: 1 })
  fill(near)
  const former = await opened(LARGE, 4 * LARGE)
  fill(former.buffer)
  expect(former.buffer.segments[1]?.indexLength).toBeGreaterThan(3)
  // The second segment begins with the rest of a window.
  expect(former.buffer.segments[1]?.firstWindowOffset).toBeGreaterThan(0)
  const { buffer: restored } = await opened(LARGE, 4 * LARGE, 1, former.store.leftOf(former.buffer))
  restored.start(138n)
  for (let scn = 100n; scn <= 138n; scn++) {
    for (const offset of scn === 100n ? [-1] : [-1, 0, 1, 3]) {
      const [expected, ...others] = await Promise.all(
        [near, former.buffer, restored].map(async (buffer) => {
          const reader = buffer.openReader()
          expect(await reader.seek(scn, offset)).toEqual({ kind: 'found' })
          return drained(reader)
        }),
      )
      expect(others, `${scn} from ${offset}`).toEqual([expected, expected])
    }
  }
})

test('what is known of a segment is all in its summary', async () => {
  const { buffer } = await opened(16_384, 1 << 16)
  buffer.start(100n)
  for (let i = 0; i < 20; i++) addWindow(buffer, buffer.lastScn + 1n, [{ key: 1, valueBytes: 1500 }])
  for (const segment of buffer.segments) {
    const summary = segment.summary()
    expect(Segment.of(summary).summary()).toEqual(summary)
    expect(summary.indexOffsets).toEqual([...segment.indexOffsets.subarray(0, segment.indexLength)])
    expect(summary.indexOffsets.length).toBeGreaterThan(1)
  }
})

test('a reader is between two windows before it has a place, and goes over the ends of windows unless it is told not to', async () => {
  const { buffer } = await filled(2)
  const reader = buffer.openReader()
  expect([reader.scn, reader.atWindowEnd]).toEqual([-1n, true])
  expect(reader.seek(100n, -1)).toEqual({ kind: 'found' })
  expect(told(await reader.next(250))).toEqual(['101:1', '101:end'])
  const whole = buffer.openReader()
  expect(whole.seek(100n, -1)).toEqual({ kind: 'found' })
  expect(told(await whole.next(300))).toEqual(['101:1', '101:end', '102:1'])
})

test('a writer that does not wait keeps its open window when room is looked for meanwhile', () => {
  let needed: bigint | undefined = 100n
  const buffer = new EventBuffer({
    maxBytes: MAX_BYTES,
    segmentBytes: SEGMENT_BYTES,
    physicalPartition: 1,
    neededAfterScn: () => needed,
  })
  buffer.start(100n)
  const whole = { key: 1, valueBytes: SEGMENT_BYTES - 2 * 61 }
  for (let i = 0; i < 8; i++) addWindow(buffer, buffer.lastScn + 1n, [whole])
  expect(buffer.whenWritable()).toBeInstanceOf(Promise)
  buffer.beginWindow()
  for (let i = 0; i < 8; i++) buffer.append(appendOf(whole), filler(whole.valueBytes))
  expect(buffer.heldBytes).toBe(2 * MAX_BYTES)
  needed = undefined
  buffer.recheck()
  buffer.endWindow(109n)
  checkBuffer(buffer)
  expect([buffer.minScn, buffer.prevScn, buffer.heldBytes]).toEqual([109n, 108n, MAX_BYTES])
})

test('a buffer whose store keeps all in memory is verified like another', async () => {
  const { buffer } = await opened(SEGMENT_BYTES, MAX_BYTES, 99)
  buffer.start(100n)
  add(buffer, 15)
  checkBuffer(buffer)
})
