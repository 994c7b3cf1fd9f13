import { type StoreWriter, type StreamDeclaration, type WindowBatch } from '@aesop/bootstrap-store'
import { AesopError, backoffMs, type BackoffConfig, type Logger, sleep } from '@aesop/kernel'

export interface BatchQueueOptions {
  readonly writer: StoreWriter
  readonly stream: StreamDeclaration
  /** Batches that may wait; then whoever adds one waits. */
  readonly waitingMax: number
  /** Waits of a store that is full or locked. It is asked again for ever: nothing is lost, the relay keeps what follows. */
  readonly retries: BackoffConfig
  readonly log: Logger
  readonly onWritten: (scn: bigint) => void
  /** Of what trying again can't help: nothing more is written. */
  readonly onFailed: (error: Error) => void
}

/** Writes batches one after the other, each until it is written. */
export class BatchQueue {
  readonly #options: BatchQueueOptions
  readonly #stopping = new AbortController()
  #waiting = 0
  #isReleased = false
  #last: Promise<void> = Promise.resolve()
  #fault: Error | undefined
  #rooms: (() => void)[] = []

  constructor(options: BatchQueueOptions) {
    this.#options = options
  }

  /** Why nothing is written now; undefined while all goes well. */
  get fault(): Error | undefined {
    return this.#fault
  }

  add(batch: WindowBatch): void {
    this.#enqueue(async () => {
      const { writer, stream, onWritten } = this.#options
      await writer.writeWindows(stream.name, batch)
      if (batch.endScn !== undefined) onWritten(batch.endScn)
    })
  }

  /** What was written of a window that has no end is dropped. */
  dropOpen(): void {
    this.#enqueue(async () => {
      await this.#options.writer.declare(this.#options.stream)
    })
  }

  /** @returns undefined where there is room */
  room(): Promise<void> | undefined {
    if (this.#waiting < this.#options.waitingMax || this.#isReleased) return undefined
    return new Promise((resolve) => this.#rooms.push(resolve))
  }

  /** Whoever waits for room goes on, because nothing more is to come. */
  release(): void {
    this.#isReleased = true
    this.#makeRoom()
  }

  /** What waits is written, unless the store fails; what fails now is not tried again. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.release()
    await this.#last
  }

  #enqueue(write: () => Promise<void>): void {
    this.#waiting++
    this.#last = this.#last
      .then(() => this.#untilDone(write))
      .then(() => {
        this.#waiting--
        this.#makeRoom()
      })
  }

  async #untilDone(write: () => Promise<void>): Promise<void> {
    const { log, onFailed, retries } = this.#options
    for (let attempt = 0; ; attempt++) {
      // After a final fault, or one while it stops, a later batch would leave a gap.
      if (attempt === 0 && this.#fault !== undefined) return
      try {
        await write()
        if (this.#fault !== undefined) log.info('the bootstrap store takes windows again')
        this.#fault = undefined
        return
      } catch (error) {
        const fault = error instanceof Error ? error : new Error(String(error))
        if (this.#fault === undefined) log.error(`windows can not be written to the bootstrap store: ${fault.message}`)
        this.#fault = fault
        if (!(fault instanceof AesopError) || !fault.canRetry) {
          onFailed(fault)
          return
        }
        if (this.#stopping.signal.aborted) return
        await sleep(backoffMs(retries, attempt, Math.random()), this.#stopping.signal)
      }
    }
  }

  #makeRoom(): void {
    for (const go of this.#rooms.splice(0)) go()
  }
}
