import { AesopError } from '@aesop/kernel'
import { DescriptorsInvalidError, LaunchStoppedError, UncaughtFailureError } from '../errors.ts'
import type { DescriptorError } from '../descriptor/descriptor-error.ts'
import type { Application, EndReport } from './application.ts'
import { ReloadRefusedError } from './operation-errors.ts'

/** What an exit code of the process means. */
export const EXIT_CODES = {
  stopped: 0,
  died: 1,
  usage: 2,
  descriptors: 3,
  startFailed: 4,
  stopFailed: 5,
  /** Plus the number of the signal. */
  forced: 128,
} as const

const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const

export interface RunnerOptions {
  /** Says a line to the person at the terminal. */
  readonly say: (text: string) => void
  /** Reports an error that ended the launch. */
  readonly report: (error: unknown) => void
  /** Shows what a reload found in the descriptors. */
  readonly showProblems?: (problems: readonly DescriptorError[]) => void
  /** Ends the process at once; replaced in tests. */
  readonly exit?: (code: number) => void
}

/**
 * Ties an application to its process: the first SIGINT or SIGTERM stops it in order (or ends the process with 0 while
 * nothing has been started, and with 128+n where a bean has work that is not at its end), a second one ends the process at once with 128+n, SIGHUP reloads what changed, and an
 * uncaught exception or unhandled rejection takes the same way out as a bean that gives up.
 */
export class ProcessRunner {
  readonly #options: RunnerOptions
  readonly #listeners: [string, (argument: unknown) => void][] = []
  #application: Application | undefined
  #signal: keyof typeof SIGNALS | undefined

  constructor(options: RunnerOptions) {
    this.#options = options
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      this.#listen(signal, () => {
        this.#onSignal(signal)
      })
    }
    this.#listen('SIGHUP', () => void this.reload('SIGHUP'))
    for (const event of ['uncaughtException', 'unhandledRejection']) {
      this.#listen(event, (error) => {
        this.#onUncaught(error)
      })
    }
  }

  /** Reads the descriptors again and replaces what changed; whatever comes of it is said, and nothing is thrown. */
  async reload(reason: string, options: { readonly whole?: boolean } = {}): Promise<void> {
    const { say, showProblems } = this.#options
    const application = this.#application
    if (application?.isStarted !== true || application.isStopping) {
      say(`${reason}: nothing runs that could be reloaded`)
      return
    }
    say(`${reason}: reading the descriptors again`)
    try {
      const { reloaded, unchanged, items = [] } = await application.reload(undefined, options)
      const changes = items.map(({ item, change }) => `${item} ${change}`)
      const details = changes.length === 0 ? '' : ` (${changes.join(', ')})`
      say(
        reloaded.length === 0
          ? `nothing changed in ${unchanged.join(', ')}`
          : `reloaded ${reloaded.join(', ')}${details}`,
      )
    } catch (error) {
      // The application has logged it; only the places in the descriptors are missing there.
      if (error instanceof ReloadRefusedError) showProblems?.(error.problems)
    }
  }

  /** Starts the application, waits for its end and returns the exit code. `onStarted` is called in between. */
  async run(application: Application, onStarted: () => void): Promise<number> {
    this.#application = application
    // While everything waits for sockets that are not referenced, this keeps the process alive.
    const keepAlive = setInterval(() => undefined, 1_000_000_000)
    try {
      await application.start()
      onStarted()
      return this.#exitCodeOf(await application.ended)
    } catch (error) {
      return await this.#endOfFailedStart(error, application)
    } finally {
      clearInterval(keepAlive)
    }
  }

  /** Takes the listeners off the process. */
  release(): void {
    for (const [event, listener] of this.#listeners) process.off(event, listener)
  }

  async #endOfFailedStart(error: unknown, application: Application): Promise<number> {
    const report = await application.ended
    if (error instanceof LaunchStoppedError) return this.#exitCodeOf(report)
    this.#options.report(error)
    return error instanceof DescriptorsInvalidError ? EXIT_CODES.descriptors : EXIT_CODES.startFailed
  }

  #exitCodeOf({ error, stopFailures, isUnfinished }: EndReport): number {
    if (error !== undefined) return EXIT_CODES.died
    if (stopFailures.length > 0) return EXIT_CODES.stopFailed
    return isUnfinished === true && this.#signal !== undefined
      ? EXIT_CODES.forced + SIGNALS[this.#signal]
      : EXIT_CODES.stopped
  }

  #listen(event: string, listener: (argument: unknown) => void): void {
    this.#listeners.push([event, listener])
    process.on(event, listener)
  }

  #onSignal(signal: keyof typeof SIGNALS): void {
    const { say } = this.#options
    if (this.#signal !== undefined) {
      say(`${signal} again: ending at once`)
      this.#exit(EXIT_CODES.forced + SIGNALS[signal])
      return
    }
    this.#signal = signal
    if (this.#application === undefined) {
      say(`${signal}: stopped before anything was started`)
      this.#exit(EXIT_CODES.stopped)
      return
    }
    say(`${signal}: stopping; once more ends at once`)
    void this.#application.stop()
  }

  #onUncaught(cause: unknown): void {
    const error = cause instanceof AesopError ? cause : new UncaughtFailureError(cause)
    if (this.#application === undefined) {
      this.#options.report(error)
      this.#exit(EXIT_CODES.died)
      return
    }
    this.#application.die(error)
  }

  #exit(code: number): void {
    const exit = this.#options.exit ?? ((n: number) => process.exit(n))
    exit(code)
  }
}
