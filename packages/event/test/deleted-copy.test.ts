import { describe, expect, it } from 'vitest'
import { checkEvent, deletedCopy, type EventKey, EventView, sealEvent, writeEvent } from '../src/index.ts'

function eventOf(key: EventKey, version: 1 | 2): Buffer {
  const target = Buffer.alloc(200)
  const schemaId = Buffer.alloc(16, 9)
  const append = {
    opcode: 'UPSERT' as const,
    key,
    sourceId: 40,
    schemaId,
    timestampNanos: 7n,
    logicalPartition: 0,
    maxValueBytes: 5,
  }
  const end = writeEvent(target, 0, append, 1, version, (bytes, at) => at + bytes.write('value', at))
  sealEvent(target, 0, 0, 10)
  return target.subarray(0, end)
}

describe('the deleted copy of an event', () => {
  for (const version of [1, 2] as const) {
    it.each([
      ['long', 5n],
      ['byte', 'five'],
    ] as const)(`of version ${version} with a %s key is a DELETE of it`, (_kind, key) => {
      const event = eventOf(key, version)
      const before = Buffer.from(event)
      const scn = 0x1_8000_0001n
      const view = new EventView(deletedCopy(new EventView(event), scn))
      checkEvent(view.bytes, 0, view.bytes.length)
      const { opcode, key: itsKey, value, sourceId, timestampNanos } = view
      expect({ opcode, key: itsKey, scn: view.scn, value: value.toString(), sourceId, timestampNanos }).toEqual({
        opcode: 'DELETE',
        key,
        scn,
        value: 'value',
        sourceId: 40,
        timestampNanos: 7n,
      })
      expect(event).toEqual(before)
    })
  }
})
