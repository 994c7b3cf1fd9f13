import { type Lifecycle, type Logger, messageOf, type ProgressLine, type RunResult, type Tracer } from '@aesop/kernel'
import { type RuntimeBeanContext } from '../component.ts'
import { type CompiledDescriptor } from '../descriptor/bean-compiler.ts'
import { type RuntimeNature } from '../descriptor/bootstrap-plan.ts'
import { type SourceRange } from '../descriptor/source-file.ts'
import {
  BeanStepError,
  BuildFailedError,
  LaunchStoppedError,
  StartFailedError,
  StepTimedOutError,
  StopFailedError,
} from '../errors.ts'
import { BeanMeters } from '../telemetry/bean-meters.ts'
import { BeanBuilder, type BuilderHost, type MadeBean, type Product } from '../wiring/bean-builder.ts'
import { BeanContainer } from '../wiring/bean-container.ts'
import { type Recipe, type TopLevelRecipe } from '../wiring/recipe.ts'
import { LiveItems, type LiveHost, type Made } from './live-items.ts'
import { type PlatformEventListener, type PlatformEvents } from './platform-events.ts'
import { pathTo } from './path-to-bean.ts'
import { withTimeLimit } from './time-limit.ts'
import { type LifeStep, type Timeline } from './timeline.ts'

export type ContainerState = 'created' | 'starting' | 'running' | 'failed' | 'stopping' | 'stopped'

/** What all containers of a process share. */
export interface ProcessContext {
  readonly projectsRoot: string
  readonly stateDirectory: string
  readonly nature: RuntimeNature
  readonly shared: Map<string, unknown>
  readonly timeline: Timeline
  readonly events: PlatformEvents
  readonly startTimeoutMs: number
  readonly stopTimeoutMs: number
  readonly loggerOf: (container: string, bean: string) => Logger
  readonly tracer: Tracer
  readonly fail: (container: string, bean: string, error: Error) => void
  readonly finish: (result: RunResult) => void
  /** Undefined: nobody looks. */
  readonly showProgress: ((bean: string, lines: readonly ProgressLine[]) => void) | undefined
  /** Throws when the launch was asked to stop: nothing more is made or started then. */
  readonly checkGoingOn: () => void
}

/**
 * The beans of one component container and their lives: made and initialised in dependency order, started in the same
 * order, stopped and destroyed in exact reverse. The caller sees to it that one operation runs at a time.
 */
export class ComponentContainer implements BuilderHost, LiveHost {
  readonly name: string
  readonly onFailure: 'abort' | 'continue'
  readonly #descriptors: readonly CompiledDescriptor[]
  readonly #process: ProcessContext
  readonly #abort = new AbortController()
  readonly #made: MadeBean[] = []
  readonly #instances = new Set<object>()
  readonly #started: MadeBean[] = []
  readonly #beans: BeanContainer[] = []
  readonly #meters = new Map<string, BeanMeters>()
  readonly #constructedFromMs = new Map<string, number>()
  readonly #endListening = new Map<object, () => void>()
  readonly #led: Set<string>
  /** What lists of definitions became. */
  readonly #lists = new WeakMap<Recipe, readonly unknown[]>()
  /** Top-level beans that came, or went (undefined), with items of live lists. */
  readonly #shown = new Map<string, Product | undefined>()
  #live: LiveItems | undefined
  #state: ContainerState = 'created'

  constructor(
    name: string,
    onFailure: 'abort' | 'continue',
    descriptors: readonly CompiledDescriptor[],
    context: ProcessContext,
  ) {
    this.name = name
    this.onFailure = onFailure
    this.#descriptors = descriptors
    this.#process = context
    this.#led = new Set(descriptors.flatMap((descriptor) => [...descriptor.led]))
  }

  get state(): ContainerState {
    return this.#state
  }

  /** The made beans that are not destroyed, in the order of their making. */
  get beans(): readonly MadeBean[] {
    return this.#made
  }

  /** The beans that were started and not yet stopped, in the order of their start. */
  get startedBeans(): readonly MadeBean[] {
    return this.#started
  }

  /** What the beans have counted, by their ids; of those that are destroyed nothing is shown any more. */
  get meters(): ReadonlyMap<string, BeanMeters> {
    return this.#meters
  }

