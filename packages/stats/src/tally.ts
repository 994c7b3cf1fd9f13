/** Numbers that only grow, counted since a reset, and only while counting is enabled: what Databus' `?reset` and `?enabled` act on. */
export class Tally<Counts extends Readonly<Record<string, number>>> {
  readonly #read: () => Counts
  #resetMs: number
  /** Counted before the reset, or while it was not enabled; undefined: nothing. */
  #leftOut: Counts | undefined
  /** Where it stood when it was disabled; undefined while it counts. */
  #stoppedAt: Counts | undefined

  /** @param read gives the numbers as they have grown since their beginning */
  constructor(read: () => Counts, nowMs: number) {
    this.#read = read
    this.#resetMs = nowMs
  }

  /** Since the last reset. */
  get counts(): Counts {
    const now = this.#stoppedAt ?? this.#read()
    return this.#leftOut === undefined ? now : sum(now, this.#leftOut, -1)
  }

  /** Since the beginning, resets aside. */
  get all(): Counts {
    return this.#read()
  }

  get resetMs(): number {
    return this.#resetMs
  }

  reset(nowMs: number): void {
    this.#leftOut = this.#stoppedAt ?? this.#read()
    this.#resetMs = nowMs
  }

  enable(enabled: boolean): void {
    if (!enabled) this.#stoppedAt ??= this.#read()
    else if (this.#stoppedAt !== undefined) {
      const missed = sum(this.#read(), this.#stoppedAt, -1)
      this.#leftOut = this.#leftOut === undefined ? missed : sum(missed, this.#leftOut, 1)
      this.#stoppedAt = undefined
    }
  }
}

function sum<Counts extends Readonly<Record<string, number>>>(one: Counts, other: Counts, sign: 1 | -1): Counts {
  const summed = Object.entries(one).map(([name, count]) => [name, count + sign * (other[name] as number)])
  return Object.fromEntries(summed) as Counts
}
