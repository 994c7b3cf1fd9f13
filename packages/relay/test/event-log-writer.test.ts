import { EventBuffer } from '@aesop/buffer'
import { SCHEMA_CHANGE_SCHEMA } from '@aesop/event'
import { silentLogger } from '@aesop/kernel'
import { type WindowSource } from '@aesop/reading'
import { MemorySchemaRegistry } from '@aesop/schema'
import { SegmentLog, SegmentsUnwritableError } from '@aesop/segment-files'
import fc from 'fast-check'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { assertAsyncProperty } from '../../../test/support/property.ts'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { until } from '../../../test/support/until.ts'
import { drained } from '../../../test/support/windows.ts'
import {
  FIRST_SCN,
  linesOfWindows,
  SEGMENT_BYTES,
  someWindows,
  type SourceWindow,
  write,
} from '../../../test/support/segment-history.ts'
import { ModelDisk } from '../../../test/support/model-disk.ts'
import { KeptSchemas } from '../src/event-log-schemas.ts'
import { EventLogWriter } from '../src/event-log-writer.ts'

const schemas = newFolder('schemas')
afterAll(() => {
  removeFolder(schemas)
})

const WINDOWS = someWindows(40)
const LAST = WINDOWS.at(-1)?.scn ?? 0n

interface Process {
  readonly buffer: EventBuffer
  readonly log: EventLogWriter
  readonly failed: readonly Error[]
}

function keptIn(folder: string): KeptSchemas {
  return new KeptSchemas(folder, new MemorySchemaRegistry(), [])
}

/** A buffer in memory whose source goes on after its place, and its log. */
async function process(
  disk: ModelDisk,
  place = FIRST_SCN,
  maxBytes = 1 << 20,
  kept = keptIn(schemas),
  sourceOf = (buffer: EventBuffer): WindowSource => buffer,
): Promise<Process> {
  const failed: Error[] = []
  const log = new EventLogWriter({
    settings: {
      directory: undefined,
      fileBytes: SEGMENT_BYTES,
      maxBytes: 1 << 20,
      retentionMs: undefined,
      batchBytes: 700,
      syncIntervalMs: 1000,
    },
    folder: disk.folder,
    disk,
    physicalPartition: 1,
    schemas: kept,
    progressed: () => {
      buffer.recheck()
    },
    fail: (error) => void failed.push(error),
    log: silentLogger,
  })
  const buffer: EventBuffer = new EventBuffer({
    maxBytes,
    segmentBytes: 1024,
    physicalPartition: 1,
    neededAfterScn: () => log.neededAfterScn(buffer),
    durableBeside: () => log.whenDurable(buffer.lastScn),
  })
  await log.open()
  // A producer that can begins no later than what its log has.
  const begins = log.leftScn !== undefined && log.leftScn < place ? log.leftScn : place
  buffer.start(begins)
  log.begin(sourceOf(buffer), 'test-space', begins)
  return { buffer, log, failed }
}

/** What somebody reads who has nothing but the folder. */
async function replayed(disk: ModelDisk): Promise<{ prevScn: bigint; lines: string[] } | undefined> {
  const view = await new SegmentLog(disk, 1).look()
  if ('aside' in view) return undefined
  const reader = view.openReader()
  await reader.seek(view.prevScn, -1)
  const lines = await drained(reader, 700)
  await view.close()
  return { prevScn: view.prevScn, lines }
}

test('a log has what its buffer had, when it is closed', async () => {
  const disk = new ModelDisk()
  const { buffer, log, failed } = await process(disk)
  for (const window of WINDOWS) write(buffer, window)
  await log.close()
  expect([await replayed(disk), failed]).toEqual([{ prevScn: FIRST_SCN, lines: linesOfWindows(WINDOWS) }, []])
})

