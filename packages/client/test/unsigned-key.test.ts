import { writeEvent } from '@aesop/event'
import { schemaIdOf } from '@aesop/schema'
import { describe, expect, it } from 'vitest'
import { RowEvent } from '../src/row-event.ts'
import { EventSchema } from '../src/source-catalogue.ts'

const MAX = 18446744073709551615n

interface Field {
  readonly name: string
  readonly type: string
  readonly meta: string
}

/** An event with a long key and one zigzag varint in its value. */
function eventWith(key: bigint, meta: string, ...fields: Field[]): RowEvent {
  const text = JSON.stringify({ type: 'record', name: 't', meta, fields })
  const id = schemaIdOf(text)
  const schema = new EventSchema({ id: 1, name: 'd.t' }, { id: 1, version: 1, schema: text }, id)
  const target = Buffer.alloc(200)
  const append = {
    opcode: 'UPSERT',
    key,
    sourceId: 1,
    schemaId: id,
    timestampNanos: 0n,
    logicalPartition: 0,
    maxValueBytes: 10,
  } as const
  // -1, which is all 64 bits.
  writeEvent(target, 0, append, 1, 1, (bytes, at) => bytes.writeUInt8(1, at))
  return new RowEvent(target, 0, schema)
}

const id = (dbFieldType: string): Field => ({
  name: 'id',
  type: 'long',
  meta: `dbFieldName=Id;dbFieldType=${dbFieldType};`,
})

describe('the key of an event', () => {
  it.each(['bigint unsigned', 'bigint(20) unsigned', 'BIGINT(20) UNSIGNED ZEROFILL'])(
    'of %s is what the row has',
    (type) => {
      const event = eventWith(MAX, 'pk=id;', id(type))
      expect(event.row['id']).toBe(MAX)
      expect(event.key).toBe(MAX)
      expect(event.copy().key).toBe(MAX)
      expect(event.toJSON().key).toBe(String(MAX))
    },
  )

  it('names its field without regard to case, as the schema is read', () => {
    expect(eventWith(MAX, 'pk=ID;', id('bigint unsigned')).key).toBe(MAX)
  })

  it('of a table whose row is its key is that of its one column', () => {
    expect(eventWith(MAX, 'derived=true;', id('bigint unsigned')).key).toBe(MAX)
  })

  it.each([
    ['a signed column', 'pk=id;', id('bigint')],
    ['a column of which the schema tells no type', 'pk=id;', id('')],
    ['a schema that names no key', '', id('bigint unsigned')],
  ])('of %s is the signed long', (_what, meta, field) => {
    expect(eventWith(MAX, meta, field).key).toBe(-1n)
    expect(eventWith(7n, meta, field).key).toBe(7n)
  })
})
