import { ProcessReaders } from '@aesop/checkpoint'
import { expect, test } from 'vitest'
import { ProcessRelay } from '../src/process-relay.ts'

test('the relay of the process is found where it listens now, also after it has moved', () => {
  const shared = new Map<string, unknown>()
  const relay = new ProcessRelay(shared, ['shop.orders'])
  expect([relay.host, relay.port]).toEqual(['127.0.0.1', 9000])
  shared.set('relay.address', { host: '127.0.0.2', port: 4711 })
  expect([relay.host, relay.port]).toEqual(['127.0.0.2', 4711])
  shared.set('relay.address', { host: '127.0.0.2', port: 4712 })
  expect([relay.host, relay.port]).toEqual(['127.0.0.2', 4712])
  shared.delete('relay.address')
  expect([relay.host, relay.port]).toEqual(['127.0.0.1', 9000])
})

test('of several relays of the process the one that serves all of the sources is meant, whichever was started last', () => {
  const shared = new Map<string, unknown>([['relay.address', { host: '127.0.0.1', port: 4713 }]])
  const readers = ProcessReaders.of(shared)
  const of = (port: number, ...sources: string[]): (() => void) =>
    readers.addRelay({ host: '127.0.0.1', port, beganAfterScn: 0n, waits: true, sources: new Set(sources) })
  const shop = new ProcessRelay(shared, ['shop.orders', 'com.aesop.SchemaChange'])
  const both = new ProcessRelay(shared, ['shop.orders', 'crm.people'])
  expect([shop.mayBe('127.0.0.1', 4711), shop.mayBe('127.0.0.1', 4712)]).toEqual([true, true])
  const endShop = of(4711, 'shop.orders', 'com.aesop.SchemaChange')
  of(4712, 'crm.people', 'com.aesop.SchemaChange')
  expect(shop.port).toBe(4711)
  expect([shop.mayBe('127.0.0.1', 4711), shop.mayBe('127.0.0.1', 4712)]).toEqual([true, false])
  // None serves both: the one that is asked says what it has.
  expect([both.port, both.mayBe('127.0.0.1', 4712)]).toEqual([4713, true])
  endShop()
  expect(shop.port).toBe(4713)
})
