import {
  BufferChunk,
  type BufferCursor,
  BufferFullError,
  BufferSizeInvalidError,
  checkBuffer,
  EventBuffer,
  ScnOrderError,
  ValueOverflowError,
  WindowStateError,
  WindowTooLargeError,
} from '@aesop/buffer'
import { endOfPeriodBytes } from '@aesop/event'
import { expect, test, vi } from 'vitest'
import { addWindow, appendOf, drain, filler, linesOf, poolOf } from '../../../test/support/windows.ts'

function started(options: Partial<ConstructorParameters<typeof EventBuffer>[0]> = {}): EventBuffer {
  const buffer = new EventBuffer({ maxBytes: 16_384, segmentBytes: 2048, physicalPartition: 1, ...options })
  buffer.start(100n)
  return buffer
}

function chunkOf(step: unknown): BufferChunk {
  if (!(step instanceof BufferChunk)) throw new Error(`expected a chunk, got ${JSON.stringify(step)}`)
  return step
}

function found(buffer: EventBuffer, scn: bigint, windowOffset: number): BufferCursor {
  const seek = buffer.seek(scn, windowOffset)
  if (seek.kind !== 'found') throw new Error(`expected found, got ${seek.kind}`)
  return seek.cursor
}

test('an empty buffer knows where it begins', () => {
  const buffer = started()
  expect([buffer.minScn, buffer.prevScn, buffer.lastScn]).toEqual([-1n, 100n, 100n])
  expect(buffer.read(100n, -1, 1000)).toEqual({ kind: 'caughtUp' })
  expect(buffer.read(99n, -1, 1000)).toEqual({ kind: 'gone', prevScn: 100n })
  expect(buffer.read(-2n, -1, 1000)).toEqual({ kind: 'gone', prevScn: 100n })
  expect(buffer.read(101n, -1, 1000)).toEqual({ kind: 'future', lastScn: 100n })
  checkBuffer(buffer)
})

test('nothing of a window is visible before endWindow, and rollback forgets it', () => {
  const buffer = started()
  const seek = buffer.seek(100n, -1)
  if (seek.kind !== 'found') throw new Error(seek.kind)
  buffer.beginWindow()
  for (let i = 0; i < 20; i++) buffer.append(appendOf({ key: i, valueBytes: 500 }), filler(500))
  expect(seek.cursor.next(1000)).toEqual({ kind: 'caughtUp' })
  buffer.rollbackWindow()
  buffer.rollbackWindow()
  checkBuffer(buffer)
  addWindow(buffer, 101n, [{ key: 1, valueBytes: 1 }])
  expect(drain(seek.cursor)).toEqual(['101:1', '101:end'])
})

test('what was added since a mark is forgotten, within a segment and over several', () => {
  const buffer = started()
  const add = (key: number): void => {
    buffer.append(appendOf({ key, valueBytes: 500 }), filler(500))
  }
  buffer.beginWindow()
  const toNothing = buffer.mark()
  add(1)
  toNothing()
  checkBuffer(buffer)
  const toBegin = buffer.mark()
  for (let i = 0; i < 20; i++) add(i)
  expect(buffer.segments.length).toBeGreaterThan(1)
  toBegin()
  checkBuffer(buffer)
  add(2)
  const toTwo = buffer.mark()
  for (let i = 10; i < 30; i++) add(i)
  const further = buffer.mark()
  add(30)
  further()
  toTwo()
  checkBuffer(buffer)
  add(3)
  toTwo()
  add(4)
  buffer.endWindow(101n)
  checkBuffer(buffer)
  expect(drain(buffer.seekLatest())).toEqual(['101:2', '101:4', '101:end'])
  expect(toTwo).toThrow(WindowStateError)
  expect(() => buffer.mark()).toThrow(WindowStateError)
})

