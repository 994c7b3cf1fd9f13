import { type BeanContext } from '@aesop/kernel'
import { type EventProducer, type PhysicalSourceConfig } from '@aesop/producer'
import { DefaultRelayFactory as RelayFactory, type DefaultRelayFactoryOptions, type Relay } from '@aesop/relay'

/** The relay's factory with the producers of this distribution, chosen by the scheme of a source's URI. */
export class DefaultRelayFactory {
  readonly #factory: RelayFactory

  constructor(options: Omit<DefaultRelayFactoryOptions, 'producerFor'>, context: BeanContext) {
    const producerFor = (physicalSource: PhysicalSourceConfig): Promise<EventProducer> =>
      makeProducer(physicalSource, context)
    this.#factory = new RelayFactory({ ...options, producerFor }, context)
  }

  createInstance(): Promise<Relay> | Relay {
    return this.#factory.createInstance()
  }
}

async function makeProducer(physicalSource: PhysicalSourceConfig, context: BeanContext): Promise<EventProducer> {
  if (physicalSource.uri.startsWith('memory:')) {
    const { MemoryEventProducer } = await import('@aesop/producer')
    return new MemoryEventProducer({ physicalSourceConfig: physicalSource })
  }
  const { MysqlEventProducer } = await import('@aesop/producer-mysql')
  return new MysqlEventProducer({ physicalSourceConfig: physicalSource }, context)
}
