import { type StoreWriter, type StreamState } from '@aesop/bootstrap-store'
import { AesopError, type Logger, messageOf, sleep } from '@aesop/kernel'

export interface ApplierLoopOptions {
  readonly writer: StoreWriter
  readonly stream: string
  /** Bytes of one transaction: what is written meanwhile waits for it. */
  readonly stepBytes: number
  readonly log: Logger
  /** Of what trying again can't help: nothing more is applied. */
  readonly onFailed: (error: Error) => void
}

const AGAIN_MS = 1000

/** Brings what is in the log into the snapshot tables, a step at a time, as long as there is something. */
export class ApplierLoop {
  readonly #options: ApplierLoopOptions
  readonly #stopping = new AbortController()
  readonly #listeners = new Set<() => void>()
  #running: Promise<void> | undefined
  #wake: (() => void) | undefined
  #state: StreamState | undefined
  #askedAtMs: number | undefined
  #fault: Error | undefined

  constructor(options: ApplierLoopOptions) {
    this.#options = options
  }

  /** −1 before the first step. */
  get appliedScn(): bigint {
    return this.#state?.appliedScn ?? -1n
  }
  get fault(): Error | undefined {
    return this.#fault
  }
  /** When it asked the store what has not been answered, behind what others asked before; undefined: all is answered. */
  get askedAtMs(): number | undefined {
    return this.#askedAtMs
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** There is more in the log. */
  wake(): void {
    this.#wake?.()
  }

  /** Resolves when it has come further, or when the signal aborts, or it stops. */
  moved(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#listeners.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#listeners.add(done)
      signal.addEventListener('abort', done)
      if (signal.aborted || this.#stopping.signal.aborted) done()
    })
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#wake?.()
    await this.#running
    for (const told of [...this.#listeners]) told()
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const hasMore = await this.#step()
      if (!hasMore) await this.#rest(signal)
    }
  }

  async #step(): Promise<boolean> {
    const { writer, stream, stepBytes, log } = this.#options
    try {
      const before = this.appliedScn
      this.#askedAtMs = performance.now()
      this.#state = await writer.apply(stream, stepBytes)
      this.#askedAtMs = this.#fault = undefined
      if (this.appliedScn !== before) for (const told of [...this.#listeners]) told()
      return this.#state.appliedScn < this.#state.logScn
    } catch (error) {
      this.#askedAtMs = undefined
      if (this.#fault === undefined) log.error(`the snapshot tables can not be brought on: ${messageOf(error)}`)
      this.#fault = error instanceof Error ? error : new Error(messageOf(error))
      if (this.#fault instanceof AesopError && !this.#fault.canRetry) {
        this.#stopping.abort()
        this.#options.onFailed(this.#fault)
      }
      await sleep(AGAIN_MS, this.#stopping.signal)
      return true
    }
  }

  /** A wake that comes between a step and its rest is looked at by the next step: the rest is short. */
  async #rest(signal: AbortSignal): Promise<void> {
    const woken = new AbortController()
    this.#wake = () => {
      woken.abort()
    }
    await sleep(REST_MS, AbortSignal.any([signal, woken.signal]))
    this.#wake = undefined
  }
}

const REST_MS = 200
