import { BufferChunk, BufferFullError, checkBuffer, EventBuffer, WindowTooLargeError } from '@aesop/buffer'
import { expect, test } from 'vitest'
import { addWindow, appendOf, drain, filler, poolOf } from '../../../test/support/windows.ts'
import { thrownBy } from '../../../test/support/thrown-by.ts'

const SEGMENT_BYTES = 2048
/** Value of an event that fills a segment to its last byte, together with the end of its window. */
const WHOLE_SEGMENT = SEGMENT_BYTES - 2 * 61

function started(options: Partial<ConstructorParameters<typeof EventBuffer>[0]> = {}): EventBuffer {
  const buffer = new EventBuffer({
    maxBytes: 4 * SEGMENT_BYTES,
    segmentBytes: SEGMENT_BYTES,
    physicalPartition: 1,
    ...options,
  })
  buffer.start(100n)
  return buffer
}

/** Adds windows of one whole segment each. */
function addSegments(buffer: EventBuffer, count: number): void {
  for (let i = 0; i < count; i++) {
    addWindow(buffer, buffer.lastScn + 1n, [{ key: i, valueBytes: WHOLE_SEGMENT }])
    checkBuffer(buffer)
  }
}

test('what fits a segment to the last byte stays in it, and one byte more begins the next', () => {
  const buffer = started()
  addSegments(buffer, 1)
  expect([buffer.segments.length, buffer.segments[0]?.writeEnd]).toEqual([1, SEGMENT_BYTES])
  const larger = started()
  addWindow(larger, 101n, [{ key: 1, valueBytes: WHOLE_SEGMENT + 1 }])
  expect(larger.segments.map(({ visibleEnd }) => visibleEnd)).toEqual([SEGMENT_BYTES - 61 + 1, 61])
})

test('an event larger than a segment gets one with room for the end of its window', () => {
  const buffer = started()
  addWindow(buffer, 101n, [{ key: 1, valueBytes: 3000 }])
  expect(buffer.segments.map(({ capacity }) => capacity)).toEqual([SEGMENT_BYTES, 61 + 3000 + 61])
  expect(buffer.heldBytes).toBe(SEGMENT_BYTES + 61 + 3000 + 61)
  expect(buffer.segments.at(-1)?.visibleEnd).toBe(61 + 3000 + 61)
})

test('a buffer fills to its last byte before the oldest window goes, one segment at a time', () => {
  const buffer = started()
  addSegments(buffer, 4)
  expect([buffer.heldBytes, buffer.heldBytesMax, buffer.prevScn]).toEqual([8192, 8192, 100n])
  addSegments(buffer, 1)
  expect([buffer.heldBytes, buffer.prevScn, buffer.minScn, buffer.lastScn]).toEqual([8192, 101n, 102n, 105n])
  expect(poolOf(buffer).freeSegments).toEqual([])
})

test('windows that are needed may take as much again, for one window, and not a byte more', () => {
  const buffer = started({ neededAfterScn: () => 100n })
  expect(buffer.heldBytesMax).toBe(2 * 8192)
  addSegments(buffer, 8)
  expect([buffer.heldBytes, buffer.prevScn]).toEqual([2 * 8192, 100n])
  const full = thrownBy(() => {
    addSegments(buffer, 1)
  })
  expect(full).toBeInstanceOf(BufferFullError)
  expect(full.fields).toEqual({ heldBytes: 2 * 8192, maxBytes: 8192 })
})

test('a window that is needed keeps its segment, and the first that is not goes with those before it', () => {
  let needed = 101n
  const buffer = started({ neededAfterScn: () => needed })
  addSegments(buffer, 5)
  expect(buffer.prevScn, 'the window that was seen made room').toBe(101n)
  addSegments(buffer, 1)
  expect(buffer.prevScn, 'the next one is needed').toBe(101n)
  expect(buffer.whenWritable()).toBeDefined()
  needed = 102n
  buffer.recheck()
  expect([buffer.prevScn, buffer.isBlocked], 'still as much as may be').toEqual([102n, true])
  needed = 103n
  buffer.recheck()
  expect([buffer.prevScn, buffer.isBlocked]).toEqual([103n, false])
})

test('a look at what is needed changes nothing while nobody waits', () => {
  const buffer = started({ neededAfterScn: () => 1000n })
  addSegments(buffer, 4)
  buffer.recheck()
  expect([buffer.prevScn, buffer.isBlocked]).toEqual([100n, false])
})

test('a buffer that is not full is writable without anybody being asked', () => {
  let asked = 0
  const buffer = started({
    neededAfterScn: () => {
      asked += 1
      return 100n
    },
  })
  addSegments(buffer, 3)
  expect([buffer.whenWritable(), asked]).toEqual([undefined, 0])
  addSegments(buffer, 1)
  const waiting = buffer.whenWritable()
  expect(waiting).toBeInstanceOf(Promise)
  expect(buffer.whenWritable()).toBe(waiting)
  expect(asked).toBeGreaterThan(0)
})

