import { type Logger } from '@aesop/kernel'

export interface BlockWatchOptions {
  /** Whether the writer waits, after it was looked at once more. */
  readonly isBlocked: () => boolean
  /** Whom it waits for, and since when what it needs may be lost: for people. */
  readonly reason: () => string
  readonly log: Logger
}

/** How often a writer that waits is looked at: readers tell of their checkpoints, but not of each rest. */
const LOOK_EVERY_MS = 100
/** A wait that is shorter is no news; two that have less between them are one. */
const NEWS_MS = 10_000

/** Looks after a writer that waits for readers, and says so when it takes long. */
export class BlockWatch {
  readonly #options: BlockWatchOptions
  #timer: NodeJS.Timeout | undefined
  #sinceMs: number | undefined
  #lastMs = 0
  #told = false

  constructor(options: BlockWatchOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.look(performance.now())
    }, LOOK_EVERY_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** What health says of a wait that takes long; undefined while none does. */
  get detail(): string | undefined {
    if (!this.#told || this.#sinceMs === undefined) return undefined
    const seconds = Math.round((performance.now() - this.#sinceMs) / 1000)
    return `the buffer has been full for ${seconds} s: ${this.#options.reason()}`
  }

  /** @param nowMs on the clock of performance.now() */
  look(nowMs: number): void {
    if (this.#options.isBlocked()) {
      this.#sinceMs ??= nowMs
      this.#lastMs = nowMs
    } else if (this.#sinceMs !== undefined && nowMs - this.#lastMs >= NEWS_MS) this.#over()
    if (this.#told || this.#sinceMs === undefined || this.#lastMs - this.#sinceMs < NEWS_MS) return
    this.#told = true
    this.#options.log.warn(this.detail ?? '')
  }

  #over(): void {
    this.#sinceMs = undefined
    if (this.#told) this.#options.log.info('the buffer is not full any more')
    this.#told = false
  }
}
