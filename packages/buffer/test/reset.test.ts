import { EventBuffer } from '@aesop/buffer'
import { expect, test } from 'vitest'
import { addWindow, appendOf, drained, filler } from '../../../test/support/windows.ts'

const SEGMENT_BYTES = 4096

function filled(): EventBuffer {
  const buffer = new EventBuffer({ maxBytes: 16 * SEGMENT_BYTES, segmentBytes: SEGMENT_BYTES, physicalPartition: 1 })
  buffer.start(100n)
  for (let scn = 101n; scn <= 140n; scn += 1n) addWindow(buffer, scn, [{ key: Number(scn), valueBytes: 400 }])
  return buffer
}

test('after a reset the buffer is empty, and goes on after the newest window', async () => {
  const buffer = filled()
  expect(buffer.segments.length).toBeGreaterThan(3)
  buffer.reset()
  expect([buffer.minScn, buffer.prevScn, buffer.lastScn, buffer.heldBytes]).toEqual([-1n, 140n, 140n, SEGMENT_BYTES])
  addWindow(buffer, 141n, [{ key: 1, valueBytes: 4 }])
  const reader = buffer.openReader()
  expect(reader.seek(139n, -1)).toEqual({ kind: 'gone', prevScn: 140n })
  expect(reader.seek(140n, -1)).toEqual({ kind: 'found' })
  expect(await drained(reader)).toEqual(['141:1', '141:end'])
})

test('a reader that had all goes on after a reset; one that had not is overrun', async () => {
  const buffer = filled()
  const [ready, slow] = [buffer.openReader(), buffer.openReader()]
  await ready.seek(100n, -1)
  await slow.seek(100n, -1)
  await drained(ready)
  const chunk = await slow.next(600)
  expect(chunk.kind).toBe('chunk')
  buffer.reset()
  addWindow(buffer, 141n, [{ key: 1, valueBytes: 4 }])
  expect(await drained(ready)).toEqual(['141:1', '141:end'])
  expect(await slow.next(600)).toEqual({ kind: 'overrun', scn: 101n })
})

test.each(['closed', 'rolled back'])('a window that is open is %s first', (how) => {
  const buffer = filled()
  buffer.beginWindow()
  buffer.append(appendOf({ key: 1, valueBytes: 4 }), filler(4))
  buffer.reset()
  expect(buffer.minScn).toBe(101n)
  if (how === 'closed') buffer.endWindow(141n)
  else buffer.rollbackWindow()
  const last = how === 'closed' ? 141n : 140n
  expect([buffer.minScn, buffer.prevScn, buffer.lastScn]).toEqual([-1n, last, last])
})

test('a writer that waits for what is needed goes on after a reset', async () => {
  const buffer = new EventBuffer({
    maxBytes: 4 * SEGMENT_BYTES,
    segmentBytes: SEGMENT_BYTES,
    physicalPartition: 1,
    neededAfterScn: () => 100n,
  })
  buffer.start(100n)
  let waits: Promise<void> | undefined
  for (let scn = 101n; (waits = buffer.whenWritable()) === undefined; scn += 1n)
    addWindow(buffer, scn, [{ key: 1, valueBytes: 400 }])
  buffer.reset()
  await waits
  expect(buffer.heldBytes).toBe(SEGMENT_BYTES)
})
