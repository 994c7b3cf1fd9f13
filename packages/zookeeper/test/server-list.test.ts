import { describe, expect, test } from 'vitest'
import { parseServers, ServerTurns, shownServer } from '../src/server-list.ts'

/* Which servers there are, and in which turns they are asked. */
describe('a list of servers', () => {
  test.each([
    ['zk', [{ host: 'zk', port: 2181 }], ''],
    [
      'a:1,b:2/aesop/x',
      [
        { host: 'a', port: 1 },
        { host: 'b', port: 2 },
      ],
      '/aesop/x',
    ],
    [
      '[::1]:2182, [2001:db8::2]/c',
      [
        { host: '::1', port: 2182 },
        { host: '2001:db8::2', port: 2181 },
      ],
      '/c',
    ],
    ['10.0.0.1:2181', [{ host: '10.0.0.1', port: 2181 }], ''],
  ])('is read: %s', (text, addresses, chroot) => {
    expect(parseServers(text)).toEqual({ addresses, chroot })
  })

  test.each([
    ['', '"" is no host:port'],
    ['a,,b', '"" is no host:port'],
    ['a:b', '"a:b" is no host:port'],
    ['::1', '"::1" is no host:port'],
    ['[zk]:2181', '"zk" is no IPv6 address'],
    ['a:0', '0 is no port'],
    ['a:65536', '65536 is no port'],
  ])('is refused: %j', (text, fault) => {
    expect(() => parseServers(text)).toThrow(fault)
  })

  test('is shown as it is written', () => {
    const { addresses } = parseServers('[::1]:2182,zk:1')
    expect(addresses.map(shownServer).join(',')).toBe('[::1]:2182,zk:1')
  })
})

describe('turns', () => {
  const servers = ['a', 'b', 'c'].map((host) => ({ host, port: 1 }))

  test('ask each server once at once, and then wait before each round, up to a second', () => {
    const turns = new ServerTurns(servers, () => 0)
    const taken = Array.from({ length: 24 }, () => turns.take())
    expect(taken.map(({ server }) => server.host).join('')).toBe('abc'.repeat(8))
    expect(taken.map(({ afterMs }) => afterMs).filter((_ms, i) => i % 3 !== 0)).toEqual(Array(16).fill(0))
    expect(taken.map(({ afterMs }) => afterMs).filter((_ms, i) => i % 3 === 0)).toEqual([
      0, 50, 100, 200, 400, 800, 1_000, 1_000,
    ])
  })

  test('are drawn, once', () => {
    const drawn = [0.9, 0.1, 0.5]
    const turns = new ServerTurns(servers, () => drawn.shift() ?? 0.5)
    expect(Array.from({ length: 6 }, () => turns.take().server.host).join('')).toBe('bcabca')
  })

  test('wait a quarter less at most', () => {
    const turns = new ServerTurns(servers.slice(1, 2), () => 0.999)
    expect([turns.take(), turns.take()].map(({ afterMs }) => Math.round(afterMs))).toEqual([0, 38])
  })

  test('begin anew with the next server after a connection that held, and may stay with one', () => {
    const turns = new ServerTurns(servers, () => 0)
    for (let i = 0; i < 4; i++) turns.take()
    turns.reset()
    expect(turns.take()).toMatchObject({ server: { host: 'b' }, afterMs: 0 })
    turns.stay()
    expect(turns.take()).toMatchObject({ server: { host: 'b' }, afterMs: 0 })
  })
})
