import { resolve } from 'node:path'
import { type ComponentDefinition, type ContainerDefinition, launch, prepareLaunch } from '@aesop/runtime'
import { describe, expect, test } from 'vitest'

class Plain {
  readonly options: Readonly<Record<string, unknown>>
  constructor(options: Readonly<Record<string, unknown>>) {
    this.options = options
  }
}

const component = (properties: object = {}): ComponentDefinition => ({
  description: 'A class of the seed, with as much of its schema as the tests need.',
  schema: { type: 'object', properties },
  load: () => Promise.resolve(Plain),
})

const RELAY_CLASSES = [
  'DefaultRelayFactory',
  'InitBackedProducerRegistration',
  'MysqlEventProducer',
  'NopSchemaChangeEventProcessor',
  'ORToAvroMapper',
  'MutatingQueryEventProcessor',
  'RotateEventProcessor',
  'CommitEventProcessor',
  'TableMapEventProcessor',
  'InsertEventProcessor',
  'UpdateEventProcessor',
  'DeleteEventProcessor',
  'InsertEventV2Processor',
  'UpdateEventV2Processor',
  'DeleteEventV2Processor',
  'DefaultBinLogEventMapper',
  'PhysicalSourceConfig',
  'LogicalSourceConfig',
]
const CLIENT_CLASSES = ['DefaultClusterClientFactory', 'ClusterRegistration', 'RelayClientConfig', 'ClusterInfoConfig']
const EVENT_TYPES = [
  'QUERY_EVENT',
  'ROTATE_EVENT',
  'XID_EVENT',
  'TABLE_MAP_EVENT',
  'WRITE_ROWS_EVENT',
  'UPDATE_ROWS_EVENT',
  'DELETE_ROWS_EVENT',
  'WRITE_ROWS_EVENT_V2',
  'UPDATE_ROWS_EVENT_V2',
  'DELETE_ROWS_EVENT_V2',
]

const all = (names: readonly string[]): Record<string, ComponentDefinition> =>
  Object.fromEntries(names.map((name) => [name, component()]))

const relay: ContainerDefinition = {
  name: 'relay',
  className: 'RelayRuntimeComponentContainer',
  descriptorName: 'relay-config.yaml',
  roots: ['DefaultRelayFactory'],
  catalogue: {
    components: {
      ...all(RELAY_CLASSES),
      RelayConfig: component({ relayProperties: { 'x-flat': true, type: 'object' } }),
    },
    constants: { MySQLConstants: Object.fromEntries(EVENT_TYPES.map((name, i) => [name, i + 1])) },
  },
}
const client: ContainerDefinition = {
  name: 'client',
  className: 'ClientRuntimeComponentContainer',
  descriptorName: 'client-config.yaml',
  roots: ['DefaultClusterClientFactory'],
  catalogue: {
    components: {
      ...all(CLIENT_CLASSES),
      ClientClusterConfig: component({ clientProperties: { 'x-flat': true, type: 'object' } }),
    },
  },
}
const containers = [relay, client]
const bootstrap = (side: string): string =>
  resolve(import.meta.dirname, `testdata/seed/${side}/resources/external/bootstrap.yaml`)

describe("the seed's four descriptors", () => {
  test.each(['relay', 'client'])('those of the %s have no error and no warning', async (side) => {
    const { problems, launch: plan } = await prepareLaunch(bootstrap(side), { containers })
    expect(problems).toEqual([])
    expect(plan).toMatchObject({
      nature: 'server',
      projectsRoot: resolve(import.meta.dirname, 'testdata/seed', side),
      containers: [{ name: side }],
    })
  })

  test('the relay is wired: one physical source for all, ten processors by event type, one mapper by id', async () => {
    const application = await launch(bootstrap('relay'), { containers })
    const producer = (application.get('mysqlPersonProducer') as Plain).options
    const [registration] = (application.get('sampleRelay') as Plain).options['producerRegistrationList'] as Plain[]
    expect(registration?.options['physicalSourceConfig']).toBe(producer['physicalSourceConfig'])
    expect(registration?.options['properties']).toEqual({
      'databus.relay.dataSources.sequenceNumbersHandler.file.initVal': 4294967300,
    })
    const events = producer['eventsMap'] as Map<number, unknown>
    expect([...events.keys()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(events.get(1)).toBe(application.get('mutatingQueryEventProcessor'))
    expect([...(producer['binLogEventMappers'] as Map<number, unknown>).keys()]).toEqual([40])
  })

  test("the client's consumer factory is the user's own class beside the descriptor", async () => {
    const application = await launch(bootstrap('client'), { containers })
    const [registration] = (application.get('sampleClient') as Plain).options['clusterRegistrations'] as Plain[]
    expect(registration?.options['consumerFactory']).toHaveProperty('createConsumer')
  })
})
