import {
  checkEvent,
  EventCorruptError,
  EventDecoder,
  EventUnsupportedError,
  type EventView,
  sealEvent,
} from '@aesop/event'
import { expect, test } from 'vitest'
import * as layout from '../src/event-layout-v2.ts'
import { encode, golden } from './support/events.ts'
import { naiveCrc } from './support/naive-encoder.ts'

const LIMIT = 1 << 20
const withByteKey = { ...golden, key: 'key', value: Buffer.from('value') }
/** By the Java encoder: a metadata part with a digest of CRC-32, schema version 3, a trace. */
const WITH_METADATA = Buffer.from(
  '02cafedeed0000003521c155220ec6318d0000005d00e5112210f47de9811500000028000100000000000003e800000000000000010000000300150102030409080700000005000c000102030405060708090a0b0c0d0e0f68656c6c6f',
  'hex',
)
/** By the Java encoder: a payload of no bytes. */
const WITHOUT_VALUE = Buffer.from(
  '02cafedeed00000035b8e67268517d8e120000004b0086112210f47de9811500000028000100000000000003e80000000000000001000000000004000102030405060708090a0b0c0d0e0f',
  'hex',
)

/** The event after a change, with the checksums that its bytes have then. */
function changed(event: Buffer, change: (bytes: Buffer) => Buffer | number): Buffer {
  let bytes: Buffer = Buffer.from(event)
  const made = change(bytes)
  if (made instanceof Buffer) {
    bytes = made
    bytes.writeInt32BE(bytes.length, layout.AT_LENGTH)
  }
  const header = bytes.readInt32BE(layout.AT_HEADER_LENGTH)
  bytes.writeUInt32BE(naiveCrc(bytes.subarray(header)), layout.AT_BODY_CRC)
  bytes.writeUInt32BE(naiveCrc(bytes.subarray(layout.AT_BODY_CRC, header)), layout.AT_HEADER_CRC)
  return bytes
}

const attributes =
  (value: number) =>
  (bytes: Buffer): number =>
    bytes.writeUInt16BE(value, layout.AT_ATTRIBUTES)

function next(bytes: Buffer): EventView | undefined {
  const decoder = new EventDecoder(LIMIT)
  decoder.push(bytes)
  return decoder.next()
}

test('an event with metadata, and one without a value, of the Java encoder are read', () => {
  const withMetadata = next(WITH_METADATA)
  expect(withMetadata?.value.toString()).toBe('hello')
  expect(withMetadata?.schemaId.toString('hex')).toBe('000102030405060708090a0b0c0d0e0f')
  const withoutValue = next(WITHOUT_VALUE)
  expect([withoutValue?.value.length, withoutValue?.opcode]).toEqual([0, 'DELETE'])
  expect(withoutValue?.schemaId.toString('hex')).toBe('000102030405060708090a0b0c0d0e0f')
})

test('an event without a payload has no schema and no value, and is read to its end', () => {
  const bytes = changed(encode(golden, 2), (event) => {
    attributes(0x05)(event)
    return Buffer.from(event.subarray(0, layout.LONG_KEY_HEADER_BYTES))
  })
  const view = next(bytes)
  expect([view?.length, view?.value.length, view?.valueOffset]).toEqual([53, 0, 53])
  expect(view?.schemaId.equals(Buffer.alloc(16))).toBe(true)
  expect(view?.hasSchemaId(new Int32Array(4))).toBe(false)
})

test('an event that is replicated from elsewhere says so', () => {
  expect(next(changed(encode(golden, 2), attributes(0x95)))?.isReplicated).toBe(true)
})

test('a wrong magic is named', () => {
  const bytes = changed(encode(golden, 2), (event) => event.writeUInt8(0xec, layout.AT_MAGIC + 3))
  expect(() => next(bytes)).toThrow('magic cafedeec of version 2, expected cafedeed')
  expect(() => {
    checkEvent(bytes, 0, bytes.length)
  }).toThrow('magic cafedeec of version 2, expected cafedeed')
})

test.each([0, 48, -1])('a length of %d is below the smallest', (length) => {
  const bytes = encode(golden, 2)
  bytes.writeInt32BE(length, layout.AT_LENGTH)
  expect(() => next(bytes)).toThrow(`length ${length} is below the smallest, 49`)
})

test.each([48, 81, -1, 0x7fffffff])('a header length of %d does not fit', (length) => {
  const bytes = encode(golden, 2)
  bytes.writeInt32BE(length, layout.AT_HEADER_LENGTH)
  expect(() => next(bytes)).toThrow(`header length ${length} does not fit in an event of 80 bytes`)
})

test('a header length that its key contradicts is named, though its checksum is right', () => {
  const longer = (by: number) => (bytes: Buffer) => bytes.writeInt32BE(53 + by, layout.AT_HEADER_LENGTH)
  for (const by of [-1, 1])
    expect(() => next(changed(encode(golden, 2), longer(by)))).toThrow(
      `header length ${53 + by} contradicts its key, expected 53`,
    )
  for (const length of [-1, 2, 4, 0x7fffffff]) {
    const bytes = changed(encode(withByteKey, 2), (event) => event.writeInt32BE(length, layout.AT_KEY))
    expect(() => next(bytes)).toThrow(`header length 52 contradicts its key, expected ${49 + length}`)
  }
})

