import { memoryProducer } from '@aesop/producer/memory-definition'
import type { ProducerDefinition } from '@aesop/producer'
import { mysqlProducer } from '@aesop/producer-mysql/definition'
import { relayProducer } from '@aesop/producer-relay/definition'

/** The producers of this distribution: a new one stands here, and nowhere else outside its package. */
export const producers: readonly ProducerDefinition[] = [mysqlProducer, memoryProducer, relayProducer]

/** What reads the URI; undefined: nobody here. */
export function producerOfUri(uri: string): ProducerDefinition | undefined {
  const scheme = uri.slice(0, uri.indexOf(':'))
  return producers.find(({ schemes }) => schemes.includes(scheme))
}

/** What reads a source with these properties, which may name a place without a `uri`. */
export function producerOf(properties: Readonly<Record<string, unknown>>): ProducerDefinition | undefined {
  const { uri } = properties
  if (typeof uri === 'string') return producerOfUri(uri)
  return producers.find(({ inPlaceOfUri }) => inPlaceOfUri !== undefined && (properties[inPlaceOfUri] ?? null) !== null)
}

/** What all of them contribute of one kind, by name. */
export function ofAll<Part>(
  partsOf: (producer: ProducerDefinition) => Readonly<Record<string, Part>>,
): Record<string, Part> {
  return Object.fromEntries(producers.flatMap((producer) => Object.entries(partsOf(producer))))
}
