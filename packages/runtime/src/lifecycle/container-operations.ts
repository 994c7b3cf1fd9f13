import { AesopError, type Logger, messageOf } from '@aesop/kernel'
import type { Preparation, PreparedContainer } from '../descriptor/launch-preparation.ts'
import { LaunchStoppedError } from '../errors.ts'
import { definitionFingerprint } from './definition-fingerprint.ts'
import { type ManagedContainer } from './managed-container.ts'
import { ReloadRefusedError, TargetUnknownError } from './operation-errors.ts'
import { type PlatformEvents } from './platform-events.ts'

/** What a reload did. */
export interface ReloadReport {
  /** Containers that run with another definition now. */
  readonly reloaded: readonly string[]
  /** Containers whose definition is what it was. */
  readonly unchanged: readonly string[]
  /** Files of the user's classes that were written since they were loaded: only a restart takes them up. */
  readonly restartNeeded: readonly string[]
}

export interface OperationsContext {
  readonly loggerOf: (container: string, bean: string) => Logger
  readonly events: PlatformEvents
  readonly prepareAgain: (() => Promise<Preparation>) | undefined
  /** Ends the process when a container that must run can't be brought back. */
  readonly die: (error: Error) => void
}

/** Stops, starts and reloads single containers of a running process, one operation after the other. */
export class ContainerOperations {
  readonly #containers: readonly ManagedContainer[]
  readonly #context: OperationsContext
  #last: Promise<unknown> = Promise.resolve()
  #running = 0

  constructor(containers: readonly ManagedContainer[], context: OperationsContext) {
    this.#containers = containers
    this.#context = context
  }

  get isBusy(): boolean {
    return this.#running > 0
  }

  /** Resolves when every operation asked for until now has ended, however it ended. */
  async idle(): Promise<void> {
    await this.#last
  }

  /** @throws TargetUnknownError @returns what failed to stop */
  stop(name: string): Promise<readonly Error[]> {
    return this.#inTurn(async () => {
      const container = this.#named(name)
      return container.state === 'stopped' || container.state === 'failed' ? [] : container.end()
    })
  }

  /** @throws TargetUnknownError, BuildFailedError, StartFailedError */
  start(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const container = this.#named(name)
      if (container.state !== 'running') await container.startAnew()
    })
  }

  /**
   * A container that is named is made anew in any case, without a name those whose definitions changed.
   * @throws ReloadRefusedError when nothing was touched; ReloadFailedError when a new definition failed to start
   */
  reload(name?: string): Promise<ReloadReport> {
    return this.#inTurn(async () => {
      const wanted = name === undefined ? this.#containers : [this.#named(name)]
      try {
        return await this.#reloadAll(wanted, await this.#prepare(), name !== undefined)
      } catch (error) {
        this.#report(error)
        throw error
      }
    })
  }

  async #reloadAll(
    wanted: readonly ManagedContainer[],
    prepared: ReadonlyMap<string, PreparedContainer>,
    always: boolean,
  ): Promise<ReloadReport> {
    const reloaded: string[] = []
    const unchanged: string[] = []
    for (const container of wanted) {
      const next = prepared.get(container.name)
      if (next === undefined) continue
      const isSame = definitionFingerprint(next) === definitionFingerprint(container.prepared)
      // What was stopped on purpose stays stopped, unless somebody names it.
      if (!always && (isSame || container.state === 'stopped')) {
        unchanged.push(container.name)
        continue
      }
      await container.replaceBy(next)
      reloaded.push(container.name)
      this.#context.loggerOf(container.name, '').info('reloaded', { beans: container.current.beans.length })
    }
    return { reloaded, unchanged, restartNeeded: this.#changedCode(wanted) }
  }

  #changedCode(wanted: readonly ManagedContainer[]): readonly string[] {
    return wanted.flatMap((container) => {
      const files = container.changedCode()
      const log = this.#context.loggerOf(container.name, '')
      for (const file of files) log.warn(`restart needed: ${file} changed`)
      return files
    })
  }

  /** Reads and checks everything; nothing has been touched when this throws. */
  async #prepare(): Promise<ReadonlyMap<string, PreparedContainer>> {
    const { prepareAgain } = this.#context
    if (prepareAgain === undefined) throw new ReloadRefusedError('this launch has no descriptors to read again')
    const { launch, problems } = await prepareAgain()
    const errors = problems.filter((problem) => problem.severity === 'error')
    const [first] = errors
    if (launch === undefined || first !== undefined) {
      const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : ''
      throw new ReloadRefusedError(`${first?.code ?? ''} ${first?.message ?? 'no launch'}${more}`.trim(), problems)
    }
    const names = (list: readonly { readonly name: string }[]): string => list.map((each) => each.name).join(', ')
    if (names(launch.containers) !== names(this.#containers)) {
      const change = `the bootstrap descriptor names ${names(launch.containers)}, running are ${names(this.#containers)}`
      throw new ReloadRefusedError(`${change}; restart needed`)
    }
    return new Map(launch.containers.map((each) => [each.name, each]))
  }

  #report(error: unknown): void {
    if (error instanceof LaunchStoppedError || error instanceof TargetUnknownError) return
    const message = messageOf(error)
    this.#context.loggerOf('', '').error(message, { error })
    this.#context.events.publish({ type: 'alert', severity: 'error', message })
    const lost = this.#containers.find((each) => each.state === 'failed' && each.onFailure === 'abort')
    if (lost !== undefined) this.#context.die(error instanceof AesopError ? error : new Error(message))
  }

  #named(name: string): ManagedContainer {
    const names = this.#containers.map((each) => each.name)
    const found = this.#containers.find((each) => each.name === name)
    if (found === undefined) throw new TargetUnknownError('container', name, names)
    return found
  }

  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    this.#running++
    const done = this.#last.then(operation).finally(() => {
      this.#running--
    })
    this.#last = done.catch(() => undefined)
    return done
  }
}
