import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import {
  ACL_ANYONE,
  ConnectionLostError,
  PayloadTooLargeError,
  ServerDataGoneError,
  type WatchEvent,
  ZooKeeperSession,
} from '@aesop/zookeeper'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FaultProxy } from '../support/fault-proxy.ts'
import { until } from '../support/until.ts'
import { endOf, SHORT_MS, statesOf, untilState, ZooKeeperRig } from '../support/zookeeper-rig.ts'
import { ZooKeeperServer } from '../support/zookeeper-server.ts'

/*
 * What networks, servers and pauses do to a session. Whatever it is: every operation ends, the session is `lost` before others may see that what it owned
 * is gone, and it is never connected to somebody who does not answer.
 */
const acl = ACL_ANYONE
const EMPTY = Buffer.alloc(0)
const MEMBER = resolve(import.meta.dirname, '../support/zookeeper-member.ts')
/** Long beside a cut, short beside a test. */
const LONG_MS = 6_000

let server: ZooKeeperServer
let proxy: FaultProxy
let made = 0

beforeAll(async () => {
  server = await ZooKeeperServer.start()
  proxy = await FaultProxy.start(server.port)
})

afterAll(async () => {
  await proxy.close()
  await server.destroy()
})

const near = (timeoutMs: number) => ({ servers: server.address(proxy.port), timeoutMs })
const direct = (timeoutMs: number) => ({ servers: server.address(), timeoutMs })
const newPath = () => `/n${made++}`

describe('a connection', () => {
  test('that is cut ends what waits on it as unknown, and the session goes on with its ephemerals', async () => {
    await using rig = new ZooKeeperRig()
    const session = await rig.open(near(LONG_MS))
    const states = statesOf(session)
    const path = newPath()
    await session.create(path, EMPTY, { acl, mode: 'ephemeral' })
    const { id } = session
    proxy.delay(50)
    const waiting = session.setData(path, Buffer.from('1'))
    await new Promise((done) => setImmediate(done))
    proxy.cut()
    expect(await endOf(waiting)).toBe('ConnectionLostError')
    expect(await endOf(session.setData(path, EMPTY))).toBe('NotConnectedError')
    proxy.heal()
    await untilState(session, 'connected')
    expect(states).toEqual(['suspended', 'connected'])
    expect([session.id, (await session.exists(path))?.ephemeralOwner]).toEqual([id, id])
  })

  test('that swallows everything is given up before the session is over, and another one found', async () => {
    await using rig = new ZooKeeperRig()
    const session = await rig.open(near(3 * SHORT_MS))
    const states = statesOf(session)
    proxy.stall()
    expect(await endOf(session.exists('/'))).toBe('ConnectionLostError')
    await untilState(session, 'connected')
    expect(states).toEqual(['suspended', 'connected'])
    expect(session.validUntil()).toBeGreaterThan(performance.now())
  })

  test('whose answer comes in part is ended, and the part does not pollute the next one', async () => {
    await using rig = new ZooKeeperRig()
    const session = await rig.open(near(LONG_MS))
    proxy.truncate(3)
    expect(await endOf(session.getData('/'))).toBe('ConnectionLostError')
    await untilState(session, 'connected')
    expect((await session.getData('/')).data).toEqual(EMPTY)
  })

  test('that is taken and not answered is given up, and the session is opened all the same', async () => {
    await using rig = new ZooKeeperRig()
    const before = proxy.accepted
    proxy.stallNew()
    const opening = rig.open(near(SHORT_MS))
    await until('a second attempt', () => proxy.accepted > before + 1)
    proxy.heal()
    expect((await opening).state).toBe('connected')
  })
})

