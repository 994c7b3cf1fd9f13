/** So many readers that wait are worth a millisecond of waiting for more windows, up to the most. */
const READERS_A_MS = 16
const TOGETHER_MS_MAX = 10

/**
 * Wakes waiting readers once per turn of the loop, however many windows were closed in it. Where many wait, windows of some
 * milliseconds are put together: a write costs more than the window that it brings, and two hundred of them for each window of
 * a fast source are all that the process would do. One reader, or a few, never wait.
 */
export class WindowSignal {
  readonly #waiting = new Set<() => void>()
  #scheduled = false

  /** Calls `wake` after the next window, once. */
  add(wake: () => void): void {
    this.#waiting.add(wake)
  }

  remove(wake: () => void): void {
    this.#waiting.delete(wake)
  }

  /** To be called for every window; cheap while nobody waits. */
  readonly windowClosed = (): void => {
    if (this.#scheduled || this.#waiting.size === 0) return
    this.#scheduled = true
    const togetherMs = Math.min(TOGETHER_MS_MAX, Math.floor(this.#waiting.size / READERS_A_MS))
    if (togetherMs === 0) setImmediate(this.#wakeAll)
    else setTimeout(this.#wakeAll, togetherMs)
  }

  readonly #wakeAll = (): void => {
    this.#scheduled = false
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }
}
