import { type BufferChunk } from '@aesop/buffer'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Segment } from '../src/segment.ts'
import { SegmentPool } from '../src/segment-pool.ts'
import { assertProperty } from '../../../test/support/property.ts'

const SEED = 20_261
const STEP_BYTES = 4096
const CAPACITY_BYTES = 65_536

/** Windows that begin one after the other within a segment. */
const windows = fc
  .array(fc.record({ bytes: fc.integer({ min: 61, max: 5000 }), gap: fc.integer({ min: 1, max: 3 }) }), {
    minLength: 1,
    maxLength: 60,
    size: 'max',
  })
  .map((list) => {
    let offset = 0
    let scn = 100n
    const starts = list.map(({ bytes, gap }) => {
      const start = { scn: (scn += BigInt(gap)), offset }
      offset += bytes
      return start
    })
    return starts.filter((start) => start.offset < CAPACITY_BYTES)
  })

test('the index names a window per 4 KiB, and finds the last one that is not above an SCN', () => {
  const reached = { sparse: 0, between: 0, before: 0, exactly: 0 }
  assertProperty(
    fc.property(windows, (starts) => {
      const segment = new Segment(CAPACITY_BYTES)
      const indexed: typeof starts = []
      for (const start of starts) {
        segment.addWindow(start.scn, start.offset)
        const last = indexed.at(-1)
        if (last === undefined || start.offset >= last.offset + STEP_BYTES) indexed.push(start)
      }
      expect(segment.indexLength).toBe(indexed.length)
      expect([...segment.indexOffsets.subarray(0, indexed.length)]).toEqual(indexed.map(({ offset }) => offset))
      expect([...segment.indexScns.subarray(0, indexed.length)]).toEqual(indexed.map(({ scn }) => scn))
      expect([segment.firstWindowScn, segment.firstWindowOffset]).toEqual([starts[0]?.scn, 0])
      expect(segment.lastWindowScn).toBe(starts.at(-1)?.scn)
      if (indexed.length > 3) reached.sparse++
      for (let scn = 99n; scn <= segment.lastWindowScn + 1n; scn++) {
        const place = indexed.findLast((candidate) => candidate.scn <= scn)
        expect(segment.indexedOffset(scn), `SCN ${scn}`).toBe(place?.offset ?? 0)
        reached[place === undefined ? 'before' : place.scn === scn ? 'exactly' : 'between']++
      }
    }),
    { seed: SEED, numRuns: 200, reached, atLeast: 50 },
  )
})

test('a window exactly 4 KiB after the last entry gets one, and one byte earlier none', () => {
  const segment = new Segment(3 * STEP_BYTES)
  segment.addWindow(1n, 10)
  segment.addWindow(2n, 10 + STEP_BYTES - 1)
  expect(segment.indexLength).toBe(1)
  segment.addWindow(3n, 10 + STEP_BYTES)
  expect([...segment.indexOffsets.subarray(0, segment.indexLength)]).toEqual([10, 10 + STEP_BYTES])
})

test('the index has room for a window at every step of the largest and the smallest segment', () => {
  for (const capacityBytes of [61, STEP_BYTES, STEP_BYTES + 1, 10 * STEP_BYTES]) {
    const segment = new Segment(capacityBytes)
    let entries = 0
    for (let offset = 0; offset < capacityBytes; offset += STEP_BYTES) segment.addWindow(BigInt(++entries), offset)
    expect(segment.indexLength).toBe(entries)
    expect(segment.indexScns.length).toBe(segment.indexOffsets.length)
    expect(segment.indexScns[entries - 1]).toBe(BigInt(entries))
    expect(segment.indexedOffset(BigInt(entries))).toBe((entries - 1) * STEP_BYTES)
    expect(segment.indexScns.length - entries).toBeLessThanOrEqual(1)
  }
})

/** What a segment says of its content; what its index has beyond `indexLength` is meaningless. */
function fieldsOf(segment: Segment): object {
  return { ...Object.fromEntries(Object.entries(segment)), bytes: 0, indexScns: 0, indexOffsets: 0 }
}

test('a segment that is used again knows nothing of before', () => {
  const segment = new Segment(1000)
  const fresh = fieldsOf(segment)
  segment.reset(7)
  expect(fieldsOf(segment)).toEqual({ ...fresh, number: 7 })
  Object.assign(segment, { visibleEnd: 9, writeEnd: 9, lastEventOffset: 3, visibleEvents: 2, next: new Segment(1) })
  segment.addWindow(5n, 2)
  segment.retire()
  expect([segment.number, segment.next]).toEqual([-1, undefined])
  segment.reset(8)
  expect(fieldsOf(segment)).toEqual({ ...fresh, number: 8 })
})

