import { EventCorruptError, eventCrc, EventDecoder, EventTooLargeError, EventUnsupportedError } from '@aesop/event'
import {
  EventTruncatedError,
  type EventVersion,
  type EventView,
  RemoteErrorTextError,
  schemaIdWords,
} from '@aesop/event'
import { expect, test } from 'vitest'
import { assertReached } from '../../../test/support/property.ts'
import { seedOf } from '../../../test/support/seed.ts'
import { SeededDraw } from '../../../test/support/seeded-draw.ts'
import { encode, golden } from './support/events.ts'

const LIMIT = 4096
const ROUNDS = 4000
const EDGES = [0, 1, 2, 0x7b, 0x7f, 0x80, 0xff] as const

/** Gives the bytes of one event the checksums that they have now, so that what is behind the checksums is looked at. */
function resealed(bytes: Buffer): void {
  const isV2 = bytes[0] === 2
  const header = isV2 ? bytes.readInt32BE(5) : (bytes.readUInt16BE(9) & 8) !== 0 ? 57 : 61
  if (header < 49 || header > bytes.length) return
  if (isV2) {
    bytes.writeUInt32BE(eventCrc(bytes, header, bytes.length), 13)
    bytes.writeUInt32BE(eventCrc(bytes, 13, header), 9)
  } else {
    bytes.writeUInt32BE(eventCrc(bytes, header, bytes.length), 49)
    bytes.writeUInt32BE(eventCrc(bytes, 5, header), 1)
  }
}

function drawnEvent(draw: SeededDraw): Buffer {
  if (draw.below(100) === 0) return Buffer.from('{"error":"gone"}')
  const version: EventVersion = draw.of([1, 2])
  const key = draw.of<bigint | string>([1n, -1n, '', 'key', 'k'.repeat(200)])
  const event = {
    ...golden,
    key,
    value: Buffer.alloc(draw.below(200), 7),
    opcode: draw.of<'UPSERT' | 'DELETE'>(['UPSERT', 'DELETE']),
  }
  const bytes = encode(event, version)
  const changes = draw.below(4)
  for (let i = 0; i < changes; i++) bytes[draw.below(bytes.length)] = draw.of<number>(EDGES)
  if (changes > 0 && draw.below(4) > 0) resealed(bytes)
  return bytes
}

/** Each field is read, and none lies outside of the event. */
function lookAt(event: EventView, words: Int32Array): void {
  expect(event.valueOffset).toBeGreaterThanOrEqual(event.offset)
  expect(event.valueOffset).toBeLessThanOrEqual(event.end)
  const { key, opcode, scn, scnLow, sourceId, physicalPartition, logicalPartition, timestampNanos, value } = event
  const read = { key, opcode, scn, scnLow, sourceId, physicalPartition, logicalPartition, timestampNanos }
  expect(Object.keys(read)).toHaveLength(8)
  expect(value.length).toBe(event.end - event.valueOffset)
  expect(event.schemaId).toHaveLength(16)
  expect(typeof event.hasSchemaId(words)).toBe('boolean')
  if (event.hasByteKey) expect(event.keyBytes.length).toBeLessThanOrEqual(event.length)
}

test('whatever comes, the decoder gives whole events or an error by name, and always ends', () => {
  const words = schemaIdWords(Buffer.from(golden.schemaId))
  const reached = { event: 0, corrupt: 0, unsupported: 0, tooLarge: 0, truncated: 0, text: 0 }
  const kinds = new Map<unknown, keyof typeof reached>([
    [EventCorruptError, 'corrupt'],
    [EventUnsupportedError, 'unsupported'],
    [EventTooLargeError, 'tooLarge'],
    [EventTruncatedError, 'truncated'],
    [RemoteErrorTextError, 'text'],
  ])
  const seed = seedOf(16)
  const draw = new SeededDraw(seed)
  for (let round = 0; round < ROUNDS; round++) {
    const stream = Buffer.concat(Array.from({ length: 1 + draw.below(3) }, () => drawnEvent(draw)))
    const decoder = new EventDecoder(LIMIT)
    try {
      for (let at = 0; at < stream.length;) {
        const piece = stream.subarray(at, at + 1 + draw.below(draw.of([8, 60, 3000])))
        at += piece.length
        decoder.push(piece)
        for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
          lookAt(event, words)
          reached.event++
        }
      }
      decoder.end()
    } catch (error) {
      const kind = kinds.get((error as Error).constructor)
      expect(kind, `seed ${seed}, round ${round}: ${String(error)}`).toBeDefined()
      if (kind !== undefined) reached[kind]++
    }
  }
  assertReached({ reached, atLeast: 10 })
})
