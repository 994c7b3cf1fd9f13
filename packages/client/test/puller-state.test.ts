import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pullerMachine } from '@aesop/client'
import { assertProperty } from '../../../test/support/property.ts'

const { initialPullerState, next, pullerStatuses } = pullerMachine
type PullerAction = pullerMachine.PullerAction
type PullerConfig = pullerMachine.PullerConfig
type PullerEvent = pullerMachine.PullerEvent
type PullerState = pullerMachine.PullerState
type PullerStatus = pullerMachine.PullerStatus

const SEED = 20_260_102
const config: PullerConfig = {
  relays: 2,
  retries: { initSleepMs: 10, sleepIncFactor: 2, sleepIncDeltaMs: 0, maxSleepMs: 100, maxRetryNum: -1 },
  pollMs: 7,
  fallOffRetries: 2,
  canBootstrap: false,
  readLatestScnOnError: false,
  aheadPatienceMs: 25,
}

const EVENTS = {
  start: { kind: 'start' },
  pause: { kind: 'pause' },
  resume: { kind: 'resume' },
  stop: { kind: 'stop' },
  waited: { kind: 'waited' },
  registered: { kind: 'registered' },
  progress: { kind: 'progress' },
  fatal: { kind: 'fatal' },
  'stream-ended': { kind: 'stream-ended', empty: false },
  'stream-empty': { kind: 'stream-ended', empty: true },
  'rolled-back': { kind: 'rolled-back', delayMs: 3 },
  bootstrapped: { kind: 'bootstrapped' },
  'bootstrap-faulted': { kind: 'bootstrap-failed', reason: 'fault' },
  'bootstrap-refused': { kind: 'bootstrap-failed', reason: 'consumer' },
  'fault-retry': { kind: 'fault', fault: 'retry' },
  'fault-refused': { kind: 'fault', fault: 'refused' },
  'fault-fell-off': { kind: 'fault', fault: 'fell-off' },
  'fault-ahead': { kind: 'fault', fault: 'ahead' },
} as const satisfies Record<string, PullerEvent>
type EventName = keyof typeof EVENTS

/** What a cell of the table says: the status afterwards and the action. */
type Expected = readonly [PullerStatus, PullerAction['kind']]

const stays = (status: PullerStatus): Record<EventName, Expected> =>
  Object.fromEntries(Object.keys(EVENTS).map((name) => [name, [status, 'none']])) as unknown as Record<
    EventName,
    Expected
  >

const TABLE: Record<PullerStatus, Record<EventName, Expected>> = {
  idle: {
    ...stays('idle'),
    start: ['registering', 'register'],
    pause: ['paused', 'rest'],
    stop: ['stopped', 'rest'],
  },
  registering: {
    start: ['registering', 'none'],
    pause: ['paused', 'rest'],
    resume: ['registering', 'none'],
    stop: ['stopped', 'rest'],
    waited: ['registering', 'none'],
    registered: ['streaming', 'stream'],
    progress: ['registering', 'none'],
    fatal: ['suspended', 'suspend'],
    'stream-ended': ['registering', 'none'],
    'stream-empty': ['registering', 'none'],
    'rolled-back': ['registering', 'none'],
    bootstrapped: ['registering', 'none'],
    'bootstrap-faulted': ['registering', 'none'],
    'bootstrap-refused': ['registering', 'none'],
    'fault-retry': ['backing-off', 'wait'],
    'fault-refused': ['backing-off', 'wait'],
    'fault-fell-off': ['registering', 'register'],
    'fault-ahead': ['backing-off', 'wait'],
  },
  streaming: {
    start: ['streaming', 'none'],
    pause: ['paused', 'rest'],
    resume: ['streaming', 'none'],
    stop: ['stopped', 'rest'],
    waited: ['streaming', 'none'],
    registered: ['streaming', 'none'],
    progress: ['streaming', 'none'],
    fatal: ['suspended', 'suspend'],
    'stream-ended': ['streaming', 'stream'],
    'stream-empty': ['backing-off', 'wait'],
    'rolled-back': ['backing-off', 'wait'],
    bootstrapped: ['streaming', 'none'],
    'bootstrap-faulted': ['streaming', 'none'],
    'bootstrap-refused': ['streaming', 'none'],
    'fault-retry': ['backing-off', 'wait'],
    'fault-refused': ['backing-off', 'wait'],
    'fault-fell-off': ['registering', 'register'],
    'fault-ahead': ['backing-off', 'wait'],
  },
  bootstrapping: {
    start: ['bootstrapping', 'none'],
    pause: ['paused', 'rest'],
    resume: ['bootstrapping', 'none'],
    stop: ['stopped', 'rest'],
    waited: ['bootstrapping', 'none'],
    registered: ['bootstrapping', 'none'],
    progress: ['bootstrapping', 'none'],
    fatal: ['suspended', 'suspend'],
    'stream-ended': ['bootstrapping', 'none'],
    'stream-empty': ['bootstrapping', 'none'],
    'rolled-back': ['backing-off', 'wait'],
    bootstrapped: ['registering', 'register'],
    'bootstrap-faulted': ['suspended', 'suspend'],
    'bootstrap-refused': ['suspended', 'suspend'],
    'fault-retry': ['backing-off', 'wait'],
    'fault-refused': ['backing-off', 'wait'],
    'fault-fell-off': ['registering', 'register'],
    'fault-ahead': ['backing-off', 'wait'],
  },
  'backing-off': {
    ...stays('backing-off'),
    pause: ['paused', 'rest'],
    stop: ['stopped', 'rest'],
    waited: ['registering', 'register'],
  },
  paused: { ...stays('paused'), resume: ['registering', 'register'], stop: ['stopped', 'rest'] },
  suspended: { ...stays('suspended'), resume: ['registering', 'register'], stop: ['stopped', 'rest'] },
  stopped: stays('stopped'),
}

