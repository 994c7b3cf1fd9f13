import { type MaxScn, type MaxScnStore, NewestSaver } from '@aesop/checkpoint'
import { type Logger, messageOf } from '@aesop/kernel'

export interface DonePlaceOptions {
  readonly store: MaxScnStore
  /** Whether everything up to this SCN, of what the source has given so far, is done. */
  readonly isDone: (scn: bigint) => boolean
  /** Least time between two saves, in milliseconds. */
  readonly intervalMs: number
  readonly log: Logger
}

/**
 * Where a source goes on after a restart: of the places that its producer wants to store only those whose windows the consumers are
 * done with are stored. Of those that wait for that the oldest and the newest are kept.
 */
export class DonePlace implements MaxScnStore {
  readonly #options: DonePlaceOptions
  readonly #saver: NewestSaver<MaxScn>
  #next: MaxScn | undefined
  #newest: MaxScn | undefined

  constructor(options: DonePlaceOptions) {
    this.#options = options
    const { store, intervalMs, log } = options
    this.#saver = new NewestSaver({
      keptIn: 'the place in the log',
      intervalMs,
      save: (record) => store.save(record),
      onFailed: (error, isNews) => {
        if (isNews) log.error(`the place in the log could not be saved: ${messageOf(error)}`)
      },
      onRecovered: () => {
        log.info('the place in the log can be saved again')
      },
    })
  }

  /** Why it is not stored, for people. */
  get fault(): string | undefined {
    const { fault } = this.#saver
    return fault === undefined ? undefined : messageOf(fault)
  }

  load(): ReturnType<MaxScnStore['load']> {
    return this.#options.store.load()
  }

  save(record: MaxScn): void | Promise<void> {
    if (this.#options.isDone(record.scn)) {
      this.#next = this.#newest = undefined
      return this.#saver.store(record)
    }
    this.#newest = record
    this.#next ??= record
  }

  /** Consumers are done with more. */
  moved(): void {
    const { isDone } = this.#options
    if (this.#next === undefined || !isDone(this.#next.scn)) return
    const record = this.#newest !== undefined && isDone(this.#newest.scn) ? this.#newest : this.#next
    this.#next = record === this.#newest ? undefined : this.#newest
    if (this.#next === undefined) this.#newest = undefined
    this.#saver.want(record)
  }

  /** The last save. @throws what the store throws, as a rejection */
  close(limit?: AbortSignal): Promise<void> {
    return this.#saver.close(limit)
  }
}
