import { AesopError, type LiveList, type Logger, messageOf } from '@aesop/kernel'
import { type PreparedContainer } from '../descriptor/launch-preparation.ts'
import { DescriptorError, LaunchStoppedError, StepTimedOutError } from '../errors.ts'
import { type ItemChanges, type LiveItems, type RunningItem } from './live-items.ts'
import { type ManagedContainer } from './managed-container.ts'
import { ReloadRefusedError } from './operation-errors.ts'
import { placeText } from './parts-difference.ts'

/** What became of one item of a live list. */
export interface ItemChange {
  readonly container: string
  /** Bean and property: `relay.producerRegistrationList`. */
  readonly list: string
  readonly item: string
  readonly change: 'added' | 'removed' | 'replaced'
  /** Where the descriptor has it; left out of one that it has no more. */
  readonly at?: string
  /** Why it was not done, or what failed while it was done. */
  readonly failed?: { readonly code?: string; readonly message: string }
  /** Of one that could not be replaced: whether the old one works again. */
  readonly isRestored?: boolean
}

/** What is to be changed in one container. */
export interface ContainerChange {
  readonly container: ManagedContainer
  readonly next: PreparedContainer
  readonly live: LiveItems
  readonly changes: ItemChanges
}

/** An item that goes, one that comes, or one in the place of the other. */
interface Step {
  readonly of: ContainerChange
  readonly before?: RunningItem
  readonly after?: RunningItem
  /** What failed when the old one was stopped. */
  failure?: Error
}

/**
 * Changes items of live lists, in this order: all that comes is made and checked; what goes is stopped, containers in reverse;
 * what comes is started, containers in order. Up to the first stop nothing that runs has been touched; from there on each item
 * stands for itself.
 */
export class ItemReload {
  readonly outcomes: ItemChange[] = []
  readonly #changes: readonly ContainerChange[]
  readonly #loggerOf: (container: string) => Logger
  #steps: readonly Step[] = []

  constructor(changes: readonly ContainerChange[], loggerOf: (container: string) => Logger) {
    this.#changes = changes
    this.#loggerOf = loggerOf
  }

  /** @throws ReloadRefusedError, LaunchStoppedError; nothing is left of what was made then */
  async make(): Promise<void> {
    const made: [LiveItems, RunningItem][] = []
    const steps: Step[] = []
    try {
      for (const of of this.#changes) {
        const coming = await of.live.make(of.changes, ledOf(of.next))
        for (const item of coming) made.push([of.live, item])
        steps.push(...stepsOf(of, coming))
      }
    } catch (error) {
      for (const [live, item] of made.reverse()) await live.discard(item)
      if (error instanceof LaunchStoppedError) throw error
      throw new ReloadRefusedError(messageOf(error), error instanceof DescriptorError ? [error] : [], error)
    }
    for (const { container, next } of this.#changes) container.follow(next)
    this.#steps = steps
  }

  /** @throws LaunchStoppedError */
  async remove(): Promise<void> {
    for (const step of [...this.#steps].reverse()) {
      const { of, before } = step
      if (before === undefined) continue
      const log = this.#loggerOf(of.container.name)
      log.info(`stopping ${before.name} of ${listOf(before)}`)
      of.container.current.checkGoingOn()
      const [failure] = await of.live.remove(before, (list) => this.#end(of, list, before))
      if (failure !== undefined) log.error(`${before.name} failed to stop in order: ${failure.message}`)
      if (failure !== undefined) step.failure = failure
      if (step.after === undefined) this.#tell(step, before, 'removed', failure)
    }
  }

  /** @throws LaunchStoppedError */
  async add(): Promise<void> {
    for (const step of this.#steps) {
      const { after, before } = step
      if (after === undefined) continue
      const change = before === undefined ? 'added' : 'replaced'
      this.#loggerOf(step.of.container.name).info(`starting ${after.name} of ${listOf(after)}`)
      try {
        await this.#begin(step.of, after)
        this.#tell(step, after, change, step.failure)
      } catch (error) {
        if (error instanceof LaunchStoppedError) throw error
        this.#tell(step, after, change, error, before && (await this.#restore(step.of, before)))
      }
    }
  }

  async #restore(of: ContainerChange, before: RunningItem): Promise<boolean> {
    try {
      await this.#begin(of, await of.live.remake(before, ledOf(of.container.prepared)))
      return true
    } catch (error) {
      if (error instanceof LaunchStoppedError) throw error
      this.#loggerOf(of.container.name).error(`${before.name} did not come back: ${messageOf(error)}`)
      return false
    }
  }

  async #begin({ container, live }: ContainerChange, item: RunningItem): Promise<void> {
    await live.add(item, async (list) => {
      try {
        await container.current.runItem('start', (signal) => list.add(item.value, signal))
      } catch (error) {
        // It may still come to an end: then it is taken out again.
        if (error instanceof StepTimedOutError) void list.remove(item.value).catch(() => undefined)
        throw error
      }
    })
  }

  #end({ container }: ContainerChange, list: LiveList, { value }: RunningItem): Promise<void> {
    return container.current.runItem('stop', (signal) => list.remove(value, signal))
  }

  #tell(step: Step, item: RunningItem, change: ItemChange['change'], failure?: unknown, isRestored?: boolean): void {
    const { of, after } = step
    const failed = failure === undefined ? {} : { failed: failureOf(failure) }
    const list = listOf(item)
    this.outcomes.push({
      container: of.container.name,
      list,
      item: item.name,
      change,
      ...(after === undefined ? {} : { at: placeText(after.definition) }),
      ...failed,
      ...(isRestored === undefined ? {} : { isRestored }),
    })
    const log = this.#loggerOf(of.container.name)
    if (failure === undefined) log.info(`${item.name} of ${list} was ${change}`)
    else if (change !== 'removed' && failure !== step.failure)
      log.error(`${item.name} of ${list} could not be ${change}: ${messageOf(failure)}`, { isRestored })
  }
}

/** An old and a new one of the same name are one step. */
function stepsOf(of: ContainerChange, coming: readonly RunningItem[]): Step[] {
  const { removed } = of.changes
  const pairOf = (item: RunningItem): RunningItem | undefined =>
    removed.find((each) => each.list === item.list && each.name === item.name)
  const pairs = coming.map((after) => ({ after, before: pairOf(after) }))
  const goes = removed.filter((item) => pairs.every(({ before }) => before !== item))
  return [
    ...goes.map((before): Step => ({ of, before })),
    ...pairs.map(({ after, before }): Step => ({ of, after, ...(before === undefined ? {} : { before }) })),
  ]
}

function ledOf({ descriptors }: PreparedContainer): ReadonlySet<string> {
  return new Set(descriptors.flatMap(({ led }) => [...led]))
}

function listOf({ definition: { place } }: RunningItem): string {
  return `${place.bean}.${place.property}`
}

function failureOf(error: unknown): { code?: string; message: string } {
  const message = messageOf(error)
  return error instanceof AesopError ? { code: error.code, message } : { message }
}