test('an empty window moves the SCN', () => {
  const buffer = started()
  addWindow(buffer, 105n, [])
  expect(drain(buffer.seekLatest())).toEqual(['105:end'])
  expect([buffer.minScn, buffer.lastScn, buffer.windows, buffer.events]).toEqual([105n, 105n, 1, 0])
})

test('a window is closed only under an SCN above the last', () => {
  const buffer = started()
  buffer.beginWindow()
  expect(() => {
    buffer.endWindow(100n)
  }).toThrow(ScnOrderError)
  buffer.endWindow(101n)
  checkBuffer(buffer)
})

test('calls in a wrong order are named', () => {
  const buffer = new EventBuffer({ maxBytes: 16_384, physicalPartition: 1 })
  const calls = [
    () => {
      buffer.beginWindow()
    },
    () => {
      buffer.endWindow(1n)
    },
    () => {
      buffer.append(appendOf({ key: 1, valueBytes: 0 }), filler(0))
    },
  ]
  for (const call of calls) expect(call).toThrow(WindowStateError)
  buffer.start(0n)
  expect(() => {
    buffer.start(0n)
  }).toThrow(WindowStateError)
  buffer.beginWindow()
  expect(() => {
    buffer.beginWindow()
  }).toThrow(WindowStateError)
  expect(() => new EventBuffer({ maxBytes: 10, physicalPartition: 1 })).toThrow(BufferSizeInvalidError)
})

test('an event larger than a segment gets one of its own', () => {
  const buffer = started()
  addWindow(buffer, 101n, [
    { key: 1, valueBytes: 9000 },
    { key: 2, valueBytes: 10 },
  ])
  checkBuffer(buffer)
  const chunk = chunkOf(buffer.read(100n, -1, 20_000))
  expect(linesOf(chunk.bytes)).toEqual(['101:1', '101:2', '101:end'].slice(0, linesOf(chunk.bytes).length))
  chunk.release()
  const seek = buffer.seek(100n, -1)
  expect(seek.kind === 'found' && drain(seek.cursor)).toEqual(['101:1', '101:2', '101:end'])
})

test('one event that fills the buffer to the last byte beside the end of its window passes', () => {
  const maxBytes = 1024 * 1024
  const buffer = new EventBuffer({ maxBytes, physicalPartition: 1 })
  buffer.start(100n)
  const overheadBytes = 2 * endOfPeriodBytes(1)
  for (const scn of [101n, 102n]) addWindow(buffer, scn, [{ key: 1, valueBytes: maxBytes - overheadBytes }])
  checkBuffer(buffer)
  expect(drain(buffer.seekLatest())).toEqual(['102:1', '102:end'])
  expect(() => {
    addWindow(buffer, 103n, [{ key: 1, valueBytes: maxBytes - overheadBytes + 1 }])
  }).toThrow(WindowTooLargeError)
})

test('a window larger than the buffer is refused, and the buffer goes on after the rollback', () => {
  const buffer = started()
  addWindow(buffer, 101n, [{ key: 1, valueBytes: 10 }])
  buffer.beginWindow()
  expect(() => {
    for (let i = 0; i < 100; i++) buffer.append(appendOf({ key: i, valueBytes: 500 }), filler(500))
  }).toThrow(WindowTooLargeError)
  buffer.rollbackWindow()
  checkBuffer(buffer)
  expect(() => {
    buffer.beginWindow()
    buffer.append(appendOf({ key: 1, valueBytes: 20_000 }), filler(20_000))
  }).toThrow(WindowTooLargeError)
  buffer.rollbackWindow()
  addWindow(buffer, 102n, [{ key: 2, valueBytes: 10 }])
  checkBuffer(buffer)
  expect(drain(buffer.seekLatest())).toEqual(['102:2', '102:end'])
})

