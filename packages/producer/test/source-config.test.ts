import {
  defaultSourceId,
  LogicalSourceConfig,
  logicalPartitionOf,
  nameFromUri,
  PhysicalSourceConfig,
} from '@aesop/producer'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { crc32 } from 'node:zlib'
import { assertProperty } from '../../../test/support/property.ts'

const sources = ['or_test.person']

test('a URI and a table are enough', () => {
  const config = PhysicalSourceConfig.from({ uri: 'mysql://me%2Fsecret@localhost:3306/12345/mysql-bin', sources })
  expect(config).toMatchObject({
    id: 1,
    name: 'mysql-localhost-3306',
    startRetryMs: 0,
    keyless: 'wholeRow',
    eventVersion: 1,
    largestEventSizeInBytes: 64 * 1024 * 1024,
  })
  expect(config.sources[0]).toEqual(
    new LogicalSourceConfig({
      id: 1 + (crc32('or_test.person') % 32767),
      uri: 'or_test.person',
      partitionFunction: 'constant:0',
    }),
  )
  expect(PhysicalSourceConfig.from(config)).toBe(config)
})

test('a derived name never holds a password', () => {
  const reached = { plain: 0, signs: 0 }
  assertProperty(
    fc.property(fc.stringMatching(/^[a-zA-Z0-9!@#:]{1,20}$/), (password) => {
      reached[/[!@#:]/.test(password) ? 'signs' : 'plain']++
      const secret = `PW${password}PW`
      for (const uri of [`mysql://me%2F${secret}@host:1/2/bin`, `mysql://me:${secret}@host`]) {
        expect(nameFromUri(uri)).not.toContain('PW')
      }
    }),
    { seed: 3, numRuns: 200, reached, atLeast: 10 },
  )
})

test.each([
  ['memory:demo?windows=3', 'memory-demo'],
  ['binlog:/var/lib/mysql/mysql-bin.index', 'binlog-mysql-bin.index'],
  ['mysql://host/7/bin', 'mysql-host'],
])('%s is named %s', (uri, name) => {
  expect(nameFromUri(uri)).toBe(name)
})

test('derived ids are stable and in range', () => {
  const reached = { low: 0, high: 0 }
  assertProperty(
    fc.property(fc.string(), (name) => {
      const id = defaultSourceId(name)
      reached[id < 16384 ? 'low' : 'high']++
      expect(id).toBeGreaterThanOrEqual(1)
      expect(id).toBeLessThanOrEqual(32767)
    }),
    { seed: 4, numRuns: 100, reached, atLeast: 20 },
  )
  expect(defaultSourceId('or_test.person')).toBe(defaultSourceId('or_test.person'))
})

test('scalars of a descriptor may be numbers, bigints or text', () => {
  const config = PhysicalSourceConfig.from({
    id: 2n,
    uri: 'memory:x',
    sources: [{ id: '41', uri: 'a.b', partitionFunction: 'constant:7' }],
    startRetryMs: '50',
  })
  expect([config.id, config.sources[0]?.id, config.startRetryMs]).toEqual([2, 41, 50])
  expect(config.sources.map(logicalPartitionOf)).toEqual([7])
})

test.each([
  [{ uri: 'memory:x', sources: [] }, /sources is \[\], expected a list of at least one table/],
  [{ uri: 'memory:x', sources: ['a.b', 'a.b'] }, /the sources a.b and a.b both have the name a.b/],
  [
    {
      uri: 'memory:x',
      sources: [
        { id: 1, uri: 'a.b' },
        { id: 1, uri: 'a.c' },
      ],
    },
    /the sources a.b and a.c both have the id 1/,
  ],
  [
    {
      uri: 'memory:x',
      sources: [
        { id: 1, uri: 'a.b', name: 'n' },
        { id: 2, uri: 'a.c', name: 'n' },
      ],
    },
    /both have the name n/,
  ],
  [{ uri: 'memory:x', sources: [{ id: 40000, uri: 'a.b' }] }, /id is 40000, expected an integer from 1 to 32767/],
  [{ uri: 'memory:x', sources: [{ uri: 'a.b', partitionFunction: 'hash' }] }, /expected constant:<n>/],
  [{ uri: 'memory:x', sources, id: 'seven' }, /id is "seven", expected an integer/],
  [{ uri: 'memory:x', sources, keyless: 'maybe' }, /expected wholeRow or refuse/],
  [{ uri: 'memory:x', sources, startFrom: 'yesterday' }, /startFrom is "yesterday"/],
])('%j is refused by name', (options, message) => {
  expect(() => PhysicalSourceConfig.from(options)).toThrow(message)
})

test('a broken URI is refused without showing it', () => {
  expect(() => PhysicalSourceConfig.from({ uri: 'me/secret@host', sources })).toThrow(/uri is missing/)
  expect(() => PhysicalSourceConfig.from({ uri: 'me/secret@host', sources })).not.toThrow(/secret/)
})

test('events are of version 1, or of 2 where it is asked for', () => {
  const versionOf = (eventVersion: number | string): number =>
    new PhysicalSourceConfig({ uri: 'memory:a', sources, eventVersion }).eventVersion
  expect([versionOf(1), versionOf(2), versionOf('2')]).toEqual([1, 2, 2])
  for (const wrong of [0, 3, 1.5, 'two']) expect(() => versionOf(wrong)).toThrow(/eventVersion/)
})
