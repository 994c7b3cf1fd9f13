import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { assertAsyncProperty, assertProperty } from './support/property.ts'
import { sayingSeed, seedOf } from './support/seed.ts'

afterEach(() => {
  vi.unstubAllEnvs()
})

/** As in `npm test`, whatever this run was given. */
function plain(): void {
  vi.stubEnv('AESOP_TEST_SEED', undefined)
  vi.stubEnv('AESOP_TEST_SEEDS', undefined)
}

describe('a property', () => {
  const options = { seed: 7, numRuns: 20, reached: { any: 1 }, atLeast: 1 }
  const wrong = fc.property(fc.nat(), (n) => n < 0)

  test('that does not hold says its seed, and how to repeat it', async () => {
    plain()
    expect(() => {
      assertProperty(wrong, options)
    }).toThrow(/^seed 7, which AESOP_TEST_SEED=7 repeats: Property failed/)
    const asynchronous = fc.asyncProperty(fc.nat(), (n) => Promise.resolve(n < 0))
    await expect(assertAsyncProperty(asynchronous, options)).rejects.toThrow(/^seed 7, which AESOP_TEST_SEED=7 repeats/)
  })

  test('that reached its subject seldom fails, and so does one that counts nothing', () => {
    plain()
    const never = { odd: 0, even: 0 }
    const counts = fc.property(fc.constant(2), (n) => {
      never[n % 2 === 0 ? 'even' : 'odd']++
    })
    expect(() => {
      assertProperty(counts, { ...options, reached: never, atLeast: 5 })
    }).toThrow('seed 7, which AESOP_TEST_SEED=7 repeats: reached less than 5 times: odd of {"odd":0,"even":20}')
    expect(() => {
      assertProperty(counts, { ...options, reached: {} })
    }).toThrow('nothing is counted')
  })
})

describe('a seed', () => {
  test('is the fixed one, the one that is given, or a new one each time in the soak', () => {
    plain()
    expect(seedOf(3)).toBe(3)
    vi.stubEnv('AESOP_TEST_SEEDS', 'random')
    expect(new Set([3, 3, 3, 3].map(seedOf)).size).toBeGreaterThan(1)
    vi.stubEnv('AESOP_TEST_SEED', '99')
    expect(seedOf(3)).toBe(99)
  })

  test.each(['', 'x', '-1', '2147483648', '1.5'])('"%s" is none', (text) => {
    vi.stubEnv('AESOP_TEST_SEED', text)
    expect(() => seedOf(3)).toThrow(`AESOP_TEST_SEED is "${text}", expected a whole number from 0 to 2147483647`)
  })

  test('is said with whatever fails', async () => {
    await expect(sayingSeed(5, () => Promise.reject(new Error('no')))).rejects.toThrow('AESOP_TEST_SEED=5 repeats: no')
  })
})
