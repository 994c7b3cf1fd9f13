import { type BootstrapStore, isStoreFault, type SourceState, type StoreReader } from '@aesop/bootstrap-store'
import { type Metric, messageOf, sleep } from '@aesop/kernel'
import { type SnapshotReader } from '@aesop/reading'
import { SeedingImpossibleError, SeedingSourceUnknownError } from './errors.ts'
import { Seeder, type SeederOptions } from './seeder.ts'
import { type SeedingProgress, waitingProgress } from './seeding-progress.ts'
import { StallWatch } from './stall-watch.ts'

export interface SeedingDeskOptions {
  readonly store: BootstrapStore
  readonly sources: readonly string[]
  readonly seedsAtOnce: number
  /** What stands still so long is told, in milliseconds. */
  readonly stallMs: number
  readonly seeder: Omit<SeederOptions, 'reader'> & { readonly reader: SnapshotReader | undefined }
}

/** How often it is looked whether a table has to be seeded, in milliseconds. */
const LOOK_MS = 500

/** Sees to it that every table becomes whole: seeds those that are new, that changed, or that a gap made void. */
export class SeedingDesk {
  readonly #options: SeedingDeskOptions
  readonly #stopping = new AbortController()
  readonly #seeders = new Map<string, Seeder>()
  #running: Promise<unknown> | undefined
  #states: readonly SourceState[] = []
  #isPaused = false
  #turn: Promise<unknown> = Promise.resolve()
  #askedAtMs: number | undefined

  constructor(options: SeedingDeskOptions) {
    this.#options = options
  }

