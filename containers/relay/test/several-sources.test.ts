import { relayContainer } from '@aesop/container-relay'
import { prepareLaunch } from '@aesop/runtime'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'

const BOOTSTRAP = 'beans:\n  bootstrapInfo: { class: BootstrapInfo, properties: { componentContainers: [relay] } }\n'

/** What a check says of a relay with these registrations: message and line. */
async function faultsOf(registrations: string, others = ''): Promise<string[]> {
  const folder = newFolder('several')
  onTestFinished(() => {
    removeFolder(folder)
  })
  const relay = `beans:
  relay:
    class: DefaultRelayFactory
    properties:
      producerRegistrationList:
${registrations}${others}`
  writeFileSync(join(folder, 'bootstrap.yaml'), BOOTSTRAP)
  writeFileSync(join(folder, 'relay-config.yaml'), relay)
  const { problems } = await prepareLaunch(join(folder, 'bootstrap.yaml'), { containers: [relayContainer] })
  return problems.map(({ message, code, finding: { at } }) => {
    const line = at === undefined ? 0 : at.file.lines.linePos(at.start).line
    return `${code} ${line}: ${message.replaceAll(folder, '')}`
  })
}

const source = (more: string, sources = '[shop.orders]'): string =>
  `        - physicalSourceConfig: { uri: 'memory:x', sources: ${sources}${more === '' ? '' : `, ${more}`} }\n`

test('sources of one relay with ids of their own are sound', async () => {
  expect(await faultsOf(source('id: 1') + source('id: 2, name: crm', '[{ id: 50, uri: crm.people }]'))).toEqual([])
})

test.each([
  [
    'an id that two have by default',
    source('') + source('name: crm'),
    '7: "physicalSourceConfig.id" is 1 (its default) here, and at /relay-config.yaml:6; each needs one of its own',
  ],
  [
    'an id that is the default of the other',
    source('') + source('id: 1'),
    '7: "physicalSourceConfig.id" is 1 here, and at /relay-config.yaml:6; each needs one of its own',
  ],
  [
    'a name that two have',
    source('id: 1, name: a') + source('id: 2, name: a'),
    '7: "physicalSourceConfig.name" is a here, and at /relay-config.yaml:6; each needs one of its own',
  ],
  [
    'an id of tables of two sources',
    source('id: 1', '[{ id: 40, uri: a.b }]') + source('id: 2', '[{ id: 41, uri: a.c }, { id: 40, uri: a.d }]'),
    '7: "physicalSourceConfig.sources.id" is 40 here, and at /relay-config.yaml:6; each needs one of its own',
  ],
  [
    'a name of tables of two sources',
    source('id: 1', '[{ name: t, uri: a.b }]') + source('id: 2', '[{ name: t, uri: a.d }]'),
    '7: "physicalSourceConfig.sources.name" is t here, and at /relay-config.yaml:6; each needs one of its own',
  ],
])('%s is refused where it stands', async (_name, registrations, fault) => {
  expect(await faultsOf(registrations)).toEqual([`AESOP_DESCRIPTOR_VALUE_DOUBLE ${fault}`])
})

test('beans that are referred to are looked into', async () => {
  const beans = `  first: { class: ProducerRegistration, properties: { physicalSourceConfig: { ref: db } } }
  second: { class: ProducerRegistration, properties: { physicalSourceConfig: { id: 7, uri: 'memory:y', sources: [a.c] } } }
  db: { class: PhysicalSourceConfig, properties: { id: 7, uri: 'memory:x', sources: [a.b] } }
`
  expect(await faultsOf('        - { ref: first }\n        - { ref: second }\n', beans)).toEqual([
    'AESOP_DESCRIPTOR_VALUE_DOUBLE 9: "physicalSourceConfig.id" is 7 here, and at /relay-config.yaml:10; each needs one of its own',
  ])
})
