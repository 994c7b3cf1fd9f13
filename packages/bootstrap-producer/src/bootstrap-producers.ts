import { type AnyMetric, type BeanContext, type Health } from '@aesop/kernel'
import {
  type BootstrapProducer,
  type BootstrapProducerReport,
  type StoredSourceReport,
  type VerifyQuestion,
} from './bootstrap-producer.ts'
import { SeedingSourceUnknownError } from './errors.ts'
import { type TableReport } from './verify/table-report.ts'

/** What is asked of one table. */
interface TableQuestion {
  readonly table: string
  /** A condition in the language of the source: rows for which it does not hold are not read. */
  readonly where: string | undefined
}

/** The producers of one store, one for each physical source: the bean that a descriptor's factory makes. */
export class BootstrapProducers {
  /** What commands ask of it while it runs, over the admin server. */
  readonly actions: Readonly<Record<string, (argument?: unknown) => unknown>> = {
    seed: (argument) => this.#seed(questionIn(argument)),
    cancel: (argument) => this.#cancel(questionIn(argument)),
    pause: () =>
      this.#hold((producer) => {
        producer.pause()
      }),
    resume: () =>
      this.#hold((producer) => {
        producer.resume()
      }),
  }
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

  /** By the name of the physical source, by what was seen last. */
  describe(): Readonly<Record<string, BootstrapProducerReport>> {
    return Object.fromEntries(this.#producers.map((producer) => [producer.name, producer.describe()]))
  }

  /** As `describe`, after a look at the store. */
  async report(): Promise<Readonly<Record<string, BootstrapProducerReport>>> {
    const reports = this.#producers.map(async (producer) => [producer.name, await producer.report()] as const)
    return Object.fromEntries(await Promise.all(reports))
  }

  /** Where all sources stand by what is stored, also while another process writes. @throws StoreFormatError, StoreFailedError */
  async storedSources(): Promise<readonly StoredSourceReport[]> {
    const all = await Promise.all(this.#producers.map((producer) => producer.storedSources()))
    return all.flat()
  }

  /** Compares a table with what is stored of it, also while another process writes. @throws as `BootstrapProducer.verify`, SeedingSourceUnknownError */
  async verify(table: string, question: VerifyQuestion): Promise<TableReport> {
    return this.#of(table).verify(table, question)
  }

  get sources(): readonly string[] {
    return this.#producers.flatMap(({ sources }) => sources)
  }

  has(table: string): boolean {
    return this.#producers.some((producer) => producer.has(table))
  }

  async #seed({ table, where }: TableQuestion): Promise<object> {
    await this.#of(table).seed(table, where)
    return this.report()
  }

  async #cancel({ table }: TableQuestion): Promise<object> {
    await this.#of(table).cancel(table)
    return this.report()
  }

  #hold(act: (producer: BootstrapProducer) => void): Promise<object> {
    for (const producer of this.#producers) act(producer)
    return this.report()
  }

  /** @throws SeedingSourceUnknownError */
  #of(table: string): BootstrapProducer {
    const found = this.#producers.find((producer) => producer.has(table))
    if (found !== undefined) return found
    throw new SeedingSourceUnknownError(table, this.sources)
  }
}

/** What came over HTTP is anything. @throws SeedingSourceUnknownError */
function questionIn(argument: unknown): TableQuestion {
  const { table, where } = (argument ?? {}) as { readonly table?: unknown; readonly where?: unknown }
  return {
    table: typeof table === 'string' ? table : '',
    where: typeof where === 'string' ? where : undefined,
  }
}
