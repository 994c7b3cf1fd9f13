import { EventBuffer } from '@aesop/buffer'
import { type EventAppend } from '@aesop/event'
import { type BenchGroup } from './figure.ts'

const EVENTS = 2_000_000
const EVENTS_PER_WINDOW = 100
const VALUE_BYTES = 67

function appendAll(): number {
  const buffer = new EventBuffer({ maxBytes: 64 * 1024 * 1024, physicalPartition: 1 })
  const append: EventAppend = {
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
  buffer.start(0n)
  const began = performance.now()
  for (let event = 0; event < EVENTS; event++) {
    if (event % EVENTS_PER_WINDOW === 0) buffer.beginWindow()
    append.key = event
    buffer.append(append, write)
    if (event % EVENTS_PER_WINDOW === EVENTS_PER_WINDOW - 1) buffer.endWindow(BigInt(event + 1))
  }
  return EVENTS / ((performance.now() - began) / 1000)
}

/** Events of 128 bytes, 100 a window, into a buffer that overwrites its old end. In this process. */
export const buffer: BenchGroup = {
  prefix: 'buffer',
  measure(_wants, runs) {
    appendAll()
    const rates = Array.from({ length: runs }, appendAll)
    return Promise.resolve([{ name: 'buffer.append.eventsPerSecond', unit: 'events/s', runs: rates }])
  },
}
