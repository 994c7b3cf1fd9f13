import {
  eventBytesMax,
  eventHeaderBytes,
  eventHeaderBytesMax,
  EventTooLargeError,
  EventView,
  SCHEMA_CHANGE_ID_DEFAULT,
  SCHEMA_CHANGE_KINDS,
  SCHEMA_CHANGE_SCHEMA,
  SCHEMA_CHANGE_SOURCE,
  schemaIdWords,
  writeEndOfPeriod,
} from '@aesop/event'
import { expect, test } from 'vitest'
import { viewOf } from '../src/byte-view.ts'
import * as layout from '../src/event-layout-v1.ts'
import { encode, golden } from './support/events.ts'

const AROUND = 11

/** The event with other bytes before and behind it. */
function inside(bytes: Buffer): EventView {
  const around = Buffer.alloc(bytes.length + 2 * AROUND, 0xee)
  bytes.copy(around, AROUND)
  return new EventView(around, AROUND)
}

test.each([
  { event: golden, valueAt: 61, attributes: 1, hasByteKey: false },
  { event: { ...golden, opcode: 'DELETE' as const, key: 'käse' }, valueAt: 62, attributes: 10, hasByteKey: true },
])('a view reads an event where it lies (attributes $attributes)', ({ event, valueAt, attributes, hasByteKey }) => {
  const bytes = encode(event)
  const view = inside(bytes)
  expect(view.length).toBe(bytes.length)
  expect(view.end).toBe(AROUND + bytes.length)
  expect(view.attributes).toBe(attributes)
  expect(view.hasByteKey).toBe(hasByteKey)
  expect([view.opcode, view.key, view.valueOffset]).toEqual([event.opcode, event.key, AROUND + valueAt])
  expect([view.schemaId.toString('hex'), view.schemaId.buffer]).toEqual([
    Buffer.from(event.schemaId).toString('hex'),
    view.bytes.buffer,
  ])
  expect([view.value.toString(), view.value.buffer]).toEqual(['hello', view.bytes.buffer])
  const copy = view.copy()
  expect([copy.offset, copy.bytes.equals(bytes), copy.bytes.buffer === view.bytes.buffer]).toEqual([0, true, false])
})

test('a view compares the low half of the SCN, and all words of the schema id', () => {
  const view = inside(encode({ ...golden, scn: (5n << 32n) | 0xfffffffen }))
  expect(view.scnLow).toBe(-2)
  const id = Buffer.from(golden.schemaId)
  expect(view.hasSchemaId(schemaIdWords(id))).toBe(true)
  for (let at = 0; at < id.length; at++) {
    const other = Buffer.from(id)
    other.writeUInt8(other.readUInt8(at) ^ 1, at)
    expect(view.hasSchemaId(schemaIdWords(other))).toBe(false)
  }
})

test('a view shows the bytes of a key where they lie, and whether the change came from elsewhere', () => {
  const view = inside(encode({ ...golden, key: 'käse' }))
  expect([view.keyBytes.toString(), view.keyBytes.buffer]).toEqual(['käse', view.bytes.buffer])
  expect(view.isReplicated).toBe(false)
  view.bytes.writeInt16BE(layout.ATTRIBUTE_REPLICATED | view.attributes, AROUND + layout.AT_ATTRIBUTES)
  expect(view.isReplicated).toBe(true)
  expect([view.opcode, view.hasByteKey]).toEqual(['UPSERT', true])
})

test('a view is moved from one event to another, and begins nowhere', () => {
  const view = new EventView()
  expect([view.bytes.length, view.offset]).toEqual([0, 0])
  const first = encode(golden)
  const both = Buffer.concat([first, encode({ ...golden, key: 'two' })])
  expect(view.moveTo(both, 0)).toBe(view)
  expect(view.key).toBe(1n)
  expect(view.moveTo(both, view.end).key).toBe('two')
  expect(view.offset).toBe(first.length)
})

test('control events are those below source 0, of which one ends a window', () => {
  const bytes = Buffer.alloc(61)
  writeEndOfPeriod(bytes, 0, 5n, 1, 1, 0n)
  expect(layout.SOURCE_ID_CHECKPOINT).toBe(-3)
  const kinds = [-2, -3, 0, 1].map((sourceId) => {
    bytes.writeInt16BE(sourceId, 31)
    const view = new EventView(bytes)
    return [view.isControl, view.isEndOfPeriod, view.opcode]
  })
  expect(kinds).toEqual([
    [true, true, undefined],
    [true, false, undefined],
    [false, false, undefined],
    [false, false, undefined],
  ])
})

test.each([
  [5, 61, 61],
  [5n, 61, 61],
  ['', 57, 57],
  ['abc', 60, 66],
  ['世界', 63, 63],
  [Buffer.from('世界'), 63, 63],
  [new Uint8Array(9), 66, 66],
])('the header of an event with the key %s has %d bytes, at most %d before a look at it', (key, exact, atMost) => {
  expect([eventHeaderBytes(key, 1), eventHeaderBytesMax(key, 1), eventBytesMax(key, 10, 1)]).toEqual([
    exact,
    atMost,
    atMost + 10,
  ])
})

test('an event may have 2 GiB less one byte', () => {
  expect(eventBytesMax(1, 0x7fffffff - 61, 1)).toBe(0x7fffffff)
  expect(() => eventBytesMax(1, 0x7fffffff - 60, 1)).toThrow(EventTooLargeError)
})

test('the views of the last two buffers are kept, and are views on the right bytes', () => {
  const buffers = [1, 2, 3].map((n) => Buffer.from(new Uint8Array([0, n, n + 1, 0]).buffer, 1, 2))
  const [first, second, third] = buffers as [Buffer, Buffer, Buffer]
  const views = [viewOf(first), viewOf(second)]
  for (let i = 0; i < 3; i++)
    expect([viewOf(first), viewOf(second)].map((view, at) => view === views[at])).toEqual([true, true])
  for (const bytes of [first, third, second, first, third]) {
    const view = viewOf(bytes)
    expect([view.byteLength, view.getUint8(0), view.getUint8(1)]).toEqual([2, bytes[0], bytes[1]])
    expect(viewOf(bytes)).toBe(view)
  }
})

test('what happens to a table travels as a record of this schema, under this name and number', () => {
  expect([SCHEMA_CHANGE_SOURCE, SCHEMA_CHANGE_ID_DEFAULT]).toEqual(['com.aesop.SchemaChange', 32767])
  expect(SCHEMA_CHANGE_SCHEMA).toBe(
    '{"name":"SchemaChange","namespace":"com.aesop","type":"record","fields":[' +
      '{"name":"kind","type":"string"},{"name":"source","type":"string"},{"name":"database","type":"string"},' +
      '{"name":"table","type":"string"},{"name":"sql","type":["null","string"]},{"name":"at","type":"long"}]}',
  )
  expect(SCHEMA_CHANGE_KINDS.join(' ')).toBe('ALTER TRUNCATE DROP RENAME CREATE QUARANTINED RELEASED PASSED_OVER')
})
