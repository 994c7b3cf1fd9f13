import { ACL_ANYONE, type WatchEvent } from '@aesop/zookeeper'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { endOf, statesOf, untilState, ZooKeeperRig } from '../support/zookeeper-rig.ts'
import { ZooKeeperEnsemble } from '../support/zookeeper-server.ts'

/* Three servers: what their loss, one by one and in a majority, is to a session. */
const acl = ACL_ANYONE
const EMPTY = Buffer.alloc(0)
/** Longer than an election on a machine with other work. */
const LONG_MS = 10_000
const SHORT_MS = 2_000

let ensemble: ZooKeeperEnsemble

beforeAll(async () => {
  ensemble = await ZooKeeperEnsemble.start()
})

afterAll(async () => {
  await ensemble.destroy()
})

test('what one session has written another one reads after a sync, whichever server it has', async () => {
  await using rig = new ZooKeeperRig()
  const writer = await rig.open({ servers: ensemble.addresses, timeoutMs: LONG_MS })
  await writer.create('/synced', EMPTY, { acl })
  for (const [i, server] of ensemble.servers.entries()) {
    const reader = await rig.open({ servers: server.address(), timeoutMs: LONG_MS })
    await writer.setData('/synced', Buffer.from([i]))
    await reader.sync('/synced')
    expect((await reader.getData('/synced')).data).toEqual(Buffer.from([i]))
  }
})

test('without a majority every operation ends, a session is lost once, and what it owned is not its own again', async () => {
  await using rig = new ZooKeeperRig()
  const session = await rig.open({ servers: ensemble.addresses, timeoutMs: SHORT_MS })
  const states = statesOf(session)
  await session.create('/owned', EMPTY, { acl, mode: 'ephemeral' })
  const frozen = ensemble.servers.slice(0, 2)
  for (const server of frozen) server.freeze()
  const ends: string[] = []
  const writing = async (): Promise<void> => {
    while (!states.includes('lost')) ends.push(await endOf(session.setData('/owned', EMPTY)), await turn())
  }
  await writing()
  // A whole second session length more, in which nobody may answer.
  const lostAtMs = performance.now()
  await until('a second length is over', () => performance.now() - lostAtMs > SHORT_MS)
  expect(session.validUntil()).toBe(-Infinity)
  for (const server of frozen) server.thaw()
  await until('the session is back, or over', () => session.state === 'connected' || session.state === 'expired')
  expect(states.filter((state) => state === 'lost')).toHaveLength(1)
  expect(session.validUntil()).toBe(-Infinity)
  expect(ends).toContain('ConnectionLostError')
  expect(new Set(ends.filter((end) => end !== ''))).not.toContain('AbandonedError')
})

test('a leader that is killed takes no session and no watch with it', async () => {
  await using rig = new ZooKeeperRig()
  await Promise.all(ensemble.servers.map((server) => server.untilServing()))
  const session = await rig.open({ servers: ensemble.addresses, timeoutMs: LONG_MS })
  const other = await rig.open({ servers: ensemble.addresses, timeoutMs: LONG_MS })
  const { id } = session
  await session.create('/kept', EMPTY, { acl, mode: 'ephemeral' })
  const events: WatchEvent[] = []
  await session.exists('/watched', { watcher: (event) => events.push(event) })
  const leader = await ensemble.leader()
  await leader.kill()
  await until('another leader takes writes', async () => (await endOf(other.sync('/'))) === 'ok')
  await until('the other creates', async () => {
    const end = await endOf(other.create('/watched', EMPTY, { acl }))
    return end === 'ok' || (await other.exists('/watched').catch(() => undefined)) !== undefined
  })
  await until('the watch is told', () => events.length > 0)
  await untilState(session, 'connected')
  expect(events).toEqual([{ type: 'created', path: '/watched' }])
  expect([session.id, (await session.exists('/kept'))?.ephemeralOwner]).toEqual([id, id])
})

test('behind a server that is cut off from its leader a session is lost before others see what it owned gone', async () => {
  const apart = await ZooKeeperEnsemble.start(true)
  const [first, ...others] = apart.servers
  try {
    await using rig = new ZooKeeperRig()
    const owner = await rig.open({ servers: first?.address() ?? '', timeoutMs: SHORT_MS })
    const other = await rig.open({ servers: others.map((server) => server.address()).join(','), timeoutMs: LONG_MS })
    await owner.create('/behind', EMPTY, { acl, mode: 'ephemeral' })
    expect(await apart.leader()).toBe(others[1])
    const order: string[] = []
    owner.onState((state) => order.push(state))
    await other.exists('/behind', { watcher: () => order.push('gone') })
    apart.cutOffFirst()
    await until('it is gone', () => order.includes('gone'))
    expect(order).toEqual(['suspended', 'lost', 'gone'])
  } finally {
    await apart.destroy()
  }
})

/** Lets everything else happen. */
function turn(): Promise<''> {
  return new Promise((done) => {
    setTimeout(() => {
      done('')
    }, 10)
  })
}