test.each([
  [0x81, EventCorruptError, 'it has no kind of key'],
  [0x87, EventCorruptError, 'opcode 3 is not known'],
  [0x8d, EventUnsupportedError, 'a change event has a key with a schema, which is not read here'],
] as const)('attributes of %d are refused by name', (bits, type, message) => {
  const read = (): unknown => next(changed(encode(golden, 2), attributes(bits)))
  expect(read).toThrow(type)
  expect(read).toThrow(message)
})

test.each([32_768, -32_769, 0x7fffffff])('a source id of %d is more than events of version 1 have', (id) => {
  const bytes = changed(encode(golden, 2), (event) => event.writeInt32BE(id, layout.AT_SOURCE_ID))
  expect(() => next(bytes)).toThrow(`a change event has source id ${id}, outside of -32768 to 32767`)
})

test.each([32_767, -32_768])('a source id of %d is read', (id) => {
  expect(next(changed(encode(golden, 2), (event) => event.writeInt32BE(id, layout.AT_SOURCE_ID)))?.sourceId).toBe(id)
})

test('a checksum that is not that of its bytes is shown beside it', () => {
  const bytes = encode(golden, 2)
  const header = naiveCrc(bytes.subarray(layout.AT_BODY_CRC, 53)).toString(16)
  bytes.writeUInt32BE(0xabc, layout.AT_HEADER_CRC)
  expect(() => next(bytes)).toThrow(`corrupt change event: the header says CRC abc, its bytes give ${header}`)
  const body = changed(encode(golden, 2), () => 0)
  body.writeUInt8(0x21, body.length - 1)
  const stated = naiveCrc(encode(golden, 2).subarray(53)).toString(16)
  const given = naiveCrc(body.subarray(53)).toString(16)
  expect(() => next(body)).toThrow(`corrupt change event: the body says CRC ${stated}, its bytes give ${given}`)
})

test('parts that do not fill the event are refused', () => {
  const part = (length: number, kind = 0): ((bytes: Buffer) => number) => {
    return (bytes) => {
      bytes.writeInt32BE(length, 53)
      return bytes.writeUInt16BE(kind, 57)
    }
  }
  const event = encode(golden, 2)
  expect(() => next(changed(event, part(6)))).toThrow('its payload does not fit in the 27 bytes that are left')
  expect(() => next(changed(event, part(-1)))).toThrow('its payload does not fit in the 27 bytes that are left')
  expect(() => next(changed(event, part(4)))).toThrow('1 bytes behind its parts')
  expect(() => next(changed(event, attributes(0x05)))).toThrow('27 bytes behind its parts')
  expect(() => next(changed(event, part(5, 1)))).toThrow('a payload whose schema has a digest of kind 1')
  const short = changed(event, (bytes) => Buffer.from(bytes.subarray(0, 58)))
  expect(() => next(short)).toThrow('its payload does not fit in the 5 bytes that are left')
  for (const kind of [2, 3]) {
    const other = changed(WITH_METADATA, (bytes) => bytes.writeUInt16BE(kind, 57))
    expect(() => next(other)).toThrow(`digest ${kind} of its metadata is not known`)
  }
  const metadataOnly = changed(WITH_METADATA, (bytes) => bytes.writeInt32BE(60, 53))
  expect(() => next(metadataOnly)).toThrow('its metadata does not fit in the 40 bytes that are left')
})

test('a key as long as is written is written, and one byte more is refused by name', () => {
  const most = 'k'.repeat(layout.KEY_BYTES_MAX)
  expect(next(encode({ ...golden, key: most }, 2))?.key).toBe(most)
  expect(() => encode({ ...golden, key: `${most}k` }, 2)).toThrow(
    'the key of a change event has 32769 bytes, the limit is 32768',
  )
})

test('a version that is not known is found by each check, not by the decoder alone', () => {
  for (const version of [1, 2] as const) {
    const bytes = encode(golden, version)
    for (const first of [1, 3, 255]) {
      bytes[0] = first
      expect(() => {
        checkEvent(bytes, 0, bytes.length)
      }).toThrow(`version ${first} is not known, expected 0 or 2`)
    }
  }
})

test('events of both versions are read from one stream, and sealed where they lie', () => {
  const stream = Buffer.concat([encode(golden), encode(withByteKey, 2), encode(withByteKey), encode(golden, 2)])
  const keys: unknown[] = []
  for (let at = 0; at < stream.length;) at = sealEvent(stream, at, 0, 7)
  const decoder = new EventDecoder(LIMIT)
  for (const byte of stream) {
    decoder.push(Buffer.from([byte]))
    for (let event = decoder.next(); event !== undefined; event = decoder.next()) keys.push([event.key, event.scn])
  }
  expect(keys).toEqual([
    [1n, 7n],
    ['key', 7n],
    ['key', 7n],
    [1n, 7n],
  ])
})