describe('an ephemeral node', () => {
  test('is lost to its owner before others may see it gone, when nobody hears of him', async () => {
    await using rig = new ZooKeeperRig()
    const owner = await rig.open(near(SHORT_MS))
    const other = await rig.open(direct(LONG_MS))
    const path = newPath()
    await owner.create(path, EMPTY, { acl, mode: 'ephemeral' })
    const order: string[] = []
    owner.onState((state) => order.push(state))
    await other.exists(path, { watcher: () => order.push('gone') })
    proxy.stall()
    proxy.stallNew()
    await until('it is gone', () => order.includes('gone'))
    expect(order).toEqual(['suspended', 'lost', 'gone'])
    expect(owner.validUntil()).toBe(-Infinity)
    proxy.heal()
    await untilState(owner, 'expired')
    expect(order.filter((each) => each === 'lost')).toHaveLength(1)
    expect(await endOf(owner.exists(path))).toBe('SessionExpiredError')
    const next = await owner.successor()
    expect(next.id).not.toBe(owner.id)
    await next.close()
  })

  test('whose creation has no answer is known by its owner', async () => {
    await using rig = new ZooKeeperRig()
    const session = await rig.open(near(LONG_MS))
    const path = newPath()
    const other = await rig.open(direct(LONG_MS))
    proxy.delay(10_000)
    const creating = session.create(path, EMPTY, { acl, mode: 'ephemeral' })
    const ended = endOf(creating)
    await until('the server has it', async () => (await other.exists(path)) !== undefined)
    proxy.cut()
    proxy.heal()
    expect(await ended).toBe('ConnectionLostError')
    await untilState(session, 'connected')
    expect(await endOf(session.create(path, EMPTY, { acl, mode: 'ephemeral' }))).toBe('RefusedError')
    expect((await session.exists(path))?.ephemeralOwner).toBe(session.id)
  })

  test('is gone at once when its session is closed', async () => {
    await using rig = new ZooKeeperRig()
    const owner = await rig.open(direct(LONG_MS))
    const other = await rig.open(direct(LONG_MS))
    const path = newPath()
    await owner.create(path, EMPTY, { acl, mode: 'ephemeral' })
    await owner.close()
    expect(await other.exists(path)).toBeUndefined()
    expect(await endOf(owner.exists(path))).toBe('SessionClosedError')
    expect(owner.validUntil()).toBe(-Infinity)
  })
})

