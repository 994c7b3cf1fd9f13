import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { prepareLaunch, problemRecord } from '@aesop/runtime'
import { expect, onTestFinished, test } from 'vitest'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'
import { containersOf } from '../src/contributions.ts'
import { standardContributions } from '../src/standard-contributions.ts'

/** What is wrong with a relay of one source with these lines, each with its place. */
function problemsOf(...lines: readonly string[]): Promise<string[]> {
  const source = lines.map((line) => `            ${line}\n`).join('')
  return problemsIn(`beans:
  relay:
    class: DefaultRelayFactory
    properties:
      producerRegistrationList:
        - physicalSourceConfig:
            sources: [shop.item]
${source}`)
}

async function problemsIn(text: string, fileName = 'relay-config.yaml'): Promise<string[]> {
  const folder = newFolder('source-properties')
  onTestFinished(() => {
    removeFolder(folder)
  })
  const file = join(folder, fileName)
  writeFileSync(file, text)
  const containers = containersOf(standardContributions)
  const { problems, mask } = await prepareLaunch(file, { containers, env: { SECRET: 'topsecret' } })
  return problems.map((problem) => {
    const { file: name, line, message } = problemRecord(problem, { mask, cwd: folder })
    return `${name ?? ''}:${line ?? 0}: ${message}`
  })
}

test('of sources of their own scheme are no problem', async () => {
  expect(await problemsOf('host: db', 'user: me', 'password: ${env:SECRET}', 'sslCa: ca.pem')).toEqual([])
  expect(await problemsOf('uri: mysql://db', 'user: me', 'zeroTimestamp: text')).toEqual([])
  expect(await problemsOf('uri: binlog:logs/mysql-bin.index', 'zeroTimestamp: text')).toEqual([])
  // Of a scheme that nobody here reads, or that the run time knows, a bean may make something of them.
  expect(await problemsOf('uri: other://db', 'user: me')).toEqual([])
  expect(await problemsOf('uri: ${env:SECRET}', 'user: me')).toEqual([])
})

test.each([
  ['sslCa: ca.pem', 'memory:x', 'sslCa'],
  ['zeroTimestamp: text', 'memory:x', 'zeroTimestamp'],
  // A value that only the run time knows is refused as well, and shown nowhere.
  ['password: ${env:SECRET}', 'memory:x', 'password'],
  ['user: me', 'binlog:logs/mysql-bin.index', 'user'],
  ['serverId: 7', 'binlog:logs/mysql-bin.index', 'serverId'],
])('%s of a source of %s is refused before a bean is made, with its place', async (line, uri, property) => {
  const scheme = uri.slice(0, uri.indexOf(':') + 1)
  const text = `"${property}" must be left out: a source of ${scheme} has no ${property}`
  expect(await problemsOf(`uri: ${uri}`, line)).toEqual([`relay-config.yaml:9: ${text}`])
})

test('host of a source of memory: is refused by its own name, beside the two places', async () => {
  const problems = await problemsOf('uri: memory:x', 'host: db')
  expect(problems).toContain('relay-config.yaml:9: "host" must be left out: a source of memory: has no host')
})

test.each([
  ['latest', []],
  ['2026-03-31T22:00:00+02:00', []],
  ["'4294967300'", []],
  ['oldest', ['client-config.yaml:8: "startFrom" must match pattern']],
  ['2026-03-31T22:00:00', ['client-config.yaml:8: "startFrom" must match pattern']],
  // A number of YAML has no more than 53 bits.
  ['4611686018427387905', ['client-config.yaml:8: "startFrom" must be text']],
])('startFrom of a registration: %s', async (value, expected) => {
  const problems = await problemsIn(
    `beans:
  client:
    class: DefaultClientFactory
    properties:
      consumerRegistrationList:
        - logicalSources: [shop.item]
          eventConsumer: { class: ./consumer.js#Consumer }
          startFrom: ${value}
`,
    'client-config.yaml',
  )
  expect(
    problems.filter((line) => line.includes('startFrom')).map((line) => line.slice(0, expected[0]?.length)),
  ).toEqual(expected)
})
