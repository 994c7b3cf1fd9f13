import { type BootstrapPlace } from '@aesop/checkpoint'
import { type BackoffConfig, backoffMs } from '@aesop/kernel'
import { afterPhase, caughtUpTo, firstPlace, isOf, lackOf, movedBy } from './bootstrap-order.ts'

/**
 * A bootstrap without its sockets, timers and callbacks: `next` takes an event and returns the new state and what to do. It is total:
 * every event is legal in every state. See SPEC.md for the table. What is asked for follows from the place alone, so that a
 * bootstrap goes on from a stored place as if it had never ended.
 *
 *   idle ─start─► beginning ─begun─► asking-start ─scn─► reading ─end of a snapshot─► asking-target ─scn─► reading … done
 *                     ▲                  any of these: fault ─► backing-off ─waited─► what the place lacks
 *                     └── the snapshot begins anew: another server, outdated, too young
 */
export const bootstrapStatuses = [
  'idle',
  'beginning',
  'asking-start',
  'reading',
  'asking-target',
  'backing-off',
  'suspended',
  'done',
] as const
export type BootstrapStatus = (typeof bootstrapStatuses)[number]

/**
 * What kind of fault a server showed: `retry` may pass by itself, and so may `too-old`, a store that is behind the consumer;
 * `refused` is for good, unless another server differs; `outdated`: what the place is of is gone; `elsewhere`: the place is of another server; `too-young`: the store does not reach back.
 */
export type BootstrapFault = 'retry' | 'refused' | 'too-old' | 'outdated' | 'elsewhere' | 'too-young'

export type BootstrapEvent =
  | { readonly kind: 'start' | 'begun' | 'waited' | 'resume' | 'fatal' }
  /** A start SCN, of the server that calls itself so and of its store, or a target SCN. */
  | { readonly kind: 'scn'; readonly scn: bigint; readonly server: string; readonly storeId?: string | undefined }
  | { readonly kind: 'batch'; readonly batch: BootstrapBatch }
  /** The consumer failed, and is behind this place again. */
  | { readonly kind: 'rolled-back'; readonly place: BootstrapPlace; readonly delayMs: number }
  /** With the place that the consumer is behind again, where a batch broke off. */
  | { readonly kind: 'fault'; readonly fault: BootstrapFault; readonly place?: BootstrapPlace | undefined }

/** How a batch of events ended, all of which were given. */
export interface BootstrapBatch {
  /** What the server says of the place behind it. */
  readonly place: BootstrapPlace | undefined
  /** Whether the snapshot, or the log up to the target SCN, is read to its end. */
  readonly isPhaseCompleted: boolean
  /** Bytes of the next event, where it does not fit into a batch; else 0. */
  readonly pendingBytes: number
}

export type BootstrapAction =
  | { readonly kind: 'none' }
  /**
   * Keep the place, and then tell the consumer that a bootstrap begins, or goes on. `isComplete`: it forgets what it has, because a
   * whole snapshot follows, without deletes.
   */
  | { readonly kind: 'begin'; readonly place: BootstrapPlace; readonly isComplete: boolean }
  | { readonly kind: 'ask-start'; readonly server: number; readonly place: BootstrapPlace }
  | { readonly kind: 'ask-target'; readonly server: number; readonly place: BootstrapPlace }
  | { readonly kind: 'read'; readonly server: number; readonly place: BootstrapPlace; readonly batchBytes: number }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'suspend'; readonly reason: 'fault' | 'retries-exhausted' | 'consumer' }
  /** The consumer has everything up to and with this SCN. */
  | { readonly kind: 'finish'; readonly scn: bigint; readonly scnSpace: string | undefined }

export interface BootstrapState {
  readonly status: BootstrapStatus
  /** Everything before it was given. */
  readonly place: BootstrapPlace
  /** Whether the place is kept, and the consumer knows. */
  readonly hasBegun: boolean
  /** Index of the server in use. */
  readonly server: number
  /** Indexes of those that may be the one that the place is of: it may be known by another name than it calls itself. */
  readonly candidates: readonly number[]
  /** Faults in a row, since the last batch that was a step onward. */
  readonly attempt: number
  /** Faults in a row that are for good. */
  readonly refusals: number
  /** What a batch may have; grows when one event needs it. */
  readonly batchBytes: number
}

export interface BootstrapConfig {
  /** Names of the logical sources, in the order in which they are read. */
  readonly sources: readonly string[]
  /** `host:port` of each. */
  readonly servers: readonly string[]
  /** `maxRetryNum` below 0: for ever. */
  readonly retries: BackoffConfig
  /** After so many faults in a row the server that a place is of is given up, where there is another one. */
  readonly retriesBeforeRestart: number
  /** What follows when the store does not reach back to what the consumer has. `complete`: it forgets it, and gets everything. */
  readonly onTooYoung: 'suspend' | 'complete'
  readonly batchBytes: number
}

