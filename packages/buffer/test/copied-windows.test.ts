import { EventBuffer } from '@aesop/buffer'
import { isEndOfPeriodAt, lengthAt } from '@aesop/event'
import { expect, test } from 'vitest'
import { addWindow } from '../../../test/support/windows.ts'

const SIZES = { maxBytes: 64 * 4096, segmentBytes: 4096 }

/** All bytes after an SCN, and whether the last one ends a window. */
async function bytesOf(buffer: EventBuffer, scn: bigint): Promise<Buffer> {
  const reader = buffer.openReader()
  await reader.seek(scn, -1)
  const parts: Buffer[] = []
  for (;;) {
    const step = await reader.next(1 << 20)
    if (step.kind !== 'chunk') return Buffer.concat(parts)
    parts.push(Buffer.from(step.bytes))
    step.release()
  }
}

function copy(bytes: Buffer, to: EventBuffer): void {
  let isOpen = false
  for (let at = 0; at < bytes.length; at += lengthAt(bytes, at)) {
    if (!isOpen) to.beginWindow()
    isOpen = !isEndOfPeriodAt(bytes, at)
    if (isOpen) to.appendCopy(bytes, at, lengthAt(bytes, at))
    else to.endWindowCopy(bytes, at)
  }
}

test('windows that are copied have the same bytes, also empty ones, whatever the size of segments', async () => {
  const from = new EventBuffer({ ...SIZES, physicalPartition: 7 })
  from.start(100n)
  for (let scn = 101n; scn <= 160n; scn += 1n) {
    const events = Array.from({ length: Number(scn % 4n) }, (_, key) => ({
      key: key % 2 ? key : `k${key}`,
      valueBytes: 700,
    }))
    addWindow(from, scn, events)
  }
  // One that begins behind others: the end of an empty window has the commit time of the row before it.
  for (const scn of [100n, 103n]) {
    const wanted = await bytesOf(from, scn)
    const to = new EventBuffer({ ...SIZES, segmentBytes: 8192, physicalPartition: 7 })
    to.start(scn)
    copy(wanted, to)
    expect((await bytesOf(to, scn)).equals(wanted)).toBe(true)
    expect([to.lastScn, to.events, to.payloadBytes]).toEqual([160n, wanted.length > 0 ? to.events : 0, to.events * 700])
    expect(to.windows).toBe(Number(160n - scn))
  }
})

test('a window that comes again is not copied twice, and none is copied outside of a window', async () => {
  const from = new EventBuffer({ ...SIZES, physicalPartition: 1 })
  from.start(100n)
  addWindow(from, 101n, [{ key: 1, valueBytes: 4 }])
  const bytes = await bytesOf(from, 100n)
  const to = new EventBuffer({ ...SIZES, physicalPartition: 1 })
  to.start(100n)
  copy(bytes, to)
  expect(() => {
    copy(bytes, to)
  }).toThrow('SCN 101')
  to.rollbackWindow()
  expect(() => {
    to.appendCopy(bytes, 0, lengthAt(bytes, 0))
  }).toThrow('no window is open')
})

test('events of another version are not copied: a buffer has one', async () => {
  for (const [version, other] of [
    [1, 2],
    [2, 1],
  ] as const) {
    const [from, same, foreign] = [version, version, other].map((eventVersion) => {
      const buffer = new EventBuffer({ ...SIZES, physicalPartition: 1, eventVersion })
      buffer.start(100n)
      return buffer
    }) as [EventBuffer, EventBuffer, EventBuffer]
    addWindow(from, 101n, [{ key: 1, valueBytes: 4 }])
    const bytes = await bytesOf(from, 100n)
    copy(bytes, same)
    expect((await bytesOf(same, 100n)).equals(bytes)).toBe(true)
    expect(() => {
      copy(bytes, foreign)
    }).toThrow(`an event that is to be copied is of version ${version}, the event buffer's are of ${other}`)
  }
})
