import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { assertNoLeak, SERVER_PASSWORD } from '../../../test/support/markers.ts'
import { until } from '../../../test/support/until.ts'
import { RefusedError } from '../src/errors.ts'
import { opcodes } from '../src/opcodes.ts'
import { PENDING_MAX } from '../src/pending-requests.ts'
import { type SessionState } from '../src/session-state.ts'
import { ZooKeeperSession } from '../src/zookeeper-session.ts'
import { type Asked, FakeServer, reply } from './fake-server.ts'

/* A session whose server says what no real one says on demand. */
const NOTHING = Buffer.alloc(0)
const opened: ZooKeeperSession[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((session) => session.close()))
})

async function open(fake: FakeServer, more: object = {}, parts: object = {}): Promise<ZooKeeperSession> {
  const session = await ZooKeeperSession.open({ servers: fake.address, timeoutMs: 600, ...more }, {}, parts)
  opened.push(session)
  return session
}

/** Answers requests of an opcode so, and all others well. */
const to =
  (opcode: number, answer: (asked: Asked) => Buffer) =>
  (asked: Asked): Buffer | undefined =>
    asked.opcode === opcode ? answer(asked) : undefined

describe('an answer', () => {
  test('with a code that nobody knows is an error with its number, and the connection stays', async () => {
    await using fake = await FakeServer.start({ answer: to(opcodes.delete, ({ xid }) => reply(xid, -199)) })
    const session = await open(fake)
    const error: unknown = await session.remove('/a').catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(RefusedError)
    expect(error).toMatchObject({ message: 'delete /a: unknown code -199 (-199)', serverCode: -199 })
    expect([session.state, fake.connections]).toEqual(['connected', 1])
  })

  test.each([
    ['for another request', ({ xid }: Asked) => reply(xid + 1, 0), /an answer is for the request 2, expected 1/],
    ['to a ping that was not sent', () => reply(-2, 0), /an answer is for the request -2, expected 1/],
    ['to an identity that was not given', () => reply(-4, 0), /an auth is answered that was not sent/],
    [
      'that is longer than it may be',
      ({ xid }: Asked) => reply(xid, 0, Buffer.alloc(1)),
      /delete \/a is 1 bytes too long/,
    ],
    ['of a negative length', () => Buffer.from([255, 255, 255, 255]), /a packet is -1 bytes long/],
    ['of a length beyond all bounds', () => Buffer.from([127, 255, 255, 255]), /a packet is 2147483647 bytes long/],
    ['of another protocol', () => Buffer.from('HTTP/1.1 400 Bad Request\r\n'), /a packet is 1213486160 bytes long/],
    ['that the session has moved', ({ xid }: Asked) => reply(xid, -118), /has moved to another server/],
  ])('%s ends the connection, and what waits is told why', async (_name, answer, why) => {
    let wrong = true
    await using fake = await FakeServer.start({
      answer: to(opcodes.delete, (asked) => (wrong ? answer(asked) : reply(asked.xid, 0))),
    })
    const session = await open(fake)
    await expect(session.remove('/a')).rejects.toThrow(why)
    wrong = false
    await until('it is connected again', () => session.state === 'connected')
    await session.remove('/a')
  })

  test('that the session is over ends it', async () => {
    await using fake = await FakeServer.start({ answer: to(opcodes.delete, ({ xid }) => reply(xid, -112)) })
    const session = await open(fake)
    await expect(session.remove('/a')).rejects.toThrow('has ended the session')
    expect([session.state, session.validUntil()]).toEqual(['expired', -Infinity])
  })
})

describe('a server', () => {
  test('that notifies and answers nothing is left, because an operation must not wait for ever', async () => {
    const chatter = reply(-1, 0, Buffer.from([0, 0, 0, 3, 0, 0, 0, 3, 0, 0, 0, 1, 47]))
    await using fake = await FakeServer.start({ chatter, beats: false, answer: to(opcodes.delete, () => NOTHING) })
    const session = await open(fake)
    await expect(session.remove('/a')).rejects.toThrow(/outcome unknown.*was silent for 200 ms/)
    await until('it is connected again', () => session.state === 'connected')
    expect(fake.connections).toBe(2)
  })

  test('that answers nothing is left', async () => {
    await using fake = await FakeServer.start({ beats: false })
    const session = await open(fake)
    const states: SessionState[] = []
    session.onState((state) => states.push(state))
    await until('it is left', () => states.length > 0)
    expect(states[0]).toBe('suspended')
    expect(String(session.lastError)).toContain('was silent for 200 ms')
  })

  test('that does not set watches again is left', async () => {
    let refuses = true
    await using fake = await FakeServer.start({
      timeoutMs: 60_000,
      answer: ({ xid, opcode }) => {
        if (opcode === opcodes.setWatches) return reply(-8, refuses ? -6 : 0)
        return opcode === opcodes.getChildren2 ? reply(xid, 0, Buffer.alloc(4 + 68)) : undefined
      },
    })
    const session = await open(fake)
    await session.getChildren('/', { watcher: () => undefined })
    fake.requests[0]?.socket.destroy()
    await until('it is left', () =>
      String(session.lastError).includes('does not set the watches again: setWatches: Unimplemented (-6)'),
    )
    refuses = false
    await until(
      'it is connected',
      () => session.state === 'connected' && fake.requests.at(-1)?.opcode === opcodes.setWatches,
    )
  })

  test('that refuses an identity ends the session, and the secret is nowhere', async () => {
    await using fake = await FakeServer.start({ answer: to(opcodes.auth, () => reply(-4, -115)) })
    const error: unknown = await open(fake, { auth: [{ scheme: 'digest', auth: SERVER_PASSWORD }] }).catch(
      (thrown: unknown) => thrown,
    )
    expect(error).toMatchObject({ code: 'AESOP_ZOOKEEPER_AUTH_REFUSED' })
    assertNoLeak('the error', inspect(error, { depth: 9 }))
  })

  test('is told every identity before any operation', async () => {
    await using fake = await FakeServer.start({ answer: to(opcodes.auth, () => reply(-4, 0)) })
    const session = await open(fake, {
      auth: [
        { scheme: 'digest', auth: 'a:b' },
        { scheme: 'ip', auth: '' },
      ],
    })
    await session.remove('/a')
    expect(fake.requests.map(({ opcode }) => opcode).slice(0, 3)).toEqual([100, 100, 2])
    assertNoLeak('the session', inspect(session, { depth: 9, showHidden: true }))
  })

  test('is asked for no more than may wait', async () => {
    await using fake = await FakeServer.start({ timeoutMs: 60_000, answer: to(opcodes.delete, () => NOTHING) })
    const session = await open(fake)
    const waiting = Array.from({ length: PENDING_MAX }, () => session.remove('/a').catch(String))
    await expect(session.remove('/a')).rejects.toThrow(`${PENDING_MAX} operations wait for their answers`)
    for (const { socket } of fake.requests.slice(0, 1)) socket.destroy()
    await until('some are asked', () => fake.requests.length > 0)
    fake.requests[0]?.socket.destroy()
    expect(new Set(await Promise.all(waiting)).size).toBe(1)
  })
})

