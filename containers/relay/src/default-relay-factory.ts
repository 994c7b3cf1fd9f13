import { type BeanContext } from '@aesop/kernel'
import { type EventProducer, type PhysicalSourceConfig } from '@aesop/producer'
import { DefaultRelayFactory as RelayFactory, type DefaultRelayFactoryOptions, type Relay } from '@aesop/relay'
import { producerOf, producerOfUri } from './producers.ts'

/** The relay's factory with the producers of this distribution, chosen by the scheme of a source's URI. */
export class DefaultRelayFactory {
  readonly #factory: RelayFactory

  constructor(options: Omit<DefaultRelayFactoryOptions, 'producerFor'>, context: BeanContext) {
    // Undefined for a scheme that nobody here knows: the relay says so.
    const producerFor = async (physicalSource: PhysicalSourceConfig): Promise<EventProducer | undefined> => {
      const make = await producerOfUri(physicalSource.uri)?.load()
      return make?.(physicalSource, context)
    }
    this.#factory = new RelayFactory({ ...options, producerFor }, context)
  }

  createInstance(): Relay {
    return this.#factory.createInstance()
  }
}

/** Loads the producer of a source, whose properties may name a place without a `uri`. */
export async function loadProducerAhead(properties: Readonly<Record<string, unknown>>): Promise<void> {
  await producerOf(properties)?.load()
}
