import { cutText, formatJson, visibleLines, visibleText } from '@aesop/kernel'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assertProperty } from '../../../test/support/property.ts'

const HOSTILE = [
  ...[...Array(32).keys(), 0x7f, ...Array.from({ length: 32 }, (_none, i) => 0x80 + i)].map((code) =>
    String.fromCharCode(code),
  ),
  ...Array.from('\u2028\u2029\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\ud800'),
]

test.each(HOSTILE)('nothing hidden is left of %j', (char) => {
  expect(visibleText(`a${char}b`)).toMatch(/^a\\(?:[nrt]|u[0-9a-f]{4})b$/)
})

test('what people write stays as it is', () => {
  const text = 'Größe 10 €: “ok” 你好 🚀 \\d+ C:\\temp'
  expect(visibleText(text)).toBe(text)
})

test('lines stay lines, and hold nothing hidden', () => {
  expect(visibleLines('a\tb\n\u001b[2Jc\r\nd')).toBe('a\tb\n\\u001b[2Jc\\r\nd')
})

test('JSON keeps its meaning and shows nothing hidden', () => {
  const value = fc.dictionary(fc.oneof(fc.string(), fc.constantFrom(...HOSTILE)), fc.constantFrom('', ...HOSTILE))
  const reached = { hidden: 0, indented: 0 }
  assertProperty(
    fc.property(value, fc.constantFrom(undefined, 2), (each, indent) => {
      if (HOSTILE.some((char) => JSON.stringify(each).includes(JSON.stringify(char).slice(1, -1)))) reached.hidden++
      if (indent !== undefined) reached.indented++
      const json = formatJson(each, indent)
      expect(JSON.parse(json)).toEqual(each)
      expect(visibleLines(json)).toBe(json)
    }),
    { seed: 20_261_128, numRuns: 100, reached, atLeast: 25 },
  )
})

test('a text is cut between two characters, and says so', () => {
  expect(cutText('äöü', 6)).toBe('äöü')
  expect(cutText('äöü!', 5)).toBe('äö… (7 bytes, cut)')
  expect(visibleText('x'.repeat(100_000)).length).toBeLessThan(17_000)
})
