import { EventBuffer, SegmentPool } from '@aesop/buffer'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assertProperty } from '../../../test/support/property.ts'
import { addWindow } from '../../../test/support/windows.ts'
import { FarSegments } from '../../../test/support/far-segments.ts'

/** What a reader gets after a window: the bytes that are to be told without reading them. */
function readAfter(buffer: EventBuffer, scn: bigint): number | undefined {
  const seek = buffer.seek(scn, -1)
  if (seek.kind !== 'found') return undefined
  let bytes = 0
  for (;;) {
    const step = seek.cursor.next(1 << 20)
    if (step.kind !== 'chunk') return bytes
    bytes += step.bytes.length
    step.release()
  }
}

test('the bytes after a window are those that its reader gets, over any number of segments', () => {
  const reached = { gone: 0, several: 0, end: 0 }
  const windows = fc.array(fc.array(fc.nat({ max: 700 }), { maxLength: 4 }), { minLength: 1, maxLength: 40 })
  assertProperty(
    fc.property(windows, (all) => {
      const buffer = new EventBuffer({ maxBytes: 16_384, segmentBytes: 2048, physicalPartition: 1 })
      buffer.start(100n)
      let scn = 100n
      for (const rows of all)
        addWindow(
          buffer,
          (scn += 2n),
          rows.map((valueBytes, key) => ({ key, valueBytes })),
        )
      for (let after = 99n; after <= scn; after++) {
        const bytes = readAfter(buffer, after)
        expect(buffer.bytesAfter(after), `after ${after}`).toBe(bytes)
        if (bytes === undefined) reached.gone++
        else if (bytes === 0) reached.end++
        else if (bytes > 4096) reached.several++
      }
    }),
    { seed: 20_261_129, numRuns: 60, reached, atLeast: 20 },
  )
})

test('of a reader whose place lies in a file the bytes are told from the index: those, and what of its search is before them', async () => {
  const buffer = new EventBuffer({ maxBytes: 1 << 20, physicalPartition: 1, store: new FarSegments(16_384, 2) })
  buffer.start(100n)
  for (let scn = 101n; scn <= 300n; scn++) addWindow(buffer, scn, [{ key: Number(scn), valueBytes: 500 }])
  const all = buffer.roomAfter(100n)?.behindBytes ?? 0
  const ofWindow = all / 200
  let far = 0
  for (let scn = 100n; scn <= 300n; scn++) {
    const exact = all - Number(scn - 100n) * ofWindow
    const told = buffer.bytesAfter(scn) ?? -1
    expect(told, `after ${scn}`).toBeGreaterThanOrEqual(exact)
    expect(told, `after ${scn}`).toBeLessThan(exact + 4096 + ofWindow)
    if ('kind' in buffer.seek(scn, -1) && buffer.seek(scn, -1).kind === 'far') far++
  }
  expect(far).toBeGreaterThan(50)
  await buffer.close()
})

describe.each([
  ['in memory', () => new SegmentPool(4096, 65_536, 4096)],
  ['in files', () => new FarSegments(4096, 2)],
])('how many bytes may be written before a place is gone, %s', (_where, store) => {
  test.each([0, 3000, 9000])('for a reader that stands still, with %i bytes of a row', (valueBytes) => {
    const buffer = new EventBuffer({ maxBytes: 65_536, physicalPartition: 1, store: store() })
    buffer.start(0n)
    let scn = 0n
    const write = (): void => {
      void buffer.whenWritable()
      addWindow(buffer, ++scn, [{ key: 1, valueBytes }])
    }
    while (scn < 30n) write()
    // The next segment may be taken for what follows the newest window.
    const standing = scn - 1n
    let last = Infinity
    let written = 0
    const atFirst = buffer.roomAfter(standing)?.leftBytes ?? -1
    for (let room = buffer.roomAfter(standing); room !== undefined; room = buffer.roomAfter(standing)) {
      expect(room.leftBytes).toBeLessThanOrEqual(last)
      last = room.leftBytes
      const before = buffer.eventBytes
      write()
      written += buffer.eventBytes - before
    }
    // An event that does not fit leaves the end of its segment empty; one that is larger has one of its own.
    expect(written).toBeGreaterThan(0.7 * atFirst)
    expect(written).toBeLessThanOrEqual(atFirst + 2 * Math.max(4096, valueBytes))
    expect(atFirst).toBeGreaterThan(3 * 9000)
  })
})