const inStatus = (status: PullerStatus): PullerState => ({ ...initialPullerState, status })
const cells = pullerStatuses.flatMap((status) =>
  (Object.keys(EVENTS) as EventName[]).map((event) => [status, event, ...TABLE[status][event]] as const),
)

describe('the puller', () => {
  it.each(cells)('in %s at %s goes to %s and does %s', (status, event, statusAfter, actionKind) => {
    const { state, action } = next(inStatus(status), EVENTS[event], config, 0)
    expect([state.status, action.kind]).toEqual([statusAfter, actionKind])
  })

  it('returns the same state where nothing changes', () => {
    const state = inStatus('streaming')
    for (const event of ['start', 'resume', 'waited', 'registered', 'progress'] as const) {
      expect(next(state, EVENTS[event], config, 0).state).toBe(state)
    }
  })
})

function walk(
  from: PullerState,
  events: readonly EventName[],
  using = config,
): { state: PullerState; actions: PullerAction[] } {
  const actions: PullerAction[] = []
  const state = events.reduce((before, name) => {
    const step = next(before, EVENTS[name], using, 0)
    actions.push(step.action)
    return step.state
  }, from)
  return { state, actions }
}

describe('what the puller remembers', () => {
  const counts = ['attempt', 'refusals', 'fellOffs', 'fruitless', 'aheadMs'] as const
  const remembered: Partial<PullerState>[] = [
    { fromLatest: true },
    ...counts.map((name) => ({ [name]: 1 })),
    ...counts.flatMap((a) => counts.filter((b) => a !== b).map((b) => ({ [a]: 1, [b]: 1 }))),
  ]

  it.each(remembered)('is wiped out by progress of a stream alone: %j', (what) => {
    const stream = { ...inStatus('streaming'), ...what }
    expect(next(stream, EVENTS.progress, config, 0)).toEqual({ state: inStatus('streaming'), action: { kind: 'none' } })
    for (const status of pullerStatuses.filter((each) => each !== 'streaming')) {
      const other = { ...inStatus(status), ...what }
      expect(next(other, EVENTS.progress, config, 0).state).toBe(other)
    }
  })

  it('is that it reads from the latest SCN, until rows have come from there', () => {
    const latest = { ...inStatus('streaming'), fromLatest: true }
    expect(walk(latest, ['stream-empty', 'waited']).actions.at(-1)).toEqual({ kind: 'stream', fromLatest: true })
    expect(walk(latest, ['stream-ended']).actions.at(-1)).toEqual({ kind: 'stream', fromLatest: false })
    expect(walk(inStatus('streaming'), ['stream-empty']).state.fromLatest).toBe(false)
  })

  it.each<[EventName, PullerState['after'], PullerAction]>([
    ['rolled-back', 'stream', { kind: 'stream', fromLatest: false }],
    ['stream-empty', 'stream', { kind: 'stream', fromLatest: false }],
    ['fault-retry', 'register', { kind: 'register', relay: 1 }],
    ['fault-refused', 'register', { kind: 'register', relay: 1 }],
    ['fault-ahead', 'register', { kind: 'register', relay: 1 }],
  ])('is what follows the wait after %s: %s', (event, after, action) => {
    const { state } = next(inStatus('streaming'), EVENTS[event], config, 0)
    expect(state.after).toBe(after)
    expect(next(state, EVENTS.waited, config, 0).action).toEqual(action)
  })

  it('is wiped out when it is resumed', () => {
    const paused = {
      ...inStatus('paused'),
      attempt: 3,
      refusals: 1,
      fellOffs: 2,
      fruitless: 2,
      aheadMs: 9,
      fromLatest: true,
      relay: 1,
    }
    expect(next(paused, EVENTS.resume, config, 0).state).toEqual({ ...inStatus('registering'), relay: 1 })
  })
})

