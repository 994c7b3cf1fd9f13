import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { prepareLaunch } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { containersOf } from '../src/contributions.ts'
import { standardContributions } from '../src/standard-contributions.ts'

const standardContainers = containersOf(standardContributions)

const DOCS = resolve(import.meta.dirname, '../../../docs')

/** The examples of a section that name their file in the first line, by that name. */
function examplesOf(section: string): Record<string, string> {
  const blocks = [...section.matchAll(/^```(?:yaml|js|ts)\n(?:#|\/\/) ([\w.-]+\.(?:yaml|js|ts))[^\n]*\n([^]*?)^```/gm)]
  return Object.fromEntries(blocks.map(([, name = '', text = '']) => [name, text]))
}

const sectionsOf = (page: string): { title: string; files: Record<string, string> }[] =>
  readFileSync(join(DOCS, page), 'utf8')
    .split(/^## /m)
    .map((section) => ({ title: section.split('\n')[0] ?? '', files: examplesOf(section) }))
    .filter(({ files }) => Object.keys(files).length > 0)

describe.each([
  ['descriptors.md', 6],
  ['bootstrap.md', 2],
])('the examples of docs/%s', (page, atLeast) => {
  const sections = sectionsOf(page)
  test('are found', () => {
    expect(sections.length).toBeGreaterThanOrEqual(atLeast)
  })

  test.each(sections)('under "$title" have no error and no warning', async ({ files }) => {
    const folder = mkdtempSync(join(tmpdir(), 'aesop-docs-'))
    try {
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
      const main = 'bootstrap.yaml' in files ? 'bootstrap.yaml' : 'relay-config.yaml'
      const { problems } = await prepareLaunch(join(folder, main), { containers: standardContainers, env: {} })
      expect(problems.map(({ code, message }) => `${code}: ${message}`)).toEqual([])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