test('a process that was stopped for longer than its session knows that it is lost before it does anything', async () => {
  await using rig = new ZooKeeperRig()
  const other = await rig.open(direct(LONG_MS))
  const path = newPath()
  const child = spawn(
    process.execPath,
    ['--conditions=source', '--import', 'tsx', MEMBER, server.address(), String(SHORT_MS), path],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  try {
    await until(
      'it writes',
      () => said.includes('wrote\nwrote\n'),
      20_000,
      () => said,
    )
    child.kill('SIGSTOP')
    await until('it is gone', async () => (await other.exists(path)) === undefined)
    const before = said.length
    child.kill('SIGCONT')
    await until(
      'it has noticed',
      () => said.includes('expired'),
      20_000,
      () => said,
    )
    // What it had written into its pipe when it was stopped comes now.
    const after = said.slice(before).replace(/^(?:wrote\n)+/, '')
    expect(after.split('\n')[0]).toBe('lost')
    expect(after).not.toContain('wrote')
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})

test('15,000 watches are set again after a cut, and what has changed meanwhile is told', async () => {
  await using rig = new ZooKeeperRig()
  const session = await rig.open(near(LONG_MS))
  const other = await rig.open(direct(LONG_MS))
  const parent = newPath()
  await other.create(parent, EMPTY, { acl })
  const events: WatchEvent[] = []
  const watcher = (event: WatchEvent): void => void events.push(event)
  for (let first = 0; first < 15_000; first += 1_000) {
    const paths = Array.from({ length: 1_000 }, (_each, i) => `${parent}/watched-by-a-session-${first + i}`)
    await Promise.all(paths.map((path) => session.exists(path, { watcher })))
  }
  await session.addWatch(parent, 'recursive', watcher)
  proxy.refuse()
  proxy.cut()
  await untilState(session, 'suspended')
  await other.create(`${parent}/watched-by-a-session-14999`, EMPTY, { acl })
  proxy.heal()
  await until('the changes are told', () => events.length === 2)
  expect(events).toContainEqual({ type: 'created', path: `${parent}/watched-by-a-session-14999` })
  expect(events).toContainEqual({ type: 'reconnected', path: parent })
  await other.create(`${parent}/watched-by-a-session-0`, EMPTY, { acl })
  await until('watches hold', () => events.length > 2)
  expect(events[2]).toEqual({ type: 'created', path: `${parent}/watched-by-a-session-0` })
})

test('an operation that is too large is not sent, and others that wait are answered', async () => {
  await using rig = new ZooKeeperRig()
  const session = await rig.open(direct(LONG_MS))
  const path = newPath()
  const waiting = session.create(path, EMPTY, { acl })
  await expect(session.setData(path, Buffer.alloc(1024 * 1024 + 10))).rejects.toThrow(PayloadTooLargeError)
  expect(await endOf(waiting)).toBe('ok')
  expect(await endOf(session.setData(path, Buffer.alloc(999_900)))).toBe('ok')
  expect((await session.getData(path)).data).toHaveLength(999_900)
})

test('ids of requests go on behind the largest one', async () => {
  await using rig = new ZooKeeperRig()
  const session = await rig.open(direct(LONG_MS), 2 ** 31 - 3)
  const ends = await Promise.all(Array.from({ length: 8 }, () => endOf(session.exists('/'))))
  expect(ends).toEqual(Array.from({ length: 8 }, () => 'ok'))
  expect(session.state).toBe('connected')
})

test('a session is closed at once while no server is there, and no operation waits for one', async () => {
  await using rig = new ZooKeeperRig()
  const session = await rig.open(near(LONG_MS))
  proxy.refuse()
  proxy.cut()
  await untilState(session, 'suspended')
  expect(await endOf(session.exists('/'))).toBe('NotConnectedError')
  await session.close()
  const { accepted } = proxy
  expect([session.state, await endOf(session.exists('/'))]).toEqual(['closed', 'SessionClosedError'])
  await new Promise((done) => setTimeout(done, 200))
  expect(proxy.accepted).toBe(accepted)
  proxy.heal()
})

test('150 sessions whose server refuses them ask for it seldom, and all come back', async () => {
  await using rig = new ZooKeeperRig()
  const sessions = await Promise.all(Array.from({ length: 150 }, () => rig.open(near(20 * SHORT_MS))))
  const before = proxy.accepted
  proxy.refuse()
  proxy.cut()
  await new Promise((done) => setTimeout(done, 5_000))
  const attempts = proxy.accepted - before
  proxy.heal()
  await until('all are back', () => sessions.every(({ state }) => state === 'connected'))
  expect(attempts).toBeGreaterThan(sessions.length)
  // Pauses of 50 to 800 ms, and then of a second, each a quarter shorter at most: 12 within five seconds.
  expect(attempts).toBeLessThanOrEqual(sessions.length * 12)
})

test('a server that has lost its data is named, and a new session goes on with it', async () => {
  const forgetful = await ZooKeeperServer.start()
  await using rig = new ZooKeeperRig()
  try {
    const session = await rig.open({ servers: forgetful.address(), timeoutMs: SHORT_MS })
    for (let i = 0; i < 20; i++) await session.create(`/n${i}`, EMPTY, { acl })
    const states = statesOf(session)
    await forgetful.kill()
    forgetful.forget()
    await forgetful.restart()
    await untilState(session, 'expired')
    expect(states).toEqual(['suspended', 'lost', 'expired'])
    await expect(session.exists('/n1')).rejects.toThrow(ServerDataGoneError)
    const next = await session.successor()
    expect(await next.exists('/n1')).toBeUndefined()
    await next.close()
  } finally {
    await forgetful.destroy()
  }
})

test('what nobody answers is given up by who has set a time for it', async () => {
  await using rig = new ZooKeeperRig()
  const session = await rig.open(near(LONG_MS))
  proxy.delay(500)
  const reason = new Error('no longer wanted')
  const stop = new AbortController()
  const aborted = session.exists('/', { signal: stop.signal })
  stop.abort(reason)
  await expect(aborted).rejects.toMatchObject({ name: 'AbandonedError', outcome: 'unknown', cause: reason })
  await expect(session.exists('/', { signal: stop.signal })).rejects.toMatchObject({ outcome: 'not sent' })
  await expect(session.exists('/', { deadlineMs: 20 })).rejects.toMatchObject({ outcome: 'unknown' })
  proxy.heal()
  expect(await endOf(session.exists('/'))).toBe('ok')
  await expect(
    ZooKeeperSession.open({ servers: '127.0.0.1:1', timeoutMs: 1_000 }, { deadlineMs: 100 }),
  ).rejects.toThrow(/was not opened, not sent: ZooKeeper 127\.0\.0\.1:1 broke the connection: connect ECONNREFUSED/)
  expect(new ConnectionLostError('').outcome).toBe('unknown')
})
