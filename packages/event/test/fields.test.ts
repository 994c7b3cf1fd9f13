import {
  endAt,
  EventView,
  headerBytesWanted,
  isEndOfPeriodAt,
  lengthAt,
  schemaIdWords,
  scnAt,
  timestampNanosAt,
  valueOffsetAt,
  writeEndOfPeriod,
} from '@aesop/event'
import { describe, expect, test } from 'vitest'
import { encode, golden } from './support/events.ts'

const EVENT = {
  ...golden,
  schemaId: Buffer.from(golden.schemaId),
  key: 77n,
  scn: 2n ** 40n + 5n,
  value: Buffer.from('value'),
}

describe.each([1, 2] as const)('of an event of version %i', (version) => {
  const [AT, event] = [7, encode(EVENT, version)]
  const bytes = Buffer.concat([Buffer.alloc(AT, 0x55), event, Buffer.alloc(100, 0x55)])

  test('whoever walks a window reads its fields wherever it lies', () => {
    expect([lengthAt(bytes, AT), endAt(bytes, AT)]).toEqual([event.length, AT + event.length])
    expect([scnAt(bytes, AT), timestampNanosAt(bytes, AT)]).toEqual([EVENT.scn, EVENT.timestampNanos])
    expect(bytes.subarray(valueOffsetAt(bytes, AT), endAt(bytes, AT)).toString()).toBe('value')
    expect(isEndOfPeriodAt(bytes, AT)).toBe(false)
    const end = Buffer.alloc(200)
    writeEndOfPeriod(end, AT, 9n, 3, version, 5n)
    expect([isEndOfPeriodAt(end, AT), scnAt(end, AT)]).toEqual([true, 9n])
  })

  test('another schema differs in any of its bytes', () => {
    const view = new EventView().moveTo(bytes, AT)
    expect(view.hasSchemaId(schemaIdWords(EVENT.schemaId))).toBe(true)
    for (let i = 0; i < 16; i++) {
      const other = Buffer.from(EVENT.schemaId)
      other.writeUInt8((other[i] ?? 0) ^ 1, i)
      expect(view.hasSchemaId(schemaIdWords(other)), `byte ${i}`).toBe(false)
    }
  })

  test.each([77n, 'a key of bytes'])('with the key %s the header is asked for until it is whole', (key) => {
    const one = Buffer.concat([Buffer.alloc(AT), encode({ ...EVENT, key }, version)])
    const whole = headerBytesWanted(one, AT, one.length - AT)
    for (let available = 0; available <= whole; available++) {
      const wanted = headerBytesWanted(one, AT, available)
      expect(wanted <= whole, `${available} there: ${wanted} of ${whole}`).toBe(true)
      expect(wanted > available || wanted === whole, `${available}`).toBe(true)
    }
  })
})