  #enter(state: ContainerState): void {
    if (this.#state === state) return
    this.#state = state
    this.#process.events.publish({ type: 'container.state', container: this.name, state })
  }

  /** The top-level bean of this id, or undefined. */
  peek(id: string): unknown {
    if (this.#shown.has(id)) return this.#shown.get(id)?.product
    return this.#beans.find((beans) => beans.has(id))?.peek(id)
  }

  /** Makes and initialises every bean. @throws BuildFailedError */
  async build(): Promise<void> {
    this.#enter('starting')
    for (const descriptor of this.#descriptors) await this.#buildDescriptor(descriptor)
  }

  async #buildDescriptor(descriptor: CompiledDescriptor): Promise<void> {
    const beans = new BeanContainer()
    this.#beans.push(beans)
    for (const bean of descriptor.beans) this.#bind(beans, bean)
    for (const bean of descriptor.beans) {
      this.#process.checkGoingOn()
      try {
        await beans.get(bean.id)
      } catch (cause) {
        throw this.failure(bean.id, bean.at, cause)
      }
    }
  }

  #bind(beans: BeanContainer, bean: TopLevelRecipe): void {
    const madeId = `made:${bean.id}`
    beans.bind(madeId, bean.dependencies, (...needed) => {
      const byId = new Map(bean.dependencies.map((id, i) => [id, needed[i]]))
      return new BeanBuilder(this, byId).buildProduct(bean.recipe)
    })
    beans.bind(bean.id, [madeId], (made) => Promise.resolve((made as Product).product))
    beans.bind(`&${bean.id}`, [madeId], (made) => Promise.resolve((made as Product).factory))
  }

  contextOf(id: string): RuntimeBeanContext {
    const { projectsRoot, stateDirectory, stopTimeoutMs, nature, shared, loggerOf, tracer } = this.#process
    const { fail, finish, showProgress, events, timeline } = this.#process
    this.#constructedFromMs.set(id, timeline.now())
    return {
      id,
      container: this.name,
      log: loggerOf(this.name, id),
      meters: this.#metersOf(id),
      tracer,
      signal: this.#abort.signal,
      projectsRoot,
      stateDirectory,
      stopTimeoutMs,
      nature,
      shared,
      fail: (error) => {
        fail(this.name, id, error)
      },
      finish,
      ...(showProgress === undefined
        ? {}
        : {
            showProgress: (lines: readonly ProgressLine[]) => {
              showProgress(`${this.name}/${id}`, lines)
            },
          }),
      publish: (event) => {
        events.publish(event)
      },
    }
  }

