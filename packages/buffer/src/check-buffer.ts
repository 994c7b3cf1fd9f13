import { checkEvent, EventView } from '@aesop/event'
import { invariant } from '@aesop/kernel'
import { type EventBuffer } from './event-buffer.ts'
import { type Segment } from './segment.ts'
import { SegmentPool } from './segment-pool.ts'

interface Walk {
  scn: bigint
  insideWindow: boolean
  /** True until the first whole window: the rest of an evicted one may lie before it. */
  beforeFirst: boolean
}

/** Verifies every invariant of DESIGN.md; for tests, because it reads the whole buffer, which has to be in memory. @throws InvariantError, EventCorruptError */
export function checkBuffer(buffer: EventBuffer): void {
  checkSegmentList(buffer)
  const walk: Walk = { scn: buffer.prevScn, insideWindow: false, beforeFirst: true }
  for (const segment of buffer.segments) checkSegment(segment, walk, buffer.physicalPartition)
  invariant(!walk.insideWindow, 'the last visible window has its end')
  const newest = walk.beforeFirst ? buffer.prevScn : walk.scn
  invariant(newest === buffer.lastScn, `the last window is ${buffer.lastScn.toString()}, found ${newest.toString()}`)
  const min = buffer.minScn
  invariant(min === -1n || (buffer.prevScn < min && min <= buffer.lastScn), 'prevScn < minScn <= lastScn')
}

function checkSegmentList(buffer: EventBuffer): void {
  const { segments, store } = buffer
  let bytes = 0
  for (const [i, segment] of segments.entries()) {
    bytes += segment.capacity
    invariant(segment.next === segments[i + 1], `segment ${segment.number} is linked to the next`)
    invariant(segment.number >= 0, 'a segment in use has a number')
    const before = segments[i - 1]
    invariant(before === undefined || before.number < segment.number, 'segment numbers grow')
  }
  invariant(bytes === buffer.heldBytes, 'the segments in use sum up to heldBytes')
  const bound = buffer.heldBytesMax
  invariant(bytes <= bound, `${bytes} bytes are held, at most ${bound} may be`)
  if (!(store instanceof SegmentPool)) return
  for (const segment of store.freeSegments) {
    invariant(segment.holders.size === 0 && segment.number < 0, 'a free segment is held by nobody')
  }
}

function checkSegment(segment: Segment, walk: Walk, physicalPartition: number): void {
  invariant(segment.visibleEnd === 0 || !segment.isAway, 'what is verified is in memory')
  const { visibleEnd, writeEnd, capacity, bytes } = segment
  invariant(0 <= visibleEnd && visibleEnd <= writeEnd && writeEnd <= capacity, 'visibleEnd <= writeEnd <= capacity')
  const starts: { scn: bigint; offset: number }[] = []
  const view = new EventView(bytes, 0)
  let last = -1
  let events = 0
  for (let at = 0; at < visibleEnd; at = view.moveTo(bytes, at).end) {
    last = at
    events += 1
    view.moveTo(bytes, at)
    checkEvent(bytes, at, view.length)
    invariant(view.physicalPartition === physicalPartition, 'events carry the partition of the buffer')
    if (walk.beforeFirst && at === segment.firstWindowOffset) walk.beforeFirst = false
    if (!walk.beforeFirst && checkInWindow(view, walk)) starts.push({ scn: view.scn, offset: at })
  }
  if (visibleEnd > 0) invariant(last === segment.lastEventOffset, 'lastEventOffset is the last event')
  invariant(events === segment.visibleEvents, `${segment.visibleEvents} events are visible, found ${events}`)
  checkIndex(segment, starts)
}

/** @returns whether the event begins a window */
function checkInWindow(view: EventView, walk: Walk): boolean {
  const begins = !walk.insideWindow
  if (begins) invariant(view.scn > walk.scn, `SCN ${view.scn.toString()} is above ${walk.scn.toString()}`)
  else invariant(view.scn === walk.scn, 'all events of a window have its SCN')
  walk.scn = view.scn
  walk.insideWindow = !view.isEndOfPeriod
  return begins
}

function checkIndex(segment: Segment, starts: readonly { scn: bigint; offset: number }[]): void {
  invariant(segment.firstWindowOffset === (starts[0]?.offset ?? -1), 'firstWindowOffset is the first start')
  invariant(segment.indexLength <= starts.length, 'the index has no more entries than windows')
  const byOffset = new Map(starts.map((start) => [start.offset, start.scn]))
  for (let i = 0; i < segment.indexLength; i++) {
    const offset = segment.indexOffsets[i] as number
    invariant(byOffset.get(offset) === segment.indexScns[i], `index entry ${i} points to the start of its window`)
  }
  if (starts.length > 0) invariant(segment.lastWindowScn === starts.at(-1)?.scn, 'lastWindowScn is the last start')
}
