/**
 * Does something once for all that happened in one stretch of work that waits for nothing: when that ends, or when somebody asks
 * before. Nobody can see in between that it is not done yet, and a look at the clock costs as much as a small window.
 */
export class OnceATurn {
  readonly #work: () => void
  #isDue = false

  constructor(work: () => void) {
    this.#work = work
  }

  /** It is to be done. */
  due(): void {
    if (this.#isDue) return
    this.#isDue = true
    queueMicrotask(this.settle)
  }

  /** Does it now, if it is to be done; to be called before anybody looks. */
  readonly settle = (): void => {
    if (!this.#isDue) return
    this.#isDue = false
    this.#work()
  }
}
