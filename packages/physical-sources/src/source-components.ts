import { type OfferedClass } from '@aesop/producer'
import { logicalSourceConfig } from '@aesop/producer/logical-source-definition'
import { ownSchemas, schemeRules, uriSchema, waysToAPlace } from './physical-source-schema.ts'
import { producerOf } from './producers.ts'

/** A class for descriptors, which may load more than itself before the user's modules. */
interface SourceComponent extends OfferedClass {
  readonly loadAhead?: (properties: Readonly<Record<string, unknown>>) => Promise<unknown>
}

/** How descriptors describe a physical source, whichever container reads it. Data only: a class is imported when its first bean is made. */
export const sourceComponents: Readonly<Record<string, SourceComponent>> = {
  PhysicalSourceConfig: {
    description: 'A database: its URI and its tables.',
    load: async () => (await import('./physical-source-config.ts')).loadPhysicalSourceConfig(),
    loadAhead: async (properties) => producerOf(properties)?.load(),
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
