import {
  type BlockingBootstrapServer,
  BlockingBootstrapServerFactory as ServerFactory,
  type BlockingBootstrapServerFactoryOptions,
} from '@aesop/blocking-bootstrap'
import { type BeanContext } from '@aesop/kernel'
import { producerOfUri } from '@aesop/physical-sources'

/** The factory with the producers of this distribution, chosen by the scheme of a source's URI. */
export class BlockingBootstrapServerFactory {
  readonly #factory: ServerFactory

  constructor(options: Omit<BlockingBootstrapServerFactoryOptions, 'producerFor'>, context: BeanContext) {
    this.#factory = new ServerFactory(
      {
        ...options,
        producerFor: async (physicalSource) => {
          const make = await producerOfUri(physicalSource.uri)?.load()
          return make?.(physicalSource, context)
        },
      },
      context,
    )
  }

  createInstance(): BlockingBootstrapServer {
    return this.#factory.createInstance()
  }
}
