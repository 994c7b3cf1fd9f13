import { CheckpointUnwritableError } from '@aesop/checkpoint'
import { type deliveryPolicy } from '@aesop/client'
import { silentLogger } from '@aesop/kernel'
import { RelaySilentError } from '@aesop/wire'
import { beforeEach, describe, expect, it } from 'vitest'
import { Delivery } from '../src/delivery.ts'
import {
  ConsumerFailedError,
  ConsumerFatalError,
  ConsumerOverdueError,
  ConsumerRetriesExhaustedError,
  SourceQuarantinedError,
} from '../src/errors.ts'

const PLACE = { registration: 'people', callback: 'onDataEvent', scn: 7n, ordinal: 3 }
const retries = { initSleepMs: 10, sleepIncFactor: 2, sleepIncDeltaMs: 0, maxSleepMs: 40, maxRetryNum: 2 }
const failure = (): ConsumerFailedError => new ConsumerFailedError(PLACE, new Error('in its own words'))

let nowMs: number
let lines: [string, object | undefined][]
let delivery: Delivery

function made(exhausted: deliveryPolicy.FailurePolicy['exhausted'] = 'stop'): Delivery {
  return new Delivery({
    policy: {
      online: { retries, exhausted },
      bootstrap: { retries, exhausted },
      saveRetries: { ...retries, initSleepMs: 5, maxRetryNum: -1 },
    },
    log: { ...silentLogger, warn: (message, fields) => lines.push([message, fields]) },
    random: () => 0,
    nowMs: () => nowMs,
  })
}

beforeEach(() => {
  nowMs = 1000
  lines = []
  delivery = made()
})

describe('a delivery', () => {
  it('begins without a fault, and owes nothing', () => {
    expect([delivery.fault, delivery.owesRollback, delivery.failingMs]).toEqual([undefined, false, 0])
  })

  it('is tried again after the waits of its budget, then stopped by an error that names the place', () => {
    const error = failure()
    expect(delivery.failed(error, true)).toEqual({ kind: 'again', delayMs: 10 })
    expect([delivery.fault, delivery.owesRollback]).toEqual([error, true])
    expect(delivery.failed(error, true)).toEqual({ kind: 'again', delayMs: 20 })
    expect(delivery.failed(error, true)).toEqual({ kind: 'stop', reason: 'exhausted', tries: 3 })
    expect(delivery.fault).toBeInstanceOf(ConsumerRetriesExhaustedError)
    expect(delivery.fault).toMatchObject({ fields: { ...PLACE, tries: 3 } })
    const fields = { code: error.code, ...PLACE, error: 'in its own words' }
    expect(lines).toEqual([
      [error.message, { ...fields, tries: 1, delayMs: 10 }],
      [error.message, { ...fields, tries: 2, delayMs: 20 }],
    ])
  })

  it('says for how long its consumer has failed at one place', () => {
    delivery.failed(failure(), true)
    nowMs += 30
    delivery.failed(failure(), true)
    nowMs += 5
    expect(delivery.failingMs).toBe(35)
    delivery.progressed()
    nowMs += 5
    expect(delivery.failingMs).toBe(0)
    delivery.failed(failure(), true)
    nowMs += 7
    expect(delivery.failingMs).toBe(7)
    delivery.suspended(failure())
    expect(delivery.failingMs).toBe(0)
  })

  it('has its whole budget again after progress, and after somebody resumed', () => {
    for (const end of ['progressed', 'resumed'] as const) {
      delivery = made()
      for (let i = 0; i < 2; i++) delivery.failed(failure(), true)
      delivery[end]()
      expect(delivery.failed(failure(), true), end).toEqual({ kind: 'again', delayMs: 10 })
    }
  })

  it('owes the rollback of what has broken off until it was told', () => {
    delivery.brokeOff(false)
    expect(delivery.owesRollback).toBe(false)
    delivery.brokeOff(true)
    expect(delivery.owesRollback).toBe(true)
    delivery.rolledBack()
    expect(delivery.owesRollback).toBe(false)
    delivery.failed(new RelaySilentError('relay', 5), true)
    expect(delivery.owesRollback).toBe(true)
  })

  it('forgets a fault of the relay at the end of an answer, and that of its consumer with progress alone', () => {
    delivery.failed(new RelaySilentError('relay', 5), false)
    expect(delivery.fault).toBeInstanceOf(RelaySilentError)
    delivery.answered()
    expect(delivery.fault).toBeUndefined()
    delivery.failed(failure(), true)
    delivery.answered()
    expect(delivery.fault).toBeInstanceOf(ConsumerFailedError)
    delivery.progressed()
    expect(delivery.fault).toBeUndefined()
  })

  it('of a place that can not be stored is tried for ever, and the consumer owes nothing', () => {
    const error = new CheckpointUnwritableError('/state/people', new Error('no space left'))
    for (const [tries, delayMs] of [
      [1, 5],
      [2, 10],
      [3, 20],
      [4, 40],
      [5, 40],
    ] as const) {
      expect(delivery.failed(error, true)).toEqual({ kind: 'again', delayMs })
      expect(lines.at(-1)).toEqual([error.message, { code: error.code, tries, delayMs }])
    }
    expect([delivery.fault, delivery.owesRollback]).toEqual([error, false])
  })

  it('leaves to the relay what is of the relay', () => {
    const error = new RelaySilentError('relay', 5)
    expect(delivery.failed(error, false)).toBeUndefined()
    expect([delivery.fault, delivery.owesRollback, lines]).toEqual([error, false, []])
  })

  it.each([
    ['ERROR_FATAL', new ConsumerFatalError(PLACE)],
    ['a call that is overdue', new ConsumerOverdueError(PLACE, 10)],
    ['a source whose rows are left out', new SourceQuarantinedError('people', 'a', { scn: 1n, ordinal: 0 })],
    ['an error that nobody knows', new TypeError('x is undefined')],
    ['what is no error', 'words'],
  ])('is stopped at once by %s', (_what, error) => {
    expect(delivery.failed(error, true)).toEqual({ kind: 'stop', reason: 'fatal', tries: 0 })
    expect(delivery.owesRollback).toBe(true)
    expect(delivery.fault).toBeInstanceOf(Error)
    expect(delivery.fault).toMatchObject(error instanceof Error ? error : { message: 'words' })
  })

  it('passes nothing over: what no setting leads to is a fault of ours', () => {
    delivery = made('skip')
    delivery.failed(failure(), true)
    delivery.failed(failure(), true)
    expect(() => delivery.failed(failure(), true)).toThrow('a failure is followed by "skip", which nothing does yet')
    // A callback that is about no event stands for the whole window.
    delivery = made('skip')
    const about = { registration: 'people', callback: 'onEndSource', scn: 7n }
    for (let i = 0; i < 2; i++) delivery.failed(new ConsumerFailedError(about), true)
    expect(delivery.failed(new ConsumerFailedError(about), true)).toMatchObject({ kind: 'stop', reason: 'exhausted' })
  })
})
