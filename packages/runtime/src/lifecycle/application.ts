import { type Logger, silentLogger } from '@aesop/kernel'
import type { PreparedLaunch } from '../descriptor/launch-preparation.ts'
import { BeanDiedError, LaunchStoppedError } from '../errors.ts'
import { ComponentContainer, type ContainerState, type ProcessContext } from './component-container.ts'
import { Timeline, type TimelineEntry } from './timeline.ts'

export interface ApplicationOptions {
  /** Limit of each start (and init) of a bean, in milliseconds; default 60 000. */
  readonly startTimeoutMs?: number | undefined
  /** Limit of each stop (and destroy) of a bean, in milliseconds; default 30 000. */
  readonly stopTimeoutMs?: number | undefined
  readonly loggerOf?: ((container: string, bean: string) => Logger) | undefined
}

/** How an application ended. */
export interface EndReport {
  /** What made it end by itself: a bean that gave up. Undefined when it was asked to stop. */
  readonly error?: Error
  /** Beans that failed or timed out while they were stopped. */
  readonly stopFailures: readonly Error[]
}

/** The containers of one process, from the first bean made to the last one destroyed. */
export class Application {
  readonly plan: PreparedLaunch
  /** Resolves when everything has been stopped, whatever the reason. */
  readonly ended: Promise<EndReport>
  readonly #containers: readonly ComponentContainer[]
  readonly #timeline = new Timeline()
  readonly #loggerOf: (container: string, bean: string) => Logger
  #resolveEnded: (report: EndReport) => void = () => undefined
  #starting: Promise<void> | undefined
  #stopping: Promise<EndReport> | undefined
  #stopRequested = false
  #isStarted = false
  #death: Error | undefined

  constructor(plan: PreparedLaunch, options: ApplicationOptions = {}) {
    this.plan = plan
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
    this.#loggerOf = options.loggerOf ?? (() => silentLogger)
    const context: ProcessContext = {
      projectsRoot: plan.projectsRoot,
      stateDirectory: plan.stateDirectory,
      shared: new Map(),
      timeline: this.#timeline,
      startTimeoutMs: options.startTimeoutMs ?? 60_000,
      stopTimeoutMs: options.stopTimeoutMs ?? 30_000,
      loggerOf: this.#loggerOf,
      fail: (container, bean, error) => {
        this.#fail(new BeanDiedError(container, bean, error), container, bean)
      },
      checkGoingOn: () => {
        if (this.#death !== undefined) throw this.#death
        if (this.#stopRequested) throw new LaunchStoppedError()
      },
    }
    this.#containers = plan.containers.map(
      (each) => new ComponentContainer(each.name, each.onFailure, each.descriptors, context),
    )
  }

  /** Builds and starts everything. When that fails, all that was started is stopped again before this rejects. */
  start(): Promise<void> {
    this.#starting ??= this.#startAll()
    return this.#starting
  }

  async #startAll(): Promise<void> {
    try {
      for (const container of this.#containers) await this.#attempt(container, () => container.build())
      for (const container of this.#containers) await this.#attempt(container, () => container.start())
      if (this.#death !== undefined) throw this.#death
      if (this.#stopRequested) throw new LaunchStoppedError()
      this.#isStarted = true
    } catch (error) {
      this.#stopping ??= this.#stopAll()
      await this.#stopping
      throw error
    }
  }

  /** A container that may fail without the others is rolled back alone. */
  async #attempt(container: ComponentContainer, step: () => Promise<void>): Promise<void> {
    if (container.state === 'failed') return
    try {
      await step()
    } catch (error) {
      if (container.onFailure === 'abort' || error instanceof LaunchStoppedError || error === this.#death) throw error
      this.#loggerOf(container.name, '').error(`container "${container.name}" failed; the others go on`, { error })
      container.announceStop()
      await container.stop()
      await container.destroy('failed')
    }
  }

  /** Stops everything in the reverse order of its start; called twice it is the same stop. */
  async stop(): Promise<EndReport> {
    this.#stopRequested = true
    if (this.#starting !== undefined && !this.#isStarted) {
      for (const container of this.#containers) container.announceStop()
      await this.#starting.catch(() => undefined)
    }
    this.#stopping ??= this.#stopAll()
    return this.#stopping
  }

  /** Ends the application because of an error that belongs to no single bean. */
  die(error: Error): void {
    this.#fail(error, '', '')
  }

  #fail(error: Error, container: string, bean: string): void {
    this.#loggerOf(container, bean).error(error.message, { error })
    if (this.#death !== undefined || this.#stopRequested) return
    this.#death = error
    if (this.#isStarted) void this.stop()
  }

  async #stopAll(): Promise<EndReport> {
    const reversed = [...this.#containers].reverse()
    const stopFailures: Error[] = []
    for (const container of reversed) container.announceStop()
    for (const container of reversed) stopFailures.push(...(await container.stop()))
    for (const container of reversed) {
      stopFailures.push(...(await container.destroy(container.state === 'failed' ? 'failed' : 'stopped')))
    }
    const report = this.#death === undefined ? { stopFailures } : { error: this.#death, stopFailures }
    this.#resolveEnded(report)
    return report
  }

  /** A top-level bean by its id; with `container`, of that container. Undefined when there is none. */
  get(id: string, container?: string): unknown {
    for (const each of this.#containers) {
      if (container !== undefined && each.name !== container) continue
      const found = each.peek(id)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Every container with its state. */
  state(): Readonly<Record<string, ContainerState>> {
    return Object.fromEntries(this.#containers.map((each) => [each.name, each.state]))
  }

  /** Every step that was taken, in order. */
  timeline(): readonly TimelineEntry[] {
    return this.#timeline.entries()
  }

  get beanCount(): number {
    return this.#containers.reduce((sum, each) => sum + each.beans.length, 0)
  }
}
