import { describe, expect, test } from 'vitest'
import { digestId } from '../src/acl.ts'
import { DataCheck } from '../src/data-check.ts'
import { DeadlineClock } from '../src/deadline-clock.ts'
import { Chroot } from '../src/node-path.ts'
import { exists, sync } from '../src/operations.ts'
import { type Operation } from '../src/operation.ts'
import { PENDING_MAX, PendingRequests } from '../src/pending-requests.ts'
import { isOver, nextState, type SessionState, type SessionStep } from '../src/session-state.ts'

/* The pure parts of a session. */
describe('the state of a session', () => {
  const rows: Record<SessionState, Record<SessionStep, SessionState>> = {
    connecting: {
      accepted: 'connected',
      cut: 'connecting',
      clockRanOut: 'connecting',
      expired: 'expired',
      closed: 'closed',
    },
    connected: { accepted: 'connected', cut: 'suspended', clockRanOut: 'lost', expired: 'expired', closed: 'closed' },
    suspended: { accepted: 'connected', cut: 'suspended', clockRanOut: 'lost', expired: 'expired', closed: 'closed' },
    lost: { accepted: 'connected', cut: 'lost', clockRanOut: 'lost', expired: 'expired', closed: 'closed' },
    expired: { accepted: 'expired', cut: 'expired', clockRanOut: 'expired', expired: 'expired', closed: 'expired' },
    closed: { accepted: 'closed', cut: 'closed', clockRanOut: 'closed', expired: 'closed', closed: 'closed' },
  }

  test('follows its table', () => {
    const steps = Object.entries(rows).flatMap(([state, row]) =>
      Object.entries(row).map(([step, next]) => [state, step, next] as [SessionState, SessionStep, SessionState]),
    )
    expect(steps.filter(([state, step, next]) => nextState(state, step) !== next)).toEqual([])
    expect(steps).toHaveLength(30)
  })

  test('ends in two', () => {
    expect((Object.keys(rows) as SessionState[]).filter(isOver)).toEqual(['expired', 'closed'])
  })
})

describe('the deadline clock', () => {
  test('counts from when the session was heard of, never back, and stops for good', () => {
    let now = 0
    const clock = new DeadlineClock(() => now)
    expect([clock.isOver, clock.untilMs]).toEqual([false, -Infinity])
    clock.agree(1_000)
    clock.confirm(100)
    clock.confirm(50)
    expect(clock.untilMs).toBe(1_100)
    now = 1_099
    expect(clock.isOver).toBe(false)
    now = 1_100
    expect(clock.isOver).toBe(true)
    clock.confirm(1_100)
    expect([clock.isOver, clock.untilMs]).toEqual([true, -Infinity])
  })
})

describe('a path', () => {
  const whole = new Chroot('')

  test.each(['/', '/a', '/a/b.c', '/ä/…', '/.a', '/a..'])('may be %s', (path) => {
    expect(whole.whole(path)).toBe(path)
  })

  test.each([
    ['a', 'does not begin with /'],
    ['', 'does not begin with /'],
    ['/a/', 'has an empty name'],
    ['//a', 'has an empty name'],
    ['/a/./b', 'has a name that is . or ..'],
    ['/..', 'has a name that is . or ..'],
    ['/a\u0000b', 'has a character that no path may have'],
    ['/\u{1f600}', 'has a character that no path may have'],
    ['/\uf8ff', 'has a character that no path may have'],
  ])('may not be %j', (path, fault) => {
    expect(() => whole.whole(path)).toThrow(fault)
  })

  test('below a chroot is whole for the server and short for the session', () => {
    const chroot = new Chroot('/aesop')
    expect(['/', '/a'].map((path) => chroot.whole(path))).toEqual(['/aesop', '/aesop/a'])
    expect(['/aesop', '/aesop/a', '/aesopian', '/other'].map((path) => chroot.own(path))).toEqual([
      '/',
      '/a',
      '/aesopian',
      '/other',
    ])
    expect(new Chroot('/').whole('/a')).toBe('/a')
    expect(() => new Chroot('/a/')).toThrow('empty name')
  })

  test('of a node that gets a number may end with /', () => {
    expect(new Chroot('/aesop').wholeOfSequence('/')).toBe('/aesop')
    expect(whole.wholeOfSequence('/a/')).toBe('/a/')
    expect(() => whole.wholeOfSequence('/a//')).toThrow('empty name')
  })
})

describe('requests that wait', () => {
  const first: Operation<unknown> = exists('/a', false)
  const second = sync('/a')
  const ends: unknown[] = []
  const request = (operation = first) => ({ operation, answered: (result: unknown) => ends.push(result) })

  test('are answered in their order, under ids that begin anew behind the largest', () => {
    const pending = new PendingRequests(2 ** 31 - 1)
    pending.add(request(), 10)
    pending.add(request(second), 20)
    expect(() => pending.expect(1)).toThrow('an answer is for the request 1, expected 2147483647')
    expect(pending.expect(2 ** 31 - 1).operation).toBe(first)
    pending.answered(30)
    expect(pending.waitingSinceMs).toBe(30)
    expect(pending.expect(1).operation).toBe(second)
    pending.answered(40)
    expect([pending.waitingSinceMs, pending.nextXid]).toEqual([Infinity, 2])
  })

  test('end with their connection, and the next one expects what is sent on it', () => {
    const pending = new PendingRequests()
    pending.add(request(), 0)
    pending.lose('zk:2181', new Error('cut'))
    expect(String(ends.at(-1))).toContain('outcome unknown: the connection to zk:2181 ended (cut)')
    pending.add(request(), 0)
    expect(pending.expect(2).operation).toBe(first)
  })

  test('are bounded', () => {
    const pending = new PendingRequests()
    for (let i = 0; i < PENDING_MAX; i++) pending.add(request(), 0)
    expect(pending.isFull).toBe(true)
  })
})

describe('whether a server has lost its data', () => {
  test.each([
    [
      'a refusal, a new session that is taken, and a refusal again',
      ['refused', 'accepted', 'refused'],
      ['same server', 'same server', 'gone'],
    ],
    ['a server without a majority', ['refused', 'refused', 'refused'], ['same server', 'go on', 'same server']],
    [
      'a majority that came back in between',
      ['refused', 'accepted', 'accepted'],
      ['same server', 'same server', 'go on'],
    ],
    ['a server that is down', ['failed', 'failed', 'failed'], ['go on', 'go on', 'go on']],
  ] as const)('is asked: %s', (_name, attempts, expected) => {
    const check = new DataCheck()
    expect(attempts.map((attempt) => check.next(attempt, true))).toEqual(expected)
  })

  test('is not asked before the session is without a server for long', () => {
    expect(new DataCheck().next('refused', false)).toBe('go on')
  })
})

test('the id of a user of scheme digest is the one of the documents', () => {
  expect(digestId('super', 'test')).toBe('super:D/InIHSb7yEEbrWz8b9l71RjZJU=')
})
