import { createHash } from 'node:crypto'
import { LOG_KEYS, shownKey } from '@aesop/kernel'
import { expect, test } from 'vitest'

const hashOf = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex').slice(0, 12)

test.each([
  [4711n, 'hash', `sha256:${hashOf('4711')}`],
  [4711, 'hash', `sha256:${hashOf('4711')}`],
  ['alice@example.org', 'hash', `sha256:${hashOf('alice@example.org')}`],
  [Buffer.from('ff00', 'hex'), 'hash', `sha256:${hashOf(Buffer.from('ff00', 'hex'))}`],
  ['alice', 'full', 'alice'],
  [Buffer.from('ff00', 'hex'), 'full', 'ff00'],
  ['alice', 'none', undefined],
] as const)('%s as %s is %s', (key, show, expected) => {
  expect(shownKey(key, show)).toBe(expected)
})

test('a key of a whole row is cut', () => {
  expect(LOG_KEYS.map((show) => (shownKey('x'.repeat(10_000), show) ?? '').length < 300)).toEqual([true, true, true])
})
