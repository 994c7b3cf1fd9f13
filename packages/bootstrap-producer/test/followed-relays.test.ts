import { ProcessReaders } from '@aesop/checkpoint'
import { describe, expect, it } from 'vitest'
import { followedRelays, type RelayPlace } from '../src/followed-relays.ts'

const SOURCES = ['shop.item', 'shop.order']
const place = (relayPort: number, ...relayLogicalSourceNames: readonly string[]): RelayPlace => ({
  relayHost: 'relay.example',
  relayPort,
  relayLogicalSourceNames,
})
const portsOf = (places: readonly RelayPlace[]): readonly number[] =>
  followedRelays('shop', SOURCES, places, new Map())().map(({ port }) => port)

describe('the relays that a bootstrap producer follows', () => {
  it('are those that serve all of its sources', () => {
    expect(portsOf([place(1), place(2, 'shop.item'), place(3, ...SOURCES, 'other')])).toEqual([1, 3])
    expect(() => portsOf([place(2, 'shop.item')])).toThrow('no relay of shop has all of shop.item, shop.order')
  })

  it('are the one of this process where none is named, wherever it listens then', () => {
    const shared = new Map<string, unknown>()
    const relays = followedRelays('shop', SOURCES, [], shared)
    expect(relays()).toMatchObject([{ host: '127.0.0.1', port: 9000 }])
    shared.set('relay.address', { host: '127.0.0.2', port: 9001 })
    expect(relays()).toMatchObject([{ host: '127.0.0.2', port: 9001 }])
    ProcessReaders.of(shared).addRelay({ host: '::1', port: 9002, waits: false, sources: new Set(SOURCES) })
    expect(relays()).toMatchObject([{ host: '::1', port: 9002 }])
  })
})
