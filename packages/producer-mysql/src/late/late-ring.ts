import { EventBuffer, type EventBufferOptions } from '@aesop/buffer'
import { sleep } from '@aesop/kernel'

/** So long a late reading works before it looks whether it has to yield. */
const SLICE_MS = 5
/** More than this was no work between two windows, but a wait. */
const WORK_MS_MAX = 50
/** Of the time that goes by, late readings take one part of so many while the live one is behind. */
const PARTS = 10

export interface LateRingOptions extends EventBufferOptions {
  /** Among how many late readings the part of all is divided while the live one is behind; 0: it is not. */
  readonly yieldsWith: () => number
  /** Aborts a wait. */
  readonly signal: AbortSignal
  /** Milliseconds; left out: `performance.now`. */
  readonly now?: () => number
  /** Left out: a timer. */
  readonly wait?: (ms: number) => Promise<unknown>
}

/**
 * The windows of a late reading, which takes what the live one leaves: while that is behind, a late reading that has worked for a
 * while waits so long that all of them together have a tenth of the time.
 */
export class LateRing extends EventBuffer {
  readonly #options: LateRingOptions
  readonly #now: () => number
  readonly #sleep: (ms: number) => Promise<unknown>
  #sinceMs: number

  constructor(options: LateRingOptions) {
    super(options)
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#sleep = options.wait ?? ((ms) => sleep(ms, options.signal))
    this.#sinceMs = this.#now()
  }

  override whenWritable(): Promise<void> | undefined {
    const workedMs = this.#now() - this.#sinceMs
    if (workedMs < SLICE_MS) return this.#room()
    const readings = this.#options.yieldsWith()
    if (readings > 0) return this.#yield(Math.min(workedMs, WORK_MS_MAX) * (PARTS * readings - 1))
    this.#begin()
    return this.#room()
  }

  async #yield(ms: number): Promise<void> {
    await this.#sleep(ms)
    await this.#room()
    this.#begin()
  }

  /** Who waits for readers does not work. */
  #room(): Promise<void> | undefined {
    return super.whenWritable()?.then(() => {
      this.#begin()
    })
  }

  #begin(): void {
    this.#sinceMs = this.#now()
  }
}
