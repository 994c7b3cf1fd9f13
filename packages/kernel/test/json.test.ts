import { formatJson, parseJson } from '@aesop/kernel'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assertProperty } from '../../../test/support/property.ts'

test('integers keep all their digits both ways', () => {
  const text = '{"scn":9223372036854775807,"low":-9223372036854775808,"small":42,"safe":9007199254740991}'
  const value = parseJson(text)
  expect(value).toEqual({ scn: 2n ** 63n - 1n, low: -(2n ** 63n), small: 42, safe: Number.MAX_SAFE_INTEGER })
  expect(formatJson(value)).toBe(text)
})

test('digits inside of strings and keys stay text', () => {
  const value = { '12345678901234567890': '12345678901234567890', quote: 'a"12345678901234567890"\\' }
  expect(parseJson(JSON.stringify(value))).toEqual(value)
  expect(parseJson(formatJson(value))).toEqual(value)
})

test('long fractions and exponents stay doubles', () => {
  expect(parseJson('[1.2345678901234567890, 1e300, 123456789012345678e2]')).toEqual([
    Number('1.2345678901234567890'),
    1e300,
    Number('123456789012345678e2'),
  ])
})

test('every JSON value with bigints among it comes back as it was', () => {
  const big = fc.bigInt({ min: 2n ** 60n, max: 2n ** 64n })
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.integer(),
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      big,
      tie('list'),
      tie('map'),
    ),
    list: fc.array(tie('any'), { maxLength: 4 }),
    map: fc.dictionary(fc.string(), tie('any'), { maxKeys: 4, noNullPrototype: true }),
  })).any
  const reached = { big: 0, nested: 0 }
  assertProperty(
    fc.property(value, (any) => {
      fc.pre(!JSON.stringify(any, (_k, v: unknown) => (typeof v === 'bigint' ? 0 : v)).includes('\\u0000bigint:'))
      fc.pre(!JSON.stringify(any, (_k, v: unknown) => (typeof v === 'bigint' ? 0 : v)).includes('__proto__'))
      const text = formatJson(any)
      expect(parseJson(text)).toEqual(any)
      if (/\d{19}/.test(text)) reached.big++
      if (/[[{].*[[{]/.test(text)) reached.nested++
    }),
    { seed: 5, numRuns: 500, reached, atLeast: 20 },
  )
})

test('broken JSON is a SyntaxError', () => {
  expect(() => parseJson('{"a":12345678901234567890')).toThrow(SyntaxError)
})
