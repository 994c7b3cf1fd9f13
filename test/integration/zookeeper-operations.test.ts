import { inspect } from 'node:util'
import {
  ACL_ANYONE,
  digestId,
  isRefused,
  parts,
  PERMISSIONS,
  type WatchEvent,
  ZooKeeperSession,
} from '@aesop/zookeeper'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { assertNoLeak, SERVER_PASSWORD } from '../support/markers.ts'
import { until } from '../support/until.ts'
import { ZooKeeperRig } from '../support/zookeeper-rig.ts'
import { ZooKeeperServer } from '../support/zookeeper-server.ts'

/* Each operation as a real server carries it out. */
const acl = ACL_ANYONE
const EMPTY = Buffer.alloc(0)
const TIMEOUT_MS = 6_000

let server: ZooKeeperServer

beforeAll(async () => {
  server = await ZooKeeperServer.start()
  const session = await ZooKeeperSession.open({ servers: server.address(), timeoutMs: TIMEOUT_MS })
  await session.create('/aesop', EMPTY, { acl })
  await session.close()
})

afterAll(async () => {
  await server.destroy()
})

const plain = (chroot = '') => ({ servers: server.address() + chroot, timeoutMs: TIMEOUT_MS })
const known = (user: string, password: string) => ({
  ...plain(),
  auth: [{ scheme: 'digest', auth: `${user}:${password}` }],
})

test('a node is made, read, changed under a condition, and removed', async () => {
  await using rig = new ZooKeeperRig()
  const session = await rig.open(plain())
  const created = await session.create('/node', Buffer.from('1'), { acl })
  expect(created).toMatchObject({ path: '/node', stat: { version: 0, ephemeralOwner: 0n, dataLength: 1 } })
  expect((await session.setData('/node', Buffer.from('22'), { version: 0 })).version).toBe(1)
  await expect(session.setData('/node', EMPTY, { version: 0 })).rejects.toSatisfy((error) =>
    isRefused(error, 'BadVersion'),
  )
  await expect(session.create('/node', EMPTY, { acl })).rejects.toSatisfy((error) => isRefused(error, 'NodeExists'))
  const { data, stat } = await session.getData('/node')
  expect([data.toString(), stat.version, stat.mzxid > stat.czxid]).toEqual(['22', 1, true])
  await session.create('/node/child', EMPTY, { acl })
  expect((await session.getChildren('/node')).children).toEqual(['child'])
  await expect(session.remove('/node')).rejects.toSatisfy((error) => isRefused(error, 'NotEmpty'))
  await session.remove('/node/child', { version: 0 })
  await session.remove('/node')
  expect(await session.exists('/node')).toBeUndefined()
  await expect(session.getData('/node')).rejects.toThrow('get /node: NoNode (-101)')
})

test('nodes are of the kind that was asked for', async () => {
  await using rig = new ZooKeeperRig()
  const session = await rig.open(plain())
  await session.create('/kinds', EMPTY, { acl })
  const make = async (mode: Parameters<typeof session.create>[2]) =>
    (await session.create('/kinds/n-', EMPTY, { acl, ...mode })).path
  expect(await make({ mode: 'persistent-sequential' })).toBe('/kinds/n-0000000000')
  const ephemeral = await make({ mode: 'ephemeral-sequential' })
  expect([ephemeral, (await session.exists(ephemeral))?.ephemeralOwner]).toEqual(['/kinds/n-0000000001', session.id])
  expect(await make({ mode: 'ttl-sequential', ttlMs: 60_000 })).toBe('/kinds/n-0000000002')
  expect(await session.create('/kinds/', EMPTY, { acl, mode: 'persistent-sequential' })).toMatchObject({
    path: '/kinds/0000000003',
  })
  await session.create('/kinds/c', EMPTY, { acl, mode: 'container' })
  await session.create('/kinds/c/last', EMPTY, { acl })
  await session.remove('/kinds/c/last')
  await session.create('/kinds/t', EMPTY, { acl, mode: 'ttl', ttlMs: 1 })
  await until('the container and the old one are gone', async () => {
    const { children } = await session.getChildren('/kinds')
    return !children.includes('c') && !children.includes('t')
  })
  await expect(session.create(`${ephemeral}/x`, EMPTY, { acl })).rejects.toSatisfy((error) =>
    isRefused(error, 'NoChildrenForEphemerals'),
  )
})

