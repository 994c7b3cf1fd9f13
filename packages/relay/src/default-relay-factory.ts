import { type BeanContext } from '@aesop/kernel'
import { type EventProducer, type PhysicalSourceConfig } from '@aesop/producer'
import { type ProducerRegistration } from './producer-registration.ts'
import { Relay } from './relay.ts'
import { RelayConfig } from './relay-config.ts'

/** Makes the standard producer for the scheme of a URI; undefined: there is none. */
export type ProducerFor = (
  physicalSource: PhysicalSourceConfig,
) => EventProducer | undefined | Promise<EventProducer | undefined>

export interface DefaultRelayFactoryOptions {
  readonly relayConfig?: RelayConfig
  readonly producerRegistrationList: readonly ProducerRegistration[]
  /** For registrations without an eventProducer. */
  readonly producerFor?: ProducerFor
}

/** Makes the relay of a descriptor: the bean `DefaultRelayFactory`. */
export class DefaultRelayFactory {
  readonly #options: DefaultRelayFactoryOptions
  readonly #context: BeanContext

  constructor(options: DefaultRelayFactoryOptions, context: BeanContext) {
    this.#options = options
    this.#context = context
  }

  /** @throws RelayPartitionsError, and what of the properties of its sources can not be honoured */
  createInstance(): Relay {
    const { relayConfig = new RelayConfig(), producerRegistrationList, producerFor } = this.#options
    return new Relay(
      {
        config: relayConfig,
        registrations: producerRegistrationList,
        ...(producerFor === undefined ? {} : { producerFor }),
      },
      this.#context,
    )
  }
}
