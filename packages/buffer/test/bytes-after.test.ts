import { EventBuffer } from '@aesop/buffer'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assertProperty } from '../../../test/support/property.ts'
import { addWindow } from '../../../test/support/windows.ts'

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
