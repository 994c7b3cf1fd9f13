import { describe, expect, test } from 'vitest'
import { diagnose, goldenFiles } from './support/golden-file.ts'

describe('a broken descriptor is reported with code, place, message and hint', () => {
  const files = goldenFiles()

  test.each(files.flatMap(({ name, cases }) => cases.map((each) => ({ ...each, name }))))(
    '$name: $title',
    async (golden) => {
      expect(await diagnose(golden)).toBe(golden.expected)
    },
  )

  test('there are at least 90 kinds of mistakes, each under a title of its own', () => {
    const titles = files.flatMap(({ cases }) => cases.map(({ title }) => title))
    expect(new Set(titles).size).toBe(titles.length)
    expect(titles.length).toBeGreaterThanOrEqual(90)
  })
})
