import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { deliveryPolicy } from '@aesop/client'
import { assertProperty } from '../../../test/support/property.ts'

const { afterCallback, deliveryPhases, deliveryStatuses, follow, initialDeliveryState } = deliveryPolicy
type DeliveryAction = deliveryPolicy.DeliveryAction
type DeliveryConfig = deliveryPolicy.DeliveryConfig
type DeliveryEvent = deliveryPolicy.DeliveryEvent
type DeliveryState = deliveryPolicy.DeliveryState
type DeliveryStatus = deliveryPolicy.DeliveryStatus
type Exhausted = deliveryPolicy.FailurePolicy['exhausted']

const SEED = 20_261_128
const PLACE = { scn: 7n, ordinal: 3 }
const retries = (maxRetryNum: number) => ({
  initSleepMs: 10,
  sleepIncFactor: 2,
  sleepIncDeltaMs: 0,
  maxSleepMs: 40,
  maxRetryNum,
})
const configOf = (exhausted: Exhausted, online = 2, bootstrap = 4): DeliveryConfig => ({
  online: { retries: retries(online), exhausted },
  bootstrap: { retries: retries(bootstrap), exhausted },
  saveRetries: { ...retries(-1), initSleepMs: 5 },
})

const EVENTS = {
  failed: { kind: 'failed', place: PLACE },
  'failed-of-no-event': { kind: 'failed' },
  fatal: { kind: 'fatal', within: false },
  'fatal-within': { kind: 'fatal', within: true },
  'broke-off': { kind: 'broke-off', within: false },
  'broke-off-within': { kind: 'broke-off', within: true },
  unkept: { kind: 'unkept' },
  'rolled-back': { kind: 'rolled-back' },
  progress: { kind: 'progress' },
  resumed: { kind: 'resumed' },
  'same-phase': { kind: 'phase', phase: 'online' },
  'other-phase': { kind: 'phase', phase: 'bootstrap' },
} as const satisfies Record<string, DeliveryEvent>
type EventName = keyof typeof EVENTS
const eventNames = Object.keys(EVENTS) as EventName[]
/** Failures one after the other use a budget up, so they come more often. */
const drawn = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...eventNames) },
  { weight: 3, arbitrary: fc.constantFrom<EventName>('failed', 'rolled-back', 'resumed') },
)

/** What a cell says while the budget is not used up: the status afterwards, the action, and whether a rollback is owed. */
type Expected = readonly [DeliveryStatus, DeliveryAction['kind'], boolean]
const row = (status: DeliveryStatus, fresh: DeliveryStatus = 'delivering'): Record<EventName, Expected> => ({
  failed: ['failing', 'again', true],
  'failed-of-no-event': ['failing', 'again', true],
  fatal: ['stopped', 'stop', false],
  'fatal-within': ['stopped', 'stop', true],
  'broke-off': [status, 'none', false],
  'broke-off-within': [status, 'none', true],
  unkept: ['unkept', 'again', false],
  'rolled-back': [status, 'none', false],
  progress: [fresh, 'none', false],
  resumed: [fresh, 'none', false],
  'same-phase': [status, 'none', false],
  'other-phase': ['delivering', 'none', false],
})
const TABLE: Record<DeliveryStatus, Record<EventName, Expected>> = {
  delivering: row('delivering'),
  failing: row('failing'),
  unkept: row('unkept'),
  'passing-over': row('passing-over'),
  stopped: {
    failed: ['stopped', 'none', true],
    'failed-of-no-event': ['stopped', 'none', true],
    fatal: ['stopped', 'none', false],
    'fatal-within': ['stopped', 'none', true],
    'broke-off': ['stopped', 'none', false],
    'broke-off-within': ['stopped', 'none', true],
    unkept: ['stopped', 'none', false],
    'rolled-back': ['stopped', 'none', false],
    progress: ['stopped', 'none', false],
    resumed: ['delivering', 'none', false],
    'same-phase': ['stopped', 'none', false],
    'other-phase': ['stopped', 'none', false],
  },
}

/** A state of each status that a walk can come to. */
const STATES: Record<DeliveryStatus, DeliveryState> = {
  delivering: initialDeliveryState,
  failing: { ...initialDeliveryState, status: 'failing', failures: 1 },
  unkept: { ...initialDeliveryState, status: 'unkept', saveFailures: 1 },
  'passing-over': { ...initialDeliveryState, status: 'passing-over', passedOver: [{ scn: 6n, ordinal: 0 }] },
  stopped: { ...initialDeliveryState, status: 'stopped', failures: 3 },
}

