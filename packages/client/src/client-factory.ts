import { type BeanContext } from '@aesop/kernel'
import { Client } from './client.ts'
import { ClientConfig, type ConsumerRegistration } from './client-beans.ts'

export interface DefaultClientFactoryOptions {
  readonly clientConfig?: ClientConfig
  readonly consumerRegistrationList: readonly ConsumerRegistration[]
}

/** Makes the client of a descriptor. */
export class DefaultClientFactory {
  readonly #options: DefaultClientFactoryOptions
  readonly #context: BeanContext

  constructor(options: DefaultClientFactoryOptions, context: BeanContext) {
    this.#options = options
    this.#context = context
  }

  /** @throws ClientPropertyUnknownError, ClientPropertyInvalidError, ClientPropertyRefusedError, RegistrationInvalidError */
  createInstance(): Client {
    const { clientConfig, consumerRegistrationList } = this.#options
    return new Client(clientConfig ?? new ClientConfig(), consumerRegistrationList, this.#context)
  }
}
