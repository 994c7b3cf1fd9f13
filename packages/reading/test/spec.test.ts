import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const textOf = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8')
/** Without marks of Markdown and templates, and what stands in brackets. */
const plain = (text: string): string => text.replace(/`/g, '').replace(/ \(.*?\)/g, '')

test('each clause of the SPEC is a test of the suite that every implementation runs through, in the same words', () => {
  const clauses = [...textOf('../SPEC.md').matchAll(/^\d+\. (.+)$/gm)].map(([, clause = '']) => plain(clause))
  const suite = textOf('../../../test/support/window-reader-contract.ts')
  const tests = [...suite.matchAll(/^ {4}test\(\s*['`](.+?)(?:['`],|: \$\{)/gm)].map(([, name = '']) => name)
  expect(clauses.length).toBeGreaterThan(10)
  expect(tests.length).toBe(clauses.length)
  for (const [at, clause] of clauses.entries()) expect(clause.toLowerCase()).toContain(tests[at]?.toLowerCase())
})

test('each clause of the join is a test of it, in the same words', () => {
  const clauses = [...textOf('../JOIN.md').matchAll(/^\d+\. (.+)\.$/gm)].map(([, clause = '']) => clause)
  const suite = textOf('../../buffer/test/joined-reader.test.ts')
  const tests = [...suite.matchAll(/^test\('(.+?)',/gm)].map(([, name = '']) => name)
  expect(clauses.length).toBeGreaterThan(5)
  expect(clauses.map((clause) => clause.toLowerCase())).toEqual(tests.map((name) => name.toLowerCase()))
})
