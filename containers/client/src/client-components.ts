import { relayClientConfig } from '@aesop/client/relay-client-definition'
import { type BeanClass, type ComponentDefinition } from '@aesop/runtime'
import { clientPropertySchema as clientProperties } from './client-property-schema.ts'

const relayClientConfigs = {
  type: 'array',
  items: { 'x-bean': 'RelayClientConfig' },
  description: 'The relays, tried in turn; left out: the relay of this process, else port 9000 of this host.',
}
const bootstrapClientConfigs = {
  type: 'array',
  items: { 'x-bean': 'BootstrapClientConfig' },
  description:
    'The bootstrap servers, which give a snapshot to who is new or further behind than any relay; left out: the one of this process.',
}
const relayToken = {
  type: 'string',
  secret: true,
  description: 'Sent to relays as "Authorization: Bearer …"; left out: AESOP_RELAY_TOKEN, if it is set.',
}
const relayTransport = {
  enum: ['direct', 'http'],
  default: 'direct',
  description: 'How a relay of this process is read: where its windows are, or by HTTP as every other one.',
}
const checkpointDirectoryLocation = { type: 'string', description: 'Folder of the checkpoints.' }
const logicalSources = {
  type: 'array',
  minItems: 1,
  items: { type: 'string' },
  description: 'Names as the relay serves them.',
}
/** What a consumer is told in a bootstrap, where it is sure that one begins: what its start refuses, `check` says. */
const bootstrapMethods = [
  ...[{ startFrom: 'bootstrap' }, { readFromBootstrap: true }, { onTooYoung: 'complete' }].map((where) => ({
    where,
    methods: ['onStartBootstrap'],
  })),
  ...[{ startFrom: 'bootstrap' }, { readFromBootstrap: true }].map((where) => ({
    where: { ...where, acknowledge: 'consumer' },
    methods: ['onBootstrapCheckpoint'],
  })),
]
const consumerFactory = { 'x-methods': ['createConsumer'], description: 'Makes the consumer of this registration.' }

const checkpointStore = {
  'x-methods': ['load', 'save', 'clear'],
  description: 'Keeps the checkpoint, at once or with promises; left out: a file.',
}

const startFrom = {
  type: 'string',
  pattern:
    '^(earliest|latest|bootstrap|\\d{1,19}|\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d{1,3})?)?(Z|[+-]\\d{2}:\\d{2}))$',
  description:
    'Where it begins without a checkpoint: earliest, latest, bootstrap (what a bootstrap server has, and then the stream), an SCN in quotes, or a time like 2026-03-31T22:00:00Z; left out: the oldest window of the relay.',
}

