import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { prepareLaunch } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'
import { containersOf } from '../src/contributions.ts'
import { standardContributions } from '../src/standard-contributions.ts'

const standardContainers = containersOf(standardContributions)

const PAGE = resolve(import.meta.dirname, '../../../docs/descriptors.md')

/** The examples of a section that name their file in the first line, by that name. */
function examplesOf(section: string): Record<string, string> {
  const blocks = [...section.matchAll(/^```(?:yaml|js)\n(?:#|\/\/) ([\w.-]+\.(?:yaml|js|ts))[^\n]*\n([^]*?)^```/gm)]
  return Object.fromEntries(blocks.map(([, name = '', text = '']) => [name, text]))
}

const sections = readFileSync(PAGE, 'utf8')
  .split(/^## /m)
  .map((section) => ({ title: section.split('\n')[0] ?? '', files: examplesOf(section) }))
  .filter(({ files }) => Object.keys(files).length > 0)

describe('the examples of docs/descriptors.md', () => {
  test('are found', () => {
    expect(sections.length).toBeGreaterThanOrEqual(6)
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
