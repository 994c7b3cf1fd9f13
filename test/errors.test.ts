import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { errorCatalogue } from '@aesop/launch'
import { errorsPage } from './support/errors-page.ts'

const ROOT = resolve(import.meta.dirname, '..')

describe('the catalogue of errors', () => {
  test('is what docs/errors.md says, word for word', async () => {
    expect(readFileSync(resolve(ROOT, 'docs/errors.md'), 'utf8')).toBe(await errorsPage())
  })

  test('has each code once, and each code has a meaning and a remedy', async () => {
    const kinds = await errorCatalogue()
    expect(new Set(kinds.map(({ code }) => code)).size).toBe(kinds.length)
    expect(kinds.filter(({ code }) => !/^AESOP(_[A-Z0-9]+){2,}$/.test(code))).toEqual([])
    expect(kinds.filter(({ meaning, remedy }) => !/\.$/.test(meaning) || !/[.;]$/.test(remedy))).toEqual([])
  })

  test('has every code that the source names', async () => {
    const known = new Set((await errorCatalogue()).map(({ code }): string => code))
    const files = ['packages', 'containers'].flatMap((parent) =>
      readdirSync(resolve(ROOT, parent)).map((room) => resolve(ROOT, parent, room, 'src')),
    )
    const sources = files.flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .map((name) => readFileSync(resolve(folder, name), 'utf8')),
    )
    const named = sources.flatMap((text) => [...text.matchAll(/code: '(AESOP_\w+)'/g)].map((match) => match[1] ?? ''))
    expect(named.filter((code) => !known.has(code))).toEqual([])
    expect(named.length).toBe(known.size)
  })
})
