import { type BackoffConfig, backoffMs } from '@aesop/kernel'

/**
 * The puller without its sockets and timers: `next` takes an event and returns the new state and what to do. It is
 * total: every event is legal in every state. See SPEC.md for the table, the invariants and the loops.
 *
 *   idle ─start─► registering ─registered─► streaming ─stream-ended─► streaming
 *                     ▲  │                     │  │
 *                     │  └─ registered, in the phase of a bootstrap ─► bootstrapping ─bootstrapped─► registering
 *                     └── waited ── backing-off ◄─┘ (fault, rolled-back, nothing came)
 *   any of them: pause ─► paused ─resume─► registering;  fatal or a fault for good ─► suspended;  stop ─► stopped
 */
export const pullerStatuses = [
  'idle',
  'registering',
  'streaming',
  'bootstrapping',
  'backing-off',
  'paused',
  'suspended',
  'stopped',
] as const
export type PullerStatus = (typeof pullerStatuses)[number]

/**
 * What kind of fault a relay showed: `retry` may pass by itself; `refused` is for good, unless another relay differs;
 * `fell-off`: the relay no longer holds what follows the checkpoint; `ahead`: the checkpoint is ahead of the relay, or the bootstrap
 * server of the process is not there, either of which may be starting.
 */
export type Fault = 'retry' | 'refused' | 'fell-off' | 'ahead'

export type PullerEvent =
  | {
      readonly kind:
        'start' | 'pause' | 'resume' | 'stop' | 'waited' | 'registered' | 'progress' | 'fatal' | 'bootstrapped'
    }
  | { readonly kind: 'stream-ended'; readonly empty: boolean }
  | { readonly kind: 'rolled-back'; readonly delayMs: number }
  | { readonly kind: 'fault'; readonly fault: Fault }
  /** The bootstrap can not go on: for the consumer's sake, or for a server's. */
  | { readonly kind: 'bootstrap-failed'; readonly reason: 'fault' | 'consumer' }

export type PullerAction =
  /** Go on with what is being done. */
  | { readonly kind: 'none' }
  /** Close what is open and wait for the next request from outside. */
  | { readonly kind: 'rest' }
  | { readonly kind: 'register'; readonly relay: number }
  | { readonly kind: 'stream'; readonly fromLatest: boolean }
  /** Begin a bootstrap, or go on with it, to its end. */
  | { readonly kind: 'bootstrap' }
  | { readonly kind: 'wait'; readonly ms: number }
  /** Tell the consumer and health; the error is the last fault, unless the retries were exhausted. */
  | { readonly kind: 'suspend'; readonly reason: 'fault' | 'retries-exhausted' | 'consumer' }

export interface PullerState {
  readonly status: PullerStatus
  /** What follows when a relay has been asked for its sources: its stream, or a bootstrap. */
  readonly phase: 'online' | 'bootstrap'
  /** Index of the relay in use. */
  readonly relay: number
  /** Faults in a row, since the last progress. */
  readonly attempt: number
  /** Faults in a row that are for good. */
  readonly refusals: number
  readonly fellOffs: number
  /** Bootstraps in a row behind which no relay went on. */
  readonly fruitless: number
  /** Milliseconds spent waiting for relays that are behind the checkpoint. */
  readonly aheadMs: number
  /** Changes may be lost on purpose: begin with the newest window (readLatestScnOnError). */
  readonly fromLatest: boolean
  /** What follows the wait of `backing-off`. */
  readonly after: 'register' | 'stream'
}

export interface PullerConfig {
  readonly relays: number
  /** `maxRetryNum` below 0 or Infinity: for ever. */
  readonly retries: BackoffConfig
  /** Pause after an answer that brought nothing and ended at once, in milliseconds. */
  readonly pollMs: number
  /** How often a relay is asked again, each time the next one, when one no longer holds what follows the checkpoint. */
  readonly fallOffRetries: number
  /** Whether a bootstrap server is known now that has what is read: then whoever fell off bootstraps, and nothing is left out. */
  readonly canBootstrap: boolean
  readonly readLatestScnOnError: boolean
  /** How long relays that are behind the checkpoint are waited for: they may be starting. */
  readonly aheadPatienceMs: number
}

