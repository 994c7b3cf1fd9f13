import {
  type Lifecycle,
  type Logger,
  type ProgressLine,
  type RunResult,
  silentLogger,
  silentTracer,
  type Tracer,
} from '@aesop/kernel'
import type { Preparation, PreparedLaunch } from '../descriptor/launch-preparation.ts'
import { BeanDiedError, LaunchStoppedError } from '../errors.ts'
import { type ContainerState, type ProcessContext } from './component-container.ts'
import { ContainerOperations, type ReloadReport } from './container-operations.ts'
import { ManagedContainer } from './managed-container.ts'
import { type PlatformEventListener, PlatformEvents } from './platform-events.ts'
import { Timeline, type TimelineEntry } from './timeline.ts'

export interface ApplicationOptions {
  /** Limit of each start (and init) of a bean, in milliseconds; default 60 000. */
  readonly startTimeoutMs?: number | undefined
  /** Limit of each stop (and destroy) of a bean, in milliseconds; default 30 000. */
  readonly stopTimeoutMs?: number | undefined
  /** How long the process still works after it has said that it is not ready, in milliseconds; default 0. */
  readonly drainDelayMs?: number | undefined
  readonly loggerOf?: ((container: string, bean: string) => Logger) | undefined
  /** To whom beans tell their spans; default: to nobody. */
  readonly tracer?: Tracer | undefined
  /** Shows how far the work of a bean is; left out: beans tell it in the log. */
  readonly showProgress?: ((bean: string, lines: readonly ProgressLine[]) => void) | undefined
  /** Reads and checks the descriptors again, for a reload. Without it there is none. */
  readonly prepareAgain?: (() => Promise<Preparation>) | undefined
}

/** How an application ended. */
export interface EndReport {
  /** What made it end by itself: a bean that gave up. Undefined when it was asked to stop. */
  readonly error?: Error
  /** Beans that failed or timed out while they were stopped. */
  readonly stopFailures: readonly Error[]
  /** What a bean was launched for has an end, and it was stopped before. Left out: nothing of the kind. */
  readonly isUnfinished?: true
}

/** The containers of one process, from the first bean made to the last one destroyed. */
export class Application implements AsyncDisposable {
  readonly plan: PreparedLaunch
  /** Resolves when everything has been stopped, whatever the reason. */
  readonly ended: Promise<EndReport>
  /** Where the admin server listens; undefined while there is none. */
  adminUrl: string | undefined
  readonly #containers: readonly ManagedContainer[]
  readonly #operations: ContainerOperations
  readonly #timeline = new Timeline()
  readonly #events = new PlatformEvents()
  readonly #loggerOf: (container: string, bean: string) => Logger
  readonly #drainDelayMs: number
  readonly #closers: (() => Promise<void>)[] = []
  readonly #drainEnd = new AbortController()
  #result: RunResult | undefined
  #resolveEnded: (report: EndReport) => void = () => undefined
  #starting: Promise<void> | undefined
  #stopping: Promise<EndReport> | undefined
  #ending: Promise<EndReport> | undefined
  #stopRequested = false
  #isStarted = false
  #death: Error | undefined

