import { EventBuffer } from '@aesop/buffer'
import { endAt } from '@aesop/event'
import { takesCopies, WindowCopy, type WindowSink } from '@aesop/producer'
import { expect, test } from 'vitest'
import { addWindow } from '../../../test/support/windows.ts'

function started(): EventBuffer {
  const buffer = new EventBuffer({ maxBytes: 1 << 20, physicalPartition: 1 })
  buffer.start(100n)
  return buffer
}

function bytesOf(buffer: EventBuffer): Buffer {
  const step = buffer.read(100n, -1, 1 << 20)
  if (step.kind !== 'chunk') throw new Error(step.kind)
  return step.bytes
}

/** Three windows, the second of which is empty, and where their events end. */
function windows(): { bytes: Buffer; ends: readonly number[] } {
  const buffer = started()
  addWindow(buffer, 101n, [
    { key: 1, valueBytes: 4 },
    { key: 2, valueBytes: 9 },
  ])
  addWindow(buffer, 102n, [])
  addWindow(buffer, 103n, [{ key: 3, valueBytes: 0 }])
  const bytes = bytesOf(buffer)
  const ends: number[] = []
  for (let at = 0; at < bytes.length; at = ends.at(-1) ?? at) ends.push(endAt(bytes, at))
  return { bytes, ends }
}

test('windows are copied byte for byte, wherever pieces end, and are there when they are closed', () => {
  const { bytes, ends } = windows()
  expect(ends.length).toBe(6)
  for (const cut of ends) {
    const sink = started()
    const copy = new WindowCopy(sink)
    copy.take(bytes.subarray(0, cut))
    const closed = [2, 3, 5].filter((at) => (ends[at] as number) <= cut).length
    expect([copy.windows, copy.isOpen, sink.lastScn]).toEqual([
      closed,
      ![2, 3, 5].includes(ends.indexOf(cut)),
      100n + BigInt(closed),
    ])
    copy.take(bytes.subarray(cut))
    expect([copy.windows, copy.isOpen, bytesOf(sink).equals(bytes)]).toEqual([3, false, true])
  }
})

test('a window without an end is given up, and may come again', () => {
  const { bytes, ends } = windows()
  const sink = started()
  const copy = new WindowCopy(sink)
  copy.giveUp()
  copy.take(bytes.subarray(0, ends[1]))
  copy.giveUp()
  expect([copy.isOpen, sink.lastScn]).toEqual([false, 100n])
  copy.take(bytes)
  expect([copy.windows, bytesOf(sink).equals(bytes)]).toEqual([3, true])
})

test('a sink says whether it takes copies', () => {
  const sink = started()
  const without = { beginWindow: () => undefined } as unknown as WindowSink
  const halves = [{ appendCopy: () => undefined }, { endWindowCopy: () => undefined }] as unknown as WindowSink[]
  expect([takesCopies(sink), takesCopies(without), ...halves.map(takesCopies)]).toEqual([true, false, false, false])
})