describe('the phase of a bootstrap', () => {
  const known = { ...config, canBootstrap: true }
  const inPhase = (status: PullerStatus): PullerState => ({ ...inStatus(status), phase: 'bootstrap' })
  const fallen = ['fault-fell-off', 'registered', 'fault-fell-off', 'registered', 'fault-fell-off'] as const

  it.each([
    [false, true],
    [true, true],
    [true, false],
  ])('follows a fall-off that is believed (known: %s; readLatestScnOnError: %s)', (canBootstrap, latest) => {
    const using = { ...config, canBootstrap, readLatestScnOnError: latest }
    const { state } = walk(inStatus('streaming'), fallen, using)
    expect(state).toMatchObject({
      status: 'registering',
      phase: canBootstrap ? 'bootstrap' : 'online',
      fromLatest: !canBootstrap,
    })
    expect(next(state, EVENTS.registered, using, 0).action.kind).toBe(canBootstrap ? 'bootstrap' : 'stream')
  })

  it.each<EventName[]>([
    ['pause', 'resume', 'registered'],
    ['fatal', 'resume', 'registered'],
    ['bootstrap-faulted', 'resume', 'registered'],
    ['bootstrap-refused', 'resume', 'registered'],
    ['rolled-back', 'waited', 'registered'],
    ['rolled-back', 'pause', 'resume', 'registered'],
    ['fault-retry', 'waited', 'registered'],
    ['fault-ahead', 'waited', 'fault-retry', 'waited', 'registered'],
    ['fault-fell-off', 'registered'],
  ])('stays after %s, %s, %s', (...events) => {
    const { state, actions } = walk(inPhase('bootstrapping'), events, known)
    expect([state.status, actions.at(-1)?.kind]).toEqual(['bootstrapping', 'bootstrap'])
  })

  it('ends when everything was given: the stream of the same relay follows', () => {
    const { state, actions } = walk({ ...inPhase('bootstrapping'), relay: 1, attempt: 3 }, ['bootstrapped'], known)
    expect(actions).toEqual([{ kind: 'register', relay: 1 }])
    expect(state).toMatchObject({ phase: 'online', attempt: 0 })
    expect(walk(state, ['registered'], known).state.status).toBe('streaming')
  })

  it.each([
    ['bootstrap-faulted', 'fault'],
    ['bootstrap-refused', 'consumer'],
  ] as const)('is suspended by %s, for the sake of: %s', (event, reason) => {
    expect(next(inPhase('bootstrapping'), EVENTS[event], known, 0).action).toEqual({ kind: 'suspend', reason })
  })

  it('begins where the registration says so', () => {
    const { actions } = walk({ ...initialPullerState, phase: 'bootstrap' }, ['start', 'registered'], known)
    expect(actions.map(({ kind }) => kind)).toEqual(['register', 'bootstrap'])
  })
})

