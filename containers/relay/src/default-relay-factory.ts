import { type BeanContext } from '@aesop/kernel'
import { type EventProducer, type PhysicalSourceConfig } from '@aesop/producer'
import { producerOfUri } from '@aesop/physical-sources'
import { DefaultRelayFactory as RelayFactory, type DefaultRelayFactoryOptions, type Relay } from '@aesop/relay'

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
