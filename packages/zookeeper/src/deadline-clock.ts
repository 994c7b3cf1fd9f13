/**
 * Until when a session is sure to live, by the own monotonic clock. Servers count its time from when a request reached them, which is
 * not before it was sent: so whoever acts only until the send time of the last request that was answered, plus the time that was agreed, is
 * silent before they can give away what he owned. Loss is for good: a session that comes back is alive, but others may have acted meanwhile.
 */
export class DeadlineClock {
  readonly #nowMs: () => number
  #timeoutMs = 0
  #untilMs = -Infinity
  #lost = false

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** The servers have agreed to a time. */
  agree(timeoutMs: number): void {
    this.#timeoutMs = timeoutMs
  }

  /** A request that was sent then was answered. */
  confirm(sentAtMs: number): void {
    if (!this.#lost) this.#untilMs = Math.max(this.#untilMs, sentAtMs + this.#timeoutMs)
  }

  get untilMs(): number {
    return this.#untilMs
  }

  get hasBegun(): boolean {
    return this.#timeoutMs > 0
  }

  /** Whether the time is over; from then on for ever. */
  get isOver(): boolean {
    if (!this.#lost && this.hasBegun && this.#nowMs() >= this.#untilMs) this.lose()
    return this.#lost
  }

  lose(): void {
    this.#lost = true
    this.#untilMs = -Infinity
  }
}
