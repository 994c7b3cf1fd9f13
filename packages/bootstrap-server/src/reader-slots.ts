import { type BootstrapStore, isStoreFault, type StoreReader } from '@aesop/bootstrap-store'
import { RequestFailedError } from '@aesop/wire'

/**
 * A bounded number of readers of a store, opened when they are first needed. Who finds none free waits for its turn. One whose store has
 * failed is given up: what it reads may be gone for good, and the next one finds what is there then.
 */
export class ReaderSlots {
  readonly #store: BootstrapStore
  readonly #max: number
  readonly #free: StoreReader[] = []
  readonly #waiting: { readonly go: (reader: StoreReader) => void; readonly end: (error: Error) => void }[] = []
  #open = 0
  #isClosed = false

  constructor(store: BootstrapStore, max: number) {
    this.#store = store
    this.#max = max
  }

  /** How many questions are being answered. */
  get busy(): number {
    return this.#open - this.#free.length
  }
  get waiting(): number {
    return this.#waiting.length
  }

  async with<T>(work: (reader: StoreReader) => Promise<T>): Promise<T> {
    const reader = await this.#take()
    try {
      const result = await work(reader)
      this.#give(reader)
      return result
    } catch (error) {
      if (isStoreFault(error)) this.#giveUp(reader)
      else this.#give(reader)
      throw error
    }
  }

  /** Closes the readers, those that are busy when they have their answer; who waits for one gets none. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const { end } of this.#waiting.splice(0)) end(new RequestFailedError('the bootstrap server is stopping'))
    const free = this.#free.splice(0)
    this.#open -= free.length
    await Promise.all(free.map((reader) => reader.close()))
  }

  async #take(): Promise<StoreReader> {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#open >= this.#max) return new Promise((go, end) => this.#waiting.push({ go, end }))
    this.#open++
    try {
      return await this.#store.openReader()
    } catch (error) {
      this.#open--
      throw error
    }
  }

  /** Whoever asked has his answer; a reader that can't be closed is the store's to end. */
  #close(reader: StoreReader): void {
    this.#open--
    void reader.close().catch(() => undefined)
  }

  #giveUp(reader: StoreReader): void {
    this.#close(reader)
    const next = this.#waiting.shift()
    if (next !== undefined) this.#take().then(next.go, next.end)
  }

  #give(reader: StoreReader): void {
    const next = this.#waiting.shift()
    if (next !== undefined) next.go(reader)
    else if (this.#isClosed) this.#close(reader)
    else this.#free.push(reader)
  }
}
