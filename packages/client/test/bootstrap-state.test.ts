import { bootstrapCheckpoint, type BootstrapPlace, bootstrapPlaceOf, Checkpoint } from '@aesop/checkpoint'
import { bootstrapMachine } from '@aesop/client'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assertProperty } from '../../../test/support/property.ts'

const { bootstrapFrom, bootstrapStatuses, newBootstrap, next } = bootstrapMachine
type BootstrapAction = bootstrapMachine.BootstrapAction
type BootstrapConfig = bootstrapMachine.BootstrapConfig
type BootstrapEvent = bootstrapMachine.BootstrapEvent
type BootstrapState = bootstrapMachine.BootstrapState
type BootstrapStatus = bootstrapMachine.BootstrapStatus

const SEED = 20_261_129
const config: BootstrapConfig = {
  sources: ['shop.a', 'shop.b'],
  servers: ['one:1', 'two:2'],
  retries: { initSleepMs: 10, sleepIncFactor: 2, sleepIncDeltaMs: 0, maxSleepMs: 100, maxRetryNum: -1 },
  retriesBeforeRestart: 3,
  onTooYoung: 'suspend',
  batchBytes: 1000,
}

/** What the server says of a batch in this state that brought something. */
function onward({ place }: BootstrapState, isPhaseCompleted: boolean, by = 5n): BootstrapEvent {
  const said: BootstrapPlace =
    place.phase === 'snapshot'
      ? { ...place, snapshotOffset: place.snapshotOffset + by }
      : { ...place, windowOffset: place.windowOffset + by, windowScn: place.targetScn }
  return { kind: 'batch', batch: { place: said, isPhaseCompleted, pendingBytes: 0 } }
}

const EVENTS = {
  start: () => ({ kind: 'start' }),
  begun: () => ({ kind: 'begun' }),
  waited: () => ({ kind: 'waited' }),
  resume: () => ({ kind: 'resume' }),
  fatal: () => ({ kind: 'fatal' }),
  scn: ({ place }) => ({ kind: 'scn', scn: place.startScn < 0n ? 50n : place.startScn + 7n, server: 'one:1' }),
  'scn-early': () => ({ kind: 'scn', scn: 3n, server: 'one:1' }),
  batch: (state) => onward(state, false),
  'batch-last': (state) => onward(state, true),
  'batch-empty': () => ({ kind: 'batch', batch: { place: undefined, isPhaseCompleted: false, pendingBytes: 0 } }),
  'batch-pending': () => ({ kind: 'batch', batch: { place: undefined, isPhaseCompleted: false, pendingBytes: 9000 } }),
  'rolled-back': ({ place }) => ({ kind: 'rolled-back', place, delayMs: 4 }),
  retry: () => ({ kind: 'fault', fault: 'retry' }),
  refused: () => ({ kind: 'fault', fault: 'refused' }),
  'too-old': () => ({ kind: 'fault', fault: 'too-old' }),
  outdated: () => ({ kind: 'fault', fault: 'outdated' }),
  elsewhere: () => ({ kind: 'fault', fault: 'elsewhere' }),
  'too-young': () => ({ kind: 'fault', fault: 'too-young' }),
} as const satisfies Record<string, (state: BootstrapState) => BootstrapEvent>
type EventName = keyof typeof EVENTS

function walk(
  state: BootstrapState,
  names: readonly EventName[],
  using = config,
): { state: BootstrapState; actions: BootstrapAction[] } {
  const actions: BootstrapAction[] = []
  for (const name of names) {
    const step = next(state, EVENTS[name](state), using, 0)
    state = step.state
    actions.push(step.action)
  }
  return { state, actions }
}

const idle = newBootstrap(10n, 'space-1', config)
const WAYS: Record<BootstrapStatus, readonly EventName[]> = {
  idle: [],
  beginning: ['start'],
  'asking-start': ['start', 'begun'],
  reading: ['start', 'begun', 'scn'],
  'asking-target': ['start', 'begun', 'scn', 'batch-last'],
  'backing-off': ['start', 'begun', 'scn', 'retry'],
  suspended: ['start', 'begun', 'fatal'],
  done: ['start', 'begun', 'scn', ...rounds()],
}
/** The snapshot and the logs of both sources: a; a; b; a, b. */
function rounds(): readonly EventName[] {
  return ['batch-last', 'scn', 'batch-last', 'batch-last', 'scn', 'batch-last', 'batch-last']
}
const inStatus = (status: BootstrapStatus): BootstrapState => walk(idle, WAYS[status]).state

