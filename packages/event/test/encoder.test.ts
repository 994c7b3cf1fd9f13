import { eventBytesMax, EventTooLargeError, EventView, schemaIdWords, writeEndOfPeriod } from '@aesop/event'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyEvent, encode, golden } from './support/events.ts'
import { naiveEvent, naiveEventV2 } from './support/naive-encoder.ts'
import { assertProperty } from '../../../test/support/property.ts'

const GOLDEN_A =
  '004d6bf24600000042000100000000000003e800010002112210f47de981150028000102030405060708090a0b0c0d0e0ff032519b000000000000000168656c6c6f'
const GOLDEN_C =
  '00de936e980000003d000000000000000003e800010000112210f47de98115fffe00000000000000000000000000000000000000000000000000000000'

const GOLDEN_V2 = {
  longKey:
    '02cafedeed000000350fd3a8f4ac9fab1f000000500085112210f47de9811500000028000100000000000003e80000000000000001000000050000000102030405060708090a0b0c0d0e0f68656c6c6f',
  byteKey:
    '02cafedeed00000036e1ab7f42ac9fab1f00000051008a112210f47de9811500000028000100000000000003e8000000056bc3a47365000000050000000102030405060708090a0b0c0d0e0f68656c6c6f',
  endOfPeriod:
    '02cafedeed00000035f220097300000000000000350004112210f47de98115fffffffe000100000000000003e80000000000000000',
}

test('an event of version 2 has the bytes of the Java encoder, with either key', () => {
  expect(encode(golden, 2).toString('hex')).toBe(GOLDEN_V2.longKey)
  expect(naiveEventV2(golden).toString('hex')).toBe(GOLDEN_V2.longKey)
  const deleted = { ...golden, opcode: 'DELETE' as const, key: 'käse' }
  expect(encode(deleted, 2).toString('hex')).toBe(GOLDEN_V2.byteKey)
  expect(naiveEventV2(deleted).toString('hex')).toBe(GOLDEN_V2.byteKey)
})

test('the end of a window of version 2 has the bytes of the Java encoder, whatever was there before', () => {
  const target = Buffer.alloc(70, 0xaa)
  expect(writeEndOfPeriod(target, 4, 1000n, 1, 2, 1234567890123456789n)).toBe(57)
  expect(target.toString('hex', 4, 57)).toBe(GOLDEN_V2.endOfPeriod)
})

test('an event with a long key has the bytes of the Java encoder', () => {
  expect(encode(golden).toString('hex')).toBe(GOLDEN_A)
  expect(naiveEvent(golden).toString('hex')).toBe(GOLDEN_A)
})

test('the end of a window has the bytes of the Java encoder, whatever was there before', () => {
  const target = Buffer.alloc(70, 0xaa)
  expect(writeEndOfPeriod(target, 4, 1000n, 1, 1, 1234567890123456789n)).toBe(65)
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
      expect(encode(event, 2).equals(naiveEventV2(event))).toBe(true)
    }),
    { seed: 11, numRuns: 500, reached, atLeast: 10 },
  )
})

test.each([1, 2] as const)('a view reads back what was written in version %d', (version) => {
  const reached = { longKey: 0, textKey: 0, delete: 0 }
  assertProperty(
    fc.property(anyEvent, (event) => {
      reached[typeof event.key === 'bigint' ? 'longKey' : 'textKey']++
      if (event.opcode === 'DELETE') reached.delete++
      const view = new EventView(encode(event, version), 0).copy()
      const { opcode, key, scn, physicalPartition, logicalPartition, timestampNanos, sourceId } = view
      const { schemaId, value, ...plain } = event
      // Version 2 has one partition.
      const expected = version === 1 ? plain : { ...plain, logicalPartition: plain.physicalPartition }
      expect({ opcode, key, scn, physicalPartition, logicalPartition, timestampNanos, sourceId }).toEqual(expected)
      expect(view.scnLow).toBe(Number(BigInt.asIntN(32, event.scn)))
      expect(Buffer.compare(view.schemaId, schemaId)).toBe(0)
      expect(view.hasSchemaId(schemaIdWords(Buffer.from(schemaId)))).toBe(true)
      expect(Buffer.compare(view.value, value)).toBe(0)
      expect(view.isControl || view.isEndOfPeriod || view.isReplicated).toBe(false)
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
  for (const version of [1, 2] as const) {
    const asNumber = encode({ ...golden, key: key as never }, version)
    expect(asNumber.equals(encode({ ...golden, key: BigInt(key) }, version))).toBe(true)
  }
})

test('a bigint above 2^63 - 1 keeps its 64 bits', () => {
  const view = new EventView(encode({ ...golden, key: 2n ** 64n - 1n }), 0)
  expect(view.key).toBe(-1n)
})

test('bytes are the same key as the text that they spell', () => {
  const text = 'Grüße, 世界'
  expect(encode({ ...golden, key: Buffer.from(text) as never }).equals(encode({ ...golden, key: text }))).toBe(true)
})

test('a bigint above 2^63 - 1 keeps its 64 bits in version 2', () => {
  expect(new EventView(encode({ ...golden, key: 2n ** 64n - 1n }, 2), 0).key).toBe(-1n)
})

test('bytes that are no UTF-8 stay what they are, as a key of either version', () => {
  const key = Buffer.from([0xff, 0x00, 0xc3])
  for (const version of [1, 2] as const) {
    const view = new EventView(encode({ ...golden, key: key as never }, version), 0)
    expect([view.hasByteKey, view.keyBytes.toString('hex')]).toEqual([true, 'ff00c3'])
  }
})

test('the announced size is never less than the written one, and has a limit', () => {
  const reached = { exactly: 0, beyondAscii: 0 }
  assertProperty(
    fc.property(anyEvent, (event) => {
      const bytesMax = eventBytesMax(event.key, event.value.length, 1)
      expect(eventBytesMax(event.key, event.value.length, 2)).toBe(bytesMax + 14)
      expect(encode(event, 2).length).toBe(encode(event).length + 14)
      if (encode(event).length === bytesMax) reached.exactly++
      if (typeof event.key === 'string' && /[^\0-\x7f]/.test(event.key)) reached.beyondAscii++
      expect(encode(event).length).toBeLessThanOrEqual(bytesMax)
    }),
    { seed: 13, numRuns: 200, reached, atLeast: 20 },
  )
  expect(() => eventBytesMax(1, 0x7fffffff, 1)).toThrow(EventTooLargeError)
})