export interface PullerStep {
  readonly state: PullerState
  readonly action: PullerAction
}

/** A refusal is believed when it comes again: a flipped bit can look like one. */
const REFUSALS_MIN = 3
const FRESH = {
  attempt: 0,
  refusals: 0,
  fellOffs: 0,
  fruitless: 0,
  aheadMs: 0,
  fromLatest: false,
  after: 'register',
} as const
const NONE: PullerAction = { kind: 'none' }
const REST: PullerAction = { kind: 'rest' }

export const initialPullerState: PullerState = { status: 'idle', phase: 'online', relay: 0, ...FRESH }

/** `random` in [0, 1) chooses the first relay and spreads the waits. An event that changes nothing returns the same state. */
export function next(state: PullerState, event: PullerEvent, config: PullerConfig, random: number): PullerStep {
  if (state.status === 'stopped') return { state, action: NONE }
  switch (event.kind) {
    case 'stop':
      return { state: { ...state, status: 'stopped' }, action: REST }
    case 'start':
      return state.status === 'idle' ? begin(state, Math.floor(random * config.relays)) : stay(state)
    case 'pause':
      return canPause(state) ? { state: { ...state, status: 'paused' }, action: REST } : stay(state)
    case 'resume':
      return state.status === 'paused' || state.status === 'suspended' ? begin(state, state.relay) : stay(state)
    case 'waited':
      return state.status === 'backing-off' ? afterWait(state) : stay(state)
    case 'registered':
      return state.status === 'registering' ? registered(state) : stay(state)
    case 'progress':
      return state.status === 'streaming' && !isFresh(state) ? stay({ ...state, ...FRESH }) : stay(state)
    case 'stream-ended':
      return state.status === 'streaming' ? streamEnded(state, event.empty, config) : stay(state)
    case 'rolled-back':
      return rolledBack(state, event.delayMs)
    case 'bootstrapped':
      return state.status === 'bootstrapping' ? bootstrapped(state) : stay(state)
    case 'bootstrap-failed':
      return state.status === 'bootstrapping' ? suspend(state, event.reason) : stay(state)
    case 'fatal':
      return isWorking(state) ? suspend(state, 'consumer') : stay(state)
    case 'fault':
      return isWorking(state) ? faulted(state, event.fault, config, random) : stay(state)
  }
}

function stay(state: PullerState): PullerStep {
  return { state, action: NONE }
}

function isWorking(state: PullerState): boolean {
  return state.status === 'registering' || state.status === 'streaming' || state.status === 'bootstrapping'
}

function canPause(state: PullerState): boolean {
  return state.status !== 'paused' && state.status !== 'suspended'
}

/** Whether nothing is remembered that progress would wipe out: spares the hot path a new state. */
export function isFresh(state: PullerState): boolean {
  return !state.fromLatest && state.attempt + state.refusals + state.fellOffs + state.fruitless + state.aheadMs === 0
}

function begin(state: PullerState, relay: number): PullerStep {
  return register({ ...state, ...FRESH }, relay)
}

function register(state: PullerState, relay: number): PullerStep {
  return { state: { ...state, status: 'registering', relay }, action: { kind: 'register', relay } }
}

function registered(state: PullerState): PullerStep {
  if (state.phase === 'online') return stream(state)
  return { state: { ...state, status: 'bootstrapping' }, action: { kind: 'bootstrap' } }
}

function bootstrapped(state: PullerState): PullerStep {
  return register({ ...state, ...FRESH, phase: 'online', fruitless: state.fruitless + 1 }, state.relay)
}

