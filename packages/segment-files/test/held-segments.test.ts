import { rmSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { type BufferReader, type EventBuffer } from '@aesop/buffer'
import { type FileSegmentsOptions, NodeDisk, type SegmentDisk } from '@aesop/segment-files'
import { ModelDisk } from '../../../test/support/model-disk.ts'
import { read, SEGMENT_BYTES, started, write } from '../../../test/support/segment-history.ts'
import { newFolder } from '../../../test/support/test-folder.ts'
import { until } from '../../../test/support/until.ts'
import { linesOf } from '../../../test/support/windows.ts'

const MAX_BYTES = 16 * SEGMENT_BYTES
/** One event and the end of its window, of which three are in a segment. */
const WINDOW_BYTES = 161
const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

function realDisk(): NodeDisk {
  const folder = newFolder('held-segments')
  folders.push(folder)
  return new NodeDisk(folder)
}

/** A full buffer. */
async function full(disk: SegmentDisk, more: Partial<FileSegmentsOptions> = {}): Promise<EventBuffer> {
  const { buffer } = await started(disk, 100n, { maxBytes: MAX_BYTES, ...more })
  await evict(buffer, 103n)
  await buffer.whenDurable()
  return buffer
}

/** Writes until the windows up to an SCN have left the buffer, and their files the folder. */
async function evict(buffer: EventBuffer, scn: bigint): Promise<void> {
  while (buffer.prevScn < scn) {
    write(buffer, { scn: buffer.lastScn + 1n, keys: [1] })
    await buffer.whenWritable()
  }
  await buffer.whenDurable()
}

/** A reader that has read one window of the segment of the windows after an SCN. */
async function within(buffer: EventBuffer, scn: bigint): Promise<BufferReader> {
  const reader = buffer.openReader()
  expect(await reader.seek(scn, -1)).toEqual({ kind: 'found' })
  expect(await next(reader)).toEqual([`${scn + 1n}:1`, `${scn + 1n}:end`])
  return reader
}

async function next(reader: BufferReader, bytes = WINDOW_BYTES): Promise<unknown> {
  const step = await reader.next(bytes)
  if (step.kind !== 'chunk') return step
  const lines = linesOf(step.bytes)
  step.release()
  return lines
}

function windowsFrom(first: bigint, last: bigint): string[] {
  return Array.from({ length: Number(last - first) + 1 }, (_, at) => first + BigInt(at)).flatMap((scn) => [
    `${scn}:1`,
    `${scn}:end`,
  ])
}

test.each(['a real disk', 'the model of one'])(
  'a reader within a segment reads it to its end though its file is deleted, and is overrun by name then: %s',
  async (name) => {
    const disk = name === 'a real disk' ? realDisk() : new ModelDisk()
    const buffer = await full(disk)
    const [oldest] = (await disk.list()).filter((each) => each.endsWith('.segment')).sort()
    const reader = await within(buffer, 103n)
    await evict(buffer, 109n)
    expect(await disk.list()).not.toContain(oldest)
    expect([await next(reader), await next(reader)]).toEqual([windowsFrom(105n, 105n), windowsFrom(106n, 106n)])
    expect(await next(reader)).toEqual({ kind: 'overrun', scn: 106n })
    expect(await next(reader), 'for good').toEqual({ kind: 'overrun', scn: 106n })
    await buffer.close()
  },
)

test('a reader whose segment has left goes on without a gap where the next one is there', async () => {
  const buffer = await full(new ModelDisk())
  const reader = await within(buffer, 103n)
  await evict(buffer, 106n)
  expect(buffer.prevScn).toBe(106n)
  const all: string[] = []
  for (let lines = await next(reader, 700); Array.isArray(lines); lines = await next(reader, 700))
    all.push(...(lines as string[]))
  expect(all).toEqual(windowsFrom(105n, buffer.lastScn))
})

test('a reader within a large window has the rest of its segment, and is overrun within that window', async () => {
  const { buffer } = await started(new ModelDisk(), 100n, { maxBytes: MAX_BYTES })
  write(buffer, { scn: 101n, keys: Array.from({ length: 40 }, (_, key) => key) })
  await evict(buffer, 100n)
  await buffer.whenDurable()
  const reader = buffer.openReader()
  expect([await reader.seek(100n, -1), await next(reader, 100)]).toEqual([{ kind: 'found' }, ['101:0']])
  await evict(buffer, 101n)
  expect(await next(reader, 700)).toEqual(['101:1', '101:2', '101:3', '101:4'])
  expect(await next(reader)).toEqual({ kind: 'overrun', scn: 101n })
})

test('a file that has left is open no longer than its reader is within it, or until that is closed', async () => {
  const disk = new ModelDisk()
  const buffer = await full(disk)
  const open = (): number => disk.openFiles
  const readers = [await within(buffer, 103n), await within(buffer, 103n)]
  await evict(buffer, 109n)
  const files = open()
  readers[0]?.close()
  expect(open(), 'the other one is within it').toBe(files)
  readers[1]?.close()
  await until('it is closed', () => open() === files - 1)
  const last = await within(buffer, 109n)
  await evict(buffer, 115n)
  const before = open()
  await next(last, 700)
  await until('it is closed once it is read', () => open() === before - 1)
})

test('what nobody reads of a file that has left for a minute is given up, and its reader overrun where it was', async () => {
  const disk = new ModelDisk()
  let nowMs = 0
  const buffer = await full(disk, { nowMs: () => nowMs, syncIntervalMs: 1 })
  const reader = await within(buffer, 103n)
  const stalled = await within(buffer, 106n)
  await evict(buffer, 112n)
  const files = disk.openFiles
  nowMs = 59_999
  expect(await next(reader)).toEqual(windowsFrom(105n, 105n))
  nowMs = 60_000
  await until('one is given up', () => disk.openFiles < files)
  expect(await next(reader), 'the other one was read').toEqual(windowsFrom(106n, 106n))
  expect(await next(stalled)).toEqual({ kind: 'overrun', scn: 107n })
  await buffer.close()
})

test('no more than eight files that have left are held: those that left first are given up', async () => {
  const disk = new ModelDisk()
  const buffer = await full(disk)
  const readers: BufferReader[] = []
  for (let scn = 103n; scn < 103n + 3n * 10n; scn += 3n) readers.push(await within(buffer, scn))
  await evict(buffer, 160n)
  const told = await Promise.all(readers.map((reader) => next(reader)))
  expect(told.slice(0, 2)).toEqual([
    { kind: 'overrun', scn: 104n },
    { kind: 'overrun', scn: 107n },
  ])
  expect(told.slice(2)).toEqual(
    Array.from({ length: 8 }, (_, at) => windowsFrom(111n + 3n * BigInt(at), 111n + 3n * BigInt(at))),
  )
})

test('a disk that is full, and a reset, end what is held', async () => {
  const disk = new ModelDisk()
  const buffer = await full(disk)
  const reader = await within(buffer, 103n)
  await evict(buffer, 106n)
  disk.isFull = true
  write(buffer, { scn: buffer.lastScn + 1n, keys: [1] })
  await expect(buffer.whenDurable()).rejects.toThrow('ENOSPC')
  await evictedIs(reader, 104n, buffer, 109n, disk)
  const other = await within(buffer, buffer.prevScn)
  buffer.reset()
  expect(await next(other)).toEqual({ kind: 'overrun', scn: other.scn })
})

/** The disk has room again, more has left, and the reader is overrun where it was. */
async function evictedIs(
  reader: BufferReader,
  scn: bigint,
  buffer: EventBuffer,
  until: bigint,
  disk: ModelDisk,
): Promise<void> {
  disk.isFull = false
  await buffer.whenWritable()
  await evict(buffer, until)
  expect(await next(reader)).toEqual({ kind: 'overrun', scn })
}

test('a file that is damaged while it is held is read no more: its reader is overrun where it was', async () => {
  const disk = new ModelDisk()
  const buffer = await full(disk)
  const [oldest = ''] = (await disk.list()).sort()
  const reader = await within(buffer, 103n)
  const bytes = disk.bytesOf(oldest)
  await evict(buffer, 109n)
  const at = bytes.length >> 1
  for (let each = at - 100; each < at + 100; each++) bytes[each] = (bytes[each] as number) ^ 1
  expect([await next(reader, 700), buffer.prevScn, await disk.list()]).toEqual([
    { kind: 'overrun', scn: 104n },
    109n,
    expect.not.arrayContaining([`${oldest}.damaged`]),
  ])
})

test('a file that is held stays open however many others are read meanwhile', async () => {
  const { buffer } = await started(new ModelDisk(), 100n, { maxBytes: 100 * SEGMENT_BYTES })
  await evict(buffer, 103n)
  const reader = await within(buffer, 103n)
  await evict(buffer, 109n)
  expect(buffer.segments.filter(({ isAway }) => isAway).length).toBeGreaterThan(64)
  await read(buffer, buffer.prevScn)
  expect(await next(reader)).toEqual(windowsFrom(105n, 105n))
})

test('a reader says whether it reads from files or from memory', async () => {
  const buffer = await full(new ModelDisk())
  const reader = buffer.openReader()
  expect([await reader.seek(103n, -1), reader.readsFrom]).toEqual([{ kind: 'found' }, 'files'])
  await evict(buffer, 109n)
  await reader.seek(buffer.lastScn - 1n, -1)
  expect(reader.readsFrom).toBe('memory')
})
