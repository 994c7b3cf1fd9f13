import { randomUUID } from 'node:crypto'
import { silentLogger } from '@aesop/kernel'
import { ACL_ANYONE, ACL_CREATOR, type SessionState, ZooKeeperSession } from '@aesop/zookeeper'
import { type Assignment } from '../assignment.ts'
import {
  type AssignmentRead,
  type AssignmentWritten,
  type ClaimResult,
  type ClusterPart,
  type Coordinator,
  type CoordinatorState,
  type CoordinatorStatus,
  type Members,
  type Wait,
} from '../coordinator.ts'
import { OwnTime } from '../own-time.ts'
import { type PartitionRecord } from '../partition-record.ts'
import { AssignmentNode } from './assignment-node.ts'
import { ChangeHints } from './change-hints.ts'
import { Claiming } from './claiming.ts'
import { ClusterHome, waitOfAll } from './cluster-home.ts'
import { makeNodes } from './cluster-nodes.ts'
import { ClusterPaths } from './cluster-paths.ts'
import { checkCount, checkSettings, type ClusterSettings } from './cluster-settings.ts'
import { Leadership } from './leadership.ts'
import { Membership } from './membership.ts'
import { PartitionNodes } from './partition-nodes.ts'

/** A cluster whose members agree in ZooKeeper. */
export class ZookeeperCoordinator implements Coordinator {
  readonly memberId: string
  readonly incarnation = randomUUID()
  readonly numPartitions: number
  readonly #session: ZooKeeperSession
  readonly #time: OwnTime
  readonly #home: ClusterHome
  readonly #hints = new ChangeHints()
  readonly #membership: Membership
  readonly #leadership: Leadership
  readonly #assignment: AssignmentNode
  readonly #partitions: PartitionNodes
  readonly #claiming: Claiming
  readonly #listeners = new Set<(state: CoordinatorState) => void>()
  #state: CoordinatorState = 'connected'

