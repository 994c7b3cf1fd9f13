import { type BootstrapStore, type SourceState, type StoreReader } from '@aesop/bootstrap-store'
import { type Metric, messageOf, sleep } from '@aesop/kernel'
import { type SnapshotReader } from '@aesop/reading'
import { Seeder, type SeederOptions, type SeedingProgress } from './seeder.ts'

export interface SeedingDeskOptions {
  readonly store: BootstrapStore
  readonly sources: readonly string[]
  readonly seedsAtOnce: number
  readonly seeder: Omit<SeederOptions, 'reader'> & { readonly reader: SnapshotReader | undefined }
}

/** How often it is looked whether a table has to be seeded, in milliseconds. */
const LOOK_MS = 500

/** Sees to it that every table becomes whole: seeds those that are new, that changed, or that a gap made void. */
export class SeedingDesk {
  readonly #options: SeedingDeskOptions
  readonly #stopping = new AbortController()
  readonly #seeders = new Map<string, Seeder>()
  #running: Promise<void> | undefined

  constructor(options: SeedingDeskOptions) {
    this.#options = options
  }

  /** Of all seedings since the start. */
  get progress(): readonly SeedingProgress[] {
    return [...this.#seeders.values()].map(({ progress }) => progress)
  }

  start(): void {
    this.#running ??= this.#run()
  }

  pause(): void {
    for (const seeder of this.#seeders.values()) seeder.pause()
  }

  resume(): void {
    for (const seeder of this.#seeders.values()) seeder.resume()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all([...this.#seeders.values()].map((seeder) => seeder.stop()))
    await this.#running
  }

  metrics(): readonly Metric[] {
    return this.progress.flatMap(({ source, rows, rowsPerSecond }) => [
      gauge('rows', 'Rows that the last seeding has entered.', source, rows),
      gauge('rows_per_second', 'How fast it was, over all.', source, rowsPerSecond),
    ])
  }

  async #run(): Promise<void> {
    const { store, seeder } = this.#options
    const { signal } = this.#stopping
    let reader: StoreReader | undefined
    while (!signal.aborted) {
      try {
        reader ??= await store.openReader()
        for (const state of await reader.states(this.#options.sources)) await this.#look(state)
      } catch (error) {
        seeder.log.warn(`it can not be seen which tables have to be seeded: ${messageOf(error)}`)
      }
      await sleep(LOOK_MS, signal)
    }
    await reader?.close()
  }

  async #look({ name, status }: SourceState): Promise<void> {
    const { seedsAtOnce, seeder } = this.#options
    const isNeeded = status === 'NEW' || status === 'SEEDING' || status === 'FELL_OFF_RELAY'
    if (!isNeeded || this.#isBusy(name)) return
    const { reader } = seeder
    if (reader === undefined) {
      await seeder.writer.activate(name)
      return
    }
    if (this.#busy().length >= seedsAtOnce) return
    const one = new Seeder(name, { ...seeder, reader })
    this.#seeders.set(name, one)
    void one.run().catch((error: unknown) => {
      seeder.log.error(`the seeding of ${name} ended, and is begun again: ${messageOf(error)}`)
      this.#seeders.delete(name)
    })
  }

  #isBusy(name: string): boolean {
    return this.#busy().some(({ source }) => source === name)
  }

  #busy(): readonly SeedingProgress[] {
    return this.progress.filter(({ state }) => state !== 'done' && state !== 'void')
  }
}

function gauge(name: string, help: string, source: string, value: number): Metric {
  return { name: `aesop_bootstrap_seeding_${name}`, help, type: 'gauge', value, labels: { source } }
}
