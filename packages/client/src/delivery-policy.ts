import { type BackoffConfig, backoffMs } from '@aesop/kernel'

/**
 * What follows a failure of the consumer or of the place of a registration, without sockets, clocks and callbacks: `follow`
 * takes an event and returns the new state and what to do. It is total; SPEC.md has the table and the invariants.
 *
 *   delivering ─failed─► failing ─ budget over ─► stopped ─resumed─► delivering
 *        ▲                  │            └─ (skip, put aside) ─► passing-over
 *        └──── progress ────┴───────────────────────────────────────┘
 */
export const deliveryStatuses = ['delivering', 'failing', 'unkept', 'passing-over', 'stopped'] as const
export type DeliveryStatus = (typeof deliveryStatuses)[number]

/** Which events are given: those of the stream, or those of a bootstrap, which has callbacks and a budget of its own. */
export const deliveryPhases = ['online', 'bootstrap'] as const
export type DeliveryPhase = (typeof deliveryPhases)[number]

/** Names one event of the stream. */
export interface EventPlace {
  readonly scn: bigint
  /** How many events of the window came before. */
  readonly ordinal: number
}

/** `within`: whether a window is open, which breaks off by it; a callback of data that fails is always of one. */
export type DeliveryEvent =
  /** A callback of data failed: ERROR, a throw, a rejection, no result, too late. Without a place it was that of no event. */
  | { readonly kind: 'failed'; readonly place?: EventPlace }
  /** For good: ERROR_FATAL, a call that is overdue, rows that are left out, a fault of the program. */
  | { readonly kind: 'fatal'; readonly within: boolean }
  /** Something else ends the reading: a fault of the relay, somebody who pauses. */
  | { readonly kind: 'broke-off'; readonly within: boolean }
  /** The place where a registration begins could not be stored. */
  | { readonly kind: 'unkept' }
  /** The consumer was told to go back. */
  | { readonly kind: 'rolled-back' }
  /** A window newer than any before was processed. */
  | { readonly kind: 'progress' }
  /** Whoever resumes has mended something. */
  | { readonly kind: 'resumed' }
  | { readonly kind: 'phase'; readonly phase: DeliveryPhase }

export type DeliveryAction =
  | { readonly kind: 'none' }
  /** Read again from the last checkpoint, after a wait. */
  | { readonly kind: 'again'; readonly delayMs: number }
  /** The same, and do not give the event of that place: leave it out, or keep it elsewhere instead. */
  | { readonly kind: 'skip' | 'put-aside'; readonly delayMs: number; readonly place: EventPlace }
  /** Give nothing more until somebody resumes; `tries` are those that the budget allowed. */
  | { readonly kind: 'stop'; readonly reason: 'fatal' | 'exhausted'; readonly tries: number }

export interface DeliveryState {
  readonly phase: DeliveryPhase
  readonly status: DeliveryStatus
  /** Failures of the consumer since the last progress. */
  readonly failures: number
  /** Failures of the store since then, where it kept a registration from beginning. */
  readonly saveFailures: number
  /** Whether the consumer has to be told to go back before it is given anything. */
  readonly owesRollback: boolean
  /** Events that are not given when they come again. */
  readonly passedOver: readonly EventPlace[]
}

export interface FailurePolicy {
  /** `maxRetryNum` below 0: for ever. */
  readonly retries: BackoffConfig
  /** What follows when the retries are used up. */
  readonly exhausted: 'stop' | 'skip' | 'put-aside'
}

export interface DeliveryConfig extends Readonly<Record<DeliveryPhase, FailurePolicy>> {
  /** Waits between the tries to store where a registration begins; their number has no end. */
  readonly saveRetries: BackoffConfig
}

export interface DeliveryStep {
  readonly state: DeliveryState
  readonly action: DeliveryAction
}

const NONE: DeliveryAction = { kind: 'none' }
const FRESH = { status: 'delivering', failures: 0, saveFailures: 0, passedOver: [] } as const

export const initialDeliveryState: DeliveryState = { phase: 'online', ...FRESH, owesRollback: false }

