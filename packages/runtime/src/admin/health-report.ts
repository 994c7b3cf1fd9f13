import { type Health, messageOf, type Observable } from '@aesop/kernel'
import { type Application } from '../lifecycle/application.ts'
import { type ContainerState } from '../lifecycle/component-container.ts'
import { type ManagedContainer } from '../lifecycle/managed-container.ts'

type Status = Health['status']

export interface ContainerHealth {
  readonly state: ContainerState
  readonly status: Status
  /** Why the container failed, when it did. */
  readonly detail?: string
  /** The beans that say something of their health. */
  readonly beans: Readonly<Record<string, Health>>
}

/** What `/health/ready` answers. `degraded` is ready; `down`, and what is starting or stopping, is not. */
export interface HealthReport {
  readonly status: Status | 'starting' | 'stopping'
  readonly isReady: boolean
  readonly containers: Readonly<Record<string, ContainerHealth>>
}

/** The health of a process out of that of its containers and their beans. */
export function healthReport(application: Application): HealthReport {
  const containers = application.containers.map((each) => [each, healthOf(each)] as const)
  // A container that may fail without the others makes the process degraded at most.
  const parts = containers.map(([{ onFailure }, { status }]) =>
    onFailure === 'continue' && status === 'down' ? 'degraded' : status,
  )
  const overall = application.isStopping ? 'stopping' : application.isStarted ? worst(parts) : 'starting'
  return {
    status: overall,
    isReady: overall === 'up' || overall === 'degraded',
    containers: Object.fromEntries(containers.map(([{ name }, health]) => [name, health])),
  }
}

function healthOf(container: ManagedContainer): ContainerHealth {
  const { state, failure } = container
  const beans = Object.fromEntries(
    container.current.startedBeans.flatMap(({ id, instance }) => {
      const health = healthOfBean(instance)
      return health === undefined ? [] : [[id, health]]
    }),
  )
  const status = state === 'running' ? worst(Object.values(beans).map((health) => health.status)) : 'down'
  return { state, status, ...(failure === undefined ? {} : { detail: failure.message }), beans }
}

/** The health that a bean shows, if it does; one that cannot tell is down. */
export function healthOfBean(instance: Observable): Health | undefined {
  if (typeof instance.health !== 'function') return undefined
  try {
    return instance.health()
  } catch (error) {
    return { status: 'down', detail: `health() failed: ${messageOf(error)}` }
  }
}

function worst(all: readonly Status[]): Status {
  if (all.includes('down')) return 'down'
  return all.includes('degraded') ? 'degraded' : 'up'
}
