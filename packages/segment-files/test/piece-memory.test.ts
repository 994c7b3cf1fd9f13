import { type BufferReader, type EventBuffer } from '@aesop/buffer'
import { type WindowChunk } from '@aesop/reading'
import { NodeDisk } from '@aesop/segment-files'
import { expect, onTestFinished, test } from 'vitest'
import { FIRST_SCN, started, write } from '../../../test/support/segment-history.ts'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { linesOf } from '../../../test/support/windows.ts'
import { PieceMemory } from '../src/piece-memory.ts'

const KB = 1024
const WINDOWS = 200
/** Those that nobody holds are kept for other readers, up to 4 MiB. */
const KEPT_PIECES = 64
/** One event and the end of its window. */
const WINDOW_BYTES = 161

function addresses(pieces: readonly Buffer[]): Set<ArrayBufferLike> {
  return new Set(pieces.map(({ buffer }) => buffer))
}

test('memory that was given back is used again, whole, and what nobody gave back is not', () => {
  const memory = new PieceMemory()
  const [kept, given] = [memory.take(100), memory.take(64 * KB)]
  expect(kept.buffer).not.toBe(given.buffer)
  memory.giveBack(given.subarray(10, 20))
  const again = memory.take(64 * KB)
  expect([again.buffer, again.byteOffset, again.length]).toEqual([given.buffer, 0, 64 * KB])
  expect(memory.take(64 * KB).buffer).not.toBe(kept.buffer)
})

test('a large piece has memory of its own, and of small ones no more than 256 are kept', () => {
  const memory = new PieceMemory()
  const large = memory.take(64 * KB + 1)
  memory.giveBack(large)
  expect(memory.take(64 * KB + 1).buffer).not.toBe(large.buffer)
  const pieces = Array.from({ length: 300 }, () => memory.take(1))
  for (const piece of pieces) memory.giveBack(piece)
  const before = addresses(pieces)
  const after = Array.from({ length: 300 }, () => memory.take(1))
  expect(after.filter(({ buffer }) => before.has(buffer))).toHaveLength(256)
  expect(addresses(after).size).toBe(300)
})

async function inFiles(): Promise<EventBuffer> {
  const folder = newFolder('piece-memory')
  const { buffer } = await started(new NodeDisk(folder))
  onTestFinished(async () => {
    await buffer.close()
    removeFolder(folder)
  })
  for (let scn = FIRST_SCN + 1n; scn <= FIRST_SCN + BigInt(WINDOWS); scn++) write(buffer, { scn, keys: [Number(scn)] })
  await buffer.whenDurable()
  return buffer
}

async function placed(buffer: EventBuffer): Promise<BufferReader> {
  const reader = buffer.openReader()
  await reader.seek(FIRST_SCN, -1)
  return reader
}

async function nextOf(reader: BufferReader): Promise<WindowChunk> {
  const step = await reader.next(WINDOW_BYTES)
  if (step.kind !== 'chunk') throw new Error(`expected a chunk, got ${step.kind}`)
  return step
}

test('what readers of files have let go is read into again, and never what one of them still holds', async () => {
  const buffer = await inFiles()
  const [holder, reader, other] = [await placed(buffer), await placed(buffer), await placed(buffer)]
  expect(holder.readsFrom).toBe('files')
  const held = [await nextOf(holder), await nextOf(holder)]
  const lines = held.map(({ bytes }) => linesOf(bytes))
  const used: Buffer[] = []
  for (let window = 1n; window <= 190n; window++) {
    const chunk = await nextOf(reader)
    const scn = FIRST_SCN + window
    expect(linesOf(chunk.bytes)).toEqual([`${scn}:${scn}`, `${scn}:end`])
    used.push(chunk.bytes)
    chunk.release()
    chunk.release()
  }
  expect(reader.readsFrom).toBe('files')
  expect(held.map(({ bytes }) => linesOf(bytes))).toEqual(lines)
  expect(addresses(used).size).toBeGreaterThanOrEqual(KEPT_PIECES)
  expect(addresses(used).size).toBeLessThanOrEqual(KEPT_PIECES + held.length + 1)
  const both = await Promise.all([nextOf(reader), nextOf(other)])
  expect(both.map(({ bytes }) => linesOf(bytes)[1])).toEqual(['291:end', '101:end'])
  // What is held is shown to whoever else comes there.
  expect(both[1].bytes).toEqual(held[0]?.bytes)
  expect(addresses([...held, ...both].map(({ bytes }) => bytes)).size).toBe(3)
})
