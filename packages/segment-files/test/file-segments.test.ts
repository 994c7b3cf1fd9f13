import { rmSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { type EventBuffer } from '@aesop/buffer'
import { NodeDisk } from '@aesop/segment-files'
import { newFolder } from '../../../test/support/test-folder.ts'
import { windowReaderContract } from '../../../test/support/window-reader-contract.ts'
import { addWindow, rigOf } from '../../../test/support/windows.ts'
import {
  FIRST_SCN,
  linesOfWindows,
  opened,
  read,
  SEGMENT_BYTES,
  someWindows,
  type SourceWindow,
  started,
  write,
} from '../../../test/support/segment-history.ts'
import { ModelDisk } from '../../../test/support/model-disk.ts'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

function realDisk(): NodeDisk {
  const folder = newFolder('segments')
  folders.push(folder)
  return new NodeDisk(folder)
}

windowReaderContract(
  'the event buffer over files',
  async () => rigOf((await started(realDisk(), 100n, { maxBytes: 64 * SEGMENT_BYTES })).buffer),
  { answersAtOnce: false },
)

const WINDOWS = someWindows(24)
const LAST = WINDOWS.at(-1)?.scn ?? 0n

test.each(['a real disk', 'the model of one'])(
  'what is closed in order is read on by the next process: %s',
  async (name) => {
    const disk = name === 'a real disk' ? realDisk() : new ModelDisk()
    const first = await started(disk)
    for (const window of WINDOWS) write(first.buffer, window)
    await first.buffer.close()
    const next = await opened(disk)
    expect([next.leftScn, next.store.leftScnSpace]).toEqual([LAST, 'test-space'])
    next.store.begin('test-space')
    next.buffer.start(LAST)
    write(next.buffer, { scn: LAST + 1n, keys: [1] })
    const more = linesOfWindows([...WINDOWS, { scn: LAST + 1n, keys: [1] }])
    expect(await read(next.buffer, FIRST_SCN)).toEqual(more)
    await next.buffer.close()
    const third = await started(disk, LAST + 1n)
    expect(await read(third.buffer, FIRST_SCN)).toEqual(more)
    await third.buffer.close()
  },
)

test('a killed process leaves what it had closed', async () => {
  const disk = new ModelDisk()
  const { buffer } = await started(disk)
  for (const window of WINDOWS) write(buffer, window)
  buffer.beginWindow()
  await buffer.whenDurable()
  const next = await started(disk.killed(), LAST)
  expect([next.leftScn, await read(next.buffer, FIRST_SCN)]).toEqual([LAST, linesOfWindows(WINDOWS)])
})

test('windows of version 2 are read on by the next process, with footers and without', async () => {
  const disk = new ModelDisk()
  const { buffer } = await started(disk, FIRST_SCN, { eventVersion: 2 })
  for (const window of WINDOWS) write(buffer, window)
  await buffer.whenDurable()
  const killed = await started(disk.killed(), LAST, { eventVersion: 2 })
  expect([killed.leftScn, await read(killed.buffer, FIRST_SCN)]).toEqual([LAST, linesOfWindows(WINDOWS)])
  await buffer.close()
  const closed = await started(disk, LAST, { eventVersion: 2 })
  expect([closed.leftScn, await read(closed.buffer, FIRST_SCN)]).toEqual([LAST, linesOfWindows(WINDOWS)])
})

test('keys of version 2 as long as may be are found from any place, in pieces of any size', async () => {
  const { buffer } = await started(new ModelDisk(), FIRST_SCN, { eventVersion: 2, maxBytes: 1 << 24 })
  const scns = Array.from({ length: 12 }, (_, i) => FIRST_SCN + 1n + BigInt(i))
  for (const scn of scns) {
    const events = [10, 32_768].map((length) => ({ key: 'k'.repeat(length), valueBytes: Number(scn) }))
    addWindow(buffer, scn, events)
    await buffer.whenWritable()
  }
  await buffer.whenDurable()
  expect(buffer.segments.filter(({ isAway }) => isAway).length).toBeGreaterThan(5)
  for (const [i, scn] of scns.entries()) {
    for (const offset of [-1, 1]) {
      const rest = scns.slice(i + 1).reduce((sum, each) => sum + 2 * (71 + Number(each)) + 10 + 32_768 + 53, 0)
      const ofWindow = offset < 0 ? 0 : 71 + 32_768 + Number(scn) + 53
      expect(await bytesAfter(buffer, scn, offset)).toBe(ofWindow + rest)
    }
  }
})

/** How many bytes of events a reader gets that asks for few at a time, and for more only when it is told to. */
async function bytesAfter(buffer: EventBuffer, scn: bigint, offset: number): Promise<number> {
  const reader = buffer.openReader()
  await reader.seek(scn, offset)
  let bytes = 0
  for (let size = 30; ;) {
    const step = await reader.next(size)
    if (step.kind === 'caughtUp') return bytes
    if (step.kind === 'tooSmall') {
      expect(step.pendingEventBytes).toBeGreaterThan(size)
      size = step.pendingEventBytes
      continue
    }
    if (step.kind !== 'chunk') throw new Error(`expected a chunk, got ${step.kind}`)
    bytes += step.bytes.length
    step.release()
    size = 30
  }
}

test.each([1, 2] as const)(
  'what was written in version %d is set aside, by name, when the other one is asked for',
  async (left) => {
    const disk = new ModelDisk()
    const { buffer } = await started(disk, FIRST_SCN, { eventVersion: left })
    for (const window of WINDOWS) write(buffer, window)
    await buffer.close()
    const segments = (await disk.list()).length
    const other = await opened(disk, { eventVersion: left === 1 ? 2 : 1 })
    expect([other.leftScn, other.store.leftScnSpace]).toEqual([undefined, undefined])
    const names = await disk.list()
    expect([names.length, names.every((name) => name.endsWith('.other'))]).toEqual([segments, true])
    expect(other.store.concern).toContain(`its events are of version ${left}, expected ${left === 1 ? 2 : 1}`)
  },
)

test('of a window that had no end when the process was killed nothing is left', async () => {
  const disk = new ModelDisk()
  const { buffer, store } = await started(disk)
  for (const window of WINDOWS) write(buffer, window)
  buffer.beginWindow()
  for (let key = 0; key < 60; key++) buffer.append(APPEND(key), FILL)
  while (store.leavingBytes > 0) await buffer.whenSpilled()
  await buffer.whenDurable()
  const steps = disk.steps
  const next = await started(disk.killed(), LAST)
  expect([next.leftScn, await read(next.buffer, FIRST_SCN)]).toEqual([LAST, linesOfWindows(WINDOWS)])
  expect(steps).toBeGreaterThan(20)
})

test('a window larger than memory spills, is given up or closed, and is whole for the next process', async () => {
  const disk = new ModelDisk()
  const { buffer } = await started(disk, 100n, { maxBytes: 8 * SEGMENT_BYTES })
  const big: SourceWindow = { scn: 102n, keys: Array.from({ length: 120 }, (_, key) => key), attempt: 'mark' }
  const windows: SourceWindow[] = [{ scn: 101n, keys: [1, 2] }, big, { scn: 103n, keys: [5] }]
  for (const window of windows) write(buffer, window)
  expect(await read(buffer, 100n)).toEqual(linesOfWindows(windows))
  await buffer.whenDurable()
  const next = await started(disk.killed(), 103n, { maxBytes: 8 * SEGMENT_BYTES })
  expect(await read(next.buffer, 100n)).toEqual(linesOfWindows(windows))
})

test('a segment is finished once, and what has left memory is written before that is used again', async () => {
  const disk = realDisk()
  const { buffer, store } = await started(disk)
  for (const window of someWindows(400)) {
    write(buffer, window)
    await buffer.whenWritable()
  }
  expect(store.leavingBytes).toBeLessThanOrEqual(2 * SEGMENT_BYTES)
  expect(await read(buffer, FIRST_SCN)).toEqual(linesOfWindows(someWindows(400)))
  await buffer.close()
})

test('a writer that never waits is asked to give writes a turn: in each segment, and each 64 KiB', async () => {
  const { buffer } = await started(new ModelDisk(), FIRST_SCN, { segmentBytes: 1 << 20, residentBytes: 4 << 20 })
  let scn = FIRST_SCN
  const turns = (windows: number, events: number): number => {
    let asked = 0
    for (let n = 0; n < windows; n++) {
      write(buffer, { scn: ++scn, keys: Array.from({ length: events }, (_, key) => key) })
      if (buffer.whenWritable() !== undefined) asked++
    }
    return asked
  }
  expect([turns(1, 1), turns(20, 1), turns(1, 660), turns(20, 1), turns(3, 660)]).toEqual([1, 0, 1, 0, 3])
  await buffer.close()
})

test('a full disk makes the source wait, loses nothing, and holds up no reader; it goes on by itself', async () => {
  const disk = new ModelDisk()
  const { buffer, store } = await started(disk)
  write(buffer, { scn: 101n, keys: [1] })
  await buffer.whenDurable()
  disk.isFull = true
  write(buffer, { scn: 102n, keys: [2] })
  await expect(buffer.whenDurable()).rejects.toThrow('ENOSPC')
  expect(store.concern).toMatch(/can not write to \/model: ENOSPC/)
  await expect(buffer.whenDurable()).rejects.toThrow('ENOSPC')
  const room = buffer.whenWritable()
  expect(room).toBeInstanceOf(Promise)
  expect(await read(buffer, 100n)).toEqual(['101:1', '101:end', '102:2', '102:end'])
  disk.isFull = false
  await room
  await buffer.whenDurable()
  expect(store.concern).toBeUndefined()
  const next = await started(disk.killed(), 102n)
  expect(await read(next.buffer, 100n)).toEqual(['101:1', '101:end', '102:2', '102:end'])
})

test('a full disk does not hold up a stop', async () => {
  const disk = new ModelDisk()
  const { buffer } = await started(disk, 100n, { retryMs: 60_000 })
  disk.isFull = true
  write(buffer, { scn: 101n, keys: [1] })
  await buffer.whenDurable()?.catch(() => undefined)
  await buffer.close()
})

test('segments that leave the buffer leave the folder', async () => {
  const disk = new ModelDisk()
  const { buffer } = await started(disk, 100n, { maxBytes: 8 * SEGMENT_BYTES })
  for (const window of someWindows(200)) {
    write(buffer, window)
    await buffer.whenWritable()
  }
  await buffer.whenDurable()
  expect((await disk.list()).length).toBe(buffer.segments.length)
  expect(buffer.heldBytes).toBeLessThanOrEqual(10 * SEGMENT_BYTES)
})

test('what was left of another SCN space, or by another physical source, is set aside and served to nobody', async () => {
  const disk = new ModelDisk()
  const first = await started(disk)
  for (const window of WINDOWS) write(first.buffer, window)
  await first.buffer.close()
  const other = await opened(disk, { physicalPartition: 1 })
  other.store.begin('another-space')
  expect(other.store.leftScnSpace).toBe('test-space')
  other.buffer.forget()
  other.buffer.start(LAST)
  write(other.buffer, { scn: LAST + 1n, keys: [1] })
  await other.buffer.close()
  const names = await disk.list()
  expect([
    names.filter((name) => name.endsWith('.other')).length > 3,
    names.filter((name) => name.endsWith('.segment')).length,
  ]).toEqual([true, 1])
  const stranger = await opened(disk, { physicalPartition: 7 })
  expect([stranger.leftScn, (await disk.list()).filter((name) => name.endsWith('.segment'))]).toEqual([undefined, []])
})

test('a folder has one user at a time', async () => {
  const disk = realDisk()
  const { buffer } = await started(disk)
  write(buffer, { scn: 101n, keys: [1] })
  await expect(opened(new NodeDisk(disk.folder))).rejects.toThrow(/is in use by physical source 1 \(process \d+ on /)
  await buffer.close()
  const next = await started(new NodeDisk(disk.folder), 101n)
  expect(await read(next.buffer, 100n)).toEqual(['101:1', '101:end'])
  await next.buffer.close()
})

/** Holds the disk in its next step. @returns how to let it go on */
function held(disk: ModelDisk): () => void {
  let letGo: () => void = () => undefined
  disk.gate = new Promise((resolve) => {
    letGo = () => {
      disk.gate = undefined
      resolve()
    }
  })
  return letGo
}

const NOTHING_MORE = (): number => 0

test('what is closed while earlier windows are written is not safe with them', async () => {
  const disk = new ModelDisk()
  const { buffer } = await started(disk)
  write(buffer, { scn: 101n, keys: [1] })
  await buffer.whenDurable()
  const letGo = held(disk)
  write(buffer, { scn: 102n, keys: [1] })
  const earlier = buffer.whenDurable()
  await nextTurn()
  await nextTurn()
  write(buffer, { scn: 103n, keys: [1] })
  const later = buffer.whenDurable()
  letGo()
  await earlier
  await later
  expect((await opened(disk.afterPowerCut(NOTHING_MORE))).leftScn).toBe(103n)
})

test('what is just made safe is not safe before that is done', async () => {
  const disk = new ModelDisk()
  const { buffer } = await started(disk)
  write(buffer, { scn: 101n, keys: [1] })
  const first = buffer.whenDurable()
  await first
  write(buffer, { scn: 102n, keys: [1] })
  const { steps } = disk
  while (disk.steps === steps) await nextTurn()
  const letGo = held(disk)
  const earlier = buffer.whenDurable()
  await nextTurn()
  await nextTurn()
  const later = buffer.whenDurable()
  expect(later).toBeInstanceOf(Promise)
  letGo()
  await Promise.all([earlier, later])
  expect(buffer.whenDurable()).toBeUndefined()
  expect((await opened(disk.afterPowerCut(NOTHING_MORE))).leftScn).toBe(102n)
})

test.each(['file', 'folder'] as const)('a %s that can not be made safe is not said to be safe later', async (what) => {
  const disk = new ModelDisk()
  const { buffer } = await started(disk)
  write(buffer, { scn: 101n, keys: [1] })
  disk.failing = what
  await expect(buffer.whenDurable()).rejects.toMatchObject({ code: 'AESOP_SEGMENTS_UNWRITABLE', canRetry: true })
  await buffer.whenWritable()
  await buffer.whenDurable()
  // A file of which no name is safe is there or not, as it happens.
  expect((await opened(disk.afterPowerCut(() => 0.5))).leftScn).toBe(101n)
})

test('what a killed process had not made safe is made safe by the next one', async () => {
  const disk = new ModelDisk()
  const { buffer } = await started(disk)
  write(buffer, { scn: 101n, keys: [1] })
  await buffer.whenDurable()
  const { steps } = disk
  write(buffer, { scn: 102n, keys: [1] })
  while (disk.steps === steps) await nextTurn()
  await nextTurn()
  const second = disk.killed()
  const next = await started(second, 101n)
  expect(next.leftScn).toBe(102n)
  await next.buffer.whenDurable()
  expect((await opened(second.afterPowerCut(NOTHING_MORE))).leftScn).toBe(102n)
})

test('a disk that stays full for long takes no more open files for it', async () => {
  const disk = new ModelDisk()
  const { buffer } = await started(disk)
  disk.isFull = true
  write(buffer, { scn: 101n, keys: [1] })
  while (disk.refusals < 20) await nextTurn()
  expect(disk.openFiles).toBeLessThanOrEqual(1)
  disk.isFull = false
  await buffer.whenWritable()
  await buffer.close()
  expect(disk.openFiles).toBe(0)
})

test('once the windows of another SCN space are set aside, those that come and leave are removed', async () => {
  const disk = new ModelDisk()
  const first = await started(disk)
  write(first.buffer, { scn: 101n, keys: [1] })
  await first.buffer.close()
  const other = await opened(disk, { maxBytes: 8 * SEGMENT_BYTES })
  other.store.begin('another-space')
  other.buffer.forget()
  other.buffer.start(200n)
  for (const window of someWindows(100, 200n)) {
    write(other.buffer, window)
    await other.buffer.whenWritable()
  }
  await other.buffer.close()
  expect((await disk.list()).filter((name) => name.endsWith('.other')).length).toBe(1)
})

test('a buffer that ends within a window that spans files leaves the windows before it', async () => {
  const disk = new ModelDisk()
  const { buffer } = await started(disk, 100n, { residentBytes: 8 * SEGMENT_BYTES })
  write(buffer, { scn: 101n, keys: [1] })
  buffer.beginWindow()
  for (let key = 0; key < 10; key++) buffer.append(APPEND(key), FILL)
  await buffer.close()
  expect((await opened(disk)).leftScn).toBe(101n)
})

function APPEND(key: number): Parameters<Awaited<ReturnType<typeof started>>['buffer']['append']>[0] {
  return {
    opcode: 'UPSERT',
    key,
    sourceId: 40,
    schemaId: Buffer.alloc(16, 7),
    timestampNanos: 5n,
    logicalPartition: 0,
    maxValueBytes: 39,
  }
}

function FILL(target: Buffer, offset: number): number {
  target.fill(1, offset, offset + 39)
  return offset + 39
}
