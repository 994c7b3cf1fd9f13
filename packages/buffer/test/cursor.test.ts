import { BufferChunk, type BufferCursor, checkBuffer, EventBuffer } from '@aesop/buffer'
import { expect, test, vi } from 'vitest'
import { Segment } from '../src/segment.ts'
import { segmentBytesFor } from '../src/segment-size.ts'
import { addWindow, drain, linesOf } from '../../../test/support/windows.ts'

function started(maxBytes = 16_384, segmentBytes = 2048): EventBuffer {
  const buffer = new EventBuffer({ maxBytes, segmentBytes, physicalPartition: 1 })
  buffer.start(100n)
  return buffer
}

function cursorAt(buffer: EventBuffer, scn: bigint, offset = -1): BufferCursor {
  const seek = buffer.seek(scn, offset)
  if (seek.kind !== 'found') throw new Error(`expected found, got ${seek.kind}`)
  return seek.cursor
}

/** The lines of the next chunk and what it says of itself; or what there was instead. */
function told(cursor: BufferCursor, maxBytes: number, toWindowEnd?: boolean): unknown {
  const step = cursor.next(maxBytes, toWindowEnd)
  if (!(step instanceof BufferChunk)) return step
  const said = [linesOf(step.bytes), step.scn, step.endsWindow, cursor.scn, cursor.atWindowEnd]
  step.release()
  return said
}

/** Windows 101 and 102 of two events each: each event has 100 bytes, each end 61. */
function twoWindows(): EventBuffer {
  const buffer = started()
  for (const scn of [101n, 102n])
    addWindow(
      buffer,
      scn,
      [1, 2].map((key) => ({ key, valueBytes: 39 })),
    )
  return buffer
}

test.each([
  [false, 99, { kind: 'tooSmall', pendingEventBytes: 100 }],
  [false, 100, [['101:1'], 101n, false, 101n, false]],
  [false, 199, [['101:1'], 101n, false, 101n, false]],
  [false, 200, [['101:1', '101:2'], 101n, false, 101n, false]],
  [false, 261, [['101:1', '101:2', '101:end'], 101n, true, 101n, true]],
  [false, 361, [['101:1', '101:2', '101:end', '102:1'], 102n, false, 102n, false]],
  [false, 522, [['101:1', '101:2', '101:end', '102:1', '102:2', '102:end'], 102n, true, 102n, true]],
  [true, 99, { kind: 'tooSmall', pendingEventBytes: 100 }],
  [true, 200, [['101:1', '101:2'], 101n, false, 101n, false]],
  [true, 261, [['101:1', '101:2', '101:end'], 101n, true, 101n, true]],
  [true, 521, [['101:1', '101:2', '101:end'], 101n, true, 101n, true]],
  [true, 522, [['101:1', '101:2', '101:end', '102:1', '102:2', '102:end'], 102n, true, 102n, true]],
])('a chunk (to the end of a window: %s) of at most %d bytes', (toWindowEnd, maxBytes, expected) => {
  expect(told(cursorAt(twoWindows(), 100n), maxBytes, toWindowEnd)).toEqual(expected)
})

/** How many lengths of events a chunk costs. */
function lengthsRead(cursor: BufferCursor, maxBytes: number, toWindowEnd: boolean): number {
  const reads = vi.spyOn(DataView.prototype, 'getInt32')
  try {
    expect(cursor.next(maxBytes, toWindowEnd)).toBeInstanceOf(BufferChunk)
    return reads.mock.calls.length
  } finally {
    reads.mockRestore()
  }
}

test.each([false, true])(
  'a chunk of all that a segment has is no walk through its events (to the end of a window: %s)',
  (toEnd) => {
    expect(lengthsRead(cursorAt(twoWindows(), 100n), 522, toEnd)).toBe(1)
    expect(lengthsRead(cursorAt(twoWindows(), 101n), 261, toEnd)).toBe(1)
    expect(lengthsRead(cursorAt(twoWindows(), 101n, 2), 61 + 261, toEnd)).toBe(1)
  },
)

test('a reader goes on where the bound has cut, within a window and between two', () => {
  const cursor = cursorAt(twoWindows(), 100n)
  expect([cursor.scn, cursor.atWindowEnd]).toEqual([100n, true])
  expect(told(cursor, 200)).toEqual([['101:1', '101:2'], 101n, false, 101n, false])
  expect(told(cursor, 60)).toEqual({ kind: 'tooSmall', pendingEventBytes: 61 })
  expect(told(cursor, 161)).toEqual([['101:end', '102:1'], 102n, false, 102n, false])
  expect(told(cursor, 1000)).toEqual([['102:2', '102:end'], 102n, true, 102n, true])
  expect(told(cursor, 1000)).toEqual({ kind: 'caughtUp' })
})