/** What a cell of the table says: the status afterwards and the action. */
type Expected = readonly [BootstrapStatus, BootstrapAction['kind']]
const stays = (status: BootstrapStatus): Record<EventName, Expected> =>
  Object.fromEntries(Object.keys(EVENTS).map((name) => [name, [status, 'none']])) as unknown as Record<
    EventName,
    Expected
  >
/** Of a status in which something is done. */
const working = (status: BootstrapStatus): Record<EventName, Expected> => ({
  ...stays(status),
  fatal: ['suspended', 'suspend'],
  'rolled-back': ['backing-off', 'wait'],
  retry: ['backing-off', 'wait'],
  refused: ['backing-off', 'wait'],
  'too-old': ['backing-off', 'wait'],
  outdated: ['backing-off', 'wait'],
  elsewhere: ['backing-off', 'wait'],
  'too-young': ['suspended', 'suspend'],
})

const TABLE: Record<BootstrapStatus, Record<EventName, Expected>> = {
  idle: { ...stays('idle'), start: ['beginning', 'begin'] },
  beginning: { ...working('beginning'), begun: ['asking-start', 'ask-start'] },
  'asking-start': { ...working('asking-start'), scn: ['reading', 'read'], 'scn-early': ['reading', 'read'] },
  reading: {
    ...working('reading'),
    batch: ['reading', 'read'],
    'batch-last': ['asking-target', 'ask-target'],
    'batch-empty': ['backing-off', 'wait'],
    'batch-pending': ['reading', 'read'],
  },
  'asking-target': {
    ...working('asking-target'),
    scn: ['reading', 'read'],
    'scn-early': ['backing-off', 'wait'],
  },
  'backing-off': { ...stays('backing-off'), waited: ['reading', 'read'] },
  suspended: { ...stays('suspended'), resume: ['asking-start', 'ask-start'] },
  done: stays('done'),
}

describe('the table of a bootstrap', () => {
  const cells = bootstrapStatuses.flatMap((status) =>
    Object.entries(TABLE[status]).map(([name, [after, action]]) => [status, name as EventName, after, action] as const),
  )
  it.each(cells)('in %s at %s goes to %s and does %s', (status, name, after, kind) => {
    const before = inStatus(status)
    expect(before.status).toBe(status)
    const { state, actions } = walk(before, [name])
    expect([state.status, actions[0]?.kind]).toEqual([after, kind])
    if (kind === 'none') expect(state).toBe(before)
  })
})