test('a writer that exceeds its bound, or throws, leaves the buffer whole', () => {
  const buffer = started()
  buffer.beginWindow()
  expect(() => {
    buffer.append(appendOf({ key: 1, valueBytes: 10 }), filler(11))
  }).toThrow(ValueOverflowError)
  expect(() => {
    buffer.append(appendOf({ key: 1, valueBytes: 10 }), () => {
      throw new Error('mapper')
    })
  }).toThrow('mapper')
  buffer.append(appendOf({ key: 2, valueBytes: 10 }), filler(10))
  buffer.endWindow(101n)
  checkBuffer(buffer)
  expect(drain(buffer.seekLatest())).toEqual(['101:2', '101:end'])
})

test('a reader goes on over segments that stayed empty', () => {
  const buffer = started()
  const seek = buffer.seek(100n, -1)
  addWindow(buffer, 101n, [{ key: 1, valueBytes: 3000 }])
  expect(seek.kind === 'found' && drain(seek.cursor)).toEqual(['101:1', '101:end'])
})

test('old windows leave whole, and readers of them are told where the buffer begins', () => {
  const buffer = started()
  for (let scn = 101n; scn < 200n; scn++) addWindow(buffer, scn, [{ key: 1, valueBytes: 700 }])
  checkBuffer(buffer)
  expect(buffer.read(100n, -1, 9000)).toEqual({ kind: 'gone', prevScn: buffer.prevScn })
  expect(buffer.minScn).toBe(buffer.prevScn + 1n)
  const seek = buffer.seek(buffer.prevScn, -1)
  expect(seek.kind === 'found' && drain(seek.cursor)[0]).toBe(`${buffer.minScn}:1`)
})

test('a cursor that was overrun says so; one that had seen all goes on', () => {
  const buffer = started()
  addWindow(buffer, 101n, [{ key: 1, valueBytes: 10 }])
  addWindow(buffer, 102n, [{ key: 2, valueBytes: 1500 }])
  const behind = buffer.seek(100n, -1)
  const caughtUp = buffer.seek(102n, -1)
  if (behind.kind !== 'found' || caughtUp.kind !== 'found') throw new Error('not found')
  for (let scn = 103n; scn < 150n; scn++) {
    addWindow(buffer, scn, [{ key: 1, valueBytes: 700 }])
    expect(drain(caughtUp.cursor)).toEqual([`${scn}:1`, `${scn}:end`])
  }
  expect(behind.cursor.next(1000)).toEqual({ kind: 'overrun', scn: 100n })
})

test('a chunk keeps its bytes until it is released, however often the buffer turns round', () => {
  const buffer = started()
  addWindow(buffer, 101n, [{ key: 77, valueBytes: 100 }])
  const chunk = chunkOf(buffer.read(100n, -1, 1000))
  const before = Buffer.from(chunk.bytes)
  for (let scn = 102n; scn < 300n; scn++) addWindow(buffer, scn, [{ key: 1, valueBytes: 700 }])
  expect(chunk.bytes.equals(before)).toBe(true)
  expect(poolOf(buffer).retiredBytes).toBe(2048)
  chunk.release()
  chunk.release()
  expect(poolOf(buffer).retiredBytes).toBe(0)
  checkBuffer(buffer)
})

test('holders of retired segments are asked to let go when these exceed a quarter of the buffer', () => {
  const buffer = started()
  let overrun = 0
  for (let scn = 101n; scn < 180n; scn++) {
    addWindow(buffer, scn, [{ key: 1, valueBytes: 1500 }])
    const chunk = chunkOf(buffer.read(scn - 1n, -1, 4000))
    chunk.onOverrun = () => {
      overrun += 1
      chunk.release()
    }
    expect(poolOf(buffer).retiredBytes).toBeLessThanOrEqual(2 * 2048)
  }
  expect(overrun).toBeGreaterThan(20)
  checkBuffer(buffer)
})

test('maxBytes is a bound at the end of an event, and a larger event is announced', () => {
  const buffer = started()
  addWindow(buffer, 101n, [
    { key: 1, valueBytes: 39 },
    { key: 2, valueBytes: 39 },
  ])
  expect(buffer.read(100n, -1, 99)).toEqual({ kind: 'tooSmall', pendingEventBytes: 100 })
  expect(chunkOf(buffer.read(100n, -1, 260)).bytes.length).toBe(200)
  expect(chunkOf(buffer.read(100n, -1, 261)).endsWindow).toBe(true)
})

