import { type StoreWriter } from '@aesop/bootstrap-store'
import { type Logger, messageOf, type Metric, sleep } from '@aesop/kernel'

export interface RetentionSettings {
  /** A log goes when its last window is so old, in milliseconds. */
  readonly logMs: number
  /** The oldest logs go while all of them have more bytes. */
  readonly logBytes: number
  /** The oldest logs go while there are more; undefined: any number. */
  readonly logs: number | undefined
  /** Events of deleted rows go when they are so old, in milliseconds. */
  readonly tombstoneMs: number
  /** How often it is looked, in milliseconds. */
  readonly everyMs: number
}

const DAY_MS = 86_400_000
/** The defaults. */
export const RETENTION: RetentionSettings = {
  logMs: 14 * DAY_MS,
  logBytes: 10 * 1024 ** 3,
  logs: undefined,
  tombstoneMs: 14 * DAY_MS,
  everyMs: 60_000,
}

export interface RetentionParts {
  readonly writer: StoreWriter
  readonly stream: string
  readonly sources: readonly string[]
  readonly settings: RetentionSettings
  readonly log: Logger
  readonly nowMs?: () => number
}

/** Rows of a table that are looked at in one transaction. */
const TOMBSTONE_ROWS = 5000
/** Between two steps others have their turn. */
const BETWEEN_MS = 5

/** Keeps the store within its bounds, by steps: windows and deletes that no late consumer should need any more go. */
export class Retention {
  readonly #options: RetentionParts
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined
  #logs = 0
  /** Up to which deletes have left already: it moves once an hour, and a look costs the whole table. */
  #purgedScn = -1n
  #fault: string | undefined

  constructor(options: RetentionParts) {
    this.#options = options
  }

  /** Why it could not do its work the last time; undefined: it could. */
  get fault(): string | undefined {
    return this.#fault
  }

  start(): void {
    this.#running ??= this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  metrics(): readonly Metric[] {
    const help = 'Steps by which windows left the log of the store.'
    return [{ name: 'aesop_bootstrap_purged_steps', help, type: 'counter', value: this.#logs }]
  }

  /** One look at everything. */
  async once(): Promise<void> {
    const { writer, stream, sources, settings, nowMs = Date.now } = this.#options
    await writer.noteTime(stream)
    const belowScn = await writer.scnReachedBefore(stream, nowMs() - settings.tombstoneMs)
    if (belowScn !== undefined && belowScn > this.#purgedScn) {
      for (const source of sources) await this.#purgeTombstones(source, belowScn)
      this.#purgedScn = belowScn
    }
    const limits = {
      maxAgeMs: settings.logMs,
      maxBytes: settings.logBytes,
      ...(settings.logs === undefined ? {} : { maxLogs: settings.logs }),
    }
    while (!this.#stopping.signal.aborted && (await writer.purgeLog(stream, limits))) {
      this.#logs++
      await sleep(BETWEEN_MS, this.#stopping.signal)
    }
  }

  async #purgeTombstones(source: string, belowScn: bigint): Promise<void> {
    const { writer } = this.#options
    const { signal } = this.#stopping
    for (let after: bigint | undefined = 0n; after !== undefined && !signal.aborted;) {
      after = await writer.purgeTombstones(source, belowScn, after, TOMBSTONE_ROWS)
      await sleep(BETWEEN_MS, signal)
    }
  }

  async #run(): Promise<void> {
    const { settings, log } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        await this.once()
        this.#fault = undefined
      } catch (error) {
        if (this.#fault === undefined) log.warn(`what is old can not leave the store now: ${messageOf(error)}`)
        this.#fault = messageOf(error)
      }
      await sleep(settings.everyMs, signal)
    }
  }
}
