import { type SourceState, StoreMissingError } from '@aesop/bootstrap-store'
import { type Health, type Logger, messageOf, sleep } from '@aesop/kernel'
import { type ReaderSlots } from './reader-slots.ts'
import { storeHealth } from './store-health.ts'

export interface StoreWatchOptions {
  readonly slots: ReaderSlots
  /** For people. */
  readonly storeName: string
  readonly log: Logger
  readonly everyMs: number
}

/** How the store of a server stands, asked for again and again: health and pages show what was seen last. */
export class StoreWatch {
  readonly #options: StoreWatchOptions
  readonly #end = new AbortController()
  #running: Promise<void> | undefined
  #sources: readonly SourceState[] = []
  #fault: unknown
  #told = ''
  readonly #names = new Set<string>()

  constructor(options: StoreWatchOptions) {
    this.#options = options
  }

  /** Those of the store, as they were seen last. */
  get sources(): readonly SourceState[] {
    return this.#sources
  }

  /** Their names; the set grows while the server runs. */
  get names(): ReadonlySet<string> {
    return this.#names
  }

  /** Resolves when it has looked once, whatever it saw. */
  async start(): Promise<void> {
    await this.#look()
    this.#running = this.#watch(this.#end.signal)
  }

  async stop(): Promise<void> {
    this.#end.abort()
    await this.#running
  }

  health(): Health {
    return storeHealth(this.#sources, this.#fault)
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { everyMs } = this.#options
    for (;;) {
      await sleep(everyMs, signal)
      if (signal.aborted) return
      await this.#look()
    }
  }

  async #look(): Promise<void> {
    try {
      this.#sources = await this.#options.slots.with((reader) => reader.states())
      this.#fault = undefined
      for (const { name } of this.#sources) this.#names.add(name)
      this.#tell('')
    } catch (error) {
      this.#fault = error
      this.#tell(messageOf(error))
    }
  }

  /** Each change once. */
  #tell(fault: string): void {
    if (this.#end.signal.aborted || this.#told === fault) return
    const { log, storeName } = this.#options
    if (fault === '') log.info(`the bootstrap store ${storeName} is there`)
    else if (this.#fault instanceof StoreMissingError) log.info(`${fault}: it is waited for`)
    else log.warn(fault, { error: this.#fault })
    this.#told = fault
  }
}