  /** Where the sources stood when it looked last: up to `LOOK_MS` ago, more where the store answers late. */
  get states(): readonly SourceState[] {
    return this.#states
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** For how long a question to the store has had no answer, in milliseconds. */
  get storeSilentMs(): number {
    const nowMs = performance.now()
    return Math.max(nowMs - (this.#askedAtMs ?? nowMs), nowMs - (this.#options.seeder.applier.askedAtMs ?? nowMs))
  }

  /** Of all seedings since the start, and of those that wait for their turn. */
  get progress(): readonly SeedingProgress[] {
    const waiting = this.#states.filter((state) => isNeeded(state) && !this.#isBusy(state.name))
    const names = new Set(waiting.map(({ name }) => name))
    return [
      ...[...this.#seeders.values()].map(({ progress }) => progress).filter(({ source }) => !names.has(source)),
      ...(this.#options.seeder.reader === undefined
        ? []
        : waiting.map(({ name, seeding }) => waitingProgress(name, seeding))),
    ]
  }

  start(): void {
    this.#running ??= Promise.all([this.#run(), this.#watch()])
  }

  /** Until `resume`, or the process ends: no more chunks are read. */
  pause(): void {
    this.#isPaused = true
    for (const seeder of this.#seeders.values()) seeder.pause()
  }

  resume(): void {
    this.#isPaused = false
    for (const seeder of this.#seeders.values()) seeder.resume()
  }

  /**
   * Reads a table again from its beginning, whatever it is now: it is not served meanwhile.
   * @throws SeedingSourceUnknownError, SeedingImpossibleError, and what the relay says of the table and the condition
   */
  async seed(source: string, where: string | undefined): Promise<void> {
    const { reader, writer } = this.#options.seeder
    this.#proveKnown(source)
    if (reader === undefined) throw new SeedingImpossibleError(source, 'seeding: none says that tables are not read')
    // A table or a condition that can't be read is said now, to whoever asks.
    await reader.readChunk({ source, maxRows: 1, where }, this.#stopping.signal)
    await this.#end(source)
    await writer.beginSeeding(source, where, true)
    await this.look()
  }

  /** Ends the seeding of a table: it is not served before it is seeded again, by hand. @throws as `seed` */
  async cancel(source: string): Promise<void> {
    this.#proveKnown(source)
    await this.look()
    const state = this.#states.find(({ name }) => name === source)
    if (state === undefined || !isNeeded(state)) throw new SeedingImpossibleError(source, 'it is not being seeded')
    await this.#end(source)
    await this.#options.seeder.writer.deactivate(source)
    await this.look()
  }

  /** Looks where the sources are now, and begins what has to be seeded. @throws StoreFailedError */
  look(): Promise<void> {
    const turn = this.#turn.then(() => this.#lookAll())
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.all([...this.#seeders.values()].map((seeder) => seeder.stop()))
    await this.#running
  }

  metrics(): readonly Metric[] {
    const { throttle } = this.#options.seeder
    return this.progress.flatMap(({ source, rows, ofRows, rowsPerSecond }) => [
      gauge('rows', 'Rows that the last seeding has entered.', source, rows),
      ...(ofRows === undefined
        ? []
        : [gauge('rows_estimated', 'Rows that the table has, as an estimate.', source, ofRows)]),
      gauge('rows_per_second', 'How fast it was, over all.', source, rowsPerSecond),
      gauge(
        'stretch',
        'Time of the last chunk by row, against the best of the table.',
        source,
        throttle.stretchOf(source),
      ),
    ])
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        await this.look()
      } catch (error) {
        this.#options.seeder.log.warn(`it can not be seen which tables have to be seeded: ${messageOf(error)}`)
        if (isStoreFault(error)) await this.#leaveReader()
      }
      await sleep(LOOK_MS, signal)
    }
    await this.#leaveReader()
  }

  /** Beside the looks, which may be what waits. */
  async #watch(): Promise<void> {
    const { signal } = this.#stopping
    const stalls = new StallWatch(this.#options.seeder.log, this.#options.stallMs)
    while (!signal.aborted) {
      stalls.look(this.progress, performance.now())
      stalls.lookAtStore(this.storeSilentMs)
      await sleep(LOOK_MS, signal)
    }
  }

  #reader: StoreReader | undefined

  /** What one can't see that has failed another one may, which is opened at the next look. */
  async #leaveReader(): Promise<void> {
    const reader = this.#reader
    this.#reader = undefined
    await reader?.close().catch(() => undefined)
  }

  async #lookAll(): Promise<void> {
    this.#askedAtMs = performance.now()
    try {
      this.#reader ??= await this.#options.store.openReader()
      this.#states = await this.#reader.states(this.#options.sources)
    } finally {
      this.#askedAtMs = undefined
    }
    for (const state of this.#states) await this.#look(state)
  }

  async #look(state: SourceState): Promise<void> {
    const { seedsAtOnce, seeder } = this.#options
    const { name, status, seeding } = state
    if (!isNeeded(state) || this.#isBusy(name) || this.#stopping.signal.aborted) return
    const { reader } = seeder
    if (reader === undefined) {
      // Behind a gap nothing makes it whole.
      if (status === 'NEW') await seeder.writer.activate(name)
      return
    }
    if (this.#busy().length >= seedsAtOnce) return
    const one = new Seeder(name, { ...seeder, reader })
    if (this.#isPaused) one.pause()
    this.#seeders.set(name, one)
    // One that is under way goes on under its condition.
    void one.run(status === 'SEEDING' ? seeding?.where : undefined).catch((error: unknown) => {
      seeder.log.error(`the seeding of ${name} ended, and is begun again: ${messageOf(error)}`)
      this.#seeders.delete(name)
    })
  }

  async #end(source: string): Promise<void> {
    await this.#seeders.get(source)?.stop()
    this.#seeders.delete(source)
  }

  #proveKnown(source: string): void {
    const { sources } = this.#options
    if (!sources.includes(source)) throw new SeedingSourceUnknownError(source, sources)
  }

  #isBusy(name: string): boolean {
    return this.#busy().some(({ source }) => source === name)
  }

  #busy(): readonly SeedingProgress[] {
    const all = [...this.#seeders.values()].map(({ progress }) => progress)
    return all.filter(({ state }) => state !== 'done' && state !== 'void')
  }
}

function isNeeded({ status }: SourceState): boolean {
  return status === 'NEW' || status === 'SEEDING' || status === 'FELL_OFF_RELAY'
}

function gauge(name: string, help: string, source: string, value: number): Metric {
  return { name: `aesop_bootstrap_seeding_${name}`, help, type: 'gauge', value, labels: { source } }
}
