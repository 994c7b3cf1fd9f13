/** Remembers what was told, up to so many things: the same is told once, and again when much else came in between. */
export class ToldBefore {
  readonly #max: number
  readonly #told = new Set<string>()

  constructor(max: number) {
    this.#max = max
  }

  /** Whether this was told before; from now on it was. */
  has(...what: readonly (string | bigint)[]): boolean {
    const key = JSON.stringify(what.map((part) => [typeof part, String(part)]))
    if (this.#told.has(key)) return true
    const [oldest] = this.#told
    if (this.#told.size >= this.#max && oldest !== undefined) this.#told.delete(oldest)
    this.#told.add(key)
    return false
  }
}