test('a full disk makes the source wait, bounds memory, holds up no reader, and loses nothing', async () => {
  const disk = new ModelDisk()
  const { buffer, log } = await process(disk, FIRST_SCN, 8 * 1024)
  disk.isFull = true
  let scn = FIRST_SCN
  const more: SourceWindow[] = []
  let waits: Promise<void> | undefined
  while ((waits = buffer.whenWritable()) === undefined && more.length < 2000) {
    const window = { scn: ++scn, keys: [1, 2, 3] }
    more.push(window)
    write(buffer, window)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect([more.length < 2000, buffer.heldBytes <= 8 * 1024 + 1024]).toEqual([true, true])
  expect(log.concern).toMatch(/the event log can not write to \/model: ENOSPC/)
  await expect(buffer.whenDurable()).rejects.toMatchObject({ code: 'AESOP_SEGMENTS_UNWRITABLE' })
  const reader = buffer.openReader()
  await reader.seek(FIRST_SCN, -1)
  expect((await drained(reader)).length).toBe(more.length * 4)
  disk.isFull = false
  await waits
  await buffer.whenDurable()
  expect(log.concern).toBeUndefined()
  await log.close()
  expect(await replayed(disk)).toEqual({ prevScn: FIRST_SCN, lines: linesOfWindows(more) })
})

test('a full disk does not hold up a stop, and the place of the source waits', async () => {
  const disk = new ModelDisk()
  const { buffer, log } = await process(disk)
  disk.isFull = true
  for (const window of WINDOWS) write(buffer, window)
  await until('the disk refuses', () => disk.refusals > 0)
  const durable = buffer.whenDurable()
  expect(durable).toBeInstanceOf(Promise)
  await Promise.all([expect(durable).rejects.toThrow(), log.close()])
})

test('a place is stored only when the log has all before it, safe from a power cut', async () => {
  const disk = new ModelDisk()
  const { buffer, log } = await process(disk)
  for (const window of WINDOWS) write(buffer, window)
  await buffer.whenDurable()
  const { lines } = (await replayed(disk.afterPowerCut(() => 0))) ?? { lines: [] }
  expect(lines).toEqual(linesOfWindows(WINDOWS))
  expect(buffer.whenDurable()).toBeUndefined()
  await log.close()
})

test('wherever processes are killed or lose power, the log is whole windows without a hole, and has all in the end', async () => {
  const reached = { ended: 0, left: 0, whole: 0 }
  const draw = fc.record({
    ends: fc.array(
      fc.record({
        step: fc.integer({ min: 1, max: 90 }),
        isPowerCut: fc.boolean(),
        fates: fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { minLength: 9, maxLength: 20 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    every: fc.integer({ min: 1, max: 6 }),
  })
  await assertAsyncProperty(
    fc.asyncProperty(draw, async ({ ends, every }) => {
      let disk = new ModelDisk()
      let place = FIRST_SCN
      for (const { step, isPowerCut, fates } of ends) {
        disk.endsAtStep = disk.steps + step
        const run = await process(disk, place).catch(() => undefined)
        if (run !== undefined) {
          place = await life(run, disk, place, every)
          await run.log.close().catch(() => undefined)
        }
        if (disk.steps >= disk.endsAtStep) reached.ended++
        let fate = 0
        disk = isPowerCut ? disk.afterPowerCut(() => fates[fate++ % fates.length] ?? 0) : disk.killed()
        const seen = await replayed(disk)
        if (seen === undefined) continue
        reached.left++
        const last = BigInt(seen.lines.at(-1)?.split(':')[0] ?? seen.prevScn)
        expect(seen.prevScn, 'the log keeps its beginning').toBe(FIRST_SCN)
        expect(last, 'what was said to be safe').toBeGreaterThanOrEqual(place)
        expect(seen.lines).toEqual(linesOfWindows(WINDOWS.filter(({ scn }) => scn <= last)))
      }
      const { buffer, log } = await process(disk, place)
      for (const window of WINDOWS) if (window.scn > buffer.lastScn) write(buffer, window)
      await log.close()
      expect((await replayed(disk))?.lines.at(-1)).toBe(`${LAST}:end`)
      expect(await replayed(disk)).toEqual({ prevScn: FIRST_SCN, lines: linesOfWindows(WINDOWS) })
      reached.whole++
    }),
    { seed: 20_261_129, numRuns: 150, reached, atLeast: 60 },
  )
})

/** Writes windows until the disk ends. @returns the place that was stored last */
async function life({ buffer }: Process, disk: ModelDisk, before: bigint, every: number): Promise<bigint> {
  let place = before
  for (const [at, window] of WINDOWS.entries()) {
    if (window.scn <= buffer.lastScn) continue
    if (disk.steps >= disk.endsAtStep) return place
    write(buffer, window)
    if (at % every !== 0) continue
    const { lastScn } = buffer
    const isSafe = await Promise.race([durable(buffer), disk.ended.catch(() => false)])
    if (!isSafe) return place
    if (lastScn > place) place = lastScn
  }
  return place
}

async function durable(buffer: EventBuffer): Promise<boolean> {
  try {
    await buffer.whenDurable()
    return true
  } catch {
    return false
  }
}

test('who waits for what a log that was closed has not is told by name, also a reset of its buffer', async () => {
  const disk = new ModelDisk()
  const { buffer, log } = await process(disk)
  disk.isFull = true
  for (const window of WINDOWS) write(buffer, window)
  await until('the disk refuses', () => disk.refusals > 0)
  const waits = log.whenWritten(LAST + 1n)
  await Promise.all([expect(waits).rejects.toMatchObject({ code: 'AESOP_RELAY_EVENT_LOG_CLOSED' }), log.close()])
  await expect(log.whenWritten(LAST + 1n)).rejects.toMatchObject({ code: 'AESOP_RELAY_EVENT_LOG_CLOSED' })
})

test('a place that waits for a log that has failed is told so', async () => {
  const kept = keptIn(newFolder('failing'))
  kept.keepNew = () => {
    throw new Error('no way to go on')
  }
  const { buffer, log, failed } = await process(new ModelDisk(), FIRST_SCN, 1 << 20, kept)
  for (const window of WINDOWS) write(buffer, window)
  await expect(buffer.whenDurable()).rejects.toThrow('no way to go on')
  expect(failed).toMatchObject([{ message: 'no way to go on' }])
  await log.close()
})

test('a place that waits for a log that can not read its source is told so', async () => {
  const disk = new ModelDisk()
  const unreadable = (): WindowSource => ({
    openReader: () => {
      throw new Error('no way to read')
    },
    subscribe: () => () => undefined,
  })
  const { buffer, log, failed } = await process(disk, FIRST_SCN, 1 << 20, keptIn(schemas), unreadable)
  for (const window of WINDOWS) write(buffer, window)
  await expect(buffer.whenDurable()).rejects.toThrow('no way to read')
  expect(failed).toMatchObject([{ message: 'no way to read' }])
  await log.close()
})

test.each(['seek', 'next'] as const)(
  'a log whose source can not be read for a while waits, says so, and loses nothing: %s',
  async (asked) => {
    const disk = new ModelDisk()
    let isSilent = true
    const failing = (buffer: EventBuffer): WindowSource => ({
      openReader: () => {
        const reader = buffer.openReader()
        const answers = reader[asked].bind(reader) as (...given: never[]) => unknown
        const refuses = (...given: never[]): unknown => {
          if (isSilent) throw new SegmentsUnwritableError('the log of the source', new Error('no answer'))
          return answers(...given)
        }
        return Object.assign(reader, { [asked]: refuses })
      },
      subscribe: (listener) => buffer.subscribe(listener),
    })
    const { buffer, log, failed } = await process(disk, FIRST_SCN, 1 << 20, keptIn(schemas), failing)
    for (const window of WINDOWS) write(buffer, window)
    await until('it waits', () => log.concern !== undefined)
    expect([log.concern, failed]).toEqual([expect.stringMatching(/the event log waits: .* no answer/), []])
    isSilent = false
    await buffer.whenDurable()
    expect(log.concern).toBeUndefined()
    await log.close()
    expect(await replayed(disk)).toEqual({ prevScn: FIRST_SCN, lines: linesOfWindows(WINDOWS) })
  },
)

test('a log that waits for its source does not hold up a stop', async () => {
  const refuses = (): never => {
    throw new SegmentsUnwritableError('the log of the source', new Error('no answer'))
  }
  const silent = (buffer: EventBuffer): WindowSource => ({
    openReader: () => Object.assign(buffer.openReader(), { seek: refuses }),
    subscribe: () => () => undefined,
  })
  const { log, failed } = await process(new ModelDisk(), FIRST_SCN, 1 << 20, keptIn(schemas), silent)
  await until('it waits', () => log.concern !== undefined)
  await log.close()
  expect(failed).toEqual([])
})

test('a log whose schemas can not be kept waits, says so, and loses nothing', async () => {
  const folder = newFolder('unwritable')
  const from = new MemorySchemaRegistry()
  const kept = new KeptSchemas(join(folder, 'log'), from, ['shop.orders'])
  writeFileSync(join(folder, 'log'), 'a file in the place of the folder')
  from.register('shop.orders', SCHEMA_CHANGE_SCHEMA)
  const disk = new ModelDisk()
  const { buffer, log, failed } = await process(disk, FIRST_SCN, 1 << 20, kept)
  for (const window of WINDOWS) write(buffer, window)
  await until('it waits', () => log.concern !== undefined)
  expect([log.concern, failed]).toEqual([expect.stringMatching(/the event log waits: the schema .* ENOTDIR/), []])
  rmSync(join(folder, 'log'))
  await buffer.whenDurable()
  expect(log.concern).toBeUndefined()
  await log.close()
  expect(await replayed(disk)).toEqual({ prevScn: FIRST_SCN, lines: linesOfWindows(WINDOWS) })
})
