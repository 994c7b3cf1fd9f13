import { EventBuffer } from '@aesop/buffer'
import { checkEvent, endAt } from '@aesop/event'
import { type WindowSource } from '@aesop/reading'
import { expect, test } from 'vitest'
import { SeededDraw } from '../../../test/support/seeded-draw.ts'
import { seedOf } from '../../../test/support/seed.ts'
import { type WindowRig, windowReaderContract } from '../../../test/support/window-reader-contract.ts'
import { addWindow, linesOf, rigOf } from '../../../test/support/windows.ts'
import { DownConvertedReader } from '../src/down-converted-reader.ts'

function bufferOf(eventVersion: 1 | 2, segmentBytes = 4096): EventBuffer {
  const buffer = new EventBuffer({ maxBytes: 32 * segmentBytes, segmentBytes, physicalPartition: 1, eventVersion })
  buffer.start(100n)
  return buffer
}

/** The windows of a buffer of version 2, to whoever reads version 1. */
function converted(buffer: EventBuffer): WindowSource {
  return {
    openReader: () => new DownConvertedReader(buffer.openReader()),
    subscribe: (listener) => buffer.subscribe(listener),
  }
}

function makeRig(segmentBytes: number): WindowRig {
  const buffer = bufferOf(2, segmentBytes)
  return { ...rigOf(buffer), source: converted(buffer) }
}

windowReaderContract('version 2 read as version 1, in large segments', () => makeRig(4096), { answersAtOnce: true })
windowReaderContract('version 2 read as version 1, in small segments', () => makeRig(700), { answersAtOnce: true })

/** All bytes that a reader gets, in chunks of at most so many, or of as many as the next event has. */
async function bytesOf(source: WindowSource, sizes: () => number): Promise<Buffer> {
  const reader = source.openReader()
  await reader.seek(-1n, -1)
  const all: Buffer[] = []
  for (let size = sizes(); ;) {
    const step = await reader.next(size, size % 2 === 0)
    if (step.kind === 'caughtUp') return Buffer.concat(all)
    if (step.kind === 'tooSmall') {
      expect(step.pendingEventBytes).toBeGreaterThan(size)
      size = step.pendingEventBytes
      continue
    }
    if (step.kind !== 'chunk') throw new Error(`expected a chunk, got ${step.kind}`)
    expect(step.bytes.length).toBeLessThanOrEqual(size)
    all.push(Buffer.from(step.bytes))
    step.release()
    size = sizes()
  }
}

test('whatever the sizes, the bytes are those that a buffer of version 1 has', async () => {
  const draw = new SeededDraw(seedOf(5))
  const [one, two] = [bufferOf(1), bufferOf(2)]
  for (let scn = 101n; scn < 160n; scn++) {
    const events = Array.from({ length: draw.below(6) }, (_, i) => ({
      key: draw.below(2) === 0 ? i : 'a key of text',
      valueBytes: draw.below(200),
    }))
    for (const buffer of [one, two]) addWindow(buffer, scn, events)
  }
  const whole = await bytesOf(one, () => 1 << 20)
  expect(whole.length).toBeGreaterThan(20_000)
  // Logical partitions are 0 in the one, and physical ones in the other.
  const expected = Buffer.from(await bytesOf(converted(two), () => 1 << 20))
  for (let at = 0; at < expected.length; at = endAt(expected, at)) checkEvent(expected, at, endAt(expected, at) - at)
  for (let round = 0; round < 50; round++) {
    expect((await bytesOf(converted(two), () => 1 + draw.below(600))).equals(expected)).toBe(true)
  }
  expect(linesOf(expected)).toEqual(linesOf(whole))
})

test('it reads from where the windows are read that it converts', () => {
  const below = new EventBuffer({ maxBytes: 1 << 16, physicalPartition: 1, eventVersion: 2 }).openReader()
  Object.defineProperty(below, 'readsFrom', { value: 'log' })
  expect(new DownConvertedReader(below).readsFrom).toBe('log')
})
