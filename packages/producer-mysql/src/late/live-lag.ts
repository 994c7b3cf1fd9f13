/** How far behind the clock the newest event may be of a reading that keeps up. */
const LAG_MS = 3000
const LOOK_EVERY_MS = 100

/** Whether the live reading works through what it is behind; one that has nothing to read is not behind. */
export class LiveLag {
  readonly #windows: () => number
  readonly #lastEventMs: () => number
  #seen = -1
  #lookedMs = -LOOK_EVERY_MS
  #isBehind = false

  /** @param windows how many it has read @param lastEventMs when its newest event was written, since 1970 */
  constructor(windows: () => number, lastEventMs: () => number) {
    this.#windows = windows
    this.#lastEventMs = lastEventMs
  }

  /** @param nowMs of a clock that is never set back @param clockMs since 1970 */
  isBehind(nowMs = performance.now(), clockMs = Date.now()): boolean {
    if (nowMs - this.#lookedMs < LOOK_EVERY_MS) return this.#isBehind
    const windows = this.#windows()
    this.#isBehind = windows !== this.#seen && clockMs - this.#lastEventMs() > LAG_MS
    this.#seen = windows
    this.#lookedMs = nowMs
    return this.#isBehind
  }
}
