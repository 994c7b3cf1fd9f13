interface Look {
  readonly nowMs: number
  readonly eventSeconds: number
}

/** What is looked back at, and how much of it there has to be before a pace is known. */
const LOOK_BACK_MS = 30_000
const KNOWN_AFTER_MS = 5_000
const MS_PER_SECOND = 1000

/** How fast a reading comes through its log, against the clock: over the last half minute. */
export class LatePace {
  #looks: readonly Look[] = []

  /** @param eventSeconds when the event that it read last was written, in seconds since 1970; 0 before the first */
  note(nowMs: number, eventSeconds: number): void {
    if (eventSeconds === 0) return
    this.#looks = [...this.#looks.filter((look) => nowMs - look.nowMs <= LOOK_BACK_MS), { nowMs, eventSeconds }]
  }

  /** How many seconds of its log it gains on the clock in a second: −1 stands still; undefined: not known yet. */
  get gain(): number | undefined {
    const [first, last] = [this.#looks[0], this.#looks.at(-1)]
    if (first === undefined || last === undefined || last.nowMs - first.nowMs < KNOWN_AFTER_MS) return undefined
    return (last.eventSeconds - first.eventSeconds) / ((last.nowMs - first.nowMs) / MS_PER_SECOND) - 1
  }

  /** In how many seconds it comes to what may be purged, so many seconds of log before that; undefined: never at this pace, or not known. */
  fallsOffIn(secondsLeft: number | undefined): number | undefined {
    const { gain } = this
    return gain === undefined || gain >= 0 || secondsLeft === undefined ? undefined : Math.max(0, secondsLeft) / -gain
  }
}
