import { type ComponentDefinition } from '@aesop/runtime'
import { refusedKeySchemas, relayPropertySchemas } from '@aesop/relay/properties'
import { logicalSourceConfig } from '@aesop/producer/logical-source-definition'
import { ownSchemas, schemeRules, uriSchema, waysToAPlace } from './physical-source-schema.ts'

const producerMethods = ['prepare', 'start', 'stop', 'pause', 'resume', 'status']

const registrationProperties = {
  id: { type: 'string', description: 'A label for logs.' },
  eventProducer: {
    'x-methods': producerMethods,
    'x-leads': true,
    description: 'Turns the changes of the source into windows; left out: the one for the scheme of the URI.',
  },
  physicalSourceConfig: { 'x-bean': 'PhysicalSourceConfig' },
  scnGenerator: {
    'x-methods': ['scnSpaceOf', 'scnOf'],
    description: 'Makes the SCNs of the source from those of its log; left out: the latter are the SCNs.',
  },
  properties: {
    'x-flat': true,
    type: 'object',
    properties: relayPropertySchemas,
    patternProperties: refusedKeySchemas,
    additionalProperties: false,
    description: 'databus.relay.* keys for this source alone; they win over those of the relayConfig.',
  },
}

/** The classes of the relay itself, for descriptors. Data only: a class is imported when its first bean is made. */
export const relayComponents: Readonly<Record<string, ComponentDefinition>> = {
  DefaultRelayFactory: {
    description: 'Makes the relay: its buffers, its producers and its HTTP server.',
    load: async () => (await import('./default-relay-factory.ts')).DefaultRelayFactory,
    schema: {
      type: 'object',
      properties: {
        relayConfig: { 'x-bean': 'RelayConfig' },
        producerRegistrationList: {
          type: 'array',
          minItems: 1,
          items: { 'x-bean': 'ProducerRegistration' },
          'x-distinct': [
            'physicalSourceConfig.id',
            'physicalSourceConfig.name',
            'physicalSourceConfig.sources.id',
            'physicalSourceConfig.sources.name',
          ],
          description: 'One for each physical source, with an id of its own.',
        },
      },
      required: ['producerRegistrationList'],
      additionalProperties: false,
    },
  },
  RelayConfig: {
    description: 'Ports, buffers and folders of the relay.',
    load: async () => (await import('@aesop/relay')).RelayConfig,
    schema: {
      type: 'object',
      properties: {
        relayProperties: {
          'x-flat': true,
          type: 'object',
          properties: relayPropertySchemas,
          patternProperties: refusedKeySchemas,
          additionalProperties: false,
          description: 'databus.relay.* keys, flat or nested.',
        },
        schemaRegistryLocation: { type: 'string', description: 'Folder of hand-written Avro schemas.' },
        mmappedDirectoryLocation: {
          type: 'string',
          description: 'Folder of the buffer, where it outlives the process.',
        },
        maxScnDirectoryLocation: { type: 'string', description: 'Folder of the max SCN files.' },
        token: {
          type: 'string',
          secret: true,
          description:
            'What requests must show as "Authorization: Bearer …"; left out: AESOP_RELAY_TOKEN, if it is set.',
        },
        hosts: {
          type: 'array',
          items: { type: 'string' },
          description: 'Names of the relay besides its address, localhost and the one that it listens on.',
        },
        peers: {
          type: 'array',
          items: { type: 'string' },
          description: 'Addresses and ranges (10.1.0.0/16) whose clients need no token, because they can not send one.',
        },
        insecure: {
          type: 'boolean',
          default: false,
          description: 'Beyond loopback, without token and peers: lets everybody in.',
        },
      },
      additionalProperties: false,
    },
  },
  ProducerRegistration: {
    description: 'One physical source of the relay and its producer.',
    load: async () => (await import('@aesop/relay')).ProducerRegistration,
    schema: {
      type: 'object',
      properties: registrationProperties,
      required: ['physicalSourceConfig'],
      additionalProperties: false,
    },
  },
  InitBackedProducerRegistration: {
    description: 'A registration that says with which SCN to begin when none is stored (…file.initVal).',
    load: async () => (await import('@aesop/relay')).InitBackedProducerRegistration,
    schema: {
      type: 'object',
      properties: registrationProperties,
      required: ['physicalSourceConfig', 'properties'],
      additionalProperties: false,
    },
  },
  PhysicalSourceConfig: {
    description: 'A database: its URI and its tables.',
    load: async () => (await import('./physical-source-config.ts')).loadPhysicalSourceConfig(),
    loadAhead: async (properties) => (await import('./default-relay-factory.ts')).loadProducerAhead(properties),
    schema: {
      type: 'object',
      properties: {
        id: { type: 'integer', minimum: 1, maximum: 32767, default: 1, description: 'Id of the physical partition.' },
        name: { type: 'string', description: 'Left out: derived from the URI, without its password.' },
        uri: uriSchema,
        ...ownSchemas,
        sources: { type: 'array', minItems: 1, items: { 'x-bean': 'LogicalSourceConfig' } },
        startFrom: {
          type: 'string',
          pattern: '^(earliest|latest|scn:[0-9]+|timestamp:.+|gtid:.+)$',
          description: 'Where to begin when nothing is stored: earliest, latest, scn:…, timestamp:… or gtid:….',
        },
        startRetryMs: {
          type: 'integer',
          minimum: 0,
          default: 0,
          description: 'How long an unreachable server is tried at the first start.',
        },
        keyless: {
          enum: ['wholeRow', 'refuse'],
          default: 'wholeRow',
          description: 'Keys of a table without a primary key.',
        },
        largestEventSizeInBytes: {
          type: 'integer',
          minimum: 1,
          default: 67108864,
          description: 'Upper bound of one event, in bytes; not above maxEventSize of the clients.',
        },
        eventVersion: {
          type: 'integer',
          minimum: 1,
          maximum: 2,
          default: 1,
          description:
            'Layout of the events in the buffer. Clients that read version 1 only get it in either case; events of version 1 go as they are to all.',
        },
        onTableFault: {
          enum: ['stop', 'quarantine'],
          default: 'stop',
          description:
            'Whether a fault of one table ends the source, or leaves out the rows of that table until it is released.',
        },
        scnSpace: {
          type: 'string',
          pattern: '^[\\w.:-]{1,100}$',
          description:
            'Name of what its SCNs count in, the same for relays that read one server independently; left out: one is made when the source is first read.',
        },
        schemaChangeSourceId: {
          type: 'integer',
          minimum: 1,
          maximum: 32767,
          default: 32767,
          description: 'Id of the source com.aesop.SchemaChange, which tells of changes of the tables.',
        },
        ddlText: {
          type: 'boolean',
          default: false,
          description: 'Whether changes of the tables carry the text of their statements.',
        },
        logKeys: {
          enum: ['hash', 'full', 'none'],
          default: 'hash',
          description: 'How keys of rows stand in errors and log lines.',
        },
      },
      required: ['sources'],
      oneOf: waysToAPlace,
      allOf: schemeRules,
      additionalProperties: false,
    },
  },
  LogicalSourceConfig: logicalSourceConfig,
}
