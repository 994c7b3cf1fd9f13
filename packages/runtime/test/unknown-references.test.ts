import { prepareLaunch } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { DescriptorFolder } from './support/descriptor-folder.ts'
import { fixtureContainer } from './support/fixture-container.ts'

/** How many names may be looked at for hints, in one descriptor. */
const NAMES_MAX = 100_000

const lines = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('')

/** Descriptors with so many names and, for each, a use of it that is misspelt. */
const FORMS: Readonly<Record<string, [code: string, text: (count: number) => string]>> = {
  'reference to nothing': [
    'AESOP_DESCRIPTOR_BEAN_UNKNOWN',
    (count) => `beans:\n${lines(count, (i) => `  bean${i}: { ref: been${i} }\n`)}`,
  ],
  'placeholder without a value': [
    'AESOP_DESCRIPTOR_PLACEHOLDER',
    (count) =>
      `properties:\n${lines(count, (i) => `  prop${i}: x\n`)}` +
      `beans:\n${lines(count, (i) => `  b${i}: { class: Holder, properties: { name: "\${porp${i}}" } }\n`)}`,
  ],
  'parent that is not there': [
    'AESOP_DESCRIPTOR_PARENT',
    (count) => `beans:\n${lines(count, (i) => `  bean${i}: { class: Holder }\n  b${i}: { parent: been${i} }\n`)}`,
  ],
}

async function hints(code: string, text: string): Promise<{ found: number; hinted: number }> {
  using folder = DescriptorFolder.withFixture(text)
  const { problems } = await prepareLaunch(folder.bootstrap, { containers: [fixtureContainer()], env: {} })
  const found = problems.filter((problem) => problem.code.startsWith(code))
  return { found: found.length, hinted: found.filter(({ finding }) => finding.hint !== undefined).length }
}

describe.each(Object.entries(FORMS))('each %s', (_what, [code, text]) => {
  test('is reported, and the nearest name is told as long as looking for it costs little', async () => {
    expect(await hints(code, text(100))).toEqual({ found: 100, hinted: 100 })
    const many = await hints(code, text(2000))
    expect(many.found).toBe(2000)
    expect(many.hinted).toBeGreaterThan(10)
    expect(many.hinted * 2000).toBeLessThanOrEqual(NAMES_MAX)
  })
})
