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

test('nested values of an event in JSON are as plain, and keep names that every object knows', () => {
  const own = (json: string): object => JSON.parse(json) as object
  const deep = [{ id: 2n, bytes: new Uint8Array([1]) }, own('{"__proto__": {"constructor": 1}}')]
  const source = { id: 1, name: 'shop.book' }
  const event = {
    scn: 1n,
    opcode: 'UPSERT',
    key: 1n,
    source,
    timestampNanos: 0n,
    row: { deep },
  } as unknown as ChangeEvent
  expect(JSON.stringify(eventToJson(event).row)).toBe(
    '{"deep":[{"id":"2","bytes":"AQ=="},{"__proto__":{"constructor":1}}]}',
  )
})

test('a key that is no UTF-8 stands in JSON with its bytes, and only such a one', () => {
  const jsonOf = (keyBytes: Uint8Array | undefined, key: bigint | string): Record<string, unknown> => {
    const source = { id: 1, name: 'shop.book' }
    const event = { scn: 1n, opcode: 'UPSERT', key, keyBytes, source, timestampNanos: 0n, row: {} }
    return { ...eventToJson(event as unknown as ChangeEvent) }
  }
  expect(jsonOf(Buffer.from([0xff, 0x00]), '\ufffd\0')).toMatchObject({ key: '\ufffd\0', keyBytes: '/wA=' })
  expect(jsonOf(Buffer.from('käse'), 'käse')).not.toHaveProperty('keyBytes')
  expect(jsonOf(undefined, 1n)).not.toHaveProperty('keyBytes')
})