const cells = deliveryStatuses.flatMap((status) =>
  eventNames.map((event) => [status, event, ...TABLE[status][event]] as const),
)

describe('the policy of a delivery', () => {
  it.each(cells)('in %s at %s goes to %s, does %s, owes a rollback: %s', (status, event, after, action, owes) => {
    const step = follow(STATES[status], EVENTS[event], configOf('stop'), 0)
    expect([step.state.status, step.action.kind, step.state.owesRollback]).toEqual([after, action, owes])
  })

  it.each(deliveryStatuses)('returns the same state where nothing changes, in %s', (status) => {
    const quiet: EventName[] = ['rolled-back', 'broke-off', 'same-phase']
    if (status === 'delivering') quiet.push('progress', 'resumed')
    for (const event of quiet)
      expect(follow(STATES[status], EVENTS[event], configOf('stop'), 0).state).toBe(STATES[status])
  })

  it.each(deliveryStatuses)('forgets that a rollback is owed once it was told, in %s', (status) => {
    const owing = { ...STATES[status], owesRollback: true }
    const told = follow(owing, EVENTS['rolled-back'], configOf('stop'), 0)
    expect(told).toEqual({ state: { ...owing, owesRollback: false }, action: { kind: 'none' } })
    for (const event of ['broke-off', 'fatal'] as const)
      expect(follow(owing, EVENTS[event], configOf('stop'), 0).state.owesRollback, event).toBe(true)
  })

  it('says why it stops, and after how many tries', () => {
    const failing = { ...STATES.failing, failures: 2 }
    expect(follow(failing, EVENTS.fatal, configOf('stop'), 0).action).toEqual({
      kind: 'stop',
      reason: 'fatal',
      tries: 2,
    })
    const exhausted = follow(failing, EVENTS.failed, configOf('stop'), 0).action
    expect(exhausted).toEqual({ kind: 'stop', reason: 'exhausted', tries: 3 })
  })

  it.each(
    Object.entries({
      start: 'tell',
      stop: 'tell',
      data: 'again',
      checkpoint: 'keep-old',
      rollback: 'note',
      error: 'note',
    }),
  )('says of a callback about %s that fails: %s', (role, follows) => {
    expect(afterCallback[role as deliveryPolicy.CallbackRole]).toBe(follows)
  })
})

/** All actions of events that follow each other, and the state afterwards. */
function walk(events: readonly DeliveryEvent[], config: DeliveryConfig): [DeliveryState, DeliveryAction[]] {
  let state = initialDeliveryState
  const actions = events.map((event) => {
    const step = follow(state, event, config, 0)
    state = step.state
    return step.action
  })
  return [state, actions]
}
const times = (n: number, event: DeliveryEvent): DeliveryEvent[] => Array.from({ length: n }, () => event)

describe('a consumer that fails at one place', () => {
  it('is given it again as often as the budget says, after waits that grow, and is then stopped with the tries counted', () => {
    const [state, actions] = walk(times(3, EVENTS.failed), configOf('stop'))
    expect(actions).toEqual([
      { kind: 'again', delayMs: 10 },
      { kind: 'again', delayMs: 20 },
      { kind: 'stop', reason: 'exhausted', tries: 3 },
    ])
    expect(state).toMatchObject({ status: 'stopped', owesRollback: true })
  })

  it.each([
    ['none', 0, 1],
    ['one', 1, 2],
  ])('with a budget of %s is stopped at the try %i + 1', (_what, budget, tries) => {
    const [, actions] = walk(times(tries, EVENTS.failed), configOf('stop', budget))
    expect(actions.at(-1)).toEqual({ kind: 'stop', reason: 'exhausted', tries })
    expect(actions.slice(0, -1).every(({ kind }) => kind === 'again')).toBe(true)
  })

  it('without an end is given it for ever', () => {
    const [state] = walk(times(1000, EVENTS.failed), configOf('stop', -1))
    expect(state.status).toBe('failing')
  })

  it('has the whole budget again after progress and after somebody resumed', () => {
    for (const anew of [EVENTS.progress, EVENTS.resumed]) {
      const [state, actions] = walk([...times(2, EVENTS.failed), anew, ...times(2, EVENTS.failed)], configOf('stop'))
      expect(state).toMatchObject({ status: 'failing', failures: 2 })
      expect(actions.at(-2)).toEqual({ kind: 'again', delayMs: 10 })
    }
  })

  it('counts failures of the store by themselves', () => {
    const [state, actions] = walk(
      [EVENTS.failed, EVENTS.unkept, EVENTS.failed, EVENTS.unkept, EVENTS.failed],
      configOf('stop'),
    )
    expect(actions.slice(0, 4)).toEqual([10, 5, 20, 10].map((delayMs) => ({ kind: 'again', delayMs })))
    expect(state).toMatchObject({ status: 'stopped', failures: 3, saveFailures: 2 })
  })

  it('in a bootstrap has the budget of a bootstrap', () => {
    const [state] = walk([EVENTS['other-phase'], ...times(4, EVENTS.failed)], configOf('stop'))
    expect(state).toMatchObject({ phase: 'bootstrap', status: 'failing', failures: 4 })
    expect(walk([EVENTS['other-phase'], ...times(5, EVENTS.failed)], configOf('stop'))[0].status).toBe('stopped')
  })
})

