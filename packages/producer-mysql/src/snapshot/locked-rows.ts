import { type Logger } from '@aesop/kernel'

const WANTED_MS = 100
const FIRST_ROWS = 1000

/** How many rows a chunk may lock, so that it holds them a tenth of a second. */
export class LockedRows {
  readonly #log: Logger
  #rows = FIRST_ROWS
  #isTold = false

  constructor(log: Logger) {
    this.#log = log
  }

  /** Says once that rows are locked. */
  tell(): void {
    if (this.#isTold) return
    this.#isTold = true
    const what = 'the server has no GTIDs: chunks of its tables are read with shared locks on their rows'
    this.#log.warn(`${what}, and all rows of a table without a key are locked while they are counted`, {
      aboutMs: WANTED_MS,
      remedy: 'gtid_mode=ON needs none.',
    })
  }

  limit(maxRows: number): number {
    this.tell()
    return Math.min(maxRows, this.#rows)
  }

  /** Grows and shrinks slowly: one chunk that waited says little. */
  took(rows: number, ms: number): void {
    const fitting = (rows * WANTED_MS) / Math.max(ms, 1)
    const bounded = Math.min(Math.max(fitting, this.#rows / 2), this.#rows * 2)
    if (rows > 0) this.#rows = Math.max(1, Math.round(bounded))
  }
}
