import { assign, ClusterSettingInvalidError, type ClusterSettings, ZookeeperCoordinator } from '@aesop/cluster'
import { silentLogger } from '@aesop/kernel'
import { ACL_ANYONE, digestId, PERMISSIONS, type ZooKeeperSession } from '@aesop/zookeeper'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { holdsForCoordinators } from '../support/coordinator-contract.ts'
import { FaultProxy } from '../support/fault-proxy.ts'
import { SERVER_PASSWORD } from '../support/markers.ts'
import { until } from '../support/until.ts'
import { SHORT_MS, ZooKeeperRig } from '../support/zookeeper-rig.ts'
import { ZooKeeperEnsemble, ZooKeeperServer } from '../support/zookeeper-server.ts'

const USER = 'aesop'
const auth = [{ scheme: 'digest', auth: `${USER}:${SERVER_PASSWORD}` }]
const LONG_MS = 30_000
/** Behind the length of a packet and the number of the request. */
const OPCODE_AT = 8

let server: ZooKeeperServer
let proxy: FaultProxy

beforeAll(async () => {
  server = await ZooKeeperServer.start({ lines: ['maxSessionTimeout=60000'] })
  proxy = await FaultProxy.start(server.port)
})

afterAll(async () => {
  await proxy.close()
  await server.destroy()
})

const settings = (more: Partial<ClusterSettings> = {}): ClusterSettings => ({
  servers: server.address(),
  cluster: 'orders',
  memberId: 'a',
  numPartitions: 2,
  ttlMs: LONG_MS,
  auth,
  ...more,
})

holdsForCoordinators({
  open: ({ isNear, ...wish }) =>
    ZookeeperCoordinator.open(settings({ servers: server.address(isNear ? proxy.port : server.port), ...wish })),
  proxy: () => proxy,
  loseNextWrite() {
    proxy.loseAnswerTo(isWrite)
  },
  // A machine with other work stands still for a second now and then.
  shortMs: 2 * SHORT_MS,
  async overwrite(cluster, what, text) {
    await using rig = new ZooKeeperRig()
    const session = await rig.open({ servers: server.address(), timeoutMs: LONG_MS, auth })
    const node = what === 'checkpoint of 0' ? 'checkpoints/0' : what
    await session.setData(`/${cluster}/${node}`, Buffer.from(text))
  },
})

/** Whether packets of a client have a create, a setData or a remove among them. */
function isWrite(asked: Buffer): boolean {
  const opcodes: number[] = []
  for (let at = 0; at + OPCODE_AT + 4 <= asked.length; at += 4 + asked.readInt32BE(at)) {
    opcodes.push(asked.readInt32BE(at + OPCODE_AT))
  }
  return opcodes.some((opcode) => opcode === 15 || opcode === 5 || opcode === 2)
}

/** All nodes from a path on. */
async function nodesOf(session: ZooKeeperSession, path: string): Promise<string[]> {
  const { children } = await session.getChildren(path)
  const below = await Promise.all(children.map((name) => nodesOf(session, `${path}/${name}`)))
  return [path, ...below.flat()]
}

/** A cluster with a node of each kind. */
async function filled(more: Partial<ClusterSettings>): Promise<ZookeeperCoordinator> {
  const member = await ZookeeperCoordinator.open(settings(more))
  await member.join('')
  await member.campaign()
  await member.claim(0, 1)
  return member
}

test('nodes belong to who made them', async () => {
  await using rig = new ZooKeeperRig()
  const member = await filled({ cluster: 'owned' })
  const session = await rig.open({ servers: server.address(), timeoutMs: LONG_MS, auth })
  const stranger = await rig.open({ servers: server.address(), timeoutMs: LONG_MS })
  const nodes = await nodesOf(session, '/owned')
  expect(nodes).toHaveLength(8)
  const own = [{ permissions: PERMISSIONS.all, scheme: 'digest', id: digestId(USER, SERVER_PASSWORD) }]
  for (const node of nodes) {
    expect((await session.getAcl(node)).acl, node).toEqual(own)
    await expect(stranger.getData(node)).rejects.toThrow('NoAuth')
  }
  await member.close()
})

test('nodes are everybody’s only where that is said, and the log warns', async () => {
  await using rig = new ZooKeeperRig()
  const warnings: string[] = []
  const logger = { ...silentLogger, warn: (text: string) => warnings.push(text) }
  const opening = ZookeeperCoordinator.open(settings({ auth: [] }))
  await expect(opening).rejects.toThrow(ClusterSettingInvalidError)
  await expect(opening).rejects.toThrow(/this session has no identity/)
  const member = await filled({ cluster: 'open', auth: [], acl: 'anyone', logger })
  const stranger = await rig.open({ servers: server.address(), timeoutMs: LONG_MS })
  for (const node of await nodesOf(stranger, '/open')) {
    expect((await stranger.getAcl(node)).acl, node).toEqual(ACL_ANYONE)
  }
  expect(warnings).toEqual(['everybody who reaches the servers may read and change cluster "open" (acl: anyone)'])
  await member.close()
})

test('a chroot that is not there is said by name', async () => {
  const opening = ZookeeperCoordinator.open(settings({ servers: `${server.address()}/nowhere` }))
  await expect(opening).rejects.toThrow(ClusterSettingInvalidError)
  await expect(opening).rejects.toThrow(/nowhere: the node behind the servers \(chroot\) is not there/)
})

test('a server that leads the ensemble is killed: members keep what they own, and go on', async () => {
  const ensemble = await ZooKeeperEnsemble.start()
  try {
    const wish = settings({ servers: ensemble.addresses })
    const [a, b] = await Promise.all(
      ['a', 'b'].map(async (memberId) => {
        const member = await ZookeeperCoordinator.open({ ...wish, memberId })
        await member.join('')
        return member
      }),
    )
    if (a === undefined || b === undefined) throw new Error('two members are expected')
    const term = (await a.campaign()) ?? 0n
    const { revision, assignment } = await a.readAssignment()
    const next = assign([a, b], assignment)
    const claiming = await a.claim(0, 1)
    if (claiming.outcome !== 'claimed') throw new Error(claiming.outcome)
    await (await ensemble.leader()).kill()
    await until('it is stored', async () => (await claiming.claim.writeCheckpoint(Buffer.from('1'))) === 'ok')
    const outcomes: string[] = []
    await until('the assignment is written', async () => {
      const written = await a.writeAssignment(next, { revision, term }).catch(() => undefined)
      if (written !== undefined) outcomes.push(written.outcome)
      return outcomes.length > 0
    })
    expect(outcomes).toEqual(['written'])
    await until('b is back', () => b.state === 'connected')
    expect((await b.readAssignment()).assignment).toEqual(next)
    expect((await b.claim(0, 2)).outcome).toBe('held')
    await Promise.all([a.close(), b.close()])
  } finally {
    await ensemble.destroy()
  }
})
