import { isSameOwner } from '../assignment.ts'
import { type ClaimResult, type Wait } from '../coordinator.ts'
import { type PartitionRecord } from '../partition-record.ts'
import { type ClusterHome } from './cluster-home.ts'
import { type Membership } from './membership.ts'
import { type PartitionNodes, type VersionedRecord } from './partition-nodes.ts'
import { ZookeeperClaim } from './zookeeper-claim.ts'

/** Makes a partition's record bear the own epoch, where nobody has a greater one and its former owner is silent. */
export class Claiming {
  readonly #home: ClusterHome
  readonly #nodes: PartitionNodes
  readonly #membership: Membership

  constructor(home: ClusterHome, nodes: PartitionNodes, membership: Membership) {
    this.#home = home
    this.#nodes = nodes
    this.#membership = membership
  }

  /** Looks again where somebody wrote between reading and writing: an owner that has not released yet, or another one that claims. */
  async claim(partition: number, epoch: number, wait: Wait): Promise<ClaimResult> {
    const { owner } = this.#home
    for (;;) {
      const there = await this.#nodes.read(partition, wait)
      const refusal = there === undefined ? undefined : await this.#refusalOf(there.record, epoch, wait)
      if (there !== undefined && refusal !== undefined) return { outcome: refusal, record: there.record }
      const record = { epoch, owner, isFree: false, checkpoint: there?.record.checkpoint }
      const version = await this.#versionOf(partition, there, record, wait)
      if (version === undefined) continue
      return {
        outcome: 'claimed',
        claim: new ZookeeperClaim({ home: this.#home, nodes: this.#nodes, partition, record, version }),
      }
    }
  }

  async #refusalOf(
    { epoch, owner, isFree }: PartitionRecord,
    wanted: number,
    wait: Wait,
  ): Promise<'fenced' | 'held' | undefined> {
    const isOwn = isSameOwner(owner, this.#home.owner)
    if (epoch > wanted || (epoch === wanted && !isOwn)) return 'fenced'
    if (isOwn || isFree) return undefined
    return (await this.#membership.isLive(owner, wait)) ? 'held' : undefined
  }

  /** Of the record once it is there; one that is there already is what an attempt of the own has written, whose answer was lost. */
  async #versionOf(
    partition: number,
    there: VersionedRecord | undefined,
    record: PartitionRecord,
    wait: Wait,
  ): Promise<number | undefined> {
    const isThere =
      there !== undefined &&
      there.record.epoch === record.epoch &&
      isSameOwner(there.record.owner, record.owner) &&
      !there.record.isFree
    return isThere ? there.version : this.#nodes.write(partition, record, there?.version, wait)
  }
}
