import { editDistance, nearestName } from '@aesop/kernel'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assertProperty } from '../../../test/support/property.ts'

const SEED = 20_261_122

describe('the nearest name', () => {
  test('the edit distance is a metric', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 })
    const reached = { apart: 0, near: 0, tight: 0 }
    assertProperty(
      fc.property(word, word, word, (a, b, c) => {
        reached[editDistance(a, b) < Math.max(a.length, b.length) ? 'near' : 'apart']++
        if (editDistance(a, c) === editDistance(a, b) + editDistance(b, c)) reached.tight++
        expect(editDistance(a, a)).toBe(0)
        expect(editDistance(a, b)).toBe(editDistance(b, a))
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c))
      }),
      { seed: SEED, numRuns: 200, reached, atLeast: 5 },
    )
  })

  test.each([
    ['relayConfg', ['relay', 'relayConfig'], 'relayConfig'],
    ['PORT', ['host', 'port'], 'port'],
    ['prt', ['port', 'pork'], 'port'],
    ['nothingLikeIt', ['port', 'host'], undefined],
    ['x', ['y'], undefined],
    ['x', [], undefined],
  ])('%s among %j is %s', (word, names, expected) => {
    expect(nearestName(word, names)).toBe(expected)
  })
})
