interface Beat {
  readonly sentAtMs: number
  answeredAtMs: number
}

/** Beats of the session's time: how often they are sent, and how many are remembered. */
export const BEAT_PART = 1 / 8
const REMEMBERED = 16
/** Servers tell the leader every half tick whom they have heard, and a session has two ticks at least. */
const PASSED_ON_PART = 1 / 4

/**
 * When the leader, who ends sessions, has heard of this one at the earliest. A server tells him when he asks, every half tick, and answers pings by itself,
 * also when it is cut off from him. A beat is therefore a request that goes to the leader and back. All between two servers comes in order, so:
 * the answer to a beat had one of his questions before it, at most half a tick older than the beat; the answer to a beat that was sent
 * behind it proves that what was told then has reached him; and what was told is every request that had been answered by the time of that question.
 */
export class Heartbeats {
  readonly #beats: Beat[]
  readonly #passedOnMs: number

  /** @param sentAtMs of the connect request, which the leader has answered himself */
  constructor(timeoutMs: number, sentAtMs: number, answeredAtMs: number) {
    this.#passedOnMs = timeoutMs * PASSED_ON_PART
    this.#beats = [{ sentAtMs, answeredAtMs }]
  }

  /** A beat is sent. @returns what gives, when its answer has come, since when the leader counts; −Infinity: it proves nothing */
  sent(sentAtMs: number): (answeredAtMs: number) => number {
    const beat: Beat = { sentAtMs, answeredAtMs: Infinity }
    this.#beats.push(beat)
    if (this.#beats.length > REMEMBERED) this.#beats.shift()
    return (answeredAtMs) => {
      beat.answeredAtMs = answeredAtMs
      const before = this.#lastAnsweredBy(sentAtMs)
      return this.#lastAnsweredBy(before - this.#passedOnMs)
    }
  }

  /** When the newest beat was sent that had its answer by then. */
  #lastAnsweredBy(atMs: number): number {
    return this.#beats.findLast(({ answeredAtMs }) => answeredAtMs <= atMs)?.sentAtMs ?? -Infinity
  }
}
