import { sourceComponents } from '@aesop/physical-sources'
import { refusedKeySchemas, relayPropertySchemas } from '@aesop/relay/properties'
import { type ComponentDefinition } from '@aesop/runtime'

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
  ...sourceComponents,
}
