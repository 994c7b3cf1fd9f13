import { sleep } from '@aesop/kernel'
import { setImmediate as nextTurn } from 'node:timers/promises'

export interface JobQueueOptions {
  /** How long a job that failed waits before it is tried again, in milliseconds. */
  readonly retryMs: number
  /** A job failed; it is tried again until it succeeds, or the queue ends. */
  readonly onFault: (error: unknown) => void
  /** A job succeeded. */
  readonly onDone: () => void
}

/**
 * Does one job after the other, in the order in which they came, and begins in the next turn: what comes within a turn goes
 * to the disk together. A job that fails is tried again, and holds up those behind it, so it has to be one that may be done twice.
 */
export class JobQueue {
  readonly #options: JobQueueOptions
  readonly #jobs: (() => Promise<void>)[] = []
  readonly #ending = new AbortController()
  #running: Promise<void> | undefined

  constructor(options: JobQueueOptions) {
    this.#options = options
  }

  add(job: () => Promise<void>): void {
    this.#jobs.push(job)
    this.#running ??= this.#run()
  }

  /** What is there is tried once more; what fails is given up, with all behind it. */
  async end(): Promise<void> {
    this.#ending.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    await nextTurn()
    for (let job = this.#jobs[0]; job !== undefined; job = this.#jobs[0]) {
      if (await this.#succeeds(job)) this.#jobs.shift()
      else if (this.#ending.signal.aborted) this.#jobs.length = 0
      else await sleep(this.#options.retryMs, this.#ending.signal)
    }
    this.#running = undefined
  }

  async #succeeds(job: () => Promise<void>): Promise<boolean> {
    try {
      await job()
    } catch (error) {
      this.#options.onFault(error)
      return false
    }
    this.#options.onDone()
    return true
  }
}