test('a multi is done whole or not at all, and says which part was refused', async () => {
  await using rig = new ZooKeeperRig()
  const session = await rig.open(plain())
  const { stat } = await session.create('/multi', EMPTY, { acl })
  const [path, second, container, set, checked, removed] = await session.multi([
    parts.create('/multi/a', EMPTY, { acl }),
    parts.create('/multi/n-', EMPTY, { acl, mode: 'ephemeral-sequential' }),
    parts.create('/multi/c', EMPTY, { acl, mode: 'container' }),
    parts.setData('/multi', Buffer.from('x'), stat.version),
    parts.check('/multi', 1),
    parts.remove('/multi/a'),
  ])
  expect([path, second, container, set.version, checked, removed]).toEqual([
    '/multi/a',
    '/multi/n-0000000001',
    '/multi/c',
    1,
    undefined,
    undefined,
  ])
  const refused = session.multi([parts.setData('/multi', EMPTY), parts.check('/multi', 1), parts.remove('/multi/c')])
  await expect(refused).rejects.toThrow('multi refused at check /multi: BadVersion (-103)')
  expect((await session.exists('/multi'))?.version).toBe(1)
  await expect(session.multi([parts.remove('/none'), parts.remove('/multi/c')])).rejects.toSatisfy((error) =>
    isRefused(error, 'NoNode'),
  )
  expect(await session.multi([])).toEqual([])
})

test('one-time watches tell what they were set for, once; those that stay tell all', async () => {
  await using rig = new ZooKeeperRig()
  const session = await rig.open(plain())
  const other = await rig.open(plain())
  const told: Record<string, WatchEvent[]> = { data: [], exist: [], child: [], persistent: [], recursive: [] }
  const into = (name: string) => (event: WatchEvent) => told[name]?.push(event)
  await other.create('/w', EMPTY, { acl })
  await session.addWatch('/w', 'recursive', into('recursive'))
  await session.exists('/w/once', { watcher: into('exist') })
  await expect(session.getData('/w/once', { watcher: into('data') })).rejects.toThrow('NoNode')
  await session.addWatch('/w/stays', 'persistent', into('persistent'))
  for (const path of ['/w/once', '/w/stays']) await other.create(path, EMPTY, { acl })
  await session.getData('/w/once', { watcher: into('data') })
  await session.getChildren('/w/once', { watcher: into('child') })
  for (const path of ['/w/once', '/w/stays']) {
    await other.create(`${path}/x`, EMPTY, { acl })
    await other.setData(path, EMPTY)
    await other.setData(path, EMPTY)
    await other.remove(`${path}/x`)
    await other.remove(path)
  }
  const event = (type: WatchEvent['type'], path: string) => ({ type, path })
  await until(
    'the last is told',
    () => told['recursive']?.length === 12,
    5_000,
    () => JSON.stringify(told),
  )
  expect(told).toEqual({
    exist: [event('created', '/w/once')],
    data: [event('changed', '/w/once')],
    child: [event('children', '/w/once')],
    persistent: ['created', 'children', 'changed', 'changed', 'children', 'deleted'].map((type) =>
      event(type as WatchEvent['type'], '/w/stays'),
    ),
    recursive: [
      event('created', '/w/once'),
      event('created', '/w/stays'),
      ...['/w/once', '/w/stays'].flatMap((path) => [
        event('created', `${path}/x`),
        event('changed', path),
        event('changed', path),
        event('deleted', `${path}/x`),
        event('deleted', path),
      ]),
    ],
  })
})

test('a path has one kind of watch of a session, because servers lose another one', async () => {
  await using rig = new ZooKeeperRig()
  const session = await rig.open(plain())
  const watcher = (): void => undefined
  const fault = /^watcher is \/: the path has a (recursive|one-time) watch of this session, and servers keep one kind$/
  const asked = session.addWatch('/', 'recursive', watcher)
  await expect(session.getChildren('/', { watcher })).rejects.toThrow(fault)
  await asked
  await expect(session.exists('/', { watcher })).rejects.toThrow(fault)
  await expect(session.addWatch('/', 'persistent', watcher)).rejects.toThrow(fault)
  await session.addWatch('/', 'recursive', watcher)
  const other = await rig.open(plain())
  await other.getChildren('/', { watcher })
  await other.getData('/', { watcher })
  await expect(other.addWatch('/', 'recursive', watcher)).rejects.toThrow(fault)
})

