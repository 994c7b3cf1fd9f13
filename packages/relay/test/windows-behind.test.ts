import { EventBuffer } from '@aesop/buffer'
import { expect, test } from 'vitest'
import { FarSegments } from '../../../test/support/far-segments.ts'
import { addWindow } from '../../../test/support/windows.ts'
import { windowsBehind } from '../src/windows-behind.ts'

test('how far a reader in a file is behind is told, and no file is read for it', () => {
  const store = new FarSegments(16_384, 2)
  const buffer = new EventBuffer({ maxBytes: 1 << 20, physicalPartition: 1, store })
  buffer.start(100n)
  for (let scn = 101n; scn <= 300n; scn++) addWindow(buffer, scn, [{ key: 1, valueBytes: 500 }])
  const away = windowsBehind(buffer, 120n)
  expect(away).toEqual({ bytes: buffer.bytesAfter(120n) })
  expect(away.bytes).toBeGreaterThan(500 * 180)
  const near = windowsBehind(buffer, 299n)
  expect(near.bytes).toBeLessThan(700)
  expect(near.oldestMs).toBeTypeOf('number')
  expect(windowsBehind(buffer, 99n)).toEqual({})
  expect(store.reads).toBe(0)
})
