import { messageOf, type Observable } from '@aesop/kernel'
import { positionOf, type SourceRange } from '../descriptor/source-file.ts'
import { type Application } from '../lifecycle/application.ts'
import { type ManagedContainer } from '../lifecycle/managed-container.ts'
import { type LifeStep, type TimelineEntry } from '../lifecycle/timeline.ts'
import { type MadeBean } from '../wiring/bean-builder.ts'
import { healthOfBean } from './health-report.ts'

/** What `/admin/containers` says of one container. */
export function containerPage(container: ManagedContainer): object {
  const { name, state, onFailure, prepared, current, failure } = container
  return {
    name,
    class: prepared.definition.className,
    state,
    onFailure,
    descriptors: prepared.paths,
    beans: current.beans.length,
    ...(failure === undefined ? {} : { failure: failure.message }),
    restartNeeded: container.changedCode(),
  }
}

/** What `/admin/beans` says: every bean that was made, in the order of its making. */
export function beanPages(application: Application, only?: string): object[] {
  const times = stepTimes(application.timeline())
  return application.containers
    .filter((container) => only === undefined || container.name === only)
    .flatMap((container) => {
      const needs = dependenciesOf(container)
      const started = new Set(container.current.startedBeans)
      const { beans } = container.current
      const products = new Map(beans.map((bean) => [bean.id, bean]))
      return beans.map((bean) => ({
        container: container.name,
        ...beanPage(bean, products.get(bean.id) !== bean),
        state: started.has(bean) ? 'started' : 'made',
        dependencies: needs.get(bean.id) ?? [],
        ...times.get(`${container.name}\n${bean.id}`),
      }))
    })
}

/** A factory is made before its product and goes by `&id`. */
function beanPage({ id, className, at, instance }: MadeBean, isFactory: boolean): object {
  const observable: Observable = instance
  const name = instance.constructor.name
  return {
    id: isFactory ? `&${id}` : id,
    class: className,
    ...(name === className || name === '' || className.endsWith(`#${name}`) ? {} : { instanceOf: name }),
    definition: placeOf(at),
    health: healthOfBean(observable),
    description: describe(observable),
    actions: actionNames(observable),
  }
}

function describe(bean: Observable): unknown {
  if (typeof bean.describe !== 'function') return undefined
  try {
    return bean.describe()
  } catch (error) {
    return { failed: messageOf(error) }
  }
}

/** The names of what a bean can be told to do. */
export function actionNames({ actions }: Observable): readonly string[] {
  return typeof actions === 'object' ? Object.keys(actions) : []
}

function dependenciesOf(container: ManagedContainer): ReadonlyMap<string, readonly string[]> {
  const beans = container.prepared.descriptors.flatMap((descriptor) => descriptor.beans)
  return new Map(beans.map(({ id, dependencies }) => [id, dependencies]))
}

/** `file:line:column` of a definition. */
export function placeOf(at: SourceRange): string {
  const { line, column } = positionOf(at)
  return `${at.file.path}:${line}:${column}`
}

type StepTimes = Partial<Record<`${LifeStep}Ms`, number>>

/** How long each step of each bean took, the last time it was taken. */
function stepTimes(entries: readonly TimelineEntry[]): ReadonlyMap<string, StepTimes> {
  const times = new Map<string, StepTimes>()
  for (const { container, bean, step, tookMs } of entries) {
    const key = `${container}\n${bean}`
    times.set(key, { ...times.get(key), [`${step}Ms`]: round(tookMs) })
  }
  return times
}

/** What `/admin/startup` says: where the time of the start went, containers, then beans with their inner beans. */
export function startupPage(application: Application): object {
  const times = stepTimes(application.timeline())
  const containers = application.containers.map(({ name, current }) => {
    const beans = [...new Set(current.beans.map((bean) => bean.id))].map((id) => {
      const { constructMs = 0, initMs = 0, startMs = 0 } = times.get(`${name}\n${id}`) ?? {}
      return { id, tookMs: round(constructMs + initMs + startMs), constructMs, initMs, startMs }
    })
    return { name, tookMs: round(beans.reduce((sum, { tookMs }) => sum + tookMs, 0)), beans: nest(beans) }
  })
  return { application: application.plan.applicationName, containers }
}

interface TimedBean {
  readonly id: string
}

/** Puts inner beans, whose ids begin with that of the outer one, below it. */
function nest(beans: readonly TimedBean[]): object[] {
  const inner = new Map<string, TimedBean[]>()
  const isOuter = new Set(beans.map(({ id }) => id))
  const outer = beans.filter((bean) => {
    const top = topOf(bean.id)
    if (top === bean.id || !isOuter.has(top)) return true
    inner.set(top, [...(inner.get(top) ?? []), bean])
    return false
  })
  return outer.map((bean) => {
    const below = inner.get(bean.id)
    return below === undefined ? bean : { ...bean, inner: below }
  })
}

function topOf(id: string): string {
  return /^[^.[]*/.exec(id)?.[0] ?? id
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100
}
