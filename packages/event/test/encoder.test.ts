import { eventBytesMax, EventTooLargeError, EventView, writeEndOfPeriod } from '@aesop/event'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyEvent, encode, golden } from './support/events.ts'
import { naiveEvent } from './support/naive-encoder.ts'
import { assertProperty } from '../../../test/support/property.ts'

const GOLDEN_A =
  '004d6bf24600000042000100000000000003e800010002112210f47de981150028000102030405060708090a0b0c0d0e0ff032519b000000000000000168656c6c6f'
const GOLDEN_C =
  '00de936e980000003d000000000000000003e800010000112210f47de98115fffe00000000000000000000000000000000000000000000000000000000'

test('an event with a long key has the bytes of the Java encoder', () => {
  expect(encode(golden).toString('hex')).toBe(GOLDEN_A)
  expect(naiveEvent(golden).toString('hex')).toBe(GOLDEN_A)
})

test('the end of a window has the bytes of the Java encoder, whatever was there before', () => {
  const target = Buffer.alloc(70, 0xaa)
  expect(writeEndOfPeriod(target, 4, 1000n, 1, 1234567890123456789n)).toBe(65)
  expect(target.toString('hex', 4, 65)).toBe(GOLDEN_C)
})

test('every event has the bytes of the naive encoder', () => {
  const reached = { longKey: 0, textKey: 0, emptyValue: 0, delete: 0 }
  assertProperty(
    fc.property(anyEvent, (event) => {
      reached[typeof event.key === 'bigint' ? 'longKey' : 'textKey']++
      if (event.value.length === 0) reached.emptyValue++
      if (event.opcode === 'DELETE') reached.delete++
      expect(encode(event).equals(naiveEvent(event))).toBe(true)
    }),
    { seed: 11, numRuns: 500, reached, atLeast: 10 },
  )
})

test('a view reads back what was written', () => {
  const reached = { longKey: 0, textKey: 0, delete: 0 }
  assertProperty(
    fc.property(anyEvent, (event) => {
      reached[typeof event.key === 'bigint' ? 'longKey' : 'textKey']++
      if (event.opcode === 'DELETE') reached.delete++
      const view = new EventView(encode(event), 0).copy()
      const { opcode, key, scn, physicalPartition, logicalPartition, timestampNanos, sourceId } = view
      const { schemaId, value, ...plain } = event
      expect({ opcode, key, scn, physicalPartition, logicalPartition, timestampNanos, sourceId }).toEqual(plain)
      expect(Buffer.compare(view.schemaId, schemaId)).toBe(0)
      expect(Buffer.compare(view.value, value)).toBe(0)
      expect(view.isControl || view.isEndOfPeriod).toBe(false)
    }),
    { seed: 12, numRuns: 300, reached, atLeast: 50 },
  )
})

test.each([
  0,
  1,
  -1,
  2 ** 31,
  -(2 ** 31),
  2 ** 40 + 7,
  -(2 ** 40) - 7,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
])('the number %d is the same key as its bigint', (key) => {
  const asNumber = encode({ ...golden, key: key as never })
  expect(asNumber.equals(encode({ ...golden, key: BigInt(key) }))).toBe(true)
})

test('a bigint above 2^63 - 1 keeps its 64 bits', () => {
  const view = new EventView(encode({ ...golden, key: 2n ** 64n - 1n }), 0)
  expect(view.key).toBe(-1n)
})

test('bytes are the same key as the text that they spell', () => {
  const text = 'Grüße, 世界'
  expect(encode({ ...golden, key: Buffer.from(text) as never }).equals(encode({ ...golden, key: text }))).toBe(true)
})

test('the announced size is never less than the written one, and has a limit', () => {
  const reached = { exactly: 0, beyondAscii: 0 }
  assertProperty(
    fc.property(anyEvent, (event) => {
      const bytesMax = eventBytesMax(event.key, event.value.length)
      if (encode(event).length === bytesMax) reached.exactly++
      if (typeof event.key === 'string' && /[^\0-\x7f]/.test(event.key)) reached.beyondAscii++
      expect(encode(event).length).toBeLessThanOrEqual(bytesMax)
    }),
    { seed: 13, numRuns: 200, reached, atLeast: 20 },
  )
  expect(() => eventBytesMax(1, 0x7fffffff)).toThrow(EventTooLargeError)
})
