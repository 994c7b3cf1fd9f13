import {
  eventBytesMax,
  EventTooLargeError,
  eventWriterOf,
  sealEvent,
  sealEvents,
  valueOffsetAt,
  writeEvent,
} from '@aesop/event'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assertProperty } from '../../../test/support/property.ts'
import { anyEvent } from './support/events.ts'

type AnyEvent = typeof anyEvent extends fc.Arbitrary<infer Event> ? Event : never

const BYTES = 16 * 1024
const HIGH = 0x01020304
const LOW = -5

const appendOf = (event: AnyEvent) => ({ ...event, maxValueBytes: event.value.length })
const valueOf =
  ({ value }: AnyEvent) =>
  (into: Buffer, at: number): number => {
    into.set(value, at)
    return at + value.length
  }

test.each([1, 2] as const)('a writer of version %i writes and seals as is done one by one', (version) => {
  const reached = { several: 0, textKey: 0, longKey: 0 }
  const writer = eventWriterOf(version)
  assertProperty(
    fc.property(fc.array(anyEvent, { maxLength: 8 }), (events) => {
      const [together, apart] = [Buffer.alloc(BYTES, 0xee), Buffer.alloc(BYTES, 0xee)]
      let end = 5
      for (const event of events) {
        reached[typeof event.key === 'bigint' ? 'longKey' : 'textKey']++
        expect(writer.bytesMax(event.key, 9)).toBe(eventBytesMax(event.key, 9, version))
        const from = end
        end = writer.write(together, from, appendOf(event), event.physicalPartition, valueOf(event))
        expect(writer.valueOffsetAt(together, from)).toBe(end - event.value.length)
        const same = writeEvent(apart, from, appendOf(event), event.physicalPartition, version, valueOf(event))
        expect([same, valueOffsetAt(apart, from)]).toEqual([end, end - event.value.length])
        sealEvent(apart, from, HIGH, LOW)
      }
      if (events.length > 1) reached.several++
      sealEvents(together, 5, end, HIGH, LOW)
      expect(together.equals(apart)).toBe(true)
    }),
    { seed: 17, numRuns: 200, reached, atLeast: 20 },
  )
  expect(() => writer.bytesMax(1, 0x7fffffff)).toThrow(EventTooLargeError)
})
