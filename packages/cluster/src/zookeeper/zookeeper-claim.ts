import { isSameOwner } from '../assignment.ts'
import { type CheckpointWritten, type Claim, type Wait } from '../coordinator.ts'
import { ClusterUnavailableError } from '../errors.ts'
import { NewestWrite } from '../newest-write.ts'
import { checkCheckpoint, type PartitionRecord } from '../partition-record.ts'
import { type ClusterHome } from './cluster-home.ts'
import { type PartitionNodes } from './partition-nodes.ts'

interface ZookeeperClaimOptions {
  readonly home: ClusterHome
  readonly nodes: PartitionNodes
  readonly partition: number
  /** As the claim has written it. */
  readonly record: PartitionRecord
  readonly version: number
}

interface Write {
  /** undefined: what is stored stays. */
  readonly bytes: Uint8Array | undefined
  readonly isFree: boolean
  readonly wait: Wait
}

export class ZookeeperClaim implements Claim {
  readonly partition: number
  readonly checkpoint: Uint8Array | undefined
  readonly #home: ClusterHome
  readonly #nodes: PartitionNodes
  readonly #writes = new NewestWrite((write: Write) => this.#write(write))
  /** What this claim knows to be stored. */
  #record: PartitionRecord
  /** undefined: a write has no answer, or was refused, and the record is read before the next one. */
  #version: number | undefined
  #isOver = false
  /** What is to be stored, whether or not it is yet. */
  #newest: Uint8Array | undefined
  #isReleasing = false

  constructor({ home, nodes, partition, record, version }: ZookeeperClaimOptions) {
    this.#home = home
    this.#nodes = nodes
    this.partition = partition
    this.checkpoint = record.checkpoint
    this.#record = record
    this.#version = version
  }

  get epoch(): number {
    return this.#record.epoch
  }

  writeCheckpoint(bytes: Uint8Array, wait: Wait = {}): Promise<CheckpointWritten> {
    if (this.#isReleasing) return Promise.resolve('fenced')
    checkCheckpoint(bytes)
    this.#newest = bytes
    return this.#writes.put({ bytes, isFree: false, wait })
  }

  release(bytes = this.#newest, wait: Wait = {}): Promise<CheckpointWritten> {
    if (bytes !== undefined) checkCheckpoint(bytes)
    this.#newest = bytes
    this.#isReleasing = true
    return this.#writes.put({ bytes, isFree: true, wait })
  }

  async #write(write: Write): Promise<CheckpointWritten> {
    if (this.#isOver) return 'fenced'
    try {
      return await this.#home.ask(`checkpoint of partition ${this.partition}`, write.wait, (wait) =>
        this.#store({ ...write, wait }),
      )
    } catch (error) {
      if (error instanceof ClusterUnavailableError) return 'unknown'
      throw error
    }
  }

  async #store({ bytes, isFree, wait }: Write): Promise<CheckpointWritten> {
    for (;;) {
      const mustLook = this.#version === undefined
      if (mustLook && !(await this.#look(wait))) return 'fenced'
      const next = { ...this.#record, isFree, checkpoint: bytes ?? this.#record.checkpoint }
      const isThere = mustLook && isStored(this.#record, next)
      if (!isThere && !(await this.#put(next, wait))) continue
      this.#isOver = isFree
      return 'ok'
    }
  }

  /** false: somebody else wrote, and the record is to be read. */
  async #put(next: PartitionRecord, wait: Wait): Promise<boolean> {
    const version = this.#version
    this.#version = undefined
    this.#version = await this.#nodes.write(this.partition, next, version, wait)
    if (this.#version !== undefined) this.#record = next
    return this.#version !== undefined
  }

  /** false: it is of another owner. */
  async #look(wait: Wait): Promise<boolean> {
    const there = await this.#nodes.read(this.partition, wait)
    const { epoch, owner } = this.#record
    if (there?.record.epoch !== epoch || !isSameOwner(there.record.owner, owner)) {
      this.#isOver = true
      return false
    }
    this.#record = there.record
    this.#version = there.version
    return true
  }
}

/** Whether a write without an answer was carried out. */
function isStored(there: PartitionRecord, next: PartitionRecord): boolean {
  const [one, other] = [there.checkpoint, next.checkpoint]
  const isSame = one === other || (one !== undefined && other !== undefined && Buffer.compare(one, other) === 0)
  return isSame && there.isFree === next.isFree
}