test('a buffer of one window that is not needed any more is empty, and begins anew', () => {
  let needed = 100n
  const buffer = started({ neededAfterScn: () => needed })
  addWindow(buffer, 101n, [{ key: 1, valueBytes: 8192 - 2 * 61 }])
  expect(buffer.whenWritable()).toBeDefined()
  needed = 101n
  buffer.recheck()
  expect([buffer.segments.length, buffer.heldBytes, buffer.prevScn, buffer.minScn]).toEqual([
    1,
    SEGMENT_BYTES,
    101n,
    -1n,
  ])
  expect(drain(buffer.seekLatest())).toEqual([])
  addSegments(buffer, 1)
  expect(drain(buffer.seekLatest())).toEqual(['102:0', '102:end'])
})

test('the segments of the open window count against its bound, however the buffer is filled', () => {
  const buffer = started()
  addSegments(buffer, 2)
  buffer.beginWindow()
  for (let i = 0; i < 4; i++) buffer.append(appendOf({ key: i, valueBytes: WHOLE_SEGMENT }), filler(WHOLE_SEGMENT))
  const tooLarge = thrownBy(() => {
    buffer.append(appendOf({ key: 4, valueBytes: WHOLE_SEGMENT }), filler(WHOLE_SEGMENT))
  })
  expect(tooLarge).toBeInstanceOf(WindowTooLargeError)
  expect(tooLarge.fields).toEqual({ windowBytes: 5 * SEGMENT_BYTES, maxBytes: 8192 })
  buffer.rollbackWindow()
  checkBuffer(buffer)
  expect([buffer.prevScn, buffer.lastScn, buffer.heldBytes]).toEqual([102n, 102n, SEGMENT_BYTES])
})

test('when older windows made room for one that was given up, the newest one is the latest place', () => {
  const buffer = started()
  addSegments(buffer, 4)
  buffer.beginWindow()
  buffer.append(appendOf({ key: 9, valueBytes: WHOLE_SEGMENT }), filler(WHOLE_SEGMENT))
  buffer.rollbackWindow()
  expect(buffer.prevScn).toBe(101n)
  expect(drain(buffer.seekLatest())).toEqual(['104:3', '104:end'])
})

test('when the newest window made room for one that was given up, the latest place is the end', () => {
  const buffer = started()
  addSegments(buffer, 1)
  buffer.beginWindow()
  for (let i = 0; i < 4; i++) buffer.append(appendOf({ key: i, valueBytes: WHOLE_SEGMENT }), filler(WHOLE_SEGMENT))
  buffer.rollbackWindow()
  expect(buffer.prevScn).toBe(101n)
  const latest = buffer.seekLatest()
  expect([latest.scn, drain(latest), buffer.newestNanos, buffer.oldestNanos]).toEqual([101n, [], undefined, undefined])
  addSegments(buffer, 1)
  expect(drain(latest)).toEqual(['102:0', '102:end'])
})

test('the commit times of the oldest and the newest window are told, and not those of an open one', () => {
  const buffer = started()
  const times = (): unknown[] => [buffer.oldestNanos, buffer.newestNanos]
  const append = (seconds: bigint): void => {
    buffer.append(
      { ...appendOf({ key: 1, valueBytes: WHOLE_SEGMENT }), timestampNanos: seconds },
      filler(WHOLE_SEGMENT),
    )
  }
  expect([...times(), buffer.minScn]).toEqual([undefined, undefined, -1n])
  for (let second = 1n; second <= 6n; second++) {
    buffer.beginWindow()
    append(second * 10n)
    append(second * 10n + 1n)
    buffer.endWindow(100n + second)
  }
  expect(times()).toEqual([10n * (buffer.minScn - 100n), 61n])
  buffer.beginWindow()
  append(70n)
  expect(times()[1]).toBe(61n)
  buffer.rollbackWindow()
  expect(times()[1]).toBe(61n)
  addWindow(buffer, buffer.lastScn + 1n, [])
  expect(times()[1], 'an empty window has the time of what was written before it').toBe(70n)
})

test.each([
  [16_384, 1024, 4096],
  [16_384, 4096, 8192],
  [16_387, 1024, 4096],
])(
  'of a buffer of %d bytes in segments of %d, readers may hold %d that are gone',
  (maxBytes, segmentBytes, heldMax) => {
    const buffer = started({ maxBytes, segmentBytes })
    let asked = 0
    let chunks = 0
    while (asked === 0) {
      addWindow(buffer, buffer.lastScn + 1n, [{ key: 1, valueBytes: segmentBytes - 2 * 61 }])
      const chunk = buffer.read(buffer.lastScn - 1n, -1, maxBytes)
      if (!(chunk instanceof BufferChunk)) throw new Error(chunk.kind)
      chunks += 1
      chunk.onOverrun = () => (asked += 1)
    }
    expect(poolOf(buffer).retiredBytes).toBe(heldMax + segmentBytes)
    expect(chunks).toBeGreaterThan(buffer.segments.length)
  },
)

test('segments that nobody holds are kept for use again, up to the whole buffer', () => {
  const buffer = started()
  addSegments(buffer, 2)
  for (let i = 0; i < 3; i++) {
    buffer.beginWindow()
    for (let n = 0; n < 4; n++) buffer.append(appendOf({ key: n, valueBytes: WHOLE_SEGMENT }), filler(WHOLE_SEGMENT))
    buffer.rollbackWindow()
  }
  expect(poolOf(buffer).freeSegments.length).toBe(3)
  const free = new Set(poolOf(buffer).freeSegments)
  addSegments(buffer, 4)
  expect(buffer.segments.filter((segment) => free.has(segment)).length).toBe(3)
})
