import { EventBuffer } from '@aesop/buffer'
import { type EventAppend } from '@aesop/event'
import { silentLogger } from '@aesop/kernel'
import { FileSegments, NodeDisk } from '@aesop/segment-files'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BenchGroup } from './figure.ts'

const EVENTS = 2_000_000
const EVENTS_PER_WINDOW = 100
const VALUE_BYTES = 67
const HEADER_BYTES = 61

const BUFFER_BYTES = 64 * 1024 * 1024
const RESTORED_BYTES = 10 * 1024 ** 3

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

function filesIn(folder: string, maxBytes: number): { buffer: EventBuffer; store: FileSegments } {
  const store = new FileSegments({
    disk: new NodeDisk(folder),
    physicalPartition: 1,
    segmentBytes: Math.min(maxBytes / 64, BUFFER_BYTES),
    residentBytes: BUFFER_BYTES,
    log: silentLogger,
  })
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

/** Milliseconds until what is left of a killed process can be served. */
function restored(runs: number): Promise<number[]> {
  return inFolder(async (folder) => {
    const { buffer, store } = filesIn(folder, 2 * RESTORED_BYTES)
    await buffer.open()
    store.begin('bench')
    buffer.start(0n)
    await append(buffer, RESTORED_BYTES)
    await buffer.close()
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

/** Events of 128 bytes, 100 a window, into a buffer that overwrites its old end. In this process. */
export const buffer: BenchGroup = {
  prefix: 'buffer',
  async measure(wants, runs) {
    const figures = []
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
    return figures
  },
}
