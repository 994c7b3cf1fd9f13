import { BufferChunk, checkBuffer, EventBuffer } from '@aesop/buffer'
import { endOfPeriodBytes, EventCorruptError, sealEvent } from '@aesop/event'
import { expect, test } from 'vitest'
import { type Segment } from '../src/segment.ts'
import { addWindow, appendOf, filler, poolOf } from '../../../test/support/windows.ts'

/** Four windows, of which the second spans segments, behind the rest of one that is gone; segments that were dropped are free. */
function filled(): EventBuffer {
  const buffer = new EventBuffer({ maxBytes: 32_768, segmentBytes: 2048, physicalPartition: 1 })
  buffer.start(99n)
  addWindow(buffer, 100n, window(16, 800))
  addWindow(buffer, 101n, window(2, 300))
  addWindow(buffer, 102n, window(8, 700))
  addWindow(buffer, 103n, window(1, 100))
  addWindow(buffer, 105n, window(1, 100))
  buffer.beginWindow()
  for (let i = 0; i < 5; i++) buffer.append(appendOf({ key: i, valueBytes: 1000 }), filler(1000))
  buffer.rollbackWindow()
  return buffer
}

function window(events: number, valueBytes: number): { key: number; valueBytes: number }[] {
  return Array.from({ length: events }, (_, key) => ({ key, valueBytes }))
}

/** The segment in which the window begins. */
function beginOf(buffer: EventBuffer, scn: bigint): Segment {
  const segment = buffer.segments.find((one) => [...one.indexScns.subarray(0, one.indexLength)].includes(scn))
  if (segment === undefined) throw new Error(`no index names ${scn}`)
  return segment
}

const first = (buffer: EventBuffer): Segment => buffer.segments.find((one) => one.firstWindowOffset >= 0) as Segment
const last = (buffer: EventBuffer): Segment => buffer.segments.findLast((one) => one.visibleEnd > 0) as Segment
const within = (buffer: EventBuffer): Segment => {
  const segment = buffer.segments.findLast((one) => one.firstWindowOffset < 0 && one.visibleEnd > 0)
  if (segment === undefined) throw new Error('no window spans a segment')
  return segment
}

function says(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value })
}

test('a buffer that is whole passes, empty, filled, with an open window, and behind evicted ones', () => {
  const empty = new EventBuffer({ maxBytes: 16_384, segmentBytes: 2048, physicalPartition: 1 })
  empty.start(99n)
  checkBuffer(empty)
  const buffer = filled()
  checkBuffer(buffer)
  expect([buffer.prevScn, buffer.lastScn, poolOf(buffer).freeSegments.length > 0]).toEqual([100n, 105n, true])
  expect([first(buffer), within(buffer), last(buffer)].map((segment) => segment.visibleEnd > 0)).toEqual([
    true,
    true,
    true,
  ])
  buffer.beginWindow()
  buffer.append(appendOf({ key: 1, valueBytes: 10 }), filler(10))
  checkBuffer(buffer)
})

test('an empty buffer whose newest SCN is not the one before it fails', () => {
  const empty = new EventBuffer({ maxBytes: 16_384, segmentBytes: 2048, physicalPartition: 1 })
  empty.start(99n)
  says(empty, 'lastScn', 100n)
  expect(() => {
    checkBuffer(empty)
  }).toThrow('the last window is 100, found 99')
})

