import { checkEvent, downConvert, downConvertedBytesAt, EventView, writeEndOfPeriod } from '@aesop/event'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assertProperty } from '../../../test/support/property.ts'
import { anyEvent, encode } from './support/events.ts'
import { naiveEvent } from './support/naive-encoder.ts'

/** An event as the Java encoder writes it, and as it converts it for a client that reads version 1. */
const BY_JAVA = {
  'a long key': [
    '02cafedeed000000350fd3a8f4ac9fab1f000000500085112210f47de9811500000028000100000000000003e80000000000000001000000050000000102030405060708090a0b0c0d0e0f68656c6c6f',
    '009ef0eebd00000042000100000000000003e800010001112210f47de981150028000102030405060708090a0b0c0d0e0ff032519b000000000000000168656c6c6f',
  ],
  'a byte key': [
    '02cafedeed00000036e1ab7f42ac9fab1f00000051008a112210f47de9811500000028000100000000000003e8000000056bc3a47365000000050000000102030405060708090a0b0c0d0e0f68656c6c6f',
    '005dda5e2c00000043000a00000000000003e800010001112210f47de981150028000102030405060708090a0b0c0d0e0ff3c12cb8000000056bc3a4736568656c6c6f',
  ],
  'metadata and a trace': [
    '02cafedeed0000003521c155220ec6318d0000005d00e5112210f47de9811500000028000100000000000003e800000000000000010000000300150102030409080700000005000c000102030405060708090a0b0c0d0e0f68656c6c6f',
    '0000e92c7300000042000500000000000003e800010001112210f47de981150028000102030405060708090a0b0c0d0e0ff032519b000000000000000168656c6c6f',
  ],
  'no value': [
    '02cafedeed00000035b8e67268517d8e120000004b0086112210f47de9811500000028000100000000000003e80000000000000001000000000004000102030405060708090a0b0c0d0e0f',
    '00e50d17f70000003d000200000000000003e800010001112210f47de981150028000102030405060708090a0b0c0d0e0f000000000000000000000001',
  ],
} as const

/** Converts the event at an offset that is not 0, to one that is not. */
function converted(event: Buffer): Buffer {
  const from = Buffer.concat([Buffer.alloc(5, 0xaa), event])
  const target = Buffer.alloc(event.length + 40, 0xbb)
  const end = downConvert(from, 5, target, 9)
  expect(end - 9).toBe(downConvertedBytesAt(from, 5))
  return target.subarray(9, end)
}

test.each(Object.entries(BY_JAVA))('an event with %s becomes the one that Java makes of it', (_, [v2, v1]) => {
  expect(converted(Buffer.from(v2, 'hex')).toString('hex')).toBe(v1)
})

test('the end of a window becomes that of version 1', () => {
  const end = (version: 1 | 2): Buffer => {
    const bytes = Buffer.alloc(61)
    return bytes.subarray(0, writeEndOfPeriod(bytes, 0, 1000n, 7, version, 5n))
  }
  expect(converted(end(2)).equals(end(1))).toBe(true)
})

test('an event of version 2 becomes that of version 1, whose logical partition is the physical one', () => {
  const reached = { longKey: 0, textKey: 0, emptyValue: 0, delete: 0 }
  assertProperty(
    fc.property(anyEvent, (event) => {
      reached[typeof event.key === 'bigint' ? 'longKey' : 'textKey']++
      if (event.value.length === 0) reached.emptyValue++
      if (event.opcode === 'DELETE') reached.delete++
      const bytes = converted(encode(event, 2))
      checkEvent(bytes, 0, bytes.length)
      expect(bytes.equals(naiveEvent({ ...event, logicalPartition: event.physicalPartition }))).toBe(true)
    }),
    { seed: 17, numRuns: 300, reached, atLeast: 5 },
  )
})

test('an event that came from elsewhere says so in either version', () => {
  const event = Buffer.from(BY_JAVA['a long key'][0], 'hex')
  event.writeUInt8(0x95, 22)
  expect(new EventView(event).isReplicated).toBe(true)
  expect(new EventView(converted(event)).isReplicated).toBe(true)
})