describe('the puller at its bounds', () => {
  it.each([
    [0, 0],
    [0.49, 1],
    [0.5, 2],
    [0.999, 3],
  ])('begins at %d with relay %d of four', (random, relay) => {
    const { action } = next(initialPullerState, EVENTS.start, { ...config, relays: 4 }, random)
    expect(action).toEqual({ kind: 'register', relay })
  })

  it('is suspended by the last refusal, for the fault', () => {
    const twice = walk(inStatus('registering'), ['fault-refused', 'waited', 'fault-refused', 'waited'])
    expect(twice.state).toMatchObject({ status: 'registering', refusals: 2 })
    expect(walk(twice.state, ['fault-refused']).actions).toEqual([{ kind: 'suspend', reason: 'fault' }])
    const five = { ...config, relays: 5 }
    const refused = Array<EventName[]>(4).fill(['fault-refused', 'waited']).flat()
    const { state } = walk(inStatus('registering'), refused, five)
    expect(walk(state, ['fault-refused'], five).actions).toEqual([{ kind: 'suspend', reason: 'fault' }])
    expect(state.status).toBe('registering')
  })

  it.each([
    [24, 'wait'],
    [25, 'suspend'],
    [26, 'suspend'],
  ])('after %d ms of 25 that its checkpoint was ahead does this: %s', (aheadMs, kind) => {
    const { action } = next({ ...inStatus('streaming'), aheadMs }, EVENTS['fault-ahead'], config, 0)
    expect(action).toMatchObject({ kind, ...(kind === 'suspend' ? { reason: 'fault' } : {}) })
  })

  it.each([
    [-1, 1000, 'wait'],
    [0, 0, 'suspend'],
    [2, 1, 'wait'],
    [2, 2, 'suspend'],
  ])('of %d tries, after %d, does this: %s', (maxRetryNum, attempt, kind) => {
    const bounded = { ...config, retries: { ...config.retries, maxRetryNum } }
    const { action } = next({ ...inStatus('streaming'), attempt }, EVENTS['fault-retry'], bounded, 0)
    expect(action).toMatchObject({ kind, ...(kind === 'suspend' ? { reason: 'retries-exhausted' } : {}) })
  })

  it.each([
    [1, false, false, { kind: 'register', relay: 1 }],
    [2, false, false, { kind: 'suspend', reason: 'fault' }],
    [2, true, false, { kind: 'register', relay: 1 }],
    [2, true, true, { kind: 'suspend', reason: 'fault' }],
  ])(
    'that fell off %d times of 2 (from latest: %s, already: %s) does this: %j',
    (fellOffs, latest, already, action) => {
      const using = { ...config, readLatestScnOnError: latest }
      const step = next({ ...inStatus('streaming'), fellOffs, fromLatest: already }, EVENTS['fault-fell-off'], using, 0)
      expect(step.action).toEqual(action)
      const resets = action.kind === 'register' && latest
      expect(step.state).toMatchObject({ fellOffs: resets ? 0 : fellOffs + 1, fromLatest: resets || already })
    },
  )

  it('says that the consumer suspended it', () => {
    expect(next(inStatus('streaming'), EVENTS.fatal, config, 0).action).toEqual({ kind: 'suspend', reason: 'consumer' })
  })
})

describe('the loops of the puller end', () => {
  const repeat = (...names: EventName[]): EventName[] => Array.from({ length: 50 }, () => names).flat()

  it('L1: every fault goes to the next relay, after a wait that grows to its maximum', () => {
    const { actions } = walk(inStatus('registering'), repeat('fault-retry', 'waited').slice(0, 12))
    expect(actions.flatMap((action) => (action.kind === 'wait' ? [action.ms] : []))).toEqual([10, 20, 40, 80, 100, 100])
    expect(actions.flatMap((action) => (action.kind === 'register' ? [action.relay] : []))).toEqual([1, 0, 1, 0, 1, 0])
  })

  it('L1: maxRetryNum bounds it', () => {
    const bounded = { ...config, retries: { ...config.retries, maxRetryNum: 3 } }
    const { state, actions } = walk(inStatus('registering'), repeat('fault-retry', 'waited'), bounded)
    expect(state.status).toBe('suspended')
    expect(actions.filter(({ kind }) => kind === 'register')).toHaveLength(3)
    expect(actions).toContainEqual({ kind: 'suspend', reason: 'retries-exhausted' })
  })

  it('L2: relays that all refuse suspend it', () => {
    const { state } = walk(inStatus('registering'), repeat('fault-refused', 'waited'))
    expect(state.status).toBe('suspended')
    expect(state.refusals).toBe(3)
  })

  it('L3: relays that all have lost the place suspend it, or are asked for their newest window once', () => {
    expect(walk(inStatus('streaming'), repeat('fault-fell-off', 'registered')).state.status).toBe('suspended')
    const latest = { ...config, readLatestScnOnError: true }
    const { state, actions } = walk(inStatus('streaming'), repeat('fault-fell-off', 'registered'), latest)
    expect(state.status).toBe('suspended')
    expect(actions).toContainEqual({ kind: 'stream', fromLatest: true })
  })

  it('L4: a checkpoint ahead of the relays suspends it when the patience is over', () => {
    const { state, actions } = walk(inStatus('streaming'), repeat('fault-ahead', 'waited', 'registered'))
    expect(state.status).toBe('suspended')
    expect(actions.filter(({ kind }) => kind === 'wait')).toHaveLength(2)
  })

  it('L9: a bootstrap behind which no relay goes on is followed by another one after a wait that grows', () => {
    const known = { ...config, canBootstrap: true, fallOffRetries: 0 }
    const round = repeat('fault-fell-off', 'waited', 'registered', 'bootstrapped', 'registered').slice(0, 25)
    const { state, actions } = walk(inStatus('streaming'), round, known)
    expect(actions.flatMap((action) => (action.kind === 'wait' ? [action.ms] : []))).toEqual([10, 20, 40, 80])
    expect(actions.filter(({ kind }) => kind === 'bootstrap')).toHaveLength(5)
    expect(walk(state, ['progress', 'fault-fell-off'], known).actions.at(-1)?.kind).toBe('register')
    expect(walk(state, ['stream-ended', 'fault-fell-off'], known).actions.at(-1)?.kind).toBe('register')
    const bounded = { ...known, retries: { ...config.retries, maxRetryNum: 2 } }
    const suspended = walk(inStatus('streaming'), round, bounded)
    expect(suspended.state.status).toBe('suspended')
    expect(suspended.actions.filter(({ kind }) => kind === 'bootstrap')).toHaveLength(3)
    expect(suspended.actions).toContainEqual({ kind: 'suspend', reason: 'fault' })
  })

  it('L5: an answer that brings nothing at once is followed by a pause', () => {
    expect(next(inStatus('streaming'), EVENTS['stream-empty'], config, 0).action).toEqual({ kind: 'wait', ms: 7 })
  })
})