const damages: readonly (readonly [what: string, damage: (buffer: EventBuffer) => void])[] = [
  ['is linked to the next', (b) => void (first(b).next = undefined)],
  ['is linked to the next', (b) => void ((b.segments.at(-1) as Segment).next = first(b))],
  ['a segment in use has a number', (b) => void (first(b).number = -1)],
  ['segment numbers grow', (b) => void (last(b).number = first(b).number)],
  [
    'the segments in use sum up to heldBytes',
    (b) => {
      const segments = b.segments as Segment[]
      segments.pop()
      ;(segments.at(-1) as Segment).next = undefined
    },
  ],
  [
    'bytes are held, at most',
    (b) => {
      says(b, 'heldBytesMax', b.heldBytes - 1)
    },
  ],
  ['a free segment is held by nobody', (b) => void ((poolOf(b).freeSegments[0] as Segment).number = 77)],
  [
    'a free segment is held by nobody',
    (b) => {
      const segment = poolOf(b).freeSegments.at(-1) as Segment
      new BufferChunk(segment, segment.bytes, 1n, true, () => undefined)
    },
  ],
  ['visibleEnd <= writeEnd <= capacity', (b) => void (last(b).writeEnd = last(b).visibleEnd - 1)],
  ['visibleEnd <= writeEnd <= capacity', (b) => void (last(b).writeEnd = last(b).capacity + 1)],
  ['visibleEnd <= writeEnd <= capacity', (b) => void (last(b).visibleEnd = -1)],
  [
    'events carry the partition of the buffer',
    (b) => {
      says(b, 'physicalPartition', 2)
    },
  ],
  ['lastEventOffset is the last event', (b) => void (within(b).lastEventOffset = 0)],
  ['events are visible, found', (b) => void (within(b).visibleEvents += 1)],
  [
    'is above',
    (b) => {
      const { bytes, lastWindowScn, visibleEnd, firstWindowOffset } = beginOf(b, 103n)
      expect(lastWindowScn).toBe(105n)
      for (let at = firstWindowOffset; at < visibleEnd;) at = sealEvent(bytes, at, 0, 103)
    },
  ],
  [
    'all events of a window have its SCN',
    (b) => {
      sealEvent(last(b).bytes, last(b).lastEventOffset, 0, 106)
    },
  ],
  [
    'all events of a window have its SCN',
    (b) => {
      sealEvent(within(b).bytes, 0, 0, 104)
    },
  ],
  [
    'the last visible window has its end',
    (b) => {
      const segment = last(b)
      segment.visibleEnd = segment.lastEventOffset
      segment.lastEventOffset -= endOfPeriodBytes(1) + 100
      segment.visibleEvents -= 1
    },
  ],
  [
    'the last window is 106, found 105',
    (b) => {
      says(b, 'lastScn', 106n)
    },
  ],
  ...[100n, 106n].map((min) => {
    const damage = (b: EventBuffer): void => {
      says(b, 'minScn', min)
    }
    return ['prevScn < minScn <= lastScn', damage] as const
  }),
  ['firstWindowOffset is the first start', (b) => void (first(b).firstWindowOffset += 1)],
  ['firstWindowOffset is the first start', (b) => void (within(b).firstWindowOffset = 0)],
  ['the index has no more entries than windows', (b) => void (within(b).indexLength = 1)],
  ['points to the start of its window', (b) => void (first(b).indexScns[0] = 7n)],
  ['points to the start of its window', (b) => void (last(b).indexOffsets[0] = 1)],
  ['lastWindowScn is the last start', (b) => void (last(b).lastWindowScn = 106n)],
]

test.each(damages)('a buffer that is not whole fails: %s (%#)', (what, damage) => {
  const buffer = filled()
  damage(buffer)
  expect(() => {
    checkBuffer(buffer)
  }).toThrow(what)
})

test('one damaged bit in any segment fails', () => {
  const { length } = filled().segments.filter(({ visibleEnd }) => visibleEnd > 0)
  expect(length).toBeGreaterThan(8)
  for (let i = 0; i < length; i++) {
    const buffer = filled()
    const { bytes, visibleEnd } = buffer.segments[i] as Segment
    const at = visibleEnd - 3
    bytes[at] = (bytes[at] as number) ^ 4
    expect(() => {
      checkBuffer(buffer)
    }).toThrow(EventCorruptError)
  }
})

test('a segment that has left memory can not be verified', () => {
  const buffer = filled()
  last(buffer).leave()
  expect(() => {
    checkBuffer(buffer)
  }).toThrow('what is verified is in memory')
})
