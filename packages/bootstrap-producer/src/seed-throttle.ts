import { sleep } from '@aesop/kernel'

export interface SeedThrottleOptions {
  /** Rows a second of all tables together; undefined: as fast as it goes. */
  readonly rowsPerSecond?: number | undefined
  /**
   * How many times as long as at its best chunks may take before it is waited between them; 0: not looked at.
   */
  readonly loadFactor: number
  readonly nowMs?: () => number
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** A statement takes as long whatever its rows. */
const FIXED_MS = 5
/** The best of before is forgotten so much with each chunk: rows get longer, servers slower. */
const FORGET = 1.01
/** One chunk that took long says little: each counts so much beside those before. */
const SHARE = 0.3
/** The wait for a chunk is at most so many times what it took. */
const WAIT_MAX = 4

/**
 * Spares the database that tables are read from. What is measured: the time that it took for the rows of a chunk, against what it
 * takes at its best for so many rows of the same table, smoothed over some chunks.
 */
export class SeedThrottle {
  readonly #options: SeedThrottleOptions
  readonly #best = new Map<string, number>()
  readonly #stretches = new Map<string, number>()
  #freeMs = 0

  constructor(options: SeedThrottleOptions) {
    this.#options = options
  }

  /** How many times as long as at its best the last chunks of a table took; 1: as at its best, or nobody knows. */
  stretchOf(source: string): number {
    return this.#stretches.get(source) ?? 1
  }

  /** Rows of a chunk: those of a second at most. */
  limit(rows: number): number {
    return Math.min(rows, Math.ceil(this.#options.rowsPerSecond ?? rows))
  }

  /** Waits behind a chunk as long as it takes to spare the database. @param tookMs that it took for the rows */
  async after(source: string, rows: number, tookMs: number, signal: AbortSignal): Promise<void> {
    const { nowMs = () => performance.now(), wait = sleep } = this.#options
    const ms = Math.max(this.#untilFree(rows, nowMs()), this.#forLoad(source, rows, tookMs))
    if (ms > 0) await wait(ms, signal)
  }

  #untilFree(rows: number, nowMs: number): number {
    const { rowsPerSecond } = this.#options
    if (rowsPerSecond === undefined) return 0
    this.#freeMs = Math.max(nowMs, this.#freeMs) + (rows * 1000) / rowsPerSecond
    return this.#freeMs - nowMs
  }

  #forLoad(source: string, rows: number, tookMs: number): number {
    const { loadFactor } = this.#options
    if (rows === 0) return 0
    const byRow = Math.max(tookMs, 1) / rows
    const best = Math.min(byRow, (this.#best.get(source) ?? byRow) * FORGET)
    this.#best.set(source, best)
    const before = this.stretchOf(source)
    const stretch = before + SHARE * (Math.max(1, tookMs / (FIXED_MS + best * rows)) - before)
    this.#stretches.set(source, stretch)
    if (loadFactor === 0 || stretch <= loadFactor) return 0
    return tookMs * Math.min(WAIT_MAX, stretch / loadFactor)
  }
}
