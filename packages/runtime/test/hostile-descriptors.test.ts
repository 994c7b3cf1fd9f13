import fc from 'fast-check'
import { prepareLaunch } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { DescriptorFolder } from './support/descriptor-folder.ts'
import { fixtureContainer } from './support/fixture-container.ts'
import { goldenFiles } from './support/golden-file.ts'
import { assertAsyncProperty } from '../../../test/support/property.ts'

const SEED = 20_261_122

async function codesOf(text: string): Promise<string[]> {
  using folder = DescriptorFolder.withFixture(text)
  const { problems } = await prepareLaunch(folder.bootstrap, { containers: [fixtureContainer()], env: {} })
  return problems.map(({ code }) => code)
}

describe('whatever a descriptor holds, a check ends and says what is wrong', () => {
  const texts = goldenFiles().flatMap(({ cases }) =>
    cases.flatMap(({ files }) => (files['fixture-config.yaml'] ?? '').replace(/modules:.*/, '')),
  )

  test('broken descriptors with pieces cut out, doubled or exchanged', { timeout: 60_000 }, async () => {
    const place = fc.double({ min: 0, max: 1, noNaN: true })
    const piece = fc.constantFrom(
      '',
      ': ',
      '{',
      '}',
      '- ',
      '\n',
      '  ',
      '${',
      '&a ',
      '*a',
      '"',
      "'",
      '?',
      '!x',
      '#',
      '\u0000',
    )
    const mutated = fc.tuple(fc.constantFrom(...texts), place, place, piece).map(([text, from, length, put]) => {
      const start = Math.floor(from * text.length)
      return text.slice(0, start) + put + text.slice(start + Math.floor(length * 6))
    })
    const reached = { refused: 0, accepted: 0 }
    await assertAsyncProperty(
      fc.asyncProperty(mutated, async (text) => {
        const codes = await codesOf(text)
        reached[codes.length > 0 ? 'refused' : 'accepted']++
        expect(codes.filter((code) => !code.startsWith('AESOP_'))).toEqual([])
      }),
      { seed: SEED, numRuns: 400, reached, atLeast: 5 },
    )
  })

  test.each([
    [
      'lists nested 3,000 deep',
      `beans:\n  h: { class: Holder, properties: { anything: ${'['.repeat(3000)}${']'.repeat(3000)} } }`,
    ],
    [
      '10,000 references to nothing',
      `beans:\n${Array.from({ length: 10_000 }, (_, i) => `  b${i}: { ref: missing${i} }\n`).join('')}`,
    ],
    [
      'anchors that double',
      `x: &a [1, 1]\nbeans:\n  h: { class: Holder, properties: { anything: ${'['.repeat(9)}*a${']'.repeat(9)} } }`,
    ],
    [
      '100,000 anchors, and 900 aliases of them',
      `beans:\n  h: { class: Holder, properties: { anything: [${Array.from({ length: 100_900 }, (_, i) =>
        i < 100_000 ? `&a${i} x` : `*a${i - 100_000}`,
      ).join(', ')}] } }`,
    ],
    ['a key of a megabyte', `beans:\n  ${'k'.repeat(1_000_000)}: { class: Holdr }`],
    [
      'a placeholder inside of 500 others',
      `beans: { h: { class: Holder, properties: { name: "${'${a:'.repeat(500)}${'}'.repeat(500)}" } } }`,
    ],
  ])('%s', { timeout: 60_000 }, async (_title, text) => {
    expect(Array.isArray(await codesOf(text))).toBe(true)
  })

  test('a long list that is repeated by aliases becomes no millions of values', async () => {
    const list = (of: string, length: number): string => `[${Array<string>(length).fill(of).join(', ')}]`
    const codes = await codesOf(
      `beans:\n  h:\n    class: Holder\n    properties: { anything: { a: &a ${list('x', 2000)}, b: ${list('*a', 900)} } }\n`,
    )
    expect(codes).toContain('AESOP_DESCRIPTOR_SHAPE')
  })
})
