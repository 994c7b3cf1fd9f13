/** How long somebody who did not ask again keeps the place in the queue. */
const FORGOTTEN_MS = 10_000

/** Who waits for a turn, in the order in which they came: by the SCN that they want, because each asks as somebody new. */
export class TurnQueue {
  /** SCN → when it was asked for last. */
  readonly #waiting = new Map<bigint, number>()

  get size(): number {
    return this.#waiting.size
  }

  /** Whether it is this one's turn, where so many can begin; else it stands in the queue. */
  admits(scn: bigint, free: number, nowMs: number): boolean {
    this.forget(nowMs)
    if (!this.#waiting.has(scn)) this.#waiting.set(scn, nowMs)
    const ahead = [...this.#waiting.keys()].indexOf(scn)
    if (ahead < free) return this.#waiting.delete(scn)
    this.#waiting.set(scn, nowMs)
    return false
  }

  /** Those who asked no more. */
  forget(nowMs: number): void {
    for (const [scn, askedMs] of this.#waiting) if (nowMs - askedMs > FORGOTTEN_MS) this.#waiting.delete(scn)
  }
}