const SEGMENT_BYTES = 1000

/** A segment that a reader holds; `asked` counts how often it was told to let go. */
function held(pool: SegmentPool, number: number, capacityBytes = SEGMENT_BYTES): { segment: Segment; asked: number } {
  const segment = pool.take(capacityBytes, number)
  const reader = { segment, asked: 0 }
  const chunk = { onOverrun: () => (reader.asked += 1) }
  segment.holders.add(chunk as unknown as BufferChunk)
  return reader
}

test('the pool gives a returned segment out again, numbered anew, and takes back no more than it may keep', () => {
  const pool = new SegmentPool(SEGMENT_BYTES, 2 * SEGMENT_BYTES, 0)
  const [first, second, third] = [pool.take(SEGMENT_BYTES, 1), pool.take(SEGMENT_BYTES, 2), pool.take(SEGMENT_BYTES, 3)]
  expect(new Set([first, second, third]).size).toBe(3)
  for (const segment of [first, second, third]) pool.giveBack(segment)
  expect(pool.freeSegments).toEqual([first, second])
  expect(pool.freeSegments.map(({ number }) => number)).toEqual([-1, -1])
  expect(pool.take(SEGMENT_BYTES, 4)).toBe(second)
  expect(second.number).toBe(4)
  expect(pool.freeSegments).toEqual([first])
})

test('the pool neither keeps a segment of another size nor gives a kept one out in its place', () => {
  const pool = new SegmentPool(SEGMENT_BYTES, 10 * SEGMENT_BYTES, 0)
  const usual = pool.take(SEGMENT_BYTES, 1)
  const large = pool.take(3 * SEGMENT_BYTES, 2)
  expect([usual.capacity, large.capacity]).toEqual([SEGMENT_BYTES, 3 * SEGMENT_BYTES])
  pool.giveBack(large)
  expect(pool.freeSegments).toEqual([])
  pool.giveBack(usual)
  const other = pool.take(3 * SEGMENT_BYTES, 3)
  expect(other.capacity).toBe(3 * SEGMENT_BYTES)
  expect(pool.freeSegments).toEqual([usual])
})

test('what readers hold is retired, counted once, and kept when the last of them lets go', () => {
  const pool = new SegmentPool(SEGMENT_BYTES, 10 * SEGMENT_BYTES, 10 * SEGMENT_BYTES)
  const { segment } = held(pool, 1)
  pool.giveBack(segment)
  expect([pool.retiredBytes, pool.freeSegments]).toEqual([SEGMENT_BYTES, []])
  segment.holders.clear()
  pool.released(segment)
  pool.released(segment)
  expect([pool.retiredBytes, pool.freeSegments]).toEqual([0, [segment]])
})

test('readers of the oldest retired segments, and only of as many as exceed the bound, are asked to let go', () => {
  const pool = new SegmentPool(SEGMENT_BYTES, 0, 2 * SEGMENT_BYTES)
  const readers = [1, 2, 3].map((number) => held(pool, number))
  const asked = (): number[] => readers.map((reader) => reader.asked)
  const [first, second, third] = readers.map(({ segment }) => segment) as [Segment, Segment, Segment]
  pool.giveBack(first)
  pool.giveBack(second)
  expect(asked(), 'as much as may be').toEqual([0, 0, 0])
  pool.giveBack(third)
  expect(asked(), 'one too many').toEqual([1, 0, 0])
  const large = held(pool, 4, 2 * SEGMENT_BYTES)
  pool.giveBack(large.segment)
  expect([...asked(), large.asked], 'three too many').toEqual([2, 1, 1, 0])
})

test('a holder that lets go at once, or that was told nothing to call, does no harm', () => {
  const pool = new SegmentPool(SEGMENT_BYTES, 10 * SEGMENT_BYTES, 0)
  const silent = pool.take(SEGMENT_BYTES, 1)
  silent.holders.add({ onOverrun: undefined } as unknown as BufferChunk)
  pool.giveBack(silent)
  expect(pool.retiredBytes).toBe(SEGMENT_BYTES)
  const prompt = pool.take(SEGMENT_BYTES, 2)
  for (let i = 0; i < 3; i++) {
    const chunk = {
      onOverrun: () => {
        prompt.holders.delete(chunk as unknown as BufferChunk)
        if (prompt.holders.size === 0) pool.released(prompt)
      },
    }
    prompt.holders.add(chunk as unknown as BufferChunk)
  }
  pool.giveBack(prompt)
  expect([prompt.holders.size, pool.retiredBytes, pool.freeSegments]).toEqual([0, SEGMENT_BYTES, [prompt]])
})
