import { blockingBootstrapContainer } from '@aesop/container-blocking-bootstrap'
import { prepareLaunch } from '@aesop/runtime'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'

const BOOTSTRAP =
  'beans:\n  bootstrapInfo: { class: BootstrapInfo, properties: { componentContainers: [blocking-bootstrap] } }\n'

/** What a check says of a blocking bootstrap with these properties. */
async function faultsOf(properties: string): Promise<string[]> {
  const folder = newFolder('blocking')
  onTestFinished(() => {
    removeFolder(folder)
  })
  const registrations = "[{ physicalSourceConfig: { uri: 'memory:x', sources: [shop.item] } }]"
  writeFileSync(join(folder, 'bootstrap.yaml'), BOOTSTRAP)
  writeFileSync(
    join(folder, 'blocking-bootstrap-config.yaml'),
    `beans:\n  b:\n    class: BlockingBootstrapServerFactory\n    properties:\n      producerRegistrationList: ${registrations}\n${properties}`,
  )
  writeFileSync(join(folder, 'taker.mjs'), 'export class Taker { onDataEvent() {} createConsumer() {} }\n')
  const { problems } = await prepareLaunch(join(folder, 'bootstrap.yaml'), { containers: [blockingBootstrapContainer] })
  return problems.map(({ message }) => message)
}

const CONSUMER = '      consumer: { class: ./taker.mjs#Taker }\n'
const FACTORY = '      consumerFactory: { class: ./taker.mjs#Taker }\n'
const config = (text: string): string => `      bootstrapConfig: ${text}\n`

test('a consumer or a factory, and keys that are known, are sound', async () => {
  const keys = "{ 'databus.bootstrap.bootstrapLogSize': 1, 'databus.bootstrap.container.jmx.rmiEnabled': false }"
  expect(await faultsOf(CONSUMER)).toEqual([])
  expect(
    await faultsOf(FACTORY + config(`{ numberOfPartitions: 4, until: now, bootstrapProperties: ${keys} }`)),
  ).toEqual([])
})

test.each([
  ['no consumer', ''],
  ['both', CONSUMER + FACTORY],
  ['no partition', FACTORY + config('{ numberOfPartitions: 0 }')],
  ['an unknown key', FACTORY + config("{ bootstrapProperties: { 'databus.bootstrap.partitions': 4 } }")],
  ['an unknown property', FACTORY + config('{ untill: now }')],
])('%s is told by a check', async (_what, properties) => {
  expect((await faultsOf(properties)).length).toBeGreaterThan(0)
})
