import { NewestSaver } from '@aesop/checkpoint'
import { type Logger, messageOf } from '@aesop/kernel'
import { type RowsProgress, type RowsProgressStore, type TableProgress } from './rows-progress.ts'

const NOTHING: TableProgress = { cursor: undefined, isRead: false, rows: 0, scn: -1n }

/** Knows how far the consumers are done with the tables of a source, and stores it. */
export class RowsKeeper {
  readonly #saver: NewestSaver<RowsProgress>
  #progress: RowsProgress

  /** @param intervalMs least time between two saves */
  constructor(store: RowsProgressStore, progress: RowsProgress, intervalMs: number, log: Logger) {
    this.#progress = progress
    this.#saver = new NewestSaver({
      keptIn: store.keptIn,
      intervalMs,
      save: (value) => store.save(value),
      onFailed: (error, isNews) => {
        if (isNews) log.error(`how far the tables are read could not be saved: ${messageOf(error)}`)
      },
      onRecovered: () => {
        log.info('how far the tables are read can be saved again')
      },
    })
  }

  get hasEnded(): boolean {
    return this.#progress.hasEnded
  }

  /** Why it is not stored, for people. */
  get fault(): string | undefined {
    const { fault } = this.#saver
    return fault === undefined ? undefined : messageOf(fault)
  }

  /** From where on all rows that were given agree. */
  get scn(): bigint {
    return Object.values(this.#progress.tables).reduce((highest, { scn }) => (scn > highest ? scn : highest), -1n)
  }

  of(source: string): TableProgress {
    return this.#progress.tables[source] ?? NOTHING
  }

  /** Consumers are done with so much of a table. */
  note(source: string, table: TableProgress): void {
    this.#want({ tables: { ...this.#progress.tables, [source]: table } })
  }

  /** Consumers know that the rows are over. */
  noteEnd(): void {
    this.#want({ hasEnded: true })
  }

  /** The last save. @throws what the store throws, as a rejection */
  close(limit?: AbortSignal): Promise<void> {
    return this.#saver.close(limit)
  }

  #want(change: Partial<RowsProgress>): void {
    this.#progress = { ...this.#progress, ...change }
    this.#saver.want(this.#progress)
  }
}
