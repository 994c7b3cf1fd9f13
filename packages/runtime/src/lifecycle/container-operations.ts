import { AesopError, type Logger, messageOf } from '@aesop/kernel'
import type { Preparation, PreparedContainer } from '../descriptor/launch-preparation.ts'
import { LaunchStoppedError } from '../errors.ts'
import { definitionFingerprint } from './definition-fingerprint.ts'
import { type ManagedContainer } from './managed-container.ts'
import { type ContainerChange, type ItemChange, ItemReload } from './item-reload.ts'
import { ReloadIncompleteError, ReloadRefusedError, ReloadWholeError, TargetUnknownError } from './operation-errors.ts'
import { type PlatformEvents } from './platform-events.ts'

/** What a reload did. */
export interface ReloadReport {
  /** Containers that run with another definition now. */
  readonly reloaded: readonly string[]
  /** Containers whose definition is what it was. */
  readonly unchanged: readonly string[]
  /** Files of the user's classes that were written since they were loaded: only a restart takes them up. */
  readonly restartNeeded: readonly string[]
  /** Items of live lists that came or went while their containers ran on; left out: none. */
  readonly items?: readonly ItemChange[]
}

/** What becomes of a container. */
type Plan =
  | { readonly kind: 'same' | 'whole'; readonly container: ManagedContainer; readonly next: PreparedContainer }
  | ({ readonly kind: 'items' } & ContainerChange)

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
   * A container that is named is made anew in any case, without a name those whose definitions changed: where it can, one that runs
   * changes the items of its live lists instead.
   * @param whole whether one that can't do so is made anew, too, instead of refusing
   * @throws ReloadRefusedError, ReloadWholeError when nothing was touched; ReloadFailedError when a new definition failed to start;
   * ReloadIncompleteError when items did
   */
  reload(name?: string, { whole = false } = {}): Promise<ReloadReport> {
    return this.#inTurn(async () => {
      const wanted = name === undefined ? this.#containers : [this.#named(name)]
      try {
        return await this.#reloadAll(wanted, await this.#prepare(), { always: name !== undefined, whole })
      } catch (error) {
        this.#report(error)
        throw error
      }
    })
  }

  /** What may be refused is refused before anything is touched; items of live lists come and go one by one, the rest whole. */
  async #reloadAll(
    wanted: readonly ManagedContainer[],
    prepared: ReadonlyMap<string, PreparedContainer>,
    { always, whole }: { readonly always: boolean; readonly whole: boolean },
  ): Promise<ReloadReport> {
    for (const { current } of wanted) current.checkGoingOn()
    const found = wanted.flatMap((container) => {
      const next = prepared.get(container.name)
      return next === undefined ? [] : [planOf(container, next, always)]
    })
    const plans = found.map((plan) => (whole && plan.kind === 'items' ? wholeWhereNeeded(plan) : plan))
    for (const plan of plans) if (plan.kind === 'items') refuseWhole(plan)
    const items = new ItemReload(
      plans.flatMap((plan) => (plan.kind === 'items' ? [plan] : [])),
      (container) => this.#context.loggerOf(container, ''),
    )
    await items.make()
    await items.remove()
    let failure: unknown
    for (const plan of plans) {
      if (plan.kind !== 'whole') continue
      await this.#replace(plan.container, plan.next).catch((error: unknown) => (failure ??= error))
    }
    await items.add()
    if (failure !== undefined) throw failure as Error
    const namesOf = (isReloaded: boolean): readonly string[] =>
      plans.filter(({ kind }) => (kind === 'same') !== isReloaded).map(({ container }) => container.name)
    const report = {
      reloaded: namesOf(true),
      unchanged: namesOf(false),
      restartNeeded: this.#changedCode(wanted),
      ...(items.outcomes.length === 0 ? {} : { items: items.outcomes }),
    }
    if (items.outcomes.some(({ failed }) => failed !== undefined)) throw new ReloadIncompleteError(report)
    return report
  }

  async #replace(container: ManagedContainer, next: PreparedContainer): Promise<void> {
    await container.replaceBy(next)
    this.#context.loggerOf(container.name, '').info('reloaded', { beans: container.current.beans.length })
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

function planOf(container: ManagedContainer, next: PreparedContainer, always: boolean): Plan {
  const { live } = container.current
  if (live !== undefined && !always) {
    const changes = live.changesFor(next.descriptors)
    const isSame = [changes.fixed, changes.removed, changes.added].every((list) => list.length === 0)
    return isSame ? { kind: 'same', container, next } : { kind: 'items', container, next, live, changes }
  }
  const isSame = definitionFingerprint(next) === definitionFingerprint(container.prepared)
  // What was stopped on purpose stays stopped, unless somebody names it.
  const stays = !always && (isSame || container.state === 'stopped')
  return { kind: stays ? 'same' : 'whole', container, next }
}

function wholeWhereNeeded(plan: Extract<Plan, { kind: 'items' }>): Plan {
  const { container, next, changes } = plan
  return changes.fixed.length === 0 ? plan : { kind: 'whole', container, next }
}

/** @throws ReloadWholeError */
function refuseWhole({ container, live, changes }: ContainerChange): void {
  if (changes.fixed.length === 0) return
  const lists = live.places.map(({ bean, property }) => `${bean}.${property}`)
  throw new ReloadWholeError(container.name, lists, changes.fixed)
}
