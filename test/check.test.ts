import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { lintKeys, LintRecord, lintUnits } from './check/lint-units.ts'

let root = ''
const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'aesop-lint-units-'))
  for (const name of ['low', 'middle', 'high', 'beside'])
    write(`packages/${name}/package.json`, `{"name":"@aesop/${name}"}`)
  write('packages/low/src/index.ts', 'export const low = 1\n')
  write('packages/middle/src/index.ts', "import { low } from '@aesop/low/deep'\nexport const middle = low\n")
  write('packages/high/src/index.ts', "const { middle } = await import('@aesop/middle')\nexport const high = middle\n")
  write('packages/beside/test/x.test.ts', "import { tool } from '../../../test/support/tool.ts'\n")
  write('test/support/tool.ts', 'export const tool = 1\n')
  write('eslint.config.js', 'export default []\n')
})
afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

/** The units that are stale after a change, when all had been linted before it. */
function staleAfter(path: string, text: string): string[] {
  const record = new LintRecord(root)
  record.save(lintKeys(root))
  expect(record.staleOf(lintKeys(root))).toEqual([])
  write(path, text)
  return record.staleOf(lintKeys(root)).sort()
}

describe('what is linted again', () => {
  test('is everything where nothing is known', () => {
    const keys = lintKeys(root)
    expect(new LintRecord(root).staleOf(keys)).toEqual([...keys.keys()])
  })

  test.each([
    ['the package that changed and all that import from it', 'packages/low/src/index.ts', ['high', 'low', 'middle']],
    ['no package below the one that changed', 'packages/middle/src/more.ts', ['high', 'middle']],
    ['a package whose manifest changed', 'packages/high/package.json', ['high']],
  ])('is %s', (_title, path, names) => {
    const text = path.endsWith('.json') ? '{"name":"@aesop/high","type":"module"}' : 'export const low = 2\n'
    expect(staleAfter(path, text)).toEqual(names.map((name) => `packages/${name}`))
  })

  test('is who imports a file by its path', () => {
    expect(staleAfter('test/support/tool.ts', 'export const tool = 2\n')).toEqual(['packages/beside', 'test'])
  })

  test.each(['eslint.config.js', 'tsconfig.json', 'package-lock.json'])(
    'is everything after a change of %s',
    (path) => {
      expect(staleAfter(path, '{}\n')).toEqual([...lintUnits(root)].sort())
    },
  )

  test('is nothing after a change of what is built', () => {
    expect(staleAfter('packages/low/dist/index.js', 'x\n')).toEqual([])
  })
})

test('every file of the repository that the linter knows stands in one of the units', () => {
  const units = lintUnits(resolve(import.meta.dirname, '..'))
  expect(units).toEqual(
    expect.arrayContaining(['packages/kernel', 'containers/relay', 'test', 'samples', 'vitest.config.ts']),
  )
  expect(new Set(units).size).toBe(units.length)
})
