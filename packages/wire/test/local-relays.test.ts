import { type LocalRelay, LocalRelays } from '@aesop/wire'
import { expect, test } from 'vitest'

const relayAt = (host: string, port: number): LocalRelay => ({
  host,
  port,
  connect: () => {
    throw new Error('nobody connects here')
  },
})

test('relays of a process are found by their addresses for as long as they are there, by every copy of it', () => {
  const shared = new Map<string, unknown>()
  const [one, other] = [relayAt('127.0.0.1', 9000), relayAt('127.0.0.1', 9001)]
  const remove = LocalRelays.of(shared).add(one)
  LocalRelays.of(shared).add(other)
  expect(LocalRelays.of(shared).at('127.0.0.1', 9000)).toBe(one)
  expect(LocalRelays.of(shared).at('127.0.0.1', 9001)).toBe(other)
  remove()
  expect(LocalRelays.of(shared).at('127.0.0.1', 9000)).toBeUndefined()
  expect(LocalRelays.of(new Map()).at('127.0.0.1', 9001)).toBeUndefined()
})

test.each([
  ['0.0.0.0', '127.0.0.1', true],
  ['::', '::1', true],
  ['localhost', 'localhost', true],
  // Another process may listen at the other address of that name.
  ['127.0.0.1', 'localhost', false],
  ['127.0.0.1', '::1', false],
  ['10.0.0.1', '127.0.0.1', false],
])('one that listens at %s is what %s reaches: %s', (host, asked, isReached) => {
  const relays = new LocalRelays()
  relays.add(relayAt(host, 9000))
  expect(relays.at(asked, 9000) !== undefined).toBe(isReached)
  expect(relays.at(asked, 9001)).toBeUndefined()
})
