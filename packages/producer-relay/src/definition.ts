import type { OfferedClass, ProducerDefinition } from '@aesop/producer'

const RelayEventProducer: OfferedClass = {
  description: 'Follows another relay: its windows as they are there, under the same SCNs.',
  load: async () => (await import('./relay-event-producer.ts')).RelayEventProducer,
  schema: {
    type: 'object',
    properties: { physicalSourceConfig: { 'x-bean': 'PhysicalSourceConfig' } },
    required: ['physicalSourceConfig'],
    additionalProperties: false,
  },
}

/** Sources that are read from other relays. */
export const relayProducer: ProducerDefinition = {
  schemes: ['relay'],
  uriForms: ['relay://host:port[,host:port…]'],
  properties: {
    relayToken: {
      type: 'string',
      secret: true,
      description: 'What the relays ask for as "Authorization: Bearer …"; left out: AESOP_RELAY_TOKEN, if it is set.',
    },
    relaySilenceMs: {
      type: 'integer',
      minimum: 100,
      default: 15000,
      description: 'How long a relay may be silent while it is waited for, before the next one is asked.',
    },
  },
  loadSettings: async () => (await import('./upstream-settings.ts')).readUpstreamSettings,
  load: async () => {
    const { RelayEventProducer: Producer } = await import('./relay-event-producer.ts')
    return (physicalSourceConfig, context) => new Producer({ physicalSourceConfig }, context)
  },
  components: { RelayEventProducer },
  loadErrors: () => import('./errors.ts'),
}
