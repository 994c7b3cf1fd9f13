import { PhysicalSourceConfig } from '@aesop/producer'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

test('the example of the README asks for the source that it configures', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const [, uri = '', name = ''] = /uri: '([^']+)', sources: \[(\S+)\]/.exec(readme) ?? []
  const [source] = new PhysicalSourceConfig({ uri, sources: [name] }).sources
  expect(name).toBe('shop.orders')
  expect(readme).toContain(`/stream?sources=${source?.id}&`)
})
