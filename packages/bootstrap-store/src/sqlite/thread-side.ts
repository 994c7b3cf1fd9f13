import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import { StoreFailedError, StoreThreadDiedError } from '../errors.ts'
import { type ThreadAnswer, type ThreadData, thrownHere } from './thread-message.ts'

interface Waiting {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/** The file of the thread; under tests one that learns to read the sources first, as whoever begins it has. */
const ENTRY = createRequire(import.meta.url).resolve('#store-thread')

/** The near end of the thread of one connection. */
export class ThreadSide {
  readonly #worker: Worker
  readonly #path: string
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0
  #ended: Error | undefined
  #isEnding = false

  private constructor(data: ThreadData) {
    this.#path = data.path
    this.#worker = new Worker(ENTRY, { workerData: data })
    this.#worker.on('message', (answer: ThreadAnswer) => {
      this.#answered(answer)
    })
    this.#worker.on('error', (error) => {
      this.#end(error)
    })
    this.#worker.on('exit', () => {
      this.#end(new Error('its thread has ended'))
    })
  }

  /** Resolves when the store is open. @throws what opening it threw */
  static async begin(data: ThreadData): Promise<ThreadSide> {
    const side = new ThreadSide(data)
    try {
      await side.call('isOpen')
      return side
    } catch (error) {
      await side.end()
      throw error
    }
  }

  call(method: string, ...parameters: readonly unknown[]): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#worker.postMessage({ id, method, parameters })
    })
  }

  /** Closes the connection, after what was asked for before. Twice is harmless. */
  async end(): Promise<void> {
    this.#isEnding = true
    if (this.#ended === undefined) await this.call('close').catch(() => undefined)
    await this.#worker.terminate()
  }

  #answered({ id, result, error }: ThreadAnswer): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(thrownHere(error))
  }

  #end(cause: Error): void {
    this.#ended ??= this.#isEnding
      ? new StoreFailedError(this.#path, 'answer', cause)
      : new StoreThreadDiedError(this.#path, cause)
    for (const { reject } of this.#waiting.values()) reject(this.#ended)
    this.#waiting.clear()
  }
}
