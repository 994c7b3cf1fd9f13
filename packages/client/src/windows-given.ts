import { type Checkpoint } from '@aesop/checkpoint'

/** The windows that were given whole and are not acknowledged by their consumer, oldest first. */
export class WindowsGiven {
  #windows: Checkpoint[] = []
  /** Those before it are acknowledged; they are let go of together. */
  #first = 0

  /** SCNs go up from one to the next, and begin anew only after `clear`. */
  add(window: Checkpoint): void {
    this.#windows.push(window)
  }

  /** The newest window that is covered, which is none any more, with all before it; undefined: there is none such. */
  take(scn: bigint): { readonly newest: Checkpoint; readonly count: number } | undefined {
    const first = this.#first
    let newest: Checkpoint | undefined
    for (let next = this.#windows[first]; next !== undefined && next.windowScn <= scn;) {
      newest = next
      next = this.#windows[++this.#first]
    }
    if (newest === undefined) return undefined
    const count = this.#first - first
    if (this.#first * 2 >= this.#windows.length) {
      this.#windows = this.#windows.slice(this.#first)
      this.#first = 0
    }
    return { newest, count }
  }

  /** They come again. */
  clear(): void {
    this.#windows = []
    this.#first = 0
  }
}