/** A bootstrap goes on from the place that was kept, and asks a relay for its sources before. */
function rolledBack(state: PullerState, delayMs: number): PullerStep {
  if (state.status === 'streaming') return backOff(state, delayMs, 'stream')
  return state.status === 'bootstrapping' ? backOff(state, delayMs, 'register') : stay(state)
}

function stream(state: PullerState): PullerStep {
  const { fromLatest } = state
  return { state: { ...state, status: 'streaming' }, action: { kind: 'stream', fromLatest } }
}

function afterWait(state: PullerState): PullerStep {
  return state.after === 'stream' ? stream(state) : register(state, state.relay)
}

function backOff(state: PullerState, ms: number, after: PullerState['after']): PullerStep {
  return { state: { ...state, status: 'backing-off', after }, action: { kind: 'wait', ms } }
}

function suspend(state: PullerState, reason: 'fault' | 'retries-exhausted' | 'consumer'): PullerStep {
  return { state: { ...state, status: 'suspended' }, action: { kind: 'suspend', reason } }
}

/** An answer without a fault: the relay took the checkpoint, so that whatever was wrong before is over. */
function streamEnded(state: PullerState, empty: boolean, config: PullerConfig): PullerStep {
  const good: PullerState = { ...state, ...FRESH, fromLatest: state.fromLatest && empty }
  return empty ? backOff(good, config.pollMs, 'stream') : stream(good)
}

function faulted(state: PullerState, fault: Fault, config: PullerConfig, random: number): PullerStep {
  switch (fault) {
    case 'fell-off':
      return fellOff(state, config, random)
    case 'refused': {
      const refusals = state.refusals + 1
      if (refusals >= Math.max(config.relays, REFUSALS_MIN)) return suspend({ ...state, refusals }, 'fault')
      return retry({ ...state, refusals }, config, random)
    }
    case 'ahead': {
      if (state.aheadMs >= config.aheadPatienceMs) return suspend(state, 'fault')
      const waitMs = Math.max(1, backoffMs(config.retries, state.attempt, random))
      const waiting = { ...state, attempt: state.attempt + 1, aheadMs: state.aheadMs + waitMs }
      return backOff(nextRelay(waiting, config), waitMs, 'register')
    }
    case 'retry':
      return retry(state, config, random)
  }
}

function retry(state: PullerState, config: PullerConfig, random: number): PullerStep {
  const { maxRetryNum } = config.retries
  if (maxRetryNum >= 0 && state.attempt >= maxRetryNum) return suspend(state, 'retries-exhausted')
  const waitMs = backoffMs(config.retries, state.attempt, random)
  return backOff(nextRelay({ ...state, attempt: state.attempt + 1 }, config), waitMs, 'register')
}

/** Other relays are asked at once: one of them may reach further back. */
function fellOff(state: PullerState, config: PullerConfig, random: number): PullerStep {
  const fellOffs = state.fellOffs + 1
  const moved = nextRelay({ ...state, fellOffs }, config)
  if (fellOffs <= config.fallOffRetries) return register(moved, moved.relay)
  if (config.canBootstrap) return toBootstrap({ ...moved, fellOffs: 0, phase: 'bootstrap' }, config, random)
  if (!config.readLatestScnOnError || state.fromLatest) return suspend({ ...state, fellOffs }, 'fault')
  return register({ ...moved, fellOffs: 0, fromLatest: true }, moved.relay)
}

/** One that follows another, because no relay went on where that had ended, is waited for: the store may be no further yet. */
function toBootstrap(state: PullerState, { retries }: PullerConfig, random: number): PullerStep {
  const { fruitless, relay } = state
  if (fruitless === 0) return register(state, relay)
  if (retries.maxRetryNum >= 0 && fruitless > retries.maxRetryNum) return suspend(state, 'fault')
  return backOff(state, backoffMs(retries, fruitless - 1, random), 'register')
}

function nextRelay(state: PullerState, config: PullerConfig): PullerState {
  return { ...state, relay: (state.relay + 1) % config.relays }
}
