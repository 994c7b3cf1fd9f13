import { serverFamilySchemas, serverPropertySchemas } from '@aesop/bootstrap-server/properties'
import { offeredStores } from '@aesop/bootstrap-store/offered-classes'
import { type ComponentDefinition } from '@aesop/runtime'

/** The classes of a bootstrap server, for descriptors. Data only: a class is imported when its first bean is made. */
export const bootstrapComponents: Readonly<Record<string, ComponentDefinition>> = {
  DefaultBootstrapServerFactory: {
    description: 'Makes the bootstrap server: it gives clients a snapshot and the log behind it, from a store.',
    load: async () => (await import('@aesop/bootstrap-server')).DefaultBootstrapServerFactory,
    schema: {
      type: 'object',
      properties: {
        bootstrapConfig: { 'x-bean': 'BootstrapConfig' },
        store: {
          'x-methods': ['openWriter', 'openReader'],
          'x-store': { use: 'reads', byDefault: 'SqliteBootstrapStore' },
          description:
            'SqliteBootstrapStore or MysqlBootstrapStore, as the bootstrap producer has it; left out: the file bootstrap.db in the folder of the state.',
        },
      },
      additionalProperties: false,
    },
  },
  BootstrapConfig: {
    description: 'Ports and limits of a bootstrap server, and who may ask it.',
    load: async () => (await import('@aesop/bootstrap-server')).BootstrapConfig,
    schema: {
      type: 'object',
      properties: {
        bootstrapProperties: {
          'x-flat': true,
          type: 'object',
          properties: serverPropertySchemas,
          patternProperties: serverFamilySchemas,
          additionalProperties: false,
          description: 'databus.bootstrap.db.* keys, flat or nested.',
        },
        checkpointDirectoryLocation: {
          type: 'string',
          description: 'Without effect: a bootstrap server keeps no checkpoints.',
        },
        address: {
          type: 'string',
          description:
            'host:port by which clients reach it, which their places carry; left out: where it listens. It has to be given where that is every address of the machine.',
        },
        token: {
          type: 'string',
          secret: true,
          description:
            'What requests must show as "Authorization: Bearer …"; left out: AESOP_RELAY_TOKEN, if it is set.',
        },
        hosts: {
          type: 'array',
          items: { type: 'string' },
          description: 'Names of the server besides its address, localhost and the one that it listens on.',
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
        readers: {
          type: 'integer',
          minimum: 1,
          maximum: 64,
          default: 4,
          description: 'How many questions the store answers at a time, each over a connection of its own.',
        },
        requestsPerPeer: {
          type: 'integer',
          minimum: 1,
          default: 8,
          description: 'How many requests of one address are answered at a time; more are answered with 503.',
        },
      },
      additionalProperties: false,
    },
  },
  ...offeredStores,
}
