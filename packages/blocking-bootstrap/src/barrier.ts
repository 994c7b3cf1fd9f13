/**
 * Where all partitions meet, for what concerns the keys of all of them: each arrives when it has given all that came before, and none
 * goes on before the last one has left. Whoever comes again, because it failed in between, finds open what was open.
 */
export class Barrier {
  readonly #partitions: number
  readonly #arrived = new Set<number>()
  readonly #left = new Set<number>()
  readonly #waiting: (() => void)[] = []

  constructor(partitions: number) {
    this.#partitions = partitions
  }

  /** Resolves when all have arrived, or when the signal aborts. */
  arrive(partition: number, signal: AbortSignal): Promise<void> {
    return this.#enter(this.#arrived, partition, signal)
  }

  /** Resolves when all have left, or when the signal aborts. */
  leave(partition: number, signal: AbortSignal): Promise<void> {
    return this.#enter(this.#left, partition, signal)
  }

  async #enter(there: Set<number>, partition: number, signal: AbortSignal): Promise<void> {
    there.add(partition)
    for (const wake of this.#waiting.splice(0)) wake()
    while (there.size < this.#partitions && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve)
        signal.addEventListener('abort', () => {
          resolve()
        })
      })
    }
  }
}