  #metersOf(id: string): BeanMeters {
    const meters = this.#meters.get(id) ?? new BeanMeters()
    this.#meters.set(id, meters)
    return meters
  }

  async made(bean: MadeBean): Promise<void> {
    if (this.#instances.has(bean.instance)) return
    this.#instances.add(bean.instance)
    this.#made.push(bean)
    const { timeline, events, loggerOf } = this.#process
    timeline.add(this.name, bean.id, 'construct', this.#constructedFromMs.get(bean.id) ?? timeline.now())
    this.#constructedFromMs.delete(bean.id)
    if (isListener(bean.instance))
      this.#endListening.set(bean.instance, events.listen(bean.instance, loggerOf(this.name, bean.id)))
    await this.#run(bean, 'init', bean.init, this.#process.startTimeoutMs)
  }

  failure(id: string, at: SourceRange, cause: unknown): Error {
    if (cause instanceof BeanStepError || isStopRequest(cause)) return cause
    return this.#tellFailure(
      new BuildFailedError({ container: this.name, bean: id, finding: this.#finding(id, at), cause }),
    )
  }

  /** Starts every bean, dependencies first. @throws StartFailedError, after which the caller stops what was started. */
  async start(): Promise<void> {
    for (const bean of this.#made) await this.#start(bean)
    this.#live = LiveItems.of(this)
    this.#enter('running')
  }

  async #start(bean: MadeBean): Promise<void> {
    if (this.#led.has(bean.id)) return
    this.#process.checkGoingOn()
    try {
      refuseUnledStart(bean)
      await this.#run(bean, 'start', undefined, this.#process.startTimeoutMs)
      this.#started.push(bean)
    } catch (cause) {
      // A start that hangs may still come to an end: it is told to stop like those that have started.
      if (cause instanceof StepTimedOutError || isStopRequest(cause)) this.#started.push(bean)
      if (isStopRequest(cause)) throw cause
      const finding = this.#finding(bean.id, bean.at)
      throw this.#tellFailure(new StartFailedError({ container: this.name, bean: bean.id, finding, cause }))
    }
  }

  /** Items of its beans that can come and go, while it runs; undefined: it has none, or does not run. */
  get live(): LiveItems | undefined {
    return this.#state === 'running' ? this.#live : undefined
  }

  get descriptors(): readonly CompiledDescriptor[] {
    return this.#descriptors
  }

  /** What was made of a top-level bean. */
  productOf(id: string): Product | undefined {
    if (this.#shown.has(id)) return this.#shown.get(id)
    return this.#beans.find((beans) => beans.has(id))?.peek(`made:${id}`) as Product | undefined
  }

  listMade(recipe: Recipe, values: readonly unknown[]): void {
    this.#lists.set(recipe, values)
  }

  valuesOf(recipe: Recipe): readonly unknown[] | undefined {
    return this.#lists.get(recipe)
  }

  lead(ids: readonly string[]): void {
    for (const id of ids) this.#led.add(id)
  }

  show(id: string, product: Product | undefined): void {
    this.#shown.set(id, product)
  }

  /** @throws LaunchStoppedError when the launch was asked to stop */
  checkGoingOn(): void {
    this.#process.checkGoingOn()
  }

  /** Runs a step of an item, which may take as long as that step of a bean. */
  async runItem(step: 'start' | 'stop', run: (signal: AbortSignal) => unknown): Promise<void> {
    this.#process.checkGoingOn()
    const { startTimeoutMs, stopTimeoutMs } = this.#process
    const isStart = step === 'start'
    await withTimeLimit(step, isStart ? startTimeoutMs : stopTimeoutMs, run, isStart ? this.#abort.signal : undefined)
  }

  async makeBefore(id: string, recipe: Recipe, needs: ReadonlyMap<string, unknown>): Promise<Made> {
    this.#process.checkGoingOn()
    const at = this.#made.length
    try {
      const product = await new BeanBuilder(this, needs).buildProduct(recipe)
      const made = this.#made.slice(at)
      moveBefore(this.#made, made, id)
      return { product, made }
    } catch (error) {
      await this.endMade(this.#made.slice(at))
      throw error
    }
  }

  async startMade(made: readonly MadeBean[], before: string): Promise<void> {
    const waiting = made.filter((bean) => !this.#started.includes(bean))
    const at = this.#started.length
    try {
      for (const bean of waiting) await this.#start(bean)
    } finally {
      moveBefore(this.#started, this.#started.slice(at), before)
    }
  }

  async endMade(made: readonly MadeBean[]): Promise<readonly Error[]> {
    const started = this.#started.filter((bean) => made.includes(bean))
    for (const bean of started) this.#started.splice(this.#started.indexOf(bean), 1)
    for (const bean of made) this.#made.splice(this.#made.indexOf(bean), 1)
    const failures = [...(await this.#endAll(started, 'stop')), ...(await this.#endAll([...made], 'destroy'))]
    for (const { id, instance } of made) {
      this.#instances.delete(instance)
      this.#endListening.get(instance)?.()
      this.#endListening.delete(instance)
      if (!this.#made.some((bean) => bean.id === id)) this.#meters.delete(id)
    }
    return failures
  }

  /** Tells all beans that the end has begun: their signal aborts. */
  announceStop(): void {
    if (this.#state !== 'failed' && this.#state !== 'stopped') this.#enter('stopping')
    this.#abort.abort()
  }

  /** Stops what was started, in exact reverse; all are tried, and what failed is returned. Twice is harmless. */
  async stop(): Promise<Error[]> {
    return this.#endAll(this.#started, 'stop')
  }

  /** Destroys what was made, in exact reverse; all are tried, and what failed is returned. Twice is harmless. */
  async destroy(endState: 'stopped' | 'failed'): Promise<Error[]> {
    await this.#tellListenersTheRest()
    const failures = await this.#endAll(this.#made, 'destroy')
    this.#meters.clear()
    this.#enter(endState)
    return failures
  }

  #tellFailure<E extends BeanStepError>(error: E): E {
    this.#process.events.publish({ type: 'bean.failed', container: this.name, bean: error.bean, error })
    return error
  }

  /** What happened until now reaches the listeners before they are destroyed, unless one of them hangs. */
  async #tellListenersTheRest(): Promise<void> {
    if (this.#endListening.size === 0) return
    await withTimeLimit('listening', LISTENING_MAX_MS, () => this.#process.events.settled()).catch(() => undefined)
    for (const end of this.#endListening.values()) end()
    this.#endListening.clear()
  }

  async #endAll(beans: MadeBean[], step: 'stop' | 'destroy'): Promise<Error[]> {
    const failures: Error[] = []
    for (let bean = beans.pop(); bean !== undefined; bean = beans.pop()) {
      try {
        await this.#run(bean, step, step === 'destroy' ? bean.destroy : undefined, this.#process.stopTimeoutMs)
      } catch (cause) {
        const finding = this.#finding(bean.id, bean.at)
        const failure = new StopFailedError({ container: this.name, bean: bean.id, finding, cause })
        this.#process.loggerOf(this.name, bean.id).error(failure.message, { code: failure.code })
        failures.push(this.#tellFailure(failure))
      }
    }
    return failures
  }

  async #run(bean: MadeBean, step: LifeStep, alsoCall: string | undefined, limitMs: number): Promise<void> {
    const names = [...new Set([step, ...(alsoCall === undefined ? [] : [alsoCall])])]
    for (const name of names) {
      const method = methodOf(bean.instance, name)
      if (method === undefined) {
        if (name === alsoCall) throw new Error(`"${bean.className}" has no method ${name}`)
        continue
      }
      await this.#runMethod(bean, step, method, limitMs)
    }
  }

  async #runMethod(bean: MadeBean, step: LifeStep, method: Method, limitMs: number): Promise<void> {
    const { timeline } = this.#process
    const atMs = timeline.now()
    try {
      const isBeginning = step === 'init' || step === 'start'
      // A start hears at once that the container stops; the limit of its time is two seconds behind that.
      const heard = (signal: AbortSignal): unknown[] => {
        if (step === 'stop') return [signal]
        return step === 'start' ? [AbortSignal.any([signal, this.#abort.signal])] : []
      }
      const run = (signal: AbortSignal): unknown => Reflect.apply(method, bean.instance, heard(signal))
      await withTimeLimit(step, limitMs, run, isBeginning ? this.#abort.signal : undefined)
      timeline.add(this.name, bean.id, step, atMs)
    } catch (error) {
      timeline.add(this.name, bean.id, step, atMs, messageOf(error))
      throw error
    }
  }

  #finding(id: string, at: SourceRange): { at: SourceRange; path: string } {
    const recipes = this.#descriptors.flatMap((descriptor) => descriptor.beans)
    return { at, path: [this.name, ...pathTo(id, recipes)].join(' > ') }
  }
}

/** Moves the last ones before the first of that id: they are ended after it. */
function moveBefore(beans: MadeBean[], last: readonly MadeBean[], id: string): void {
  beans.splice(beans.length - last.length, last.length)
  const at = beans.findIndex((bean) => bean.id === id)
  beans.splice(at < 0 ? beans.length : at, 0, ...last)
}

/** How long a stop waits for listeners of platform events. */
const LISTENING_MAX_MS = 1000

type Method = (...args: unknown[]) => unknown

function methodOf(instance: object, name: keyof Lifecycle | (string & {})): Method | undefined {
  const member: unknown = Reflect.get(instance, name)
  return typeof member === 'function' ? (member as Method) : undefined
}

/** The runtime has a signal to give and nothing else: a `start` that asks for more is called by whoever has it. */
function refuseUnledStart({ instance, className }: MadeBean): void {
  const wants = methodOf(instance, 'start')?.length ?? 0
  if (wants < 2) return
  throw new Error(
    `"${className}" has a start that takes ${wants} arguments, where start(signal) is called, and no bean leads it: ` +
      'give it to a bean whose schema says `x-leads: true` for that property, or let start take what it needs from its properties',
  )
}

function isListener(instance: object): instance is PlatformEventListener {
  return 'onPlatformEvent' in instance && typeof instance.onPlatformEvent === 'function'
}

function isStopRequest(cause: unknown): cause is LaunchStoppedError {
  return cause instanceof LaunchStoppedError
}
