import { expect, test } from 'vitest'
import { type ChangeEvent } from '@aesop/client'
import { eventToJson } from '../src/event-json.ts'

test('an event in JSON keeps every digit and every byte, in types that depend on the column alone', () => {
  const event = {
    scn: 9151314442816847873n,
    opcode: 'UPSERT',
    key: 1n,
    source: { id: 1, name: 'shop.book' },
    timestampNanos: 1_700_000_000_123_456_789n,
    row: { id: 1n, big: 18446744073709551615n, n: 5, text: 'é', cover: new Uint8Array([0, 255]), none: null },
  } as unknown as ChangeEvent
  expect(JSON.parse(JSON.stringify(eventToJson(event)))).toEqual({
    scn: '9151314442816847873',
    opcode: 'UPSERT',
    key: '1',
    source: 'shop.book',
    committedAt: '2023-11-14T22:13:20.123Z',
    row: { id: '1', big: '18446744073709551615', n: 5, text: 'é', cover: 'AP8=', none: null },
  })
})
