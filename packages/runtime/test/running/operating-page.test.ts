import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { launch } from '@aesop/runtime'
import { expect, test } from 'vitest'
import { ask } from '../support/admin-client.ts'
import { deedsContainer } from '../support/deeds-container.ts'
import { DescriptorFolder } from '../support/descriptor-folder.ts'

const PAGE = readFileSync(resolve(import.meta.dirname, '../../../../docs/operating.md'), 'utf8')

test('docs/operating.md names the pages that there are, and each answers', async () => {
  using folder = DescriptorFolder.withFixture('beans:\n  a: { class: Step }\n')
  await using application = await launch(folder.bootstrap, { containers: [deedsContainer()], admin: '127.0.0.1:0' })
  const { pages } = (await ask(application, '/')).json as { pages: string[] }
  const documented = [...PAGE.matchAll(/`GET (\/[\w/]+)/g)].map(([, path = '']) => path)
  expect(new Set(documented.map((path) => path.replace('/NAME', '')))).toEqual(new Set(pages))
  for (const path of pages) expect([path, (await ask(application, path)).status]).toEqual([path, 200])
})

test('docs/operating.md names every platform event', () => {
  const source = readFileSync(resolve(import.meta.dirname, '../../src/lifecycle/platform-events.ts'), 'utf8')
  const types = [...source.matchAll(/readonly type: '([\w.]+)'/g)].map(([, type = '']) => type)
  expect(types).toHaveLength(4)
  expect(types.filter((type) => !PAGE.includes(`| \`${type}\``))).toEqual([])
})
