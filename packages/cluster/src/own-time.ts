/** Another machine may see a member gone from `validUntil` on; so much earlier it stops. */
const MARGIN_MS_MIN = 100
const MARGIN_SHARE = 0.1

const marginMsOf = (ttlMs: number): number => Math.max(MARGIN_MS_MIN, ttlMs * MARGIN_SHARE)

export interface OwnTimeOptions {
  readonly ttlMs: () => number
  /** Of the session of the home. */
  readonly sessionUntil: () => number
  /** Called once, when the time is over. */
  readonly over: () => void
  readonly nowMs?: () => number
}

/**
 * Until when a coordinator may act. It ends once, and for good: when its timer finds so, or whoever asks. Who asks finds it before he acts, also after a
 * pause of the process in which no timer ran.
 */
export class OwnTime {
  readonly #options: OwnTimeOptions
  readonly #nowMs: () => number
  #isOver = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: OwnTimeOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? (() => performance.now())
    this.#arm()
  }

  /** −Infinity once it is over. */
  get untilMs(): number {
    if (this.#isOver) return -Infinity
    const { sessionUntil, ttlMs, over } = this.#options
    const untilMs = sessionUntil() - marginMsOf(ttlMs())
    if (this.#nowMs() < untilMs) return untilMs
    this.end()
    over()
    return -Infinity
  }

  get leftMs(): number {
    return Math.max(0, this.untilMs - this.#nowMs())
  }

  end(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
  }

  #arm(): void {
    const { leftMs } = this
    if (!this.#isOver) {
      this.#timer = setTimeout(
        () => {
          this.#arm()
        },
        Math.max(1, leftMs),
      )
    }
  }
}
