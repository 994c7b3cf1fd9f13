import { backoffMs, type BackoffConfig, type Health, type Logger, messageOf, type Metric, sleep } from '@aesop/kernel'
import { isFinal, RECONNECT } from './reconnect-policy.ts'
import { RUNNER_STATES, type RunnerEvent, type RunnerState } from './runner-state.ts'

/** One attempt to read a source: it hands windows to the sink until it breaks, or is closed. */
export interface ReadingAttempt {
  /** Resolves with what broke it, or with undefined after `close`. */
  readonly ended: Promise<Error | undefined>
  pause(): void
  resume(): void
  /** Resolves when nothing more will reach the sink; twice is harmless. */
  close(): Promise<void>
}

export interface SourceRunnerOptions {
  readonly log: Logger
  /**
   * Opens an attempt where the source has come to, and gives it to `take` before it waits for anything, so that it can be held
   * and closed. Resolves when changes come. @throws when that attempt is over
   */
  readonly open: (take: (attempt: ReadingAttempt) => void) => Promise<void>
  /** Lets go of the connections that the source holds; whoever waits for one gets an error. Never throws. */
  readonly release: () => Promise<void>
  /** Called with what ends the source for good, unless it is being stopped. */
  readonly onFailed: (error: Error) => void
  /** How many attempts in a row may break of this error, which can be tried again; left out: any number. */
  readonly breaksMax?: (error: unknown) => number
  /** Waits between attempts; default: `RECONNECT`, 100 ms to 30 s. */
  readonly backoff?: BackoffConfig
}

/**
 * Keeps a source being read: tries for the first time, comes back after a break for ever, and ends where trying again can't
 * help. It knows no database; what an attempt is, its owner says.
 *
 * Contract: SPEC.md, test/source-runner.test.ts.
 */
export class SourceRunner {
  /** Windows handed to the sink. */
  windows = 0
  readonly #options: SourceRunnerOptions
  readonly #backoff: BackoffConfig
  readonly #stopping = new AbortController()
  #attempt: ReadingAttempt | undefined
  #running: Promise<void> | undefined
  #state: RunnerState = 'stopped'
  #detail: string | undefined
  #held = false
  #reconnects = 0

  constructor(options: SourceRunnerOptions) {
    this.#options = options
    this.#backoff = options.backoff ?? RECONNECT
  }

  get state(): RunnerState {
    return this.#state
  }

  /** What it waits for, or why it failed, for people. */
  get detail(): string | undefined {
    return this.#detail
  }

  /** Aborts when the source begins to stop. */
  get signal(): AbortSignal {
    return this.#stopping.signal
  }

  /**
   * Tries until `limitMs` is over; what trying again can't help ends it at once.
   *
   * @throws what the last try threw: the source has failed then
   */
  async firstly<Result>(limitMs: number, attempt: () => Promise<Result>): Promise<Result> {
    const deadline = performance.now() + limitMs
    for (let tried = 0; ; tried++) {
      try {
        return await attempt()
      } catch (error) {
        const waitMs = backoffMs(this.#backoff, tried, Math.random())
        if (isFinal(error) || performance.now() + waitMs > deadline || this.#isStopping()) {
          this.#goes('fails', error)
          await this.#options.release()
          throw error
        }
        await this.#wait(error, waitMs)
        if (this.#isStopping()) throw error
      }
    }
  }

  /** Resolves when the first attempt delivers; then the source is read until `stop`. @throws as `firstly` */
  async start(limitMs: number): Promise<void> {
    this.#goes('starts')
    const first = await this.firstly(limitMs, () => this.#open())
    this.#running = this.#run(first)
  }

  pause(): void {
    this.#held = true
    this.#attempt?.pause()
    this.#goes('pauses')
  }

  resume(): void {
    this.#held = false
    this.#attempt?.resume()
    this.#goes('resumes')
  }

  /** @param flush stores what is not stored yet, once nothing more reaches the sink. Twice is harmless */
  async stop(flush: () => void | Promise<void>): Promise<void> {
    const { release } = this.#options
    this.#stopping.abort()
    // Nothing that the event at hand asks for is waited for.
    await release()
    await this.#attempt?.close()
    await this.#running
    await flush()
    await release()
    this.#goes('stops')
  }

  /** The source can never go on. */
  fail(error: unknown): void {
    if (this.#isStopping()) return
    this.#goes('fails', error)
    this.#options.onFailed(error instanceof Error ? error : new Error(messageOf(error)))
  }

  /** @param concern what keeps changes from it although it runs @param remark what people should know though it is no fault */
  health(concern?: string, remark?: string): Health {
    const known = { running: 'up', paused: 'up', stopped: 'down', failed: 'down' } as const
    const status = this.#state in known ? known[this.#state as keyof typeof known] : 'degraded'
    if (status === 'up' && concern !== undefined) return { status: 'degraded', detail: concern }
    const detail = this.#detail ?? remark
    return { status, ...(detail === undefined ? {} : { detail }) }
  }

  metrics(): readonly Metric[] {
    const windows = { name: 'producer_windows', help: 'Windows handed to the buffer.', value: this.windows }
    const again = { name: 'producer_reconnects', help: 'Connections made after the first.', value: this.#reconnects }
    return [windows, again].map((metric) => ({ ...metric, type: 'counter' }))
  }

  async #run(first: ReadingAttempt): Promise<void> {
    let attempt: ReadingAttempt | undefined = first
    let tried = 0
    while (attempt !== undefined) {
      const [windows, openedMs] = [this.windows, performance.now()]
      const error = await attempt.ended
      await attempt.close()
      if (error === undefined || this.#isStopping()) return
      // An attempt that brought nothing and broke at once counts as one more failed try.
      const wasGood = this.windows > windows || performance.now() - openedMs > this.#backoff.maxSleepMs
      tried = wasGood ? 0 : tried + 1
      if (tried >= (this.#options.breaksMax?.(error) ?? Infinity)) {
        this.fail(error)
        return
      }
      attempt = await this.#reopen(error, tried)
    }
  }

  /** A new attempt, or undefined when there will be none. */
  async #reopen(broken: unknown, before: number): Promise<ReadingAttempt | undefined> {
    let error = broken
    for (let tried = before; !isFinal(error); tried++) {
      await this.#wait(error, backoffMs(this.#backoff, tried, Math.random()))
      if (this.#isStopping()) return undefined
      try {
        const attempt = await this.#open()
        this.#reconnects++
        return attempt
      } catch (thrown) {
        error = thrown
      }
    }
    this.fail(error)
    return undefined
  }

  async #open(): Promise<ReadingAttempt> {
    let opened: ReadingAttempt | undefined
    await this.#options.open((attempt) => {
      opened = attempt
      this.#attempt = attempt
      if (this.#held) attempt.pause()
    })
    if (opened === undefined) throw new Error('an attempt was opened that nobody took')
    if (!this.#isStopping()) this.#goes(this.#held ? 'opensHeld' : 'opens')
    return opened
  }

  async #wait(error: unknown, waitMs: number): Promise<void> {
    this.#goes('waits', error)
    this.#options.log.warn(`the source can not be read now: ${messageOf(error)}`, { waitMs: Math.round(waitMs) })
    await sleep(waitMs, this.#stopping.signal)
  }

  #goes(event: RunnerEvent, because?: unknown): void {
    if (this.#state === 'failed') return
    this.#state = RUNNER_STATES[this.#state][event] ?? this.#state
    if (because !== undefined) this.#detail = messageOf(because)
    else if (event === 'opens' || event === 'opensHeld') this.#detail = undefined
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted
  }
}
