/**
 * Until when a session is sure to live, by the own monotonic clock: from when its servers have heard of it at the earliest, for the time that was agreed.
 * Whoever acts only until then is silent before they can give away what he owned. Loss is for good: a session that comes back is alive, but others may
 * have acted meanwhile.
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

  /** Whoever ends sessions counts this one's time from then at the earliest. */
  confirm(heardAtMs: number): void {
    if (!this.#lost) this.#untilMs = Math.max(this.#untilMs, heardAtMs + this.#timeoutMs)
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
