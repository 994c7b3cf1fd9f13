import { type BeanContext } from '@aesop/kernel'
import { type EventProducer, type PhysicalSourceConfig } from '@aesop/producer'
import { DefaultRelayFactory as RelayFactory, type DefaultRelayFactoryOptions, type Relay } from '@aesop/relay'

/** The relay's factory with the producers of this distribution, chosen by the scheme of a source's URI. */
export class DefaultRelayFactory {
  readonly #factory: RelayFactory

  constructor(options: Omit<DefaultRelayFactoryOptions, 'producerFor'>, context: BeanContext) {
    const producerFor = async (physicalSource: PhysicalSourceConfig): Promise<EventProducer | undefined> =>
      (await loadMaker(physicalSource.uri))?.(physicalSource, context)
    this.#factory = new RelayFactory({ ...options, producerFor }, context)
  }

  createInstance(): Relay {
    return this.#factory.createInstance()
  }
}

/** What makes the producer for a scheme. Undefined for one that nobody here knows: the relay says so. */
type MakeProducer = (physicalSource: PhysicalSourceConfig, context: BeanContext) => EventProducer

async function loadMaker(uri: string): Promise<MakeProducer | undefined> {
  if (uri.startsWith('memory:')) {
    const { MemoryEventProducer } = await import('@aesop/producer')
    return () => new MemoryEventProducer()
  }
  if (!/^(mysql|mariadb|binlog):/.test(uri)) return undefined
  const { MysqlEventProducer } = await import('@aesop/producer-mysql')
  return (physicalSourceConfig, context) => new MysqlEventProducer({ physicalSourceConfig }, context)
}

/** Loads the producer of a source, whose properties may name a `host` in place of a `uri`. */
export async function loadProducerAhead({ uri, host }: Readonly<Record<string, unknown>>): Promise<void> {
  if (typeof uri === 'string') await loadMaker(uri)
  else if (host !== undefined) await loadMaker('mysql:')
}
