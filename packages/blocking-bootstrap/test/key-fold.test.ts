import { expect, test } from 'vitest'
import { foldedKey } from '../src/key-fold.ts'

const fold = (text: string): string => foldedKey(Buffer.from(text))

test.each([
  ['w223', 'W223'],
  ['key', 'key  '],
  ['a-b', 'A B'],
  ['resume', 'Résumé'],
  ['strasse', 'Straße'],
  ['strase', 'STRAẞE'],
  ['søt', 'SOT'],
  ['æ', 'ae'],
  ['ﬁ', 'FI'],
  ['ｗ1', 'w1'],
  ['ひらがな', 'ヒラカナ'],
  ['Ёлка', 'елка'],
])('%s and %s, which a collation may take for one key, are of one partition', (one, other) => {
  expect(fold(one)).toBe(fold(other))
})

test('a key of ASCII is folded as one that has other letters beside it', () => {
  for (const text of ['w223', 'A-b_C d', 'aabbAB', '11 22', '', '--', 'Person.Number@Example.org'])
    expect(fold(`${text}鍵`)).toBe(`${fold(text)}鍵`)
})

test('keys that differ in letters or digits are told apart', () => {
  const keys = ['w1', 'w2', 'w11', 'v1', 'ключ', 'клич', '鍵', '鎖']
  expect(new Set(keys.map(fold)).size).toBe(keys.length)
})
