import { checkEvent, type EventAppend, EventView, type ValueWriter } from '@aesop/event'
import { type WindowReader } from '@aesop/reading'
import { type WindowRig } from './window-reader-contract.ts'
import { BufferChunk, type BufferCursor, type EventBuffer, SegmentPool } from '@aesop/buffer'

export const SCHEMA_ID = Buffer.alloc(16, 7)

/** One event as a test thinks of it: its key and the length of its value. */
export interface SimpleEvent {
  key: number | string
  valueBytes: number
}

export function appendOf(event: SimpleEvent): EventAppend {
  return {
    opcode: 'UPSERT',
    key: event.key,
    sourceId: 40,
    schemaId: SCHEMA_ID,
    timestampNanos: 1_000_000_000n,
    logicalPartition: 0,
    maxValueBytes: event.valueBytes,
  }
}

export function filler(valueBytes: number): ValueWriter {
  return (target, offset) => {
    target.fill(valueBytes & 0xff, offset, offset + valueBytes)
    return offset + valueBytes
  }
}

export function addWindow(buffer: EventBuffer, scn: bigint, events: readonly SimpleEvent[]): void {
  buffer.beginWindow()
  for (const event of events) buffer.append(appendOf(event), filler(event.valueBytes))
  buffer.endWindow(scn)
}

/** What a reader got, one line per event: `scn:key` and `scn:end`. */
export function linesOf(bytes: Buffer): string[] {
  const lines: string[] = []
  const view = new EventView(bytes, 0)
  for (let at = 0; at < bytes.length; at = view.end) {
    view.moveTo(bytes, at)
    lines.push(`${view.scn}:${view.isEndOfPeriod ? 'end' : String(view.key)}`)
  }
  return lines
}

/** Reads until the cursor has nothing more. */
export function drain(cursor: BufferCursor, maxBytes = 1 << 20): string[] {
  const lines: string[] = []
  for (;;) {
    const step = cursor.next(maxBytes)
    if (!(step instanceof BufferChunk)) {
      if (step.kind !== 'caughtUp') throw new Error(`expected caughtUp, got ${step.kind}`)
      return lines
    }
    lines.push(...linesOf(step.bytes))
    step.release()
  }
}

/** The memory of a buffer that was handed no store. */
export function poolOf(buffer: EventBuffer): SegmentPool {
  if (!(buffer.store instanceof SegmentPool)) throw new Error('the buffer has another store')
  return buffer.store
}

/** Everything that a reader gets until it has caught up; each event proves its checksums. */
export async function drained(reader: WindowReader, maxBytes = 1 << 20): Promise<string[]> {
  const lines: string[] = []
  for (;;) {
    const step = await reader.next(maxBytes)
    if (step.kind === 'caughtUp') return lines
    if (step.kind !== 'chunk') throw new Error(`expected a chunk, got ${step.kind}`)
    const view = new EventView(step.bytes, 0)
    for (let at = 0; at < step.bytes.length; at = view.end) {
      checkEvent(step.bytes, at, view.moveTo(step.bytes, at).length)
    }
    lines.push(...linesOf(step.bytes))
    step.release()
  }
}

/** The rig of a started buffer, whose old windows leave when there is no room. */
export function rigOf(buffer: EventBuffer): WindowRig {
  const add = async (scn: bigint, keys: readonly number[]): Promise<void> => {
    await buffer.whenWritable()
    addWindow(
      buffer,
      scn,
      keys.map((key) => ({ key, valueBytes: 39 })),
    )
  }
  return {
    source: buffer,
    add,
    forget: async (scn) => {
      while (buffer.prevScn < scn) await add(buffer.lastScn + 1n, [1, 2, 3])
      return buffer.prevScn
    },
    close: () => buffer.close(),
  }
}