export interface BootstrapStep {
  readonly state: BootstrapState
  readonly action: BootstrapAction
}

/** A refusal is believed when it comes again: a flipped bit can look like one. */
const REFUSALS_MIN = 3
/** What a server takes of a batch besides its event: the place, and Databus' 900 bytes. */
const BATCH_MARGIN_BYTES = 8192
const NONE: BootstrapAction = { kind: 'none' }

/** A bootstrap that is to begin, from nothing (0n) or from what the consumer has. */
export function newBootstrap(sinceScn: bigint, scnSpace: string | undefined, config: BootstrapConfig): BootstrapState {
  return idleAt(firstPlace(config.sources, sinceScn, scnSpace), config)
}

/** A bootstrap that goes on from a stored place; one of other sources begins anew. */
export function bootstrapFrom(place: BootstrapPlace, config: BootstrapConfig): BootstrapState {
  if (isOf(place, config.sources)) return idleAt(place, config)
  return newBootstrap(place.sinceScn, place.scnSpace, config)
}

function idleAt(place: BootstrapPlace, config: BootstrapConfig): BootstrapState {
  const { batchBytes } = config
  const candidates = everyServer(config)
  return { status: 'idle', place, hasBegun: false, server: 0, candidates, attempt: 0, refusals: 0, batchBytes }
}

/** `random` in [0, 1) chooses the first server and spreads the waits. An event that changes nothing returns the same state. */
export function next(
  state: BootstrapState,
  event: BootstrapEvent,
  config: BootstrapConfig,
  random: number,
): BootstrapStep {
  switch (event.kind) {
    case 'start':
      return state.status === 'idle' ? ask(atFirstServer(state, config, random)) : stay(state)
    case 'begun':
      return state.status === 'beginning' ? ask({ ...state, hasBegun: true }) : stay(state)
    case 'waited':
      return state.status === 'backing-off' ? ask(state) : stay(state)
    case 'resume':
      return state.status === 'suspended' ? ask({ ...state, attempt: 0, refusals: 0 }) : stay(state)
    case 'scn':
      return scnCame(state, event, config, random)
    case 'batch':
      return state.status === 'reading' ? batchEnded(state, event.batch, config, random) : stay(state)
    case 'rolled-back':
      return isWorking(state) ? wait({ ...state, place: event.place }, event.delayMs) : stay(state)
    case 'fatal':
      return isWorking(state) ? suspend(state, 'consumer') : stay(state)
    case 'fault':
      return isWorking(state) ? faulted(behind(state, event.place), event.fault, config, random) : stay(state)
  }
}

function behind(state: BootstrapState, place: BootstrapPlace | undefined): BootstrapState {
  return place === undefined ? state : { ...state, place }
}

function stay(state: BootstrapState): BootstrapStep {
  return { state, action: NONE }
}

function isWorking({ status }: BootstrapState): boolean {
  return status === 'beginning' || status === 'asking-start' || status === 'reading' || status === 'asking-target'
}

/** A place belongs to its server. Without one any will do; where none has its name each is asked. */
function atFirstServer(state: BootstrapState, config: BootstrapConfig, random: number): BootstrapState {
  const own = config.servers.indexOf(state.place.server ?? '')
  if (own >= 0) return { ...state, server: own, candidates: [own] }
  return { ...state, server: Math.floor(random * config.servers.length), candidates: everyServer(config) }
}

function everyServer({ servers }: BootstrapConfig): readonly number[] {
  return servers.map((_, index) => index)
}

/** Asks for what the place lacks. */
function ask(state: BootstrapState): BootstrapStep {
  const { place, server, batchBytes } = state
  if (!state.hasBegun) {
    const isComplete = place.startScn < 0n && place.sinceScn === 0n
    return { state: { ...state, status: 'beginning' }, action: { kind: 'begin', place, isComplete } }
  }
  switch (lackOf(place)) {
    case 'start':
      return { state: { ...state, status: 'asking-start' }, action: { kind: 'ask-start', server, place } }
    case 'target':
      return { state: { ...state, status: 'asking-target' }, action: { kind: 'ask-target', server, place } }
    case 'events':
      return { state: { ...state, status: 'reading' }, action: { kind: 'read', server, place, batchBytes } }
  }
}

function wait(state: BootstrapState, ms: number): BootstrapStep {
  return { state: { ...state, status: 'backing-off' }, action: { kind: 'wait', ms } }
}

