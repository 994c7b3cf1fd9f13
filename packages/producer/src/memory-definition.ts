import type { OfferedClass, ProducerDefinition } from './producer-definition.ts'

const MemoryEventProducer: OfferedClass = {
  description: 'Windows made in memory, for tests and measurements.',
  load: async () => (await import('./memory-event-producer.ts')).MemoryEventProducer,
  schema: { type: 'object', properties: { name: { type: 'string' } }, additionalProperties: false },
}

/** Sources without a database. */
export const memoryProducer: ProducerDefinition = {
  schemes: ['memory'],
  uriForms: ['memory:<name>'],
  properties: {},
  load: async () => {
    const { MemoryEventProducer: Producer } = await import('./memory-event-producer.ts')
    return () => new Producer()
  },
  components: { MemoryEventProducer },
}
