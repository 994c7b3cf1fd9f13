import { bootstrapFamilySchemas, bootstrapPropertySchemas } from '@aesop/bootstrap-producer/properties'
import { offeredStores } from '@aesop/bootstrap-store/offered-classes'
import { relayClientConfig } from '@aesop/client/relay-client-definition'
import { logicalSourceConfig } from '@aesop/producer/logical-source-definition'
import { type ComponentDefinition } from '@aesop/runtime'

const bootstrapProperties = {
  'x-flat': true,
  type: 'object',
  properties: bootstrapPropertySchemas,
  patternProperties: bootstrapFamilySchemas,
  additionalProperties: false,
  description: 'databus.bootstrap.* keys, flat or nested.',
}

const hours = (what: string): object => ({ type: 'number', minimum: 1, default: 336, description: what })
const retention = {
  type: 'object',
  description: 'What leaves the store by itself, never before it is in the tables.',
  properties: {
    logHours: hours('How long windows stay in the log, in hours.'),
    logBytes: {
      type: 'integer',
      minimum: 1,
      default: 10737418240,
      description: 'Bytes of the log of one physical source.',
    },
    logs: { type: 'integer', minimum: 1, description: 'Logs of one physical source; left out: any number.' },
    tombstoneHours: hours('How long the events of deleted rows stay in the tables, in hours.'),
    everyMs: { type: 'integer', minimum: 1, default: 60000, description: 'How often it is looked, in milliseconds.' },
  },
  additionalProperties: false,
}

/** The classes of a bootstrap producer, for descriptors. Data only: a class is imported when its first bean is made. */
export const bootstrapProducerComponents: Readonly<Record<string, ComponentDefinition>> = {
  DefaultBootstrapProducerFactory: {
    description: 'Makes the bootstrap producer: it follows relays into a store, and seeds their tables.',
    load: async () => (await import('@aesop/bootstrap-producer')).DefaultBootstrapProducerFactory,
    schema: {
      type: 'object',
      properties: {
        bootstrapProducerConfig: { 'x-bean': 'BootstrapProducerConfig' },
        relays: {
          type: 'array',
          items: { 'x-bean': 'RelayClientConfig' },
          description:
            'The relays, followed in turn; left out: the relay of this process, else port 9000 of this host.',
        },
        physicalSources: {
          type: 'array',
          minItems: 1,
          items: { 'x-bean': 'BootstrapSourceConfig' },
          'x-distinct': ['name', 'sources.name'],
          description: 'Whose tables the store has, one entry for each physical source of the relays.',
        },
        store: {
          'x-methods': ['openWriter', 'openReader'],
          'x-store': { use: 'fills', byDefault: 'SqliteBootstrapStore' },
          description:
            'SqliteBootstrapStore or MysqlBootstrapStore; left out: the file bootstrap.db in the folder of the state.',
        },
      },
      required: ['physicalSources'],
      additionalProperties: false,
    },
  },
  BootstrapProducerConfig: {
    description: 'How tables are read and how the store is filled.',
    load: async () => (await import('@aesop/bootstrap-producer')).BootstrapProducerConfig,
    schema: {
      type: 'object',
      properties: {
        bootstrapProperties,
        relayClientBootstrapProperties: bootstrapProperties,
        seeding: {
          enum: ['tables', 'none'],
          default: 'tables',
          description:
            'tables: what was there before the relay is read through it. none: tables are as the stream makes them, whole only where the relay has had them from their first row on.',
        },
        seedRowsPerSecond: {
          type: 'integer',
          minimum: 1,
          description: 'Rows a second that are read from tables, of all together; left out: as fast as it goes.',
        },
        seedLoadFactor: {
          type: 'number',
          minimum: 0,
          default: 3,
          description:
            'How many times as long as at its best a chunk of a table may take, by row, before it is waited between chunks; 0: not looked at.',
        },
        seedsAtOnce: {
          type: 'integer',
          minimum: 1,
          default: 2,
          description: 'Tables of one physical source that are seeded at a time.',
        },
        seedChunkMs: {
          type: 'integer',
          minimum: 1,
          default: 100,
          description: 'How long the database may take for a chunk, in milliseconds.',
        },
        retention,
      },
      additionalProperties: false,
    },
  },
  BootstrapSourceConfig: {
    description: 'A physical source of a relay whose tables the store has.',
    load: async () => (await import('@aesop/bootstrap-producer')).BootstrapSourceConfig,
    schema: {
      type: 'object',
      properties: {
        name: { type: 'string', minLength: 1, description: 'Names its windows in the store: another one begins anew.' },
        id: {
          type: 'integer',
          minimum: 1,
          maximum: 32767,
          default: 1,
          description: 'Id of the physical partition in the relay.',
        },
        sources: {
          type: 'array',
          minItems: 1,
          items: { 'x-bean': 'LogicalSourceConfig' },
          description: 'Its tables, with the names and ids that they have in the relay.',
        },
        schemaChangeSourceId: {
          type: 'integer',
          minimum: 1,
          maximum: 32767,
          default: 32767,
          description: 'Id of the source com.aesop.SchemaChange in the relay.',
        },
        eventVersion: {
          type: 'integer',
          minimum: 1,
          maximum: 2,
          default: 1,
          description: 'Newest layout of events that is asked for: those of version 1 come in either case.',
        },
        largestEventSizeInBytes: {
          type: 'integer',
          minimum: 1,
          default: 67108864,
          description: 'Upper bound of one event, in bytes; not below that of the relay.',
        },
      },
      required: ['name', 'sources'],
      additionalProperties: false,
    },
  },
  RelayClientConfig: relayClientConfig,
  LogicalSourceConfig: logicalSourceConfig,
  ...offeredStores,
}