/** The classes of the client, for descriptors. Data only: a class is imported when its first bean is made. */
export const clientComponents: Readonly<Record<string, ComponentDefinition>> = {
  DefaultClientFactory: {
    description: 'Makes the client: one puller and dispatcher per registration.',
    load: async () => (await import('@aesop/client')).DefaultClientFactory,
    schema: {
      type: 'object',
      properties: {
        clientConfig: { 'x-bean': 'ClientConfig' },
        consumerRegistrationList: { type: 'array', minItems: 1, items: { 'x-bean': 'ConsumerRegistration' } },
      },
      required: ['consumerRegistrationList'],
      additionalProperties: false,
    },
  },
  ClientConfig: {
    description: 'Relays, retries and folders of the client.',
    load: async () => (await import('@aesop/client')).ClientConfig,
    schema: {
      type: 'object',
      properties: {
        clientProperties,
        relayClientConfigs,
        bootstrapClientConfigs,
        relayToken,
        relayTransport,
        checkpointDirectoryLocation,
        followMs: {
          type: 'integer',
          minimum: 0,
          default: 30000,
          description: 'How long one answer keeps streaming; 0: plain polling.',
        },
        maxEventSize: {
          type: 'integer',
          minimum: 1024,
          default: 67108864,
          description: 'Upper bound of one event, in bytes.',
        },
        aheadPatienceMs: {
          type: 'integer',
          minimum: 0,
          default: 30000,
          description: 'How long relays that are behind the checkpoint are waited for.',
        },
        unsavedWindowsMax: {
          type: 'integer',
          minimum: 1,
          default: 100000,
          description: 'How many windows may be given beyond the stored checkpoint while its store fails or is slow.',
        },
        logKeys: {
          enum: ['hash', 'full', 'none'],
          default: 'hash',
          description: 'How keys of rows stand in errors and log lines; SCN and ordinal always do.',
        },
      },
      additionalProperties: false,
    },
  },
  RelayClientConfig: relayClientConfig,
  BootstrapClientConfig: {
    description: 'The address of one bootstrap server.',
    load: async () => (await import('@aesop/client')).BootstrapClientConfig,
    schema: {
      type: 'object',
      properties: {
        bootstrapId: { type: 'integer' },
        bootstrapHost: { type: 'string', default: '127.0.0.1' },
        bootstrapPort: { type: 'integer', minimum: 1, maximum: 65535, default: 6060 },
        bootstrapLogicalSourceNames: { type: 'array', items: { type: 'string' } },
        bootstrapToken: {
          ...relayToken,
          description: 'What this server asks for; left out: relayToken of the client.',
        },
      },
      additionalProperties: false,
    },
  },
  ConsumerRegistration: {
    description: 'A consumer and the logical sources that it wants.',
    load: async () => (await import('@aesop/client')).ConsumerRegistration,
    schema: {
      type: 'object',
      properties: {
        id: { type: 'string', description: 'Names the checkpoint; left out: derived from the logical sources.' },
        eventConsumer: { 'x-methods': ['onDataEvent'], 'x-methods-where': bootstrapMethods },
        consumerFactory,
        checkpointStore,
        logicalSources,
        filters: {
          type: 'object',
          description: 'Key filters of Databus ({partitionType, filters}) by logical source.',
        },
        acknowledge: {
          enum: ['window', 'consumer'],
          default: 'window',
          description: 'Who says that windows are done: their end, or the consumer by acknowledge of its context.',
        },
        relayTransport: {
          enum: ['direct', 'http'],
          description: 'How a relay of this process is read; left out: as relayTransport of the client says.',
        },
        startFrom,
        readFromBootstrap: {
          type: 'boolean',
          description:
            'true: as startFrom: bootstrap. false: it never bootstraps. Left out: it bootstraps where it falls off and a server is known.',
        },
        onTooYoung: {
          enum: ['suspend', 'complete'],
          default: 'suspend',
          description:
            'What happens where the bootstrap store does not reach back to what the consumer has: it stops, or forgets all of it (onStartBootstrap) and gets everything.',
        },
        onSourceQuarantined: {
          enum: ['suspend', 'continue'],
          default: 'suspend',
          description: 'What happens where a source begins to leave out rows of a table that has a fault.',
        },
      },
      required: ['logicalSources'],
      oneOf: [{ required: ['eventConsumer'] }, { required: ['consumerFactory'] }],
      additionalProperties: false,
    },
  },
  ...clusterComponents(clientProperties),
}

/** The cluster form of a client passes `check`; running it waits for the cluster package. */
function clusterComponents(properties: object): Record<string, ComponentDefinition> {
  const load = async (): Promise<BeanClass> => (await import('./cluster-not-available.ts')).ClusterNotAvailable
  const integer = { type: 'integer', minimum: 0 }
  const object = (description: string, shape: object, required: readonly string[]): ComponentDefinition => ({
    description,
    load,
    schema: { type: 'object', properties: shape, required, additionalProperties: false },
  })
  return {
    DefaultClusterClientFactory: object(
      'A client whose consumers share the partitions of a cluster (checked, not available yet).',
      {
        clientClusterConfig: { 'x-bean': 'ClientClusterConfig' },
        clusterRegistrations: { type: 'array', minItems: 1, items: { 'x-bean': 'ClusterRegistration' } },
      },
      ['clientClusterConfig', 'clusterRegistrations'],
    ),
    ClientClusterConfig: object(
      'Relays and clusters of a clustered client.',
      {
        clientProperties: properties,
        relayClientConfigs,
        clusterInfoConfigs: { type: 'array', minItems: 1, items: { 'x-bean': 'ClusterInfoConfig' } },
        checkpointDirectoryLocation,
      },
      ['clusterInfoConfigs'],
    ),
    ClusterInfoConfig: object(
      'One cluster: ZooKeeper and number of partitions.',
      {
        id: integer,
        clusterName: { type: 'string' },
        zkAddr: { type: 'string' },
        numPartitions: integer,
        quorum: integer,
        zkSessionTimeoutMs: integer,
        zkConnectionTimeoutMs: integer,
        checkpointIntervalMs: integer,
      },
      ['clusterName', 'zkAddr'],
    ),
    ClusterRegistration: object(
      'A consumer factory that is asked for one consumer per owned partition.',
      { clusterName: { type: 'string' }, consumerFactory, logicalSources },
      ['clusterName', 'consumerFactory', 'logicalSources'],
    ),
  }
}