test('a chunk can be asked to end with a window', () => {
  const buffer = started()
  addWindow(buffer, 101n, [{ key: 1, valueBytes: 39 }])
  addWindow(buffer, 102n, [{ key: 2, valueBytes: 39 }])
  const seek = buffer.seek(100n, -1)
  if (seek.kind !== 'found') throw new Error(seek.kind)
  expect(linesOf(chunkOf(seek.cursor.next(270, true)).bytes)).toEqual(['101:1', '101:end'])
})

test('listeners are called once per window', () => {
  const buffer = started()
  let calls = 0
  const end = buffer.subscribe(() => (calls += 1))
  addWindow(buffer, 101n, [])
  addWindow(buffer, 102n, [])
  end()
  addWindow(buffer, 103n, [])
  expect(calls).toBe(2)
})

test('a full buffer keeps what is needed, makes the writer wait, and takes one more whole window', async () => {
  let needed = 100n
  const buffer = started({ neededAfterScn: () => needed })
  let scn = 100n
  while (buffer.whenWritable() === undefined) addWindow(buffer, ++scn, [{ key: 1, valueBytes: 1500 }])
  const waiting = buffer.whenWritable()
  const large = Array.from({ length: 7 }, (_, key) => ({ key, valueBytes: 1500 }))
  addWindow(buffer, ++scn, large)
  checkBuffer(buffer)
  expect([buffer.prevScn, buffer.isBlocked]).toEqual([100n, true])
  expect(() => {
    for (;;) addWindow(buffer, ++scn, [{ key: 1, valueBytes: 1500 }])
  }).toThrow(BufferFullError)
  buffer.rollbackWindow()
  needed = 101n
  buffer.recheck()
  expect(buffer.isBlocked).toBe(true)
  needed = buffer.lastScn - 1n
  buffer.recheck()
  await waiting
  expect([buffer.whenWritable(), buffer.isBlocked]).toEqual([undefined, false])
  expect(buffer.prevScn).toBeLessThanOrEqual(needed)
  checkBuffer(buffer)
})

test('what nobody needs makes room, and stays until the room is needed', () => {
  const buffer = started({ neededAfterScn: () => undefined })
  for (let scn = 101n; scn < 150n; scn++) {
    expect(buffer.whenWritable()).toBeUndefined()
    addWindow(buffer, scn, [{ key: 1, valueBytes: 1500 }])
    checkBuffer(buffer)
  }
  expect(buffer.lastScn - buffer.prevScn).toBeGreaterThanOrEqual(6n)
})

test('a window larger than the buffer is refused by name however empty the buffer is, whether windows are needed or not', () => {
  for (const needed of [undefined, 100n]) {
    const buffer = started({ neededAfterScn: () => needed })
    buffer.beginWindow()
    expect(() => {
      for (let i = 0; i < 100; i++) buffer.append(appendOf({ key: i, valueBytes: 500 }), filler(500))
    }).toThrow(WindowTooLargeError)
    buffer.rollbackWindow()
    addWindow(buffer, 101n, [{ key: 2, valueBytes: 10 }])
    checkBuffer(buffer)
  }
})

test('a buffer that is one large event waits for its readers and leaves whole', async () => {
  let needed = 100n
  const buffer = started({ neededAfterScn: () => needed })
  addWindow(buffer, 101n, [{ key: 1, valueBytes: 16_384 - 2 * endOfPeriodBytes(1) }])
  const waiting = buffer.whenWritable()
  expect(waiting).toBeDefined()
  expect(drain(found(buffer, 100n, -1))).toEqual(['101:1', '101:end'])
  needed = 101n
  buffer.recheck()
  await waiting
  addWindow(buffer, 102n, [{ key: 1, valueBytes: 10 }])
  checkBuffer(buffer)
  expect(drain(found(buffer, 101n, -1))).toEqual(['102:1', '102:end'])
})

