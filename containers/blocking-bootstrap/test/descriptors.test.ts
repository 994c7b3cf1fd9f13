import { blockingBootstrapContainer } from '@aesop/container-blocking-bootstrap'
import { relayContainer } from '@aesop/container-relay'
import { type Preparation, prepareLaunch, valueRecords } from '@aesop/runtime'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { newFolder, removeFolder } from '../../../test/support/test-folder.ts'

const BOOTSTRAP =
  'beans:\n  bootstrapInfo: { class: BootstrapInfo, properties: { componentContainers: [blocking-bootstrap] } }\n'

/** What a check says of a blocking bootstrap with these properties, and with this value of `--parallel`. */
async function faultsOf(properties: string, parallel?: string): Promise<string[]> {
  const { problems } = await prepared(properties, { parallel })
  return problems.map(({ message }) => message)
}

async function prepared(
  properties: string,
  { parallel, beans = '' }: { readonly parallel?: string | undefined; readonly beans?: string },
): Promise<Preparation> {
  const folder = newFolder('blocking')
  onTestFinished(() => {
    removeFolder(folder)
  })
  const registrations = "[{ physicalSourceConfig: { uri: 'memory:x', sources: [shop.item] } }]"
  writeFileSync(join(folder, 'bootstrap.yaml'), BOOTSTRAP)
  writeFileSync(
    join(folder, 'blocking-bootstrap-config.yaml'),
    `beans:\n  b:\n    class: BlockingBootstrapServerFactory\n    properties:\n      producerRegistrationList: ${registrations}\n${properties}${beans}`,
  )
  writeFileSync(join(folder, 'taker.mjs'), 'export class Taker { onDataEvent() {} createConsumer() {} }\n')
  const containerOptions = parallel === undefined ? {} : { parallel }
  return prepareLaunch(join(folder, 'bootstrap.yaml'), { containers: [blockingBootstrapContainer], containerOptions })
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

/** The partitions that a launch with `--parallel 7` has, and which bean says so. */
async function partitionsOf(properties: string, beans = ''): Promise<unknown> {
  const { descriptors, problems } = await prepared(properties, { parallel: '7', beans })
  expect(problems).toEqual([])
  const records = descriptors.flatMap(({ descriptor, disclosure }) => valueRecords(descriptor, disclosure))
  return records.find(({ path }) => path.endsWith('numberOfPartitions'))
}

test.each([
  ['no config', FACTORY, '', 'b.properties.bootstrapConfig.numberOfPartitions'],
  ['a number', FACTORY + config('{ numberOfPartitions: 4 }'), '', 'b.properties.bootstrapConfig.numberOfPartitions'],
  [
    'a placeholder',
    FACTORY + config("{ numberOfPartitions: '${partitions:4}' }"),
    '',
    'b.properties.bootstrapConfig.numberOfPartitions',
  ],
  [
    'a bean that is referred to',
    FACTORY + config('{ ref: c }'),
    '  c: { class: BootstrapConfig, properties: { numberOfPartitions: 4 } }\n',
    'c.properties.numberOfPartitions',
  ],
])('--parallel means the partitions where the descriptor has %s', async (_what, properties, beans, path) => {
  expect(await partitionsOf(properties, beans)).toMatchObject({
    path,
    value: '7',
    origin: expect.stringContaining('--parallel') as string,
  })
})

test('--parallel is held to what numberOfPartitions may be', async () => {
  expect(await faultsOf(FACTORY, '0')).toEqual([expect.stringContaining('numberOfPartitions')])
  expect(await faultsOf(FACTORY, 'many')).toEqual([expect.stringContaining('numberOfPartitions')])
})

test('--parallel is refused where nothing is bootstrapped', async () => {
  const folder = newFolder('blocking')
  onTestFinished(() => {
    removeFolder(folder)
  })
  writeFileSync(join(folder, 'bootstrap.yaml'), BOOTSTRAP.replace('blocking-bootstrap', 'relay'))
  writeFileSync(
    join(folder, 'relay-config.yaml'),
    "beans:\n  relay: { class: DefaultRelayFactory, properties: { producerRegistrationList: [{ physicalSourceConfig: { uri: 'memory:x', sources: [a.b] } }] } }\n",
  )
  const containers = [blockingBootstrapContainer, relayContainer]
  const path = join(folder, 'bootstrap.yaml')
  const { problems } = await prepareLaunch(path, { containers, containerOptions: { parallel: '4' } })
  expect(problems.map(({ code, message }) => [code, message])).toEqual([
    [
      'AESOP_DESCRIPTOR_SETTING_UNUSED',
      '--parallel is for BlockingBootstrapServerFactory of the container blocking-bootstrap, and this launch has none',
    ],
  ])
})