test('a chunk to the end of a window ends where its segment does, when the window goes on in the next', () => {
  const buffer = started(16_384, 1024)
  addWindow(buffer, 101n, [])
  addWindow(
    buffer,
    102n,
    [1, 2, 3].map((key) => ({ key, valueBytes: 400 })),
  )
  const cursor = cursorAt(buffer, 100n)
  expect(told(cursor, 5000, true)).toEqual([['101:end'], 101n, true, 101n, true])
  expect(told(cursor, 5000, true)).toEqual([['102:1', '102:2'], 102n, false, 102n, false])
  expect(told(cursor, 5000, true)).toEqual([['102:3', '102:end'], 102n, true, 102n, true])
})

test('a place says which window it follows, or is within', () => {
  const buffer = twoWindows()
  const places = (
    [
      [-1n, -1],
      [101n, -1],
      [101n, 0],
      [101n, 1],
      [101n, 3],
      [102n, 9],
    ] as const
  ).map(([scn, offset]) => {
    const cursor = cursorAt(buffer, scn, offset)
    return [cursor.scn, cursor.atWindowEnd]
  })
  expect(places).toEqual([
    [100n, true],
    [101n, true],
    [101n, false],
    [101n, false],
    [101n, true],
    [102n, true],
  ])
  const latest = buffer.seekLatest()
  expect([latest.scn, latest.atWindowEnd]).toEqual([100n, true])
})

/** Adds windows of a segment each until the window `scn` is gone. */
function evict(buffer: EventBuffer, scn: bigint): void {
  while (buffer.prevScn < scn) addWindow(buffer, buffer.lastScn + 1n, [{ key: 1, valueBytes: 1900 }])
}

test('a reader whose segment is gone finds its place again between windows, and is overrun within one', () => {
  const buffer = twoWindows()
  const [between, within, behind] = [cursorAt(buffer, 102n), cursorAt(buffer, 102n, 1), cursorAt(buffer, 101n)]
  evict(buffer, 102n)
  expect(buffer.prevScn).toBe(102n)
  expect(within.next(5000)).toEqual({ kind: 'overrun', scn: 102n })
  expect(behind.next(5000)).toEqual({ kind: 'overrun', scn: 101n })
  expect(drain(between)[0]).toBe('103:1')
})

test('a reader that had read everything goes on after its segment is gone, once and again', () => {
  const buffer = started(8192, 2048)
  addWindow(buffer, 101n, [{ key: 1, valueBytes: 1900 }])
  const cursor = cursorAt(buffer, 100n)
  expect(drain(cursor)).toEqual(['101:1', '101:end'])
  addWindow(buffer, 102n, [])
  for (let scn = 103n; scn < 120n; scn++) {
    expect(drain(cursor)).toContain(`${scn - 1n}:end`)
    addWindow(buffer, scn, [{ key: 1, valueBytes: 1700 }])
    checkBuffer(buffer)
  }
  expect(buffer.prevScn).toBeGreaterThan(102n)
})

test('a reader may hold its place through turns of the buffer as long as the next window is there', () => {
  const buffer = started(8192, 2048)
  buffer.beginWindow()
  buffer.rollbackWindow()
  const cursor = cursorAt(buffer, 100n)
  addWindow(buffer, 101n, [{ key: 1, valueBytes: 1900 }])
  evict(buffer, 101n)
  expect(cursor.next(5000)).toEqual({ kind: 'overrun', scn: 100n })
  const next = cursorAt(buffer, buffer.prevScn)
  expect(drain(next)[0]).toBe(`${buffer.minScn}:1`)
})

test('a chunk says what it is, and says once that it has let go, when it is the last that holds its segment', () => {
  const segment = new Segment(100)
  segment.reset(3)
  const given: Segment[] = []
  const make = (): BufferChunk => new BufferChunk(segment, segment.bytes, 7n, true, (one) => given.push(one))
  const live = make()
  expect([live.kind, live.scn, live.endsWindow, live.bytes]).toEqual(['chunk', 7n, true, segment.bytes])
  live.release()
  expect([given.splice(0).length, segment.holders.size], 'of one that may leave memory now').toEqual([1, 0])
  const [first, second] = [make(), make()]
  first.onOverrun = () => undefined
  segment.retire()
  first.release()
  first.release()
  expect([given, segment.holders.size, first.onOverrun]).toEqual([[], 1, undefined])
  second.release()
  second.release()
  first.release()
  expect([given, segment.holders.size]).toEqual([[segment], 0])
})

const KI = 1024
test.each([
  [KI, KI / 4],
  [64 * KI, 16 * KI],
  [256 * KI, 64 * KI],
  [1024 * KI, 64 * KI],
  [2048 * KI, 128 * KI],
  [2048 * KI + 16, 128 * KI + 1],
  [2048 * KI + 15, 128 * KI],
  [1024 * 1024 * KI, 64 * 1024 * KI],
  [2048 * 1024 * KI, 64 * 1024 * KI],
  [KI + 3, KI / 4],
])('a buffer of %d bytes has segments of %d', (maxBytes, segmentBytes) => {
  expect(segmentBytesFor(maxBytes)).toBe(segmentBytes)
})

test.each([KI - 1, 0, -1, NaN])('a buffer of %d bytes holds nothing', (maxBytes) => {
  expect(() => segmentBytesFor(maxBytes)).toThrow(
    `the event buffer's size is ${maxBytes} bytes, expected at least 1024`,
  )
})
