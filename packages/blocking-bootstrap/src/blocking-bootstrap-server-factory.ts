import { type BeanContext } from '@aesop/kernel'
import { BlockingBootstrapConfig, type BlockingConsumers, type BlockingRegistration } from './blocking-beans.ts'
import { BlockingBootstrapServer, type ProducerFor } from './blocking-bootstrap-server.ts'

export interface BlockingBootstrapServerFactoryOptions extends BlockingConsumers {
  readonly bootstrapConfig?: BlockingBootstrapConfig
  readonly producerRegistrationList: readonly BlockingRegistration[]
  readonly producerFor: ProducerFor
}

/** Makes a blocking bootstrap, with Aesop's names. */
export class BlockingBootstrapServerFactory {
  readonly #options: BlockingBootstrapServerFactoryOptions
  readonly #context: BeanContext

  constructor(options: BlockingBootstrapServerFactoryOptions, context: BeanContext) {
    this.#options = options
    this.#context = context
  }

  createInstance(): BlockingBootstrapServer {
    const { bootstrapConfig: config = new BlockingBootstrapConfig(), producerRegistrationList, ...rest } = this.#options
    return new BlockingBootstrapServer({ ...rest, config, registrations: producerRegistrationList }, this.#context)
  }
}
