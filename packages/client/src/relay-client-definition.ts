import type { RelayClientConfig } from './client-beans.ts'

/** The address of a relay, for descriptors of whoever follows one. Data only. */
export const relayClientConfig = {
  description: 'The address of one relay.',
  load: async (): Promise<typeof RelayClientConfig> => (await import('./client-beans.ts')).RelayClientConfig,
  schema: {
    type: 'object',
    properties: {
      relayId: { type: 'integer' },
      relayHost: { type: 'string', default: '127.0.0.1' },
      relayPort: { type: 'integer', minimum: 1, maximum: 65535, default: 9000 },
      relayLogicalSourceNames: { type: 'array', items: { type: 'string' } },
      relayToken: {
        type: 'string',
        secret: true,
        description:
          'What this relay asks for as "Authorization: Bearer …"; left out: relayToken of the client, else AESOP_RELAY_TOKEN, if it is set.',
      },
    },
    additionalProperties: false,
  },
}