  constructor(plan: PreparedLaunch, options: ApplicationOptions = {}) {
    this.plan = plan
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
    this.#loggerOf = options.loggerOf ?? (() => silentLogger)
    this.#drainDelayMs = options.drainDelayMs ?? 0
    const context = this.#processContext(options)
    this.#containers = plan.containers.map((each) => new ManagedContainer(each, context))
    this.#operations = new ContainerOperations(this.#containers, {
      loggerOf: this.#loggerOf,
      events: this.#events,
      prepareAgain: options.prepareAgain,
      die: (error) => {
        this.die(error)
      },
    })
  }

  #processContext(options: ApplicationOptions): ProcessContext {
    return {
      projectsRoot: this.plan.projectsRoot,
      stateDirectory: this.plan.stateDirectory,
      nature: this.plan.nature,
      shared: new Map(),
      timeline: this.#timeline,
      events: this.#events,
      startTimeoutMs: options.startTimeoutMs ?? 60_000,
      stopTimeoutMs: options.stopTimeoutMs ?? 30_000,
      loggerOf: this.#loggerOf,
      tracer: options.tracer ?? silentTracer,
      fail: (container, bean, error) => {
        this.#fail(new BeanDiedError(container, bean, error), container, bean)
      },
      finish: (result) => {
        this.#finish(result)
      },
      showProgress: options.showProgress,
      checkGoingOn: () => {
        if (this.#death !== undefined) throw this.#death
        if (this.#stopRequested) throw new LaunchStoppedError()
      },
    }
  }

  /** Builds and starts everything. When that fails, all that was started is stopped again before this rejects. */
  start(): Promise<void> {
    this.#starting ??= this.#startAll()
    return this.#starting
  }

  async #startAll(): Promise<void> {
    try {
      for (const container of this.#containers) await this.#attempt(container, () => container.current.build())
      for (const container of this.#containers) await this.#attempt(container, () => container.current.start())
      if (this.#death !== undefined) throw this.#death
      if (this.#stopRequested) throw new LaunchStoppedError()
      this.#isStarted = true
      const { applicationName } = this.plan
      this.#events.publish({ type: 'bootstrap.started', application: applicationName, tookMs: this.#timeline.now() })
    } catch (error) {
      this.#ending ??= this.#endAll()
      await this.#ending
      throw error
    }
  }

  /**
   * Makes and initialises every bean and starts none, for those who only ask the beans; `stop` destroys them.
   * @returns why containers could not be made; they are left out
   */
  async buildAll(): Promise<readonly Error[]> {
    for (const container of this.#containers) {
      await container.current.build().catch((error: unknown) => container.endFailed(error))
    }
    return this.#containers.flatMap(({ failure }) => failure ?? [])
  }

  /** A container that may fail without the others is rolled back alone. */
  async #attempt(container: ManagedContainer, step: () => Promise<void>): Promise<void> {
    if (container.state === 'failed') return
    try {
      await step()
    } catch (error) {
      if (container.onFailure === 'abort' || error instanceof LaunchStoppedError || error === this.#death) throw error
      const message = `container "${container.name}" failed; the others go on`
      this.#loggerOf(container.name, '').error(message, { error })
      this.#events.publish({ type: 'alert', severity: 'error', message, container: container.name })
      await container.endFailed(error)
    }
  }

  /** Stops everything in the reverse order of its start; called twice it is the same stop. */
  stop(): Promise<EndReport> {
    this.#stopRequested = true
    if (this.#death !== undefined) this.#drainEnd.abort()
    this.#stopping ??= this.#stopInOrder()
    return this.#stopping
  }

  async #stopInOrder(): Promise<EndReport> {
    if (this.#isStarted) {
      await this.#drain()
      if (this.#operations.isBusy) this.#announceStop()
      await this.#operations.idle()
    } else if (this.#starting !== undefined) {
      this.#announceStop()
      await this.#starting.catch(() => undefined)
    }
    this.#ending ??= this.#endAll()
    return this.#ending
  }

  /** Readiness fails already; those who send requests get the time to notice. */
  async #drain(): Promise<void> {
    const { signal } = this.#drainEnd
    if (this.#drainDelayMs <= 0 || signal.aborted) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#drainDelayMs)
      signal.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  #announceStop(): void {
    for (const container of this.#containers) container.current.announceStop()
  }

  /** Ends the application because of an error that belongs to no single bean. */
  die(error: Error): void {
    this.#fail(error, '', '')
  }

  #fail(error: Error, container: string, bean: string): void {
    this.#loggerOf(container, bean).error(error.message, { error })
    this.#events.publish({ type: 'bean.failed', container, bean, error })
    if (this.#death !== undefined || this.#ending !== undefined) return
    if (this.#stopRequested && !this.#isStarted) return
    this.#death = error
    if (this.#isStarted) void this.stop()
  }

  /** What a bean has come to that ended the process by itself; undefined: none did. */
  get result(): RunResult | undefined {
    return this.#death === undefined ? this.#result : undefined
  }

  /** A bean may be done before the others are started: they are, and stopped then. */
  #finish(result: RunResult): void {
    this.#result ??= result
    const stop = (): void => void this.stop()
    this.#starting?.then(stop, () => undefined)
  }

  async #endAll(): Promise<EndReport> {
    const reversed = [...this.#containers].reverse()
    const stopFailures: Error[] = []
    this.#announceStop()
    for (const { current } of reversed) stopFailures.push(...(await current.stop()))
    const isUnfinished = reversed.some(({ current }) => current.beans.some(({ instance }) => hasWork(instance)))
    for (const { current } of reversed) {
      stopFailures.push(...(await current.destroy(current.state === 'failed' ? 'failed' : 'stopped')))
    }
    for (const close of this.#closers.reverse()) await close()
    const end = { stopFailures, ...(isUnfinished ? { isUnfinished } : {}) }
    const report = this.#death === undefined ? end : { error: this.#death, ...end }
    this.#resolveEnded(report)
    return report
  }

  /** What is to be closed when every container has been stopped, the last given first. It must not reject. */
  closeAtEnd(close: () => Promise<void>): void {
    this.#closers.push(close)
  }

  /**
   * Reads the descriptors again and replaces the beans of one container, or of all whose definitions changed. Of those that have lists
   * whose items can come and go, only these do; what else changed in them is refused, or with `whole` makes them anew.
   */
  async reload(container?: string, options: { readonly whole?: boolean } = {}): Promise<ReloadReport> {
    await this.#starting
    return this.#operations.reload(container, options)
  }

  /** Stops one container while the others go on; one that is stopped stays so. */
  async stopContainer(name: string): Promise<readonly Error[]> {
    await this.#starting
    return this.#operations.stop(name)
  }

  /** Starts one container that was stopped or has failed, with the definition that it had. */
  async startContainer(name: string): Promise<void> {
    await this.#starting
    await this.#operations.start(name)
  }

  /** Tells this listener of every platform event until the returned function is called. */
  listen(listener: PlatformEventListener): () => void {
    return this.#events.listen(listener, this.#loggerOf('', ''))
  }

  /** A top-level bean by its id; with `container`, of that container. Undefined when there is none. */
  get(id: string, container?: string): unknown {
    for (const each of this.#containers) {
      if ((container !== undefined && each.name !== container) || each.state === 'failed') continue
      const found = each.current.peek(id)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Every container with its state. */
  state(): Readonly<Record<string, ContainerState>> {
    return Object.fromEntries(this.#containers.map((each) => [each.name, each.state]))
  }

  /** The containers, for those who show them. */
  get containers(): readonly ManagedContainer[] {
    return this.#containers
  }

  get isStarted(): boolean {
    return this.#isStarted
  }

  /** From the first request to stop, or the death of a bean, on. */
  get isStopping(): boolean {
    return this.#stopRequested || this.#death !== undefined
  }

  /** Every step that was taken, in order. */
  timeline(): readonly TimelineEntry[] {
    return this.#timeline.entries()
  }

  get beanCount(): number {
    return this.#containers.reduce((sum, each) => sum + each.current.beans.length, 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

function hasWork(bean: Lifecycle): boolean {
  return bean.isUnfinished === true
}
