import 'reflect-metadata'
import { Container } from 'inversify'

/** Makes one bean of an id out of the beans that it needs, given in the order of their ids. */
export type BeanFactory = (...needed: unknown[]) => Promise<unknown>

/**
 * Holds the instances of the beans of one descriptor, each made once. The only place that knows inversify. Order,
 * circles and duplicates are settled before: beans are asked for in an order in which their needs exist already.
 */
export class BeanContainer {
  readonly #container = new Container({ defaultScope: 'Singleton' })

  bind(id: string, neededIds: readonly string[], factory: BeanFactory): void {
    this.#container.bind(id).toResolvedValue(factory, [...neededIds])
  }

  bindConstant(id: string, value: unknown): void {
    this.#container.bind(id).toConstantValue(value)
  }

  has(id: string): boolean {
    return this.#container.isBound(id)
  }

  async get(id: string): Promise<unknown> {
    return this.#container.getAsync(id)
  }

  /** The instance of a bean that was made already. */
  peek(id: string): unknown {
    return this.#container.get(id)
  }
}
