import { editDistance, nearestName } from '@aesop/kernel'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const SEED = { seed: 20_261_122 }

describe('the nearest name', () => {
  test('the edit distance is a metric', () => {
    const word = fc.string({ maxLength: 8 })
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, a)).toBe(0)
        expect(editDistance(a, b)).toBe(editDistance(b, a))
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c))
      }),
      SEED,
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