function suspend(state: BootstrapState, reason: 'fault' | 'retries-exhausted' | 'consumer'): BootstrapStep {
  return { state: { ...state, status: 'suspended' }, action: { kind: 'suspend', reason } }
}

function scnCame(
  state: BootstrapState,
  { scn, server, storeId }: BootstrapEvent & { kind: 'scn' },
  config: BootstrapConfig,
  random: number,
): BootstrapStep {
  const { place, status } = state
  if (status === 'asking-start')
    return ask(ofItsServer({ ...state, place: { ...place, startScn: scn, server, storeId } }))
  if (status !== 'asking-target') return stay(state)
  // A log that ends before the snapshot is not the log of that snapshot.
  if (scn < place.startScn) return faulted(state, 'outdated', config, random)
  return ask({ ...state, place: caughtUpTo(place, scn, config.sources) })
}

function batchEnded(
  state: BootstrapState,
  { place: said, isPhaseCompleted, pendingBytes }: BootstrapBatch,
  config: BootstrapConfig,
  random: number,
): BootstrapStep {
  const moved = movedBy(state.place, said)
  if (moved === undefined && !isPhaseCompleted) return tooSmall(state, pendingBytes, config, random)
  const fresh = ofItsServer({ ...state, place: moved ?? state.place, attempt: 0, refusals: 0 })
  if (!isPhaseCompleted) return ask(fresh)
  const after = afterPhase(fresh.place, config.sources)
  if (after !== undefined) return ask({ ...fresh, place: after })
  const { targetScn, scnSpace } = fresh.place
  return { state: { ...fresh, status: 'done' }, action: { kind: 'finish', scn: targetScn, scnSpace } }
}

/** The one in use is that of the place: it has answered. */
function ofItsServer(state: BootstrapState): BootstrapState {
  return { ...state, candidates: [state.server] }
}

/** Nothing came: the next event needs a larger batch, or the server is to be asked later. */
function tooSmall(state: BootstrapState, pendingBytes: number, config: BootstrapConfig, random: number): BootstrapStep {
  const batchBytes = pendingBytes + BATCH_MARGIN_BYTES
  const grows = pendingBytes > 0 && batchBytes > state.batchBytes
  return grows ? ask({ ...state, batchBytes }) : faulted(state, 'retry', config, random)
}

function faulted(state: BootstrapState, fault: BootstrapFault, config: BootstrapConfig, random: number): BootstrapStep {
  switch (fault) {
    case 'too-young': {
      const isWhole = state.place.sinceScn === 0n
      return config.onTooYoung === 'suspend' || isWhole ? suspend(state, 'fault') : ask(anew(state, 0n, config))
    }
    case 'elsewhere': {
      const candidates = state.candidates.filter((server) => server !== state.server)
      if (candidates.length === 0) return faulted(state, 'outdated', config, random)
      return retry({ ...state, candidates }, config, random)
    }
    case 'outdated':
      return retry(anew(state, state.place.sinceScn, config), config, random)
    case 'refused': {
      const refusals = state.refusals + 1
      if (refusals >= REFUSALS_MIN) return suspend({ ...state, refusals }, 'fault')
      return retry({ ...state, refusals }, config, random)
    }
    case 'too-old':
    case 'retry':
      return retry(state, config, random)
  }
}

function retry(state: BootstrapState, config: BootstrapConfig, random: number): BootstrapStep {
  const { maxRetryNum } = config.retries
  if (maxRetryNum >= 0 && state.attempt >= maxRetryNum) return suspend(state, 'retries-exhausted')
  const waitMs = backoffMs(config.retries, state.attempt, random)
  return wait(onServer({ ...state, attempt: state.attempt + 1 }, config), waitMs)
}

/** A place that has its start SCN means nothing to another server: it is given up only when its own fails again and again. */
function onServer(state: BootstrapState, config: BootstrapConfig): BootstrapState {
  const { place, attempt } = state
  const isGivenUp = place.startScn >= 0n && config.servers.length > 1 && attempt % config.retriesBeforeRestart === 0
  return nextCandidate(isGivenUp ? anew(state, place.sinceScn, config) : state)
}

function nextCandidate(state: BootstrapState): BootstrapState {
  const { server, candidates } = state
  return { ...state, server: candidates.find((index) => index > server) ?? candidates[0] ?? server }
}

/** The snapshot begins once more, and the consumer is told. */
function anew(state: BootstrapState, sinceScn: bigint, config: BootstrapConfig): BootstrapState {
  const place = firstPlace(config.sources, sinceScn, state.place.scnSpace)
  return { ...state, place, hasBegun: false, candidates: everyServer(config) }
}
