import { AddressRanges, AttemptLimit, hostNameFault, isLoopback, parseHttpHost, rangeFault } from '@aesop/kernel'
import { describe, expect, test } from 'vitest'

describe('a Host header', () => {
  test.each([
    ['localhost', { name: 'localhost', port: undefined, isAddress: false }],
    ['LocalHost.:9000', { name: 'localhost', port: 9000, isAddress: false }],
    ['relay_1.example.com:80', { name: 'relay_1.example.com', port: 80, isAddress: false }],
    ['10.1.2.3:9000', { name: '10.1.2.3', port: 9000, isAddress: true }],
    ['[::1]:9000', { name: '::1', port: 9000, isAddress: true }],
    ['[FD00::1]', { name: 'fd00::1', port: undefined, isAddress: true }],
    ['relay.internal/10.1.2.3:9000', { name: '10.1.2.3', port: 9000, isAddress: true }],
    ['/127.0.0.1:9000', { name: '127.0.0.1', port: 9000, isAddress: true }],
    ['localhost/0:0:0:0:0:0:0:1:9000', { name: '0:0:0:0:0:0:0:1', port: 9000, isAddress: true }],
    ['localhost/[0:0:0:0:0:0:0:1]:9000', { name: '0:0:0:0:0:0:0:1', port: 9000, isAddress: true }],
  ])('%s', (text, parsed) => {
    expect(parseHttpHost(text)).toEqual(parsed)
  })

  test.each(
    [
      '',
      ':80',
      'a b',
      'a:',
      'a:b',
      'a:65536',
      'user@127.0.0.1',
      '127.0.0.1/',
      '/evil.example:80',
      'a/b:80',
      '//127.0.0.1:80',
    ].concat([
      '[evil]:80',
      '::1',
      'a,127.0.0.1',
      '127.0.0.1#',
      'localhost\\evil',
      '127.0.0.1/evil.example:80',
      'lo\u{017F}alhost',
    ]),
  )('%j is none', (text) => {
    expect(parseHttpHost(text)).toBeUndefined()
  })
})

test.each([
  ['localhost', true],
  ['a.localhost', true],
  ['LOCALHOST.', true],
  ['127.8.9.1', true],
  ['::1', true],
  ['[::1]', true],
  ['::ffff:127.0.0.1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['127.0.0.1.evil.example', false],
  ['localhost.evil.example', false],
  ['127.1', false],
])('isLoopback(%s) is %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected)
})

test('a further name of a server is a name alone', () => {
  expect(['relay.example.com', '10.1.2.3'].map(hostNameFault)).toEqual([undefined, undefined])
  expect(hostNameFault('relay:9000')).toContain('without a port')
  for (const text of ['*.example.com', 'http://relay', '', '/10.1.2.3:9000'])
    expect(hostNameFault(text)).toContain('a host name')
})

describe('ranges of addresses', () => {
  const ranges = new AddressRanges(['10.1.0.0/16', '192.168.7.9', 'fd00:1::/32', '::ffff:172.16.0.0/108'])

  test.each([
    ['10.1.255.9', true],
    ['10.2.0.1', false],
    ['::ffff:10.1.2.3', true],
    ['::FFFF:10.2.2.3', false],
    ['192.168.7.9', true],
    ['192.168.7.10', false],
    ['fd00:1:ffff::1', true],
    ['fd00:2::1', false],
    ['fd00:1::1%eth0', true],
    ['172.31.0.1', true],
    ['172.32.0.1', false],
    ['', false],
  ])('%s: %s', (address, expected) => {
    expect(ranges.has(address)).toBe(expected)
  })

  test('what is none is named, and so is one that holds everybody', () => {
    for (const text of [
      '10.1',
      '10.1.0.0/33',
      '10.1.0.0/',
      '10.1.0.0/16/2',
      'fd00::/129',
      'relay',
      '::ffff:10.0.0.0/95',
      '',
    ])
      expect([text, rangeFault(text)]).toEqual([text, expect.stringContaining('a range like')])
    const everybody = ['0.0.0.0/0', '::/0', '::ffff:0.0.0.0/96', '::ffff:0:0/96', '::/80', '0:0:0:0:0:ffff::/95']
    for (const text of everybody)
      expect([text, rangeFault(text)]).toEqual([text, expect.stringContaining('insecure: true')])
    expect(['10.1.0.0/16', '10.1.2.3', 'fd00::/8', '::1'].map(rangeFault)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('failed attempts', () => {
  const limitAt = (clock: { nowMs: number }, networksMax = 100) =>
    new AttemptLimit({ burst: 3, refillMs: 1000, networksMax, now: () => clock.nowMs })

  test('beyond a burst an address waits until one of them is forgotten; others do not', () => {
    const clock = { nowMs: 0 }
    const limit = limitAt(clock)
    expect([limit.failed('10.0.0.1'), limit.failed('::ffff:10.0.0.1'), limit.failed('10.0.0.1')]).toEqual([
      true,
      true,
      true,
    ])
    expect([limit.waitMs('10.0.0.1'), limit.waitMs('10.0.0.2')]).toEqual([1000, 0])
    expect(limit.failed('10.0.0.1')).toBe(false)
    clock.nowMs = 400
    expect(limit.waitMs('10.0.0.1')).toBeCloseTo(600)
    clock.nowMs = 1000
    expect([limit.waitMs('10.0.0.1'), limit.failed('10.0.0.1'), limit.failed('10.0.0.1')]).toEqual([0, true, false])
  })

  test('the addresses of one IPv6 subscriber are one', () => {
    const limit = limitAt({ nowMs: 0 })
    for (const address of ['2001:db8:0:1::1', '2001:DB8::1:a:b:c:d', '2001:db8:0:1:ffff::9']) limit.failed(address)
    expect([limit.waitMs('2001:db8:0:1::77'), limit.waitMs('2001:db8:0:2::1'), limit.waitMs('2001:db8::1')]).toEqual([
      1000, 0, 0,
    ])
  })

  test('so many are remembered; the one that failed longest ago is forgotten first', () => {
    const limit = limitAt({ nowMs: 0 }, 2)
    for (const address of ['10.0.0.1', '10.0.0.1', '10.0.0.1', '10.0.0.2', '10.0.0.3']) limit.failed(address)
    expect(limit.waitMs('10.0.0.1')).toBe(0)
  })
})
