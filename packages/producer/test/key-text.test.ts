import { createHash } from 'node:crypto'
import { KEY_TEXT_BYTES_MAX, KeyText } from '@aesop/producer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assertProperty } from '../../../test/support/property.ts'

const SEED = 20261128

const sha256 = (text: string): string => `\\sha256:${createHash('sha256').update(text, 'utf8').digest('hex')}`

describe('the text of a key', () => {
  const keyOf = (parts: readonly string[]): string => {
    const text = new KeyText()
    text.begin()
    for (const part of parts) text.add(part)
    return text.take()
  }

  it('is itself up to its bound, and above it the hash of what it would be, whatever its parts', () => {
    const bounds = { minLength: KEY_TEXT_BYTES_MAX / 3 - 10, maxLength: KEY_TEXT_BYTES_MAX + 20 }
    const whole = fc.tuple(fc.constantFrom('a', 'ä', '日', '😀', 'a日'), fc.integer({ min: 0, max: bounds.maxLength }))
    const reached = { itself: 0, hashed: 0, manyParts: 0 }
    assertProperty(
      fc.property(whole, fc.array(fc.nat({ max: bounds.maxLength })), ([unit, times], cuts) => {
        const characters = Array.from(unit.repeat(times)).slice(0, bounds.maxLength)
        const places = [0, ...[...cuts].sort((left, right) => left - right), characters.length]
        const parts = places.slice(1).map((to, i) => characters.slice(places[i], to).join(''))
        const text = parts.join('')
        const isShort = Buffer.byteLength(text) <= KEY_TEXT_BYTES_MAX
        reached[isShort ? 'itself' : 'hashed']++
        if (parts.length > 2) reached.manyParts++
        expect(keyOf(parts)).toBe(isShort ? text : sha256(text))
      }),
      { seed: SEED, numRuns: 300, reached, atLeast: 50 },
    )
  })

  it.each([
    ['a'.repeat(KEY_TEXT_BYTES_MAX), false],
    ['a'.repeat(KEY_TEXT_BYTES_MAX + 1), true],
    ['ä'.repeat(KEY_TEXT_BYTES_MAX / 2), false],
    [`${'ä'.repeat(KEY_TEXT_BYTES_MAX / 2)}a`, true],
  ])('is cut off at bytes of UTF-8, not at characters', (text, isHash) => {
    expect(keyOf([text])).toBe(isHash ? sha256(text) : text)
  })
})