describe.each(['skip', 'put-aside'] as const)('where the policy is %s', (exhausted) => {
  const config = configOf(exhausted)
  const other = { kind: 'failed', place: { scn: 7n, ordinal: 5 } } as const

  it('the event is passed over when the budget is used up, and the next one has a budget of its own', () => {
    const [state, actions] = walk([...times(3, EVENTS.failed), ...times(2, other)], config)
    expect(actions[2]).toEqual({ kind: exhausted, delayMs: 40, place: PLACE })
    expect(state).toMatchObject({ status: 'failing', failures: 2, passedOver: [PLACE], owesRollback: true })
  })

  it('every event of a window that fails is remembered until the window is done', () => {
    const twice = [...times(3, EVENTS.failed), ...times(3, other)]
    expect(walk(twice, config)[0].passedOver).toEqual([PLACE, other.place])
    expect(walk([...twice, EVENTS.progress], config)[0]).toEqual({ ...initialDeliveryState, owesRollback: true })
  })

  it('a callback that is about no event stops it all the same', () => {
    expect(walk(times(3, EVENTS['failed-of-no-event']), config)[1].at(-1)).toMatchObject({ kind: 'stop' })
  })
})

it('seeded walks of the policy keep its invariants, and reach every status, action and phase', () => {
  const actions: DeliveryAction['kind'][] = ['none', 'again', 'skip', 'put-aside', 'stop']
  const reached = Object.fromEntries([...deliveryStatuses, ...actions, ...deliveryPhases].map((each) => [each, 0]))
  assertProperty(
    fc.property(
      fc.array(drawn, { maxLength: 40, size: 'max' }),
      fc.constantFrom<Exhausted>('stop', 'skip', 'put-aside'),
      (names, exhausted) => {
        let state = initialDeliveryState
        for (const name of names) {
          const before = state
          const { state: after, action } = follow(state, EVENTS[name], configOf(exhausted), 0.5)
          state = after
          for (const each of [after.status, action.kind, after.phase]) {
            expect(reached).toHaveProperty(each)
            reached[each] = (reached[each] ?? 0) + 1
          }
          // D1: stopped until somebody resumes. D2: a rollback that is owed is owed until it was made.
          if (before.status === 'stopped' && name !== 'resumed') expect(after.status).toBe('stopped')
          if (before.owesRollback && name !== 'rolled-back') expect(after.owesRollback).toBe(true)
          // D3: whatever is tried again after a failure of the consumer is behind a rollback.
          if (name === 'failed') expect(after.owesRollback).toBe(true)
          // D4: no more failures than the budget, the last of which stops. D5: nothing passed over but where it is asked for.
          expect(after.failures).toBeLessThanOrEqual((after.phase === 'online' ? 2 : 4) + 1)
          if (exhausted === 'stop') expect(after.passedOver).toEqual([])
          if (after.status === 'delivering')
            expect(after).toMatchObject({ failures: 0, saveFailures: 0, passedOver: [] })
        }
      },
    ),
    { seed: SEED, numRuns: 1000, reached, atLeast: 50 },
  )
})
