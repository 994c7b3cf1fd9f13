import { EventBuffer } from '@aesop/buffer'
import { type EventAppend } from '@aesop/event'
import { silentLogger } from '@aesop/kernel'
import { FileSegments, NodeDisk } from '@aesop/segment-files'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BenchGroup, type Figure, ratioOf } from './figure.ts'

const EVENTS = 2_000_000
const EVENTS_PER_WINDOW = 100
const VALUE_BYTES = 67
const HEADER_BYTES = 61

const BUFFER_BYTES = 64 * 1024 * 1024
const SEGMENT_BYTES_MAX = 64 * 1024 * 1024
const RESTORED_BYTES = 10 * 1024 ** 3
const FAR_READ_BYTES = 64 * 1024
const FAR_READS = 2000
/** Its multiples spread over all windows in an order without a pattern. */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2

/** @returns events a second, and seconds */
async function append(buffer: EventBuffer, bytes: number): Promise<{ rate: number; seconds: number }> {
  const event: EventAppend = {
    opcode: 'UPSERT',
    key: 0,
    sourceId: 1,
    schemaId: Buffer.alloc(16, 7),
    timestampNanos: 1n,
    logicalPartition: 0,
    maxValueBytes: VALUE_BYTES,
  }
  const value = Buffer.alloc(VALUE_BYTES, 0x61)
  const write = (target: Buffer, offset: number): number => offset + value.copy(target, offset)
  const count = Math.floor(bytes / (HEADER_BYTES + VALUE_BYTES))
  const began = performance.now()
  for (let key = 0; key < count; key++) {
    if (key % EVENTS_PER_WINDOW === 0) buffer.beginWindow()
    event.key = key
    buffer.append(event, write)
    if (key % EVENTS_PER_WINDOW !== EVENTS_PER_WINDOW - 1) continue
    buffer.endWindow(BigInt(key + 1))
    const room = buffer.whenWritable()
    if (room !== undefined) await room
  }
  await buffer.whenDurable()
  const seconds = (performance.now() - began) / 1000
  return { rate: count / seconds, seconds }
}

async function inMemory(): Promise<number> {
  const buffer = new EventBuffer({ maxBytes: BUFFER_BYTES, physicalPartition: 1 })
  buffer.start(0n)
  return (await append(buffer, EVENTS * (HEADER_BYTES + VALUE_BYTES))).rate
}

/** Segments are as large as those of a relay, unless something else is said. */
function filesIn(
  folder: string,
  maxBytes: number,
  segmentBytes = Math.min(maxBytes / 64, SEGMENT_BYTES_MAX),
): { buffer: EventBuffer; store: FileSegments } {
  const disk = new NodeDisk(folder)
  const residentBytes = BUFFER_BYTES
  const store = new FileSegments({ disk, physicalPartition: 1, segmentBytes, residentBytes, log: silentLogger })
  return { store, buffer: new EventBuffer({ maxBytes, physicalPartition: 1, store }) }
}

async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'aesop-bench-buffer-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The same into files, until all of them are safe from a power cut. */
function inFiles(): Promise<number> {
  return inFolder(async (folder) => {
    const { buffer, store } = filesIn(folder, BUFFER_BYTES)
    await buffer.open()
    store.begin('bench')
    buffer.start(0n)
    const { rate } = await append(buffer, EVENTS * (HEADER_BYTES + VALUE_BYTES))
    await buffer.close()
    return rate
  })
}

async function fill(folder: string, bytes: number): Promise<void> {
  const { buffer, store } = filesIn(folder, 2 * bytes, SEGMENT_BYTES_MAX)
  await buffer.open()
  store.begin('bench')
  buffer.start(0n)
  await append(buffer, bytes)
  await buffer.close()
}

/** Milliseconds until what is left of a killed process can be served. */
function restored(runs: number): Promise<number[]> {
  return inFolder(async (folder) => {
    await fill(folder, RESTORED_BYTES)
    const all: number[] = []
    for (let run = 0; run < runs; run++) {
      const next = filesIn(folder, 2 * RESTORED_BYTES).buffer
      const began = performance.now()
      await next.open()
      all.push(performance.now() - began)
      await next.close()
    }
    return all
  })
}

/**
 * Microseconds until the first events behind a window of files are there, wherever it lies; its events are read, too. The buffer is one
 * that was restored: nothing of it is in memory, however small it is. Its segments are as large as those of 10 GB. The same places are read
 * before, so that the system has what is read there in its cache, however large it is.
 */
function farEvent(bytes: number): Promise<number> {
  return inFolder(async (folder) => {
    await fill(folder, bytes)
    const { buffer } = filesIn(folder, 2 * bytes, SEGMENT_BYTES_MAX)
    await buffer.open()
    const windows = Math.floor(bytes / (HEADER_BYTES + VALUE_BYTES) / EVENTS_PER_WINDOW) - 1
    const readAll = async (): Promise<void> => {
      for (let n = 0; n < FAR_READS; n++) {
        const reader = buffer.openReader()
        const at = Math.floor(((n * GOLDEN_RATIO) % 1) * windows)
        await reader.seek(BigInt(at * EVENTS_PER_WINDOW), -1)
        const step = await reader.next(FAR_READ_BYTES)
        if (step.kind !== 'chunk') throw new Error(`window ${at} answers ${step.kind}`)
        step.release()
        reader.close()
      }
    }
    await readAll()
    const began = performance.now()
    await readAll()
    const micros = ((performance.now() - began) * 1000) / FAR_READS
    await buffer.close()
    return micros
  })
}

async function farEvents(runs: number): Promise<Figure[]> {
  const [large, small]: [number[], number[]] = [[], []]
  for (let run = 0; run < runs; run++) {
    large.push(await farEvent(RESTORED_BYTES))
    small.push(await farEvent(RESTORED_BYTES / 100))
  }
  const figure = (name: string, values: number[]): Figure => ({ name: `buffer.far.${name}`, unit: 'µs', runs: values })
  const [of, to] = [figure('10GB', large), figure('100MB', small)]
  return [of, to, ratioOf('buffer.far.ratio', of, to)]
}

/** Events of 128 bytes, 100 a window, into a buffer that overwrites its old end. In this process. */
export const buffer: BenchGroup = {
  prefix: 'buffer',
  async measure(wants, runs) {
    const figures: Figure[] = []
    for (const [name, measure] of [
      ['buffer.append.eventsPerSecond', inMemory],
      ['buffer.append.files.eventsPerSecond', inFiles],
    ] as const) {
      if (!wants(name)) continue
      await measure()
      const rates: number[] = []
      for (let run = 0; run < runs; run++) rates.push(await measure())
      figures.push({ name, unit: 'events/s', runs: rates })
    }
    const name = 'buffer.restore.ms'
    if (wants(name)) figures.push({ name, unit: 'ms', runs: await restored(runs) })
    if (wants('buffer.far')) figures.push(...(await farEvents(runs)))
    return figures
  },
}
