import { eventBytesMax, type EventVersion, sealEvent, writeEvent } from '@aesop/event'
import fc from 'fast-check'
import { type NaiveEvent } from './naive-encoder.ts'

/** Writes with the encoder under test, at an offset that is not 0. */
export function encode(event: NaiveEvent & { opcode: 'UPSERT' | 'DELETE' }, version: EventVersion = 1): Buffer {
  const at = 3
  const target = Buffer.alloc(at + eventBytesMax(event.key, event.value.length, version) + 5, 0xee)
  const append = { ...event, maxValueBytes: event.value.length }
  const end = writeEvent(target, at, append, event.physicalPartition, version, (into, offset) => {
    into.set(event.value, offset)
    return offset + event.value.length
  })
  const sealed = sealEvent(target, at, Number(event.scn >> 32n), Number(BigInt.asIntN(32, event.scn)))
  if (sealed !== end) throw new Error(`writeEvent ends at ${end}, sealEvent at ${sealed}`)
  return Buffer.from(target.subarray(at, end))
}

const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })

export const anyEvent = fc.record({
  opcode: fc.constantFrom('UPSERT' as const, 'DELETE' as const),
  key: fc.oneof(long, fc.string({ unit: 'grapheme', maxLength: 40 })),
  scn: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  physicalPartition: fc.integer({ min: 0, max: 32767 }),
  logicalPartition: fc.integer({ min: 0, max: 32767 }),
  timestampNanos: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  sourceId: fc.integer({ min: 1, max: 32767 }),
  schemaId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  value: fc.uint8Array({ maxLength: 600 }),
})

/** The event of the golden bytes A. */
export const golden = {
  opcode: 'UPSERT' as const,
  key: 1n,
  scn: 1000n,
  physicalPartition: 1,
  logicalPartition: 2,
  timestampNanos: 1234567890123456789n,
  sourceId: 40,
  schemaId: Uint8Array.from({ length: 16 }, (_, i) => i),
  value: Buffer.from('hello'),
}
