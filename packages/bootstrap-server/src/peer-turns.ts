/** How many requests of one peer are answered at a time. */
export class PeerTurns {
  readonly #max: number
  readonly #busy = new Map<string, number>()

  constructor(max: number) {
    this.#max = max
  }

  /** @returns how to end the turn; undefined: the peer has as many as it may */
  take(peer: string): (() => void) | undefined {
    const busy = this.#busy.get(peer) ?? 0
    if (busy >= this.#max) return undefined
    this.#busy.set(peer, busy + 1)
    return () => {
      const left = (this.#busy.get(peer) ?? 1) - 1
      if (left === 0) this.#busy.delete(peer)
      else this.#busy.set(peer, left)
    }
  }
}