test('a writer that is told to stop waits no more', async () => {
  const buffer = started({ neededAfterScn: () => 100n })
  let scn = 100n
  while (buffer.whenWritable() === undefined) addWindow(buffer, ++scn, [{ key: 1, valueBytes: 1500 }])
  const waiting = buffer.whenWritable()
  buffer.stopWaiting()
  await waiting
  expect([buffer.whenWritable(), buffer.isBlocked]).toEqual([undefined, false])
  expect(buffer.prevScn).toBe(100n)
})

test('a reader goes on after any number of events of a window that spans segments', () => {
  const buffer = new EventBuffer({ maxBytes: 65_536, physicalPartition: 1 })
  buffer.start(100n)
  addWindow(
    buffer,
    101n,
    Array.from({ length: 200 }, (_, key) => ({ key, valueBytes: 195 })),
  )
  addWindow(buffer, 102n, [])
  const all = drain(found(buffer, 100n, -1))
  expect(buffer.segments.length).toBeGreaterThan(3)
  for (let consumed = 0; consumed <= 202; consumed++) {
    expect(drain(found(buffer, 101n, consumed))).toEqual(all.slice(Math.min(consumed, 201)))
  }
})

test('a reader inside the window before the first one is told that the rest of it is gone', () => {
  const buffer = started()
  expect(buffer.seek(100n, 3)).toEqual({ kind: 'gone', prevScn: 100n })
  addWindow(buffer, 101n, [])
  expect(buffer.seek(100n, 3)).toEqual({ kind: 'gone', prevScn: 100n })
})

test('counts the bytes of values, of events with long and with byte keys', () => {
  const buffer = started()
  addWindow(buffer, 101n, [
    { key: 1, valueBytes: 10 },
    { key: 'zwölf', valueBytes: 100 },
  ])
  addWindow(buffer, 102n, [])
  addWindow(buffer, 103n, [{ key: 2, valueBytes: 7 }])
  expect([buffer.events, buffer.payloadBytes, buffer.windows]).toEqual([3, 117, 3])
  expect(buffer.eventBytes).toBe(61 + 10 + 57 + Buffer.byteLength('zwölf') + 100 + 61 + 7 + 3 * 61)
})

/** How many fields of events are read by `work`: the steps that it takes through the buffer. */
function readsOf(work: () => unknown): number {
  const reads = vi.spyOn(DataView.prototype, 'getInt32')
  try {
    work()
    return reads.mock.calls.length
  } finally {
    reads.mockRestore()
  }
}

test('a search does not walk through the segments of a window that spans many', () => {
  const buffer = started({ maxBytes: 64 * 2048 })
  const events = Array.from({ length: 1400 }, (_, key) => ({ key, valueBytes: 19 }))
  addWindow(buffer, 101n, [{ key: 1, valueBytes: 1 }])
  addWindow(buffer, 102n, events)
  addWindow(buffer, 103n, [{ key: 2, valueBytes: 1 }])
  const perSegment = 2048 / 80
  expect(buffer.segments.length).toBeGreaterThan(50)
  const place = (scn: bigint, offset: number): string[] => drain(found(buffer, scn, offset)).slice(0, 2)
  expect(place(102n, -1)).toEqual(['103:2', '103:end'])
  expect(place(102n, 1000)).toEqual(['102:1000', '102:1001'])
  expect(place(102n, 1400)).toEqual(['102:end', '103:2'])
  expect(place(102n, 1401)).toEqual(['103:2', '103:end'])
  for (const offset of [-1, 1, 1000, 1400, 5000]) {
    expect(
      readsOf(() => buffer.seek(102n, offset)),
      `offset ${offset}`,
    ).toBeLessThan(3 * perSegment)
  }
})