describe('seeded walks of the puller', () => {
  const zeros = <Name extends string>(all: readonly Name[]): Record<Name, number> =>
    Object.fromEntries(all.map((name) => [name, 0])) as Record<Name, number>
  const names = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom<EventName>('start', 'registered', 'progress') },
    { weight: 7, arbitrary: fc.constantFrom(...(Object.keys(EVENTS) as EventName[])) },
  )

  const beginnings = fc
    .constantFrom('online', 'bootstrap')
    .map((phase): PullerState => ({ ...initialPullerState, phase: phase === 'online' ? 'online' : 'bootstrap' }))

  it('keep the invariants after every step', () => {
    const reached = zeros(pullerStatuses)
    assertProperty(
      fc.property(
        fc.array(names, { maxLength: 60, size: 'max' }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        beginnings,
        fc.boolean(),
        (events, random, beginning, canBootstrap) => {
          let state = beginning
          for (const name of events) {
            const before = state
            const { state: after, action } = next(before, EVENTS[name], { ...config, canBootstrap }, random)
            state = after
            reached[after.status]++
            // I1: a relay that is there. I2: stopped stays stopped. I3: the action fits the status.
            expect(after.relay).toBeLessThan(config.relays)
            if (before.status === 'stopped') expect(after).toBe(before)
            if (action.kind === 'register') expect(after.status).toBe('registering')
            if (action.kind === 'stream') expect(after.status).toBe('streaming')
            if (action.kind === 'bootstrap') expect(after.status).toBe('bootstrapping')
            if (after.status === 'bootstrapping') expect(after.phase).toBe('bootstrap')
            if (after.status === 'streaming') expect(after.phase).toBe('online')
            if (action.kind === 'wait') expect(after.status).toBe('backing-off')
            if (action.kind === 'suspend') expect(after.status).toBe('suspended')
            // I4: a change of status always comes with an action: nothing can hang in between.
            if (after.status !== before.status) expect(action.kind).not.toBe('none')
            // I5: changes are never lost on purpose unless that was asked for.
            expect(after.fromLatest).toBe(false)
          }
        },
      ),
      { seed: SEED, numRuns: 2000, reached, atLeast: 100 },
    )
  })

  it('pause and resume bring back a fresh start on the same relay', () => {
    const reached = zeros(pullerStatuses.filter((status) => status !== 'stopped'))
    assertProperty(
      fc.property(fc.array(names, { maxLength: 20, size: 'max' }), beginnings, (events, beginning) => {
        const { state } = walk(beginning, events)
        if (state.status === 'stopped') return
        reached[state.status]++
        const { state: resumed } = walk(state, ['pause', 'resume'])
        expect(resumed).toMatchObject({ status: 'registering', relay: state.relay, phase: state.phase, attempt: 0 })
      }),
      { seed: SEED, numRuns: 1000, reached, atLeast: 10 },
    )
  })
})
