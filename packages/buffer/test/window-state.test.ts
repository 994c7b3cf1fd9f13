import {
  BufferChunk,
  checkBuffer,
  EventBuffer,
  ScnOrderError,
  ValueOverflowError,
  WindowStateError,
} from '@aesop/buffer'
import { EventView } from '@aesop/event'
import { type AesopError } from '@aesop/kernel'
import { expect, test } from 'vitest'
import { addWindow, appendOf, drain, filler } from '../../../test/support/windows.ts'

function started(): EventBuffer {
  const buffer = new EventBuffer({ maxBytes: 16_384, segmentBytes: 2048, physicalPartition: 7 })
  buffer.start(100n)
  return buffer
}

function thrownBy(work: () => unknown): AesopError {
  try {
    work()
  } catch (error) {
    return error as AesopError
  }
  throw new Error('nothing was thrown')
}

const one = appendOf({ key: 1, valueBytes: 0 })
const calls = {
  start: (buffer: EventBuffer) => {
    buffer.start(1n)
  },
  beginWindow: (buffer: EventBuffer) => {
    buffer.beginWindow()
  },
  append: (buffer: EventBuffer) => {
    buffer.append(one, filler(0))
  },
  endWindow: (buffer: EventBuffer) => {
    buffer.endWindow(200n)
  },
  mark: (buffer: EventBuffer) => buffer.mark(),
}

test.each([
  ['beginWindow', 'new', 'the buffer is not started'],
  ['append', 'new', 'no window is open'],
  ['endWindow', 'new', 'no window is open'],
  ['mark', 'new', 'no window is open'],
  ['start', 'started', 'the buffer is started already'],
  ['append', 'started', 'no window is open'],
  ['endWindow', 'started', 'no window is open'],
  ['mark', 'started', 'no window is open'],
  ['start', 'open', 'the buffer is started already'],
  ['beginWindow', 'open', 'a window is open'],
] as const)('%s of a buffer that is %s is refused, and changes nothing', (call, state, fault) => {
  const buffer = new EventBuffer({ maxBytes: 16_384, physicalPartition: 1 })
  if (state !== 'new') buffer.start(100n)
  if (state === 'open') buffer.beginWindow()
  const error = thrownBy(() => calls[call](buffer))
  expect(error).toBeInstanceOf(WindowStateError)
  expect(error.message).toContain(`${call} was called, but ${fault}`)
  if (state === 'new') buffer.start(100n)
  if (state !== 'open') buffer.beginWindow()
  buffer.append(appendOf({ key: 5, valueBytes: 1 }), filler(1))
  buffer.endWindow(101n)
  checkBuffer(buffer)
  expect([drain(buffer.seekLatest()), buffer.prevScn]).toEqual([['101:5', '101:end'], 100n])
})

test('a mark of a window that is over is refused', () => {
  const buffer = started()
  buffer.beginWindow()
  const back = buffer.mark()
  buffer.rollbackWindow()
  const error = thrownBy(back)
  expect(error.message).toContain('mark was called, but the window that was marked is not open any more')
})

test('a window under an SCN that is not above says both, and can be closed under one that is', () => {
  const buffer = started()
  addWindow(buffer, 105n, [])
  buffer.beginWindow()
  calls.append(buffer)
  for (const scn of [105n, 104n]) {
    const error = thrownBy(() => {
      buffer.endWindow(scn)
    })
    expect(error).toBeInstanceOf(ScnOrderError)
    expect(error.fields).toEqual({ scn, lastScn: 105n })
  }
  buffer.endWindow(106n)
  checkBuffer(buffer)
  expect(drain(buffer.seekLatest())).toEqual(['106:1', '106:end'])
})

test('a value beyond its bound is told with what it took, from wherever it began', () => {
  const buffer = started()
  addWindow(buffer, 101n, [{ key: 1, valueBytes: 500 }])
  buffer.beginWindow()
  const error = thrownBy(() => {
    buffer.append({ ...appendOf({ key: 1, valueBytes: 10 }), sourceId: 40 }, filler(15))
  })
  expect(error).toBeInstanceOf(ValueOverflowError)
  expect(error.fields).toEqual({ sourceId: 40, writtenBytes: 76, announcedBytes: 71 })
})