test('a node belongs to the user who made it, and others are refused', async () => {
  await using rig = new ZooKeeperRig()
  const owner = await rig.open(known('owner', SERVER_PASSWORD))
  const other = await rig.open(known('other', 'secret'))
  expect(await owner.whoAmI()).toContainEqual({ scheme: 'digest', id: 'owner' })
  const { stat } = await owner.create('/owned', Buffer.from('own'))
  const id = digestId('owner', SERVER_PASSWORD)
  expect((await owner.getAcl('/owned')).acl).toEqual([{ permissions: PERMISSIONS.all, scheme: 'digest', id }])
  await expect(other.getData('/owned')).rejects.toSatisfy((error) => isRefused(error, 'NoAuth'))
  await expect(other.multi([parts.setData('/owned', EMPTY)])).rejects.toSatisfy((error) => isRefused(error, 'NoAuth'))
  const readers = [
    { permissions: PERMISSIONS.all, scheme: 'digest', id },
    { permissions: PERMISSIONS.read, scheme: 'digest', id: digestId('other', 'secret') },
  ]
  await owner.setAcl('/owned', readers, { version: stat.aversion })
  await expect(owner.setAcl('/owned', readers, { version: stat.aversion })).rejects.toThrow('BadVersion')
  expect((await other.getData('/owned')).data.toString()).toBe('own')
  await expect(other.setData('/owned', EMPTY)).rejects.toThrow('set /owned: NoAuth (-102)')
  assertNoLeak('what a session shows', inspect(owner, { depth: 9, showHidden: true }))
})

test('a session without an identity owns nothing unless it says so, and is told what to do', async () => {
  await using rig = new ZooKeeperRig()
  const session = await rig.open(plain())
  const error: unknown = await session.create('/nobodys', EMPTY).catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({
    message: 'create /nobodys: InvalidAcl (-114)',
    remedy: expect.stringContaining('acl: ACL_ANYONE') as string,
  })
})

test('an identity that a server does not know ends the session by name', async () => {
  const auth = [{ scheme: 'nosuch', auth: SERVER_PASSWORD }]
  const error: unknown = await ZooKeeperSession.open({ ...plain(), auth }).catch((thrown: unknown) => thrown)
  expect(String(error)).toBe(`AuthRefusedError: ZooKeeper ${server.address()} refuses auth of scheme "nosuch"`)
  assertNoLeak('the error', inspect(error, { depth: 9 }))
})

test('all paths of a session are below its chroot', async () => {
  await using rig = new ZooKeeperRig()
  const session = await rig.open(plain('/aesop'))
  const whole = await rig.open(plain())
  const events: WatchEvent[] = []
  await session.addWatch('/', 'recursive', (event) => events.push(event))
  expect((await session.create('/below', EMPTY, { acl })).path).toBe('/below')
  expect(await session.multi([parts.create('/multi', EMPTY, { acl })])).toEqual(['/multi'])
  expect((await whole.getChildren('/aesop')).children.toSorted()).toEqual(['below', 'multi'])
  expect((await session.getChildren('/')).children.toSorted()).toEqual(['below', 'multi'])
  await until('both are told', () => events.length > 1)
  expect(events.map(({ path }) => path)).toEqual(['/below', '/multi'])
  await expect(rig.open(plain('/aesop/')).catch(String)).resolves.toContain('has an empty name')
})

test('a server bounds how long a session is, and its own word counts', async () => {
  await using rig = new ZooKeeperRig()
  const long = await rig.open({ ...plain(), timeoutMs: 600_000 })
  const short = await rig.open({ ...plain(), timeoutMs: 1 })
  expect([long.negotiatedTimeoutMs, short.negotiatedTimeoutMs]).toEqual([10_000, 1_000])
  expect(long.validUntil() - performance.now()).toBeLessThanOrEqual(10_000)
})
