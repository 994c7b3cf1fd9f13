import type { OfferedClass } from './producer-definition.ts'

/** One table of a physical source, for descriptors of whoever names tables. */
export const logicalSourceConfig: OfferedClass = {
  description: 'One table of a physical source.',
  load: async () => (await import('./logical-source-config.ts')).LogicalSourceConfig,
  schema: {
    type: 'object',
    properties: {
      id: { type: 'integer', minimum: 1, maximum: 32767, description: 'Left out: 1 + crc32(name) % 32767.' },
      name: {
        type: 'string',
        description: 'Name towards clients and in the schema registry; left out: <database>.<table>.',
      },
      uri: {
        type: 'string',
        description: '<database>.<table>; backticks around names with dots: `my.shop`.`book`.',
      },
      partitionFunction: { type: 'string', pattern: '^constant:[0-9]+$', default: 'constant:0' },
    },
    required: ['uri'],
    additionalProperties: false,
  },
}