describe('the clock', () => {
  test('is looked at before anything that comes in, so that a pause is noticed first', async () => {
    let ahead = 0
    await using fake = await FakeServer.start({ timeoutMs: 60_000 })
    const session = await open(fake, {}, { nowMs: () => performance.now() + ahead })
    const order: string[] = []
    session.onState((state) => order.push(state))
    const asked = session.remove('/a').then(
      () => order.push('answered'),
      () => order.push('rejected'),
    )
    ahead = 60_001
    await asked
    expect(order.slice(0, 2)).toEqual(['lost', 'rejected'])
    await until('the same session is back', () => session.state === 'connected')
    // Alive again, and owner of nothing: others may have acted.
    expect(session.validUntil()).toBe(-Infinity)
    ahead = 200_000
    expect(session.state).toBe('connected')
    expect(order.filter((each) => each === 'lost')).toHaveLength(1)
  })

  test('is looked at before a write, too', async () => {
    let ahead = 0
    await using fake = await FakeServer.start({ timeoutMs: 60_000 })
    const session = await open(fake, {}, { nowMs: () => performance.now() + ahead })
    ahead = 60_001
    await expect(session.setData('/a', NOTHING)).rejects.toThrow('set /a was not sent: the session is lost')
    expect(fake.requests.filter(({ opcode }) => opcode === opcodes.setData)).toEqual([])
  })
})

describe('a listener that throws', () => {
  test('disturbs no connection', async () => {
    await using fake = await FakeServer.start()
    const session = await open(fake)
    const thrown: unknown[] = []
    const before = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    process.once('uncaughtException', (error) => thrown.push(error))
    try {
      session.onState(() => {
        throw new Error('of a listener')
      })
      await session.close()
      await until('it is told', () => thrown.length > 0)
      expect([session.state, String(thrown[0])]).toEqual(['closed', 'Error: of a listener'])
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const listener of before) process.on('uncaughtException', listener)
    }
  })
})

test('opening is given up by who has asked for it, at once or later, and nothing goes on', async () => {
  const stop = new AbortController()
  const settings = { servers: '127.0.0.1:1', timeoutMs: 1_000 }
  const opening = ZooKeeperSession.open(settings, { signal: stop.signal })
  stop.abort(new Error('no longer wanted'))
  await expect(opening).rejects.toMatchObject({ name: 'AbandonedError', outcome: 'not sent' })
  await expect(ZooKeeperSession.open(settings, { signal: stop.signal })).rejects.toThrow('no longer wanted')
})

test.each([
  [{ servers: 'a:b' }, 'servers "a:b": "a:b" is no host:port'],
  [{ servers: 'a/b/' }, 'path "/b/": has an empty name'],
  [{ timeoutMs: 0 }, 'timeoutMs is 0: a whole number from 1 to 2147483647 is expected'],
  [{ timeoutMs: 1.5 }, 'timeoutMs is 1.5:'],
])('settings that can not be are refused before anything is connected: %j', async (settings, message) => {
  await expect(ZooKeeperSession.open({ servers: 'zk', timeoutMs: 1_000, ...settings })).rejects.toThrow(message)
})

test.each([
  [{ mode: 'ttl' } as const, 'ttlMs is missing: a whole number from 1 to'],
  [{ mode: 'ttl', ttlMs: 0 } as const, 'ttlMs is 0:'],
  [{ mode: 'ephemeral', ttlMs: 10 } as const, 'mode is ephemeral: a node with ttlMs is ttl or ttl-sequential'],
])('a node that can not be is refused: %j', async (options, message) => {
  await using fake = await FakeServer.start()
  await expect((await open(fake)).create('/a', NOTHING, options)).rejects.toThrow(message)
})
