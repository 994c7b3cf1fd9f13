interface Look {
  readonly nowMs: number
  readonly behind: number
}

/** What is looked back at, and how much of it there has to be before a pace is known. */
const LOOK_BACK_MS = 30_000
const KNOWN_AFTER_MS = 5_000
const MS_PER_SECOND = 1000

/** How fast a reader falls behind, in bytes or in seconds of its log: over the last half minute, or since it had all. */
export class BehindPace {
  #looks: readonly Look[] = []

  note(nowMs: number, behind: number): void {
    const before = behind === 0 ? [] : this.#looks.filter((look) => nowMs - look.nowMs <= LOOK_BACK_MS)
    this.#looks = [...before, { nowMs, behind }]
  }

  /** How much more it is behind in each second; below 0 it gains. Undefined: not known yet. */
  get growth(): number | undefined {
    const [first, last] = [this.#looks[0], this.#looks.at(-1)]
    if (first === undefined || last === undefined || last.nowMs - first.nowMs < KNOWN_AFTER_MS) return undefined
    return (last.behind - first.behind) / ((last.nowMs - first.nowMs) / MS_PER_SECOND)
  }

  /** In how many seconds it has lost so much more; undefined: never at this pace, or not known. */
  losesIn(left: number): number | undefined {
    const { growth } = this
    return growth === undefined || growth <= 0 ? undefined : Math.max(0, left) / growth
  }
}
