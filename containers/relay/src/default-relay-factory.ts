import { type BeanContext } from '@aesop/kernel'
import { type EventProducer, type PhysicalSourceConfig } from '@aesop/producer'
import { DefaultRelayFactory as RelayFactory, type DefaultRelayFactoryOptions, type Relay } from '@aesop/relay'

/** The relay's factory with the producers of this distribution, chosen by the scheme of a source's URI. */
export class DefaultRelayFactory {
  readonly #factory: RelayFactory

  constructor(options: Omit<DefaultRelayFactoryOptions, 'producerFor'>, context: BeanContext) {
    const producerFor = (physicalSource: PhysicalSourceConfig): Promise<EventProducer | undefined> =>
      makeProducer(physicalSource, context)
    this.#factory = new RelayFactory({ ...options, producerFor }, context)
  }

  createInstance(): Relay {
    return this.#factory.createInstance()
  }
}

/** Undefined for a scheme that nobody here knows: the relay says so. */
async function makeProducer(
  physicalSource: PhysicalSourceConfig,
  context: BeanContext,
): Promise<EventProducer | undefined> {
  if (physicalSource.uri.startsWith('memory:')) {
    const { MemoryEventProducer } = await import('@aesop/producer')
    return new MemoryEventProducer()
  }
  if (!/^(mysql|mariadb|binlog):/.test(physicalSource.uri)) return undefined
  const { MysqlEventProducer } = await import('@aesop/producer-mysql')
  return new MysqlEventProducer({ physicalSourceConfig: physicalSource }, context)
}