describe('a bootstrap', () => {
  it('reads its sources in the order of Databus', () => {
    const { state, actions } = walk(idle, WAYS.done)
    const read = actions.map((action) => {
      if (action.kind === 'ask-target') return `target of ${action.place.snapshotSource}`
      if (action.kind !== 'read') return action.kind
      const { phase, snapshotSource, catchupSource, targetScn } = action.place
      return phase === 'snapshot' ? `snapshot of ${snapshotSource}` : `log of ${catchupSource} to ${targetScn}`
    })
    expect(read).toEqual([
      'begin',
      'ask-start',
      'snapshot of shop.a',
      'target of shop.a',
      'log of shop.a to 57',
      'snapshot of shop.b',
      'target of shop.b',
      'log of shop.a to 57',
      'log of shop.b to 57',
      'finish',
    ])
    expect(state.place).toMatchObject({ targetScn: 57n, scnSpace: 'space-1', server: 'one:1' })
    expect(actions.at(-1)).toEqual({ kind: 'finish', scn: 57n, scnSpace: 'space-1' })
  })

  it('tells a consumer to forget what it has before a whole snapshot, also when that begins once more', () => {
    const whole = newBootstrap(0n, undefined, config)
    const { state, actions } = walk(whole, ['start', 'begun', 'scn', 'batch', 'outdated', 'waited'])
    expect(actions[0]).toMatchObject({ kind: 'begin', isComplete: true })
    expect(actions.at(-1)).toMatchObject({ kind: 'begin', isComplete: true, place: { startScn: -1n, sinceScn: 0n } })
    expect(state.status).toBe('beginning')
    expect(walk(idle, ['start']).actions[0]).toMatchObject({ kind: 'begin', isComplete: false })
  })

  it('goes on from a stored place without telling it so', () => {
    const { state } = walk(newBootstrap(0n, undefined, config), ['start', 'begun', 'scn', 'batch'])
    const { actions } = walk(bootstrapFrom(state.place, config), ['start', 'begun'])
    expect(actions).toEqual([
      { kind: 'begin', place: state.place, isComplete: false },
      { kind: 'read', server: 0, place: state.place, batchBytes: 1000 },
    ])
    const others = { ...config, sources: ['shop.b', 'shop.a'] }
    expect(walk(bootstrapFrom(state.place, others), ['start']).actions[0]).toMatchObject({ isComplete: true })
  })

  it('stays with the server of its place, and begins anew with another one when it fails again and again', () => {
    const reading = inStatus('reading')
    const twice = walk(reading, ['retry', 'waited', 'retry', 'waited'])
    expect(twice.actions.at(-1)).toEqual({ kind: 'read', server: 0, place: reading.place, batchBytes: 1000 })
    const { actions } = walk(twice.state, ['retry', 'waited', 'begun'])
    expect(actions[1]).toMatchObject({ kind: 'begin', place: { sinceScn: 10n, startScn: -1n, server: undefined } })
    expect(actions[2]).toMatchObject({ kind: 'ask-start', server: 1 })
    const alone = { ...config, servers: ['one:1'] }
    const many = walk(reading, Array<EventName[]>(9).fill(['retry', 'waited']).flat(), alone)
    expect(many.state.place).toBe(reading.place)
  })

  it('asks the next server where it has no place yet, and the one of its place after a start', () => {
    expect(walk(inStatus('asking-start'), ['too-old', 'waited']).actions[1]).toMatchObject({ server: 1 })
    const { place } = { ...inStatus('reading') }
    const elsewhere = bootstrapFrom({ ...place, server: 'two:2' }, config)
    expect(walk(elsewhere, ['start', 'begun']).actions[1]).toMatchObject({ kind: 'read', server: 1 })
  })

  it('asks each server for a place of one that has another name, and begins anew where it is of none', () => {
    const { place } = inStatus('reading')
    const stored = { ...place, server: 'first:1' }
    const { state, actions } = walk(bootstrapFrom(stored, config), ['start', 'begun', 'elsewhere', 'waited'])
    expect(actions.at(-1)).toMatchObject({ kind: 'read', server: 1, place: stored })
    const twice = walk(state, ['retry', 'waited'])
    expect(twice.actions.at(-1)).toMatchObject({ kind: 'read', server: 1, place: stored })
    expect(walk(twice.state, ['batch', 'retry', 'waited']).actions.at(-1)).toMatchObject({ kind: 'read', server: 1 })
    const other = walk(state, ['elsewhere', 'waited'])
    expect(other.actions.at(-1)).toMatchObject({ kind: 'begin', place: { startScn: -1n, server: undefined } })
    // One that does not answer may be it.
    const silent = walk(bootstrapFrom(stored, config), ['start', 'begun', 'retry', 'waited'])
    expect(silent.actions.at(-1)).toMatchObject({ kind: 'read', server: 1, place: stored })
  })

  it('gets everything where the store is too young and that was allowed, and is suspended else', () => {
    const { actions } = walk(inStatus('asking-start'), ['too-young'], { ...config, onTooYoung: 'complete' })
    expect(actions[0]).toMatchObject({ kind: 'begin', isComplete: true, place: { sinceScn: 0n, startScn: -1n } })
    const whole = walk(newBootstrap(0n, undefined, config), ['start', 'begun']).state
    const asked = walk(whole, ['too-young'], { ...config, onTooYoung: 'complete' })
    expect(asked.actions).toEqual([{ kind: 'suspend', reason: 'fault' }])
  })

  it('asks for larger batches where an event needs one, and waits where a batch was large enough', () => {
    const { state, actions } = walk(inStatus('reading'), ['batch-pending', 'batch-pending'])
    expect(actions).toMatchObject([{ kind: 'read', batchBytes: 17_192 }, { kind: 'wait' }])
    expect(state.batchBytes).toBe(17_192)
  })

  it.each<[EventName, number, string]>([
    ['refused', 3, 'fault'],
    ['retry', 3, 'retries-exhausted'],
  ])('is suspended when %s has come %d times', (name, times, reason) => {
    const bounded = { ...config, retries: { ...config.retries, maxRetryNum: 2 } }
    const using = name === 'retry' ? bounded : config
    const before = walk(
      inStatus('reading'),
      Array<EventName[]>(times - 1)
        .fill([name, 'waited'])
        .flat(),
      using,
    )
    expect(before.state.status).not.toBe('suspended')
    expect(walk(before.state, [name], using).actions).toEqual([{ kind: 'suspend', reason }])
    expect(walk(before.state, ['batch', name], using).state.status).toBe('backing-off')
  })

  it('goes back to where a failing consumer is', () => {
    const first = inStatus('reading')
    const { state } = walk(first, ['batch', 'batch'])
    const { state: behind } = next(state, { kind: 'rolled-back', place: first.place, delayMs: 4 }, config, 0)
    expect(walk(behind, ['waited']).actions[0]).toMatchObject({ kind: 'read', place: first.place })
    const { state: broken } = next(state, { kind: 'fault', fault: 'retry', place: first.place }, config, 0)
    expect(walk(broken, ['waited']).actions[0]).toMatchObject({ kind: 'read', place: first.place })
  })
})

