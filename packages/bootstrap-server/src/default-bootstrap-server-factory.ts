import { type BootstrapStore, SqliteBootstrapStore } from '@aesop/bootstrap-store'
import { type BeanContext } from '@aesop/kernel'
import { BootstrapConfig } from './bootstrap-config.ts'
import { BootstrapServerBean } from './bootstrap-server-bean.ts'

export interface DefaultBootstrapServerFactoryOptions {
  readonly bootstrapConfig?: BootstrapConfig
  /** Left out: the file `bootstrap.db` in the folder of the state. */
  readonly store?: BootstrapStore
}

/** Makes the bootstrap server of a descriptor: the bean `DefaultBootstrapServerFactory`. */
export class DefaultBootstrapServerFactory {
  readonly #options: DefaultBootstrapServerFactoryOptions
  readonly #context: BeanContext

  constructor(options: DefaultBootstrapServerFactoryOptions, context: BeanContext) {
    this.#options = options
    this.#context = context
  }

  createInstance(): BootstrapServerBean {
    const context = this.#context
    const { bootstrapConfig = new BootstrapConfig(), store = new SqliteBootstrapStore({}, context) } = this.#options
    return new BootstrapServerBean(bootstrapConfig, store, context)
  }
}
