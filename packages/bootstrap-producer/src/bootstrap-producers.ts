import { type AnyMetric, type BeanContext, type Health } from '@aesop/kernel'
import { type BootstrapProducer } from './bootstrap-producer.ts'

/** The producers of one store, one for each physical source: the bean that a descriptor's factory makes. */
export class BootstrapProducers {
  readonly #producers: readonly BootstrapProducer[]
  readonly #notes: readonly string[]
  readonly #context: BeanContext

  /** @param notes of settings without effect, said at the start */
  constructor(producers: readonly BootstrapProducer[], notes: readonly string[], context: BeanContext) {
    this.#producers = producers
    this.#notes = notes
    this.#context = context
  }

  /** @throws what the first one throws that can't start; those before it are stopped by `stop` */
  async start(): Promise<void> {
    for (const note of this.#notes) this.#context.log.info(note)
    for (const producer of this.#producers) await producer.start()
  }

  /** Twice is harmless. */
  async stop(): Promise<void> {
    for (const producer of [...this.#producers].reverse()) await producer.stop()
  }

  /** The worst of them. */
  health(): Health {
    const all = this.#producers.map((producer) => ({ name: producer.name, ...producer.health() }))
    const worst = all.find(({ status }) => status === 'down') ?? all.find(({ status }) => status === 'degraded')
    if (worst === undefined) return { status: 'up' }
    return { status: worst.status, detail: `${worst.name}: ${worst.detail ?? worst.status}` }
  }

  metrics(): readonly AnyMetric[] {
    return this.#producers.flatMap((producer) => producer.metrics())
  }

  describe(): unknown {
    return Object.fromEntries(this.#producers.map((producer) => [producer.name, producer.describe()]))
  }
}
