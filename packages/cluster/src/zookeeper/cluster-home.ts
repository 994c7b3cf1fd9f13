import { AesopError } from '@aesop/kernel'
import {
  AbandonedError,
  type Acl,
  ConnectionLostError,
  isRefused,
  NotConnectedError,
  TooManyPendingError,
  type ZooKeeperSession,
} from '@aesop/zookeeper'
import { type Owner } from '../assignment.ts'
import { type Wait } from '../coordinator.ts'
import { ClusterLostError, ClusterUnavailableError } from '../errors.ts'
import { type OwnTime } from '../own-time.ts'
import { type ClusterPaths } from './cluster-paths.ts'

interface ClusterHomeOptions {
  readonly session: ZooKeeperSession
  readonly paths: ClusterPaths
  readonly acl: readonly Acl[]
  readonly owner: Owner
  readonly time: OwnTime
}

/** What all operations of a coordinator ask, and how: not when its time is over, and with errors of the cluster. */
export class ClusterHome {
  readonly session: ZooKeeperSession
  readonly paths: ClusterPaths
  readonly acl: readonly Acl[]
  readonly owner: Owner
  readonly #time: OwnTime

  constructor({ session, paths, acl, owner, time }: ClusterHomeOptions) {
    this.session = session
    this.paths = paths
    this.acl = acl
    this.owner = owner
    this.#time = time
  }

  /** What was answered when the time was over counts as nothing. @throws ClusterLostError, ClusterUnavailableError, and what the work throws */
  async ask<Result>(what: string, wait: Wait, work: (wait: Wait) => Promise<Result>): Promise<Result> {
    this.#checkTime(what)
    try {
      return await work(waitOfAll(wait))
    } catch (error) {
      throw this.#told(what, error)
    } finally {
      this.#checkTime(what)
    }
  }

  #checkTime(what: string): void {
    if (this.#time.untilMs === -Infinity) throw ClusterLostError.of(what, 'lost or closed', this.session.lastError)
  }

  #told(what: string, error: unknown): unknown {
    if (error instanceof ConnectionLostError || error instanceof AbandonedError) {
      return ClusterUnavailableError.of(what, error.outcome, error)
    }
    const isNotSent = error instanceof NotConnectedError || error instanceof TooManyPendingError
    if (isNotSent) return ClusterUnavailableError.of(what, 'not sent', error)
    return wasNotAnswered(error) ? ClusterUnavailableError.of(what, 'unknown', error) : error
  }
}

/** One deadline for all that an operation asks, not for each of it. */
export function waitOfAll({ signal, deadlineMs }: Wait): Wait {
  const signals = [signal, deadlineMs === undefined ? undefined : AbortSignal.timeout(deadlineMs)]
  const [first, ...others] = signals.filter((each) => each !== undefined)
  if (first === undefined) return {}
  return { signal: others.length === 0 ? first : AbortSignal.any([first, ...others]) }
}

const NO_ANSWERS = ['ConnectionLoss', 'OperationTimeout', 'SessionMoved', 'Throttled'] as const

/** Refusals of a server that say nothing of what was asked for. */
function wasNotAnswered(error: unknown): boolean {
  return error instanceof AesopError && NO_ANSWERS.some((name) => isRefused(error, name))
}