/** `random` in [0, 1) spreads the waits. An event that changes nothing returns the same state. */
export function follow(
  state: DeliveryState,
  event: DeliveryEvent,
  config: DeliveryConfig,
  random: number,
): DeliveryStep {
  if (state.status === 'stopped') return stay(whileStopped(state, event))
  switch (event.kind) {
    case 'resumed':
    case 'progress':
      return stay(isFresh(state) ? state : { ...state, ...FRESH })
    case 'rolled-back':
      return stay(state.owesRollback ? { ...state, owesRollback: false } : state)
    case 'phase':
      return stay(state.phase === event.phase ? state : { ...state, ...FRESH, phase: event.phase })
    case 'broke-off':
      return stay(owing(state, event.within))
    case 'fatal':
      return stop(owing(state, event.within), 'fatal')
    case 'failed':
      return failed(state, event.place, config, random)
    case 'unkept':
      return unkept(state, config, random)
  }
}

/** Only somebody who resumes lets it go on; that the consumer has to go back is not forgotten. */
function whileStopped(state: DeliveryState, event: DeliveryEvent): DeliveryState {
  if (event.kind === 'resumed') return { ...state, ...FRESH }
  if (event.kind === 'rolled-back') return state.owesRollback ? { ...state, owesRollback: false } : state
  return owing(state, event.kind === 'failed' || ('within' in event && event.within))
}

function stay(state: DeliveryState): DeliveryStep {
  return { state, action: NONE }
}

function owing(state: DeliveryState, owes: boolean): DeliveryState {
  return owes && !state.owesRollback ? { ...state, owesRollback: true } : state
}

/** Whether nothing is remembered that progress would wipe out: spares the hot path a new state. */
function isFresh({ status, failures, saveFailures }: DeliveryState): boolean {
  return status === 'delivering' && failures + saveFailures === 0
}

function stop(state: DeliveryState, reason: 'fatal' | 'exhausted'): DeliveryStep {
  return { state: { ...state, status: 'stopped' }, action: { kind: 'stop', reason, tries: state.failures } }
}

/** As often as the budget allows without getting past the place of the failure. */
function failed(
  state: DeliveryState,
  place: EventPlace | undefined,
  config: DeliveryConfig,
  random: number,
): DeliveryStep {
  const { retries, exhausted } = config[state.phase]
  const delayMs = backoffMs(retries, state.failures, random)
  const failures = state.failures + 1
  const behind: DeliveryState = { ...state, status: 'failing', failures, owesRollback: true }
  if (retries.maxRetryNum < 0 || failures <= retries.maxRetryNum) {
    return { state: behind, action: { kind: 'again', delayMs } }
  }
  // Only an event can be passed over: a callback that is about none stands for the whole window.
  if (exhausted === 'stop' || place === undefined) return stop(behind, 'exhausted')
  const passedOver = [...state.passedOver, place]
  return {
    state: { ...behind, status: 'passing-over', failures: 0, passedOver },
    action: { kind: exhausted, delayMs, place },
  }
}

/** Neither consumer nor relay is to blame for a full disk: it is tried again when there may be room, for ever. */
function unkept(state: DeliveryState, config: DeliveryConfig, random: number): DeliveryStep {
  const delayMs = backoffMs(config.saveRetries, state.saveFailures, random)
  const after: DeliveryState = { ...state, status: 'unkept', saveFailures: state.saveFailures + 1 }
  return { state: after, action: { kind: 'again', delayMs } }
}

/** What a callback is about. */
export type CallbackRole = 'start' | 'stop' | 'data' | 'checkpoint' | 'rollback' | 'error'

/**
 * What becomes of a failure of a callback: `again` goes through the table above; `tell`: whoever starts or stops the
 * registration is told; `keep-old`: the checkpoint stays where it was, and that is no failure; `note`: the log has it.
 * A call that is overdue is `fatal` in every role, because the next one would overlap with it.
 */
export const afterCallback: Readonly<Record<CallbackRole, 'again' | 'tell' | 'keep-old' | 'note'>> = {
  start: 'tell',
  stop: 'tell',
  data: 'again',
  checkpoint: 'keep-old',
  rollback: 'note',
  error: 'note',
}