describe('seeded walks of a bootstrap', () => {
  it('have in every step a place that is a checkpoint, go on from it, and end', () => {
    const reached = {
      beginning: 0,
      'asking-start': 0,
      reading: 0,
      'asking-target': 0,
      'backing-off': 0,
      suspended: 0,
      done: 0,
      anew: 0,
      whole: 0,
      secondSource: 0,
    }
    const names = fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom<EventName>('begun', 'scn', 'batch', 'batch-last', 'waited', 'resume') },
      { weight: 1, arbitrary: fc.constantFrom(...(Object.keys(EVENTS) as EventName[])) },
    )
    const using: BootstrapConfig = { ...config, onTooYoung: 'complete', retriesBeforeRestart: 1 }
    assertProperty(
      fc.property(fc.array(names, { maxLength: 80, size: 'max' }), (events) => {
        let state = walk(newBootstrap(10n, 'space-1', using), ['start'], using).state
        for (const name of events) {
          const before = state
          const { state: after, action } = next(before, EVENTS[name](before), using, 0)
          state = after
          if (after.status !== 'idle') reached[after.status]++
          if (after.place.snapshotIndex === 1) reached.secondSource++
          if (before.place.startScn >= 0n && after.place.startScn < 0n) reached.anew++
          if (action.kind === 'begin' && action.isComplete) reached.whole++
          if (after.status !== before.status) expect(action.kind).not.toBe('none')
          // Nobody who has rows is told of a snapshot without deletes but by a word to forget them.
          if (after.place.sinceScn !== before.place.sinceScn) expect(action).toMatchObject({ isComplete: true })
          const text = bootstrapCheckpoint(after.place).format()
          const stored = bootstrapPlaceOf(Checkpoint.parse(text))
          expect(stored).toEqual(after.place)
          if (stored !== undefined) expect(bootstrapFrom(stored, using).place).toBe(stored)
        }
        const onwards: EventName[] = ['resume', 'waited', 'begun', 'scn', 'batch-last']
        const { state: end } = walk(state, Array<EventName[]>(20).fill(onwards).flat(), using)
        expect(end.status).toBe('done')
      }),
      { seed: SEED, numRuns: 500, reached, atLeast: 50 },
    )
  })
})
