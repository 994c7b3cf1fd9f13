import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { prepareLaunch, problemRecord } from '@aesop/runtime'
import { expect, onTestFinished, test } from 'vitest'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { containersOf } from '../src/contributions.ts'
import { standardContributions } from '../src/standard-contributions.ts'

/** What `check` says of a registration with these lines and a consumer with these methods. */
async function problemsOf(lines: readonly string[], ...methods: readonly string[]): Promise<string[]> {
  const folder = newFolder('bootstrap-consumers')
  onTestFinished(() => {
    removeFolder(folder)
  })
  const members = ['onDataEvent', ...methods].map((name) => `  ${name}() {}\n`).join('')
  writeFileSync(join(folder, 'consumer.mjs'), `export class Items {\n${members}}\n`)
  const file = join(folder, 'client-config.yaml')
  writeFileSync(
    file,
    `beans:
  client:
    class: DefaultClientFactory
    properties:
      consumerRegistrationList:
        - logicalSources: [shop.item]
          eventConsumer: { class: ./consumer.mjs#Items }
${lines.map((line) => `          ${line}\n`).join('')}`,
  )
  const { problems, mask } = await prepareLaunch(file, { containers: containersOf(standardContributions) })
  return problems.map((problem) => problemRecord(problem, { mask, cwd: folder }).message)
}

const lacking = (method: string, has: string): string => `"./consumer.mjs#Items" has no method ${method} (has: ${has})`

test.each(['startFrom: bootstrap', 'readFromBootstrap: true', 'onTooYoung: complete'])(
  'a consumer that can not be told to forget what it has is no consumer of a registration with %s',
  async (line) => {
    expect(await problemsOf([line])).toEqual([lacking('onStartBootstrap', 'onDataEvent')])
    expect(await problemsOf([line], 'onStartBootstrap')).toEqual([])
  },
)

test('one that says itself what is done says so in a bootstrap, too', async () => {
  const lines = ['startFrom: bootstrap', 'acknowledge: consumer']
  expect(await problemsOf(lines, 'onStartBootstrap')).toEqual([
    lacking('onBootstrapCheckpoint', 'onDataEvent, onStartBootstrap'),
  ])
  expect(await problemsOf(lines, 'onStartBootstrap', 'onBootstrapCheckpoint')).toEqual([])
})

test('nothing more is asked of the consumer of a registration that may never bootstrap', async () => {
  expect(await problemsOf([])).toEqual([])
  expect(await problemsOf(['startFrom: earliest', 'onTooYoung: suspend', 'acknowledge: consumer'])).toEqual([])
})
