import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')

test('SECURITY.md names a test for each promise, and only files that there are', () => {
  const page = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8')
  const tests = [...page.matchAll(/`([\w/.-]+\.test\.ts)`/g)].map(([, path = '']) => path)
  expect(tests.length).toBeGreaterThan(20)
  expect(tests.filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
  const rows = page.split('\n').filter((line) => line.startsWith('| ') && !/^\| (-|Attack)/.test(line))
  expect(rows.length).toBeGreaterThan(12)
  expect(rows.filter((row) => !row.includes('.test.ts`'))).toEqual([])
})