  private constructor(settings: ClusterSettings, session: ZooKeeperSession) {
    this.memberId = settings.memberId
    this.numPartitions = settings.numPartitions
    this.#session = session
    this.#time = new OwnTime({
      ttlMs: () => session.negotiatedTimeoutMs,
      sessionUntil: () => session.validUntil(),
      over: () => {
        this.#moveTo('lost')
      },
    })
    this.#home = new ClusterHome({
      session,
      paths: new ClusterPaths(settings.cluster),
      acl: settings.acl === 'anyone' ? ACL_ANYONE : ACL_CREATOR,
      owner: { memberId: this.memberId, incarnation: this.incarnation },
      time: this.#time,
    })
    this.#membership = new Membership(this.#home)
    this.#leadership = new Leadership(this.#home)
    this.#assignment = new AssignmentNode(this.#home)
    this.#partitions = new PartitionNodes(this.#home)
    this.#claiming = new Claiming(this.#home, this.#partitions, this.#membership)
    session.onState((state) => {
      this.#follow(state)
    })
  }

  /**
   * Finds the servers, makes what is missing of the cluster, and compares the number of partitions.
   * @throws ClusterSettingInvalidError, ClusterConfigDiffersError, ClusterUnavailableError, DocumentFormatNewerError, DocumentMalformedError, and errors of
   * the session
   */
  static async open(settings: ClusterSettings, asked: Wait = {}): Promise<ZookeeperCoordinator> {
    const wait = waitOfAll(asked)
    checkSettings(settings)
    warn(settings)
    const { servers, ttlMs, auth, tls } = settings
    const identity = { ...(auth === undefined ? {} : { auth }), ...(tls === undefined ? {} : { tls }) }
    const session = await ZooKeeperSession.open({ servers, timeoutMs: ttlMs, ...identity }, wait)
    const coordinator = new ZookeeperCoordinator(settings, session)
    try {
      await coordinator.#begin(settings, wait)
    } catch (error) {
      await coordinator.close()
      throw error
    }
    return coordinator
  }

  async #begin(settings: ClusterSettings, wait: Wait): Promise<void> {
    const { session, paths } = this.#home
    await this.#home.ask(`opening cluster "${settings.cluster}"`, wait, async () => {
      await makeNodes(this.#home, settings, wait)
      await this.#hints.watch(session, paths, wait)
    })
  }

  get negotiatedTtlMs(): number {
    return this.#session.negotiatedTimeoutMs
  }

  get state(): CoordinatorState {
    this.validUntil()
    return this.#state
  }

  validUntil(): number {
    return this.#time.untilMs
  }

  onState(listener: (state: CoordinatorState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  onChange(listener: (part: ClusterPart) => void): () => void {
    return this.#hints.onChange(listener)
  }

  join(record: string, asked: Wait = {}): Promise<void> {
    return this.#home.ask('join', asked, (wait) => this.#membership.join(record, wait))
  }

  leave(asked: Wait = {}): Promise<void> {
    return this.#home.ask('leave', asked, async (wait) => {
      await this.#leadership.resign(wait)
      await this.#membership.leave(wait)
    })
  }

  members(asked: Wait = {}): Promise<Members> {
    return this.#home.ask('members', asked, (wait) => this.#membership.members(wait))
  }

  campaign(asked: Wait = {}): Promise<bigint | undefined> {
    return this.#home.ask('campaign', asked, (wait) => {
      this.#membership.check('campaign')
      return this.#leadership.campaign(wait)
    })
  }

  resign(asked: Wait = {}): Promise<void> {
    return this.#home.ask('resign', asked, (wait) => this.#leadership.resign(wait))
  }

  readAssignment(asked: Wait = {}): Promise<AssignmentRead> {
    return this.#home.ask('reading the assignment', asked, (wait) => this.#assignment.read(wait))
  }

  writeAssignment(
    assignment: Assignment,
    expected: { readonly revision: number; readonly term: bigint },
    asked: Wait = {},
  ): Promise<AssignmentWritten> {
    return this.#home.ask('writing the assignment', asked, async (wait) =>
      expected.term === this.#leadership.term
        ? this.#assignment.write(assignment, expected, wait)
        : { outcome: 'deposed' },
    )
  }

  claim(partition: number, epoch: number, asked: Wait = {}): Promise<ClaimResult> {
    return this.#home.ask(`claim of partition ${partition}`, asked, (wait) => {
      this.#membership.check(`claim of partition ${partition}`)
      this.#checkPartition(partition)
      checkCount('epoch', epoch, 1, Number.MAX_SAFE_INTEGER)
      return this.#claiming.claim(partition, epoch, wait)
    })
  }

  readCheckpoint(partition: number, asked: Wait = {}): Promise<PartitionRecord | undefined> {
    return this.#home.ask(`reading the checkpoint of partition ${partition}`, asked, async (wait) => {
      this.#checkPartition(partition)
      return (await this.#partitions.read(partition, wait))?.record
    })
  }

  status(): CoordinatorStatus {
    return {
      state: this.state,
      negotiatedTtlMs: this.negotiatedTtlMs,
      validForMs: this.#time.leftMs,
      isMember: this.#membership.isMember && this.#state !== 'lost' && this.#state !== 'closed',
      term: this.#leadership.term,
      lastError: this.#session.lastError,
    }
  }

  async close(): Promise<void> {
    this.#time.end()
    this.#hints.end()
    this.#moveTo('closed')
    await this.#session.close()
  }

  #checkPartition(partition: number): void {
    checkCount('partition', partition, 0, this.numPartitions - 1)
  }

  #follow(state: SessionState): void {
    if (this.#time.untilMs === -Infinity) return
    if (state === 'connected' || state === 'suspended') this.#moveTo(state)
  }

  #moveTo(state: CoordinatorState): void {
    if (this.#state === state || this.#state === 'closed') return
    this.#state = state
    if (state === 'lost' || state === 'closed') this.#leadership.end()
    for (const listener of this.#listeners) listener(state)
  }
}

function warn({ acl, cluster, logger = silentLogger }: ClusterSettings): void {
  if (acl !== 'anyone') return
  logger.warn(`everybody who reaches the servers may read and change cluster "${cluster}" (acl: anyone)`, { cluster })
}