/** The times of the ends of all windows, and the partitions of all events. */
function endsOf(buffer: EventBuffer): { times: bigint[]; partitions: Set<number> } {
  const times: bigint[] = []
  const partitions = new Set<number>()
  const step = buffer.read(-1n, -1, 1 << 20)
  if (!(step instanceof BufferChunk)) throw new Error(step.kind)
  const view = new EventView(step.bytes, 0)
  for (let at = 0; at < step.bytes.length; at = view.end) {
    view.moveTo(step.bytes, at)
    partitions.add(view.physicalPartition)
    if (view.isEndOfPeriod) times.push(view.timestampNanos)
  }
  return { times, partitions }
}

test('the end of a window has the time of its last event that was not taken back', () => {
  const buffer = started()
  const add = (timestampNanos: bigint): void => {
    buffer.append({ ...one, timestampNanos }, filler(0))
  }
  buffer.beginWindow()
  add(5n)
  add(6n)
  buffer.endWindow(101n)
  buffer.beginWindow()
  const toNothing = buffer.mark()
  add(7n)
  toNothing()
  buffer.endWindow(102n)
  buffer.beginWindow()
  add(8n)
  const toEight = buffer.mark()
  add(9n)
  toEight()
  buffer.endWindow(103n)
  checkBuffer(buffer)
  expect(endsOf(buffer)).toEqual({ times: [6n, 6n, 8n], partitions: new Set([7]) })
})

test('a window that is taken back to nothing is still open, and one that was rolled back is not', () => {
  const buffer = started()
  buffer.beginWindow()
  const back = buffer.mark()
  calls.append(buffer)
  back()
  buffer.endWindow(101n)
  buffer.beginWindow()
  calls.append(buffer)
  buffer.rollbackWindow()
  expect(
    thrownBy(() => {
      calls.append(buffer)
    }).message,
  ).toContain('no window is open')
  addWindow(buffer, 102n, [{ key: 2, valueBytes: 0 }])
  expect(drain(buffer.seekLatest())).toEqual(['102:2', '102:end'])
  expect([buffer.windows, buffer.events]).toEqual([2, 1])
})

test('a window that is taken back to nothing begins where its next event does, also when the first one went into a further segment', () => {
  const buffer = started()
  addWindow(buffer, 101n, [{ key: 1, valueBytes: 1500 }])
  buffer.beginWindow()
  const back = buffer.mark()
  buffer.append(appendOf({ key: 2, valueBytes: 1000 }), filler(1000))
  expect(buffer.segments.length).toBe(2)
  back()
  buffer.append(appendOf({ key: 3, valueBytes: 10 }), filler(10))
  buffer.endWindow(102n)
  checkBuffer(buffer)
  expect(drain(buffer.seekLatest())).toEqual(['102:3', '102:end'])
})

test('the latest place is before the newest window, within its segment', () => {
  const buffer = started()
  for (const scn of [101n, 102n, 103n]) addWindow(buffer, scn, [{ key: Number(scn), valueBytes: 10 }])
  const latest = buffer.seekLatest()
  expect(drain(latest)).toEqual(['103:103', '103:end'])
})

test('a listener hears of a window when it can be read, and of none that is refused or taken back', () => {
  const buffer = started()
  const heard: bigint[] = []
  const end = buffer.subscribe(() => {
    heard.push(buffer.lastScn)
    expect(buffer.read(buffer.lastScn - 1n, -1, 1000).kind).toBe('chunk')
  })
  addWindow(buffer, 101n, [])
  buffer.beginWindow()
  thrownBy(() => {
    buffer.endWindow(101n)
  })
  buffer.rollbackWindow()
  addWindow(buffer, 102n, [])
  end()
  end()
  addWindow(buffer, 103n, [])
  expect(heard).toEqual([101n, 102n])
})
