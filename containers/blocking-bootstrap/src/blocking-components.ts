import { sourceComponents } from '@aesop/physical-sources'
import { type ComponentDefinition } from '@aesop/runtime'
import { blockingPropertySchema as bootstrapProperties } from './blocking-property-schema.ts'

const registrationProperties = {
  id: { type: 'string', description: 'A label for logs.' },
  eventProducer: {
    'x-methods': ['prepare', 'start', 'stop', 'status'],
    'x-leads': true,
    description: 'Reads the source; left out: the one for the scheme of the URI.',
  },
  physicalSourceConfig: { 'x-bean': 'PhysicalSourceConfig' },
  scnGenerator: {
    'x-methods': ['scnSpaceOf', 'scnOf'],
    description: 'Makes the SCNs of the source from those of its log; left out: the latter are the SCNs.',
  },
  properties: {
    ...bootstrapProperties,
    description: 'databus.bootstrap.* keys for this source alone; they win over those of the bootstrapConfig.',
  },
}

/** The classes of a blocking bootstrap, for descriptors. Data only: a class is imported when its first bean is made. */
export const blockingComponents: Readonly<Record<string, ComponentDefinition>> = {
  BlockingBootstrapServerFactory: {
    description: 'Brings tables and their changes from sources straight to consumers, without a relay.',
    load: async () => (await import('./blocking-bootstrap-server-factory.ts')).BlockingBootstrapServerFactory,
    schema: {
      type: 'object',
      properties: {
        bootstrapConfig: { 'x-bean': 'BootstrapConfig' },
        consumer: {
          'x-methods': ['onDataEvent'],
          description: 'Takes everything, one call at a time: one partition of one source.',
        },
        consumerFactory: {
          'x-methods': ['createConsumer'],
          description: 'Makes a consumer for each partition of each source.',
        },
        producerRegistrationList: {
          type: 'array',
          minItems: 1,
          items: { 'x-bean': 'ProducerRegistration' },
          'x-distinct': ['physicalSourceConfig.name'],
          description: 'One for each physical source.',
        },
      },
      required: ['producerRegistrationList'],
      oneOf: [{ required: ['consumer'] }, { required: ['consumerFactory'] }],
      additionalProperties: false,
    },
  },
  BootstrapConfig: {
    description: 'Partitions, queues and the end of a blocking bootstrap.',
    load: async () => (await import('@aesop/blocking-bootstrap')).BlockingBootstrapConfig,
    schema: {
      type: 'object',
      properties: {
        bootstrapProperties,
        schemaRegistryLocation: { type: 'string', description: 'Folder of hand-written Avro schemas.' },
        maxScnDirectoryLocation: {
          type: 'string',
          description: 'Folder of what is stored; left out: blocking-bootstrap in the state directory.',
        },
        numberOfPartitions: {
          type: 'integer',
          minimum: 1,
          maximum: 256,
          default: 1,
          description: 'Consumers of each source that work at a time; one key is always of one of them.',
        },
        executorQueueSize: {
          type: 'integer',
          minimum: 1,
          default: 10000,
          description: 'Rows that may wait for each consumer; then the source waits.',
        },
        queueBytes: {
          type: 'integer',
          minimum: 65536,
          default: 67108864,
          description: 'Bytes that may wait for all consumers of a source; a larger transaction goes through a file.',
        },
        until: {
          type: 'string',
          description:
            'Up to where it runs, then it ends with exit code 0: now (where all rows agree), an SCN in quotes, or a place of the log like mysql-bin.000003:1234. Left out or empty: it goes on following.',
        },
        readRows: {
          type: 'boolean',
          default: true,
          description: 'Whether the rows of the tables are read; false: the log alone, from startFrom or initVal on.',
        },
        chunkRows: {
          type: 'integer',
          minimum: 1,
          default: 5000,
          description: 'Rows that are read of a table at a time, at most; and at most half of what may wait.',
        },
        progressMs: {
          type: 'integer',
          minimum: 0,
          maximum: 2147483647,
          default: 5000,
          description: 'How often a line of the log tells how far the rows are; 0: never.',
        },
      },
      additionalProperties: false,
    },
  },
  ProducerRegistration: {
    description: 'One physical source of a blocking bootstrap.',
    load: async () => (await import('@aesop/blocking-bootstrap')).BlockingRegistration,
    schema: {
      type: 'object',
      properties: registrationProperties,
      required: ['physicalSourceConfig'],
      additionalProperties: false,
    },
  },
  InitBackedProducerRegistration: {
    description: 'A registration that says with which SCN to begin when none is stored (…file.initVal).',
    load: async () => (await import('@aesop/blocking-bootstrap')).BlockingRegistration,
    schema: {
      type: 'object',
      properties: registrationProperties,
      required: ['physicalSourceConfig', 'properties'],
      additionalProperties: false,
    },
  },
  ...sourceComponents,
}
