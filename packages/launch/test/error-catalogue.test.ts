import { errorCatalogue } from '@aesop/launch'
import { expect, test } from 'vitest'

test('every error has a code of its own, a meaning and a remedy', async () => {
  const catalogue = await errorCatalogue()
  const codes = catalogue.map((kind) => kind.code)
  expect(new Set(codes).size).toBe(codes.length)
  expect(codes.filter((code) => !/^AESOP(_[A-Z0-9]+){2,}$/.test(code))).toEqual([])
  expect(catalogue.filter((kind) => kind.meaning === '' || kind.remedy === '')).toEqual([])
})

test('the catalogue has errors of the runtime, of the command and of the change path', async () => {
  const codes = (await errorCatalogue()).map((kind) => kind.code)
  expect(codes).toEqual(
    expect.arrayContaining(['AESOP_DESCRIPTOR_BEAN_UNKNOWN', 'AESOP_LAUNCH_USAGE', 'AESOP_RELAY_SCN_NOT_FOUND']),
  )
})
