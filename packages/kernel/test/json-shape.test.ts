import { jsonShape } from '@aesop/kernel'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { assertProperty } from '../../../test/support/property.ts'

/** The same, counted in what JSON.parse made. */
function shapeOf(value: unknown): { depth: number; containers: number } {
  if (typeof value !== 'object' || value === null) return { depth: 0, containers: 0 }
  const inner = Object.values(value).map(shapeOf)
  return {
    depth: 1 + Math.max(0, ...inner.map(({ depth }) => depth)),
    containers: 1 + inner.reduce((sum, { containers }) => sum + containers, 0),
  }
}

test('the shape of a JSON text is that of the value it spells, whatever its texts hold', () => {
  const reached = { containers: 0, signsInTexts: 0, deep: 0 }
  assertProperty(
    fc.property(fc.json({ stringUnit: fc.constantFrom('"', '\\', '{', '[', ']', '}', 'a', '\n') }), (text) => {
      const shape = jsonShape(text)
      reached.containers += shape.containers
      if (shape.depth > 2) reached.deep++
      if (/"[^"]*[[{\]}][^"]*"/.test(text)) reached.signsInTexts++
      expect(shape).toEqual(shapeOf(JSON.parse(text)))
    }),
    { seed: 1, numRuns: 500, reached, atLeast: 25 },
  )
})

test.each(['"[[[', '{"a', '\\"[', '', ']]]', '"\\'])('a text that is no JSON (%s) is looked at to its end', (text) => {
  expect(jsonShape(text).depth).toBeLessThanOrEqual(1)
})

test('depth that no stack has is only counted', () => {
  expect(jsonShape('['.repeat(1_000_000))).toEqual({ depth: 1_000_000, containers: 1_000_000 })
})
