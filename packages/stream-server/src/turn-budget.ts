/**
 * Lets others have their turn. A write that the system takes at once ends without one: an answer that never waits would hold
 * the event loop until its end, and no connection would be accepted meanwhile.
 */
export class TurnBudget {
  readonly #bytesMax: number
  #bytes = 0

  /** @param bytesMax how many bytes may be looked at or written in one turn of the event loop */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** To be called after work on so many bytes; a promise when it is somebody else's turn. */
  spend(bytes: number): Promise<void> | undefined {
    this.#bytes += bytes
    if (this.#bytes < this.#bytesMax) return undefined
    this.#bytes = 0
    return new Promise((resolve) => setImmediate(resolve))
  }
}
