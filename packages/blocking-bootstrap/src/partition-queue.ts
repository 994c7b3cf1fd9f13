import { type Share } from './share.ts'

/** The shares of one partition that wait for its consumer. */
export class PartitionQueue {
  readonly #shares: Share[] = []
  #wake: (() => void) | undefined

  /** Whether its consumer has nothing to do. */
  get isAwaited(): boolean {
    return this.#wake !== undefined
  }

  get isEmpty(): boolean {
    return this.#shares.length === 0
  }

  add(share: Share): void {
    this.#shares.push(share)
    this.#wake?.()
  }

  /** The oldest one, when there is one; undefined: the signal has aborted. */
  async next(signal: AbortSignal): Promise<Share | undefined> {
    while (this.#shares.length === 0 && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        signal.addEventListener('abort', this.#wakeUp, { once: true })
      })
      signal.removeEventListener('abort', this.#wakeUp)
    }
    this.#wake = undefined
    return signal.aborted ? undefined : this.#shares.shift()
  }

  readonly #wakeUp = (): void => {
    this.#wake?.()
  }
}
