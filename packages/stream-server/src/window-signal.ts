/** Wakes waiting readers once per turn of the loop, however many windows were closed in it. */
export class WindowSignal {
  readonly #waiting = new Set<() => void>()
  #scheduled = false

  /** Calls `wake` after the next window, once. */
  add(wake: () => void): void {
    this.#waiting.add(wake)
  }

  remove(wake: () => void): void {
    this.#waiting.delete(wake)
  }

  /** To be called for every window; cheap while nobody waits. */
  readonly windowClosed = (): void => {
    if (this.#scheduled || this.#waiting.size === 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      const waiting = [...this.#waiting]
      this.#waiting.clear()
      for (const wake of waiting) wake()
    })
  }
}
