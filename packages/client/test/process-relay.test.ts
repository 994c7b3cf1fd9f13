import { expect, test } from 'vitest'
import { ProcessRelay } from '../src/process-relay.ts'

test('the relay of the process is found where it listens now, also after it has moved', () => {
  const shared = new Map<string, unknown>()
  const relay = new ProcessRelay(shared)
  expect([relay.host, relay.port]).toEqual(['127.0.0.1', 9000])
  shared.set('relay.address', { host: '127.0.0.2', port: 4711 })
  expect([relay.host, relay.port]).toEqual(['127.0.0.2', 4711])
  shared.set('relay.address', { host: '127.0.0.2', port: 4712 })
  expect([relay.host, relay.port]).toEqual(['127.0.0.2', 4712])
  shared.delete('relay.address')
  expect([relay.host, relay.port]).toEqual(['127.0.0.1', 9000])
})
