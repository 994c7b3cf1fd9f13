import { describe, expect, test } from 'vitest'
import { JuteReader } from '../src/jute-reader.ts'
import { Chroot } from '../src/node-path.ts'
import { type WatchEvent } from '../src/watch-event.ts'
import { Watches } from '../src/watches.ts'

/* Whom a notification is for, and what sets watches again on a new connection. */
const PIECE_BYTES_MAX = 128 * 1024
const whole = new Chroot('')

describe('watches', () => {
  const set = (): { watches: Watches; told: (type: WatchEvent['type'], path: string) => string[] } => {
    const watches = new Watches()
    const told: string[] = []
    for (const kind of ['data', 'exist', 'child', 'persistent', 'recursive'] as const) {
      watches.add(kind, '/a', () => told.push(kind))
    }
    return {
      watches,
      told(type, path) {
        told.length = 0
        const event = { type, path }
        for (const watcher of watches.take(event)) watcher(event)
        return [...told]
      },
    }
  }

  test.each([
    ['created', ['data', 'exist', 'persistent', 'recursive']],
    ['changed', ['data', 'exist', 'persistent', 'recursive']],
    ['deleted', ['data', 'exist', 'child', 'persistent', 'recursive']],
    ['children', ['child', 'persistent']],
  ] as const)('of one time are over when %s is told, others stay', (type, kinds) => {
    const { told } = set()
    expect(told(type, '/a')).toEqual(kinds)
    expect(told(type, '/a')).toEqual(type === 'children' ? ['persistent'] : ['persistent', 'recursive'])
  })

  test('that are recursive are told of what is below, and of nothing beside', () => {
    const { told } = set()
    expect(told('created', '/a/b/c')).toEqual(['recursive'])
    expect(told('created', '/ab')).toEqual([])
    expect(told('created', '/')).toEqual([])
  })

  test('of the root are told of everything', () => {
    const watches = new Watches()
    const watcher = (): void => undefined
    watches.add('recursive', '/', watcher)
    expect(watches.take({ type: 'created', path: '/a' })).toEqual([watcher])
    expect(watches.take({ type: 'changed', path: '/' })).toEqual([watcher])
  })

  test('of one function are told once', () => {
    const watches = new Watches()
    const watcher = (): void => undefined
    watches.add('data', '/a', watcher)
    watches.add('child', '/a', watcher)
    expect(watches.take({ type: 'deleted', path: '/a' })).toEqual([watcher])
  })
})

describe('watches on a new connection', () => {
  test('are set with the change that was seen last, those that stay by their own packet', () => {
    const watches = new Watches()
    watches.add('data', '/d', () => undefined)
    watches.add('exist', '/e', () => undefined)
    watches.add('child', '/c', () => undefined)
    watches.add('persistent', '/p', () => undefined)
    watches.add('recursive', '/r', () => undefined)
    expect(watches.packets(7n, new Chroot('/x')).map(read)).toEqual([
      { opcode: 101, zxid: 7n, paths: [['/x/d'], ['/x/e'], ['/x/c']] },
      { opcode: 105, zxid: 7n, paths: [[], [], [], ['/x/p'], ['/x/r']] },
    ])
  })

  test('come in pieces that servers take', () => {
    const watches = new Watches()
    for (let i = 0; i < 15_000; i++) watches.add('exist', `/watched-by-a-session-${i}`, () => undefined)
    const packets = watches.packets(7n, whole)
    expect(packets.length).toBeGreaterThan(2)
    expect(Math.max(...packets.map(({ length }) => length))).toBeLessThanOrEqual(PIECE_BYTES_MAX)
    expect(packets.map(read).flatMap(({ paths }) => paths[1] ?? [])).toHaveLength(15_000)
  })

  test('are none without one', () => {
    expect(new Watches().packets(7n, whole)).toEqual([])
  })
})

function read(packet: Buffer) {
  const reader = new JuteReader(packet.subarray(4))
  expect(reader.int('an xid')).toBe(-8)
  const opcode = reader.int('an opcode')
  const zxid = reader.long('a zxid')
  const paths: string[][] = []
  while (reader.left > 0) paths.push(reader.vector('paths', 4, () => reader.text('a path')))
  return { opcode, zxid, paths }
}
