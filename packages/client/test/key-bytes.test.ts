import { type EventKey, type EventVersion, eventBytesMax, writeEvent } from '@aesop/event'
import { schemaIdOf } from '@aesop/schema'
import { describe, expect, it } from 'vitest'
import { RowEvent } from '../src/row-event.ts'
import { EventSchema } from '../src/source-catalogue.ts'

const TEXT = JSON.stringify({ type: 'record', name: 't', fields: [{ name: 'id', type: 'long' }] })
const ID = schemaIdOf(TEXT)
const SCHEMA = new EventSchema({ id: 1, name: 'd.t' }, { id: 1, version: 1, schema: TEXT }, ID)

function eventWith(key: EventKey, version: EventVersion): RowEvent {
  const append = {
    opcode: 'UPSERT',
    key,
    sourceId: 1,
    schemaId: ID,
    timestampNanos: 0n,
    logicalPartition: 0,
    maxValueBytes: 10,
  } as const
  const target = Buffer.alloc(eventBytesMax(key, 10, version))
  writeEvent(target, 0, append, 1, version, (bytes, at) => bytes.writeUInt8(1, at))
  return new RowEvent(target, 0, SCHEMA)
}

describe.each([1, 2] as const)('the key of an event of version %d', (version) => {
  it('has its bytes, also where they are no UTF-8: two that look the same as text differ there', () => {
    const [one, other] = [0xfe, 0xff].map((byte) => eventWith(Buffer.from([byte, 0x41]), version)) as [
      RowEvent,
      RowEvent,
    ]
    expect([one.key, other.key]).toEqual(['\ufffdA', '\ufffdA'])
    expect([one.keyBytes, other.keyBytes]).toEqual([Buffer.from('fe41', 'hex'), Buffer.from('ff41', 'hex')])
    expect(other.copy().keyBytes).toEqual(other.keyBytes)
    expect(other.toJSON()).toMatchObject({ key: '\ufffdA', keyBytes: '/0E=' })
  })

  it('that is text has the bytes of that, and a long has none', () => {
    expect(eventWith('käse', version).keyBytes).toEqual(Buffer.from('käse'))
    expect(eventWith('', version).keyBytes).toEqual(Buffer.alloc(0))
    expect(eventWith(7, version).keyBytes).toBeUndefined()
    expect(eventWith('käse', version).toJSON()).not.toHaveProperty('keyBytes')
  })
})
