import { CheckpointUnwritableError } from '@aesop/checkpoint'
import { AesopError, InvariantError, type Logger, messageOf } from '@aesop/kernel'
import {
  type DeliveryAction,
  type DeliveryConfig,
  type DeliveryEvent,
  type DeliveryPhase,
  follow,
  initialDeliveryState,
} from './delivery-policy.ts'
import {
  ConsumerFailedError,
  ConsumerFatalError,
  ConsumerOverdueError,
  ConsumerRetriesExhaustedError,
  consumerText,
  ConsumerUnfitError,
  SourceQuarantinedError,
} from './errors.ts'

export interface DeliveryOptions {
  readonly policy: DeliveryConfig
  readonly log: Logger
  readonly random: () => number
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs: () => number
}

/** What a failure of a delivery comes to. */
export type Outcome = Extract<DeliveryAction, { kind: 'again' | 'stop' }>

/** Remembers what failed between a relay's events and their consumer, and does what `delivery-policy` says of it. */
export class Delivery {
  /** Why nothing gets on; undefined while everything goes well. */
  fault: Error | undefined
  readonly #options: DeliveryOptions
  #state = initialDeliveryState
  #failsSinceMs: number | undefined

  constructor(options: DeliveryOptions) {
    this.#options = options
  }

  /** Whether the consumer has to be told to go back before it is given anything. */
  get owesRollback(): boolean {
    return this.#state.owesRollback
  }

  /** For how long the consumer has failed at one place, in milliseconds; 0 while it does not. */
  get failingMs(): number {
    return this.#failsSinceMs === undefined ? 0 : this.#options.nowMs() - this.#failsSinceMs
  }

  /** An answer ended well; what the consumer failed at stays until it has got past it. */
  answered(): void {
    if (!(this.fault instanceof ConsumerFailedError)) this.fault = undefined
  }

  /** Something newer than ever was processed: whatever was wrong is over. */
  progressed(): void {
    this.#follow({ kind: 'progress' })
    this.#failsSinceMs = undefined
    this.fault = undefined
  }

  resumed(): void {
    this.#follow({ kind: 'resumed' })
  }

  /** What comes from now on is of this phase, which has a budget of its own. */
  enter(phase: DeliveryPhase): void {
    this.#follow({ kind: 'phase', phase })
  }

  rolledBack(): void {
    this.#follow({ kind: 'rolled-back' })
  }

  /** Reading ends for now and nobody is to blame. */
  brokeOff(within: boolean): void {
    this.#follow({ kind: 'broke-off', within })
  }

  /** Nothing more is given until somebody resumes. */
  suspended(error: Error): void {
    this.fault = error
    this.#failsSinceMs = undefined
  }

  /**
   * What follows from an error; undefined: it is none of the delivery, a relay has to answer for it. Nothing unknown is tried
   * again as if it were known.
   * @param within whether a window is open, which breaks off
   */
  failed(error: unknown, within: boolean): Outcome | undefined {
    this.fault = error instanceof Error ? error : new Error(messageOf(error))
    if (error instanceof ConsumerFailedError) return this.#consumerFailed(error)
    if (error instanceof CheckpointUnwritableError) return this.#placeUnkept(error)
    if (isOfRelay(error)) {
      this.brokeOff(within)
      return undefined
    }
    return outcomeOf(this.#follow({ kind: 'fatal', within }))
  }

  #consumerFailed(failure: ConsumerFailedError): Outcome {
    const outcome = outcomeOf(this.#follow({ kind: 'failed', ...placeOf(failure) }))
    if (outcome.kind === 'stop') {
      this.fault = new ConsumerRetriesExhaustedError(outcome.tries, failure)
      return outcome
    }
    this.#failsSinceMs ??= this.#options.nowMs()
    const text = consumerText(failure)
    this.#options.log.warn(failure.message, {
      code: failure.code,
      ...failure.fields,
      tries: this.#state.failures,
      delayMs: outcome.delayMs,
      ...(text === undefined ? {} : { error: text }),
    })
    return outcome
  }

  #placeUnkept(error: CheckpointUnwritableError): Outcome {
    const outcome = outcomeOf(this.#follow({ kind: 'unkept' }))
    const delayMs = outcome.kind === 'again' ? outcome.delayMs : 0
    this.#options.log.warn(error.message, { code: error.code, tries: this.#state.saveFailures, delayMs })
    return outcome
  }

  #follow(event: DeliveryEvent): DeliveryAction {
    const { policy, random } = this.#options
    const { state, action } = follow(this.#state, event, policy, random())
    this.#state = state
    return action
  }
}

function isOfRelay(error: unknown): boolean {
  const isOurs =
    error instanceof ConsumerFatalError ||
    error instanceof ConsumerOverdueError ||
    error instanceof ConsumerUnfitError ||
    error instanceof SourceQuarantinedError
  return error instanceof AesopError && !isOurs
}

function placeOf({ fields }: ConsumerFailedError): { place?: { scn: bigint; ordinal: number } } {
  const { scn, ordinal } = fields
  return typeof scn === 'bigint' && typeof ordinal === 'number' ? { place: { scn, ordinal } } : {}
}

/** No setting leads to the other actions, and a failure to none: see SPEC.md. */
function outcomeOf(action: DeliveryAction): Outcome {
  if (action.kind === 'again' || action.kind === 'stop') return action
  throw new InvariantError(`a failure is followed by "${action.kind}", which nothing does yet`)
}
