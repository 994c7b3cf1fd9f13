interface Wait {
  readonly upTo: number
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** Who waits until what was closed outlasts a power cut: each for what was closed by the time that it asked, and for nothing less. */
export class SafetyWaits {
  /** How often something was closed, and how much of that is safe. */
  #closed = 0
  #safe = 0
  /** In the order in which they asked. */
  readonly #waits: Wait[] = []

  /** Something was closed that is not safe. */
  closedMore(): void {
    this.#closed += 1
  }

  /**
   * @param begin begins to make all safe that is closed by now, and calls back when that is done
   * @returns undefined: all is safe
   */
  wait(begin: (madeSafe: () => void) => void): Promise<void> | undefined {
    if (this.#safe === this.#closed) return undefined
    const newest = this.#waits.at(-1)
    if (newest?.upTo === this.#closed) return newest.promise
    const wait = waitFor(this.#closed)
    this.#waits.push(wait)
    begin(() => {
      this.#madeSafe(wait.upTo)
    })
    return wait.promise
  }

  /** Those who wait are told, and have to ask again. */
  failed(error: Error): void {
    for (const { reject } of this.#waits.splice(0)) reject(error)
  }

  #madeSafe(upTo: number): void {
    this.#safe = Math.max(this.#safe, upTo)
    while (this.#waits[0] !== undefined && this.#waits[0].upTo <= upTo) this.#waits.shift()?.resolve()
  }
}

function waitFor(upTo: number): Wait {
  let resolve: () => void = () => undefined
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<void>((done, fail) => {
    resolve = done
    reject = fail
  })
  // The fault is logged where it comes, also when nobody waits any more.
  promise.catch(() => undefined)
  return { upTo, promise, resolve, reject }
}
