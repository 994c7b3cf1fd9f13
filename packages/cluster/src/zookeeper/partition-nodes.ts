import { isRefused } from '@aesop/zookeeper'
import { type Wait } from '../coordinator.ts'
import { type PartitionRecord, readRecord, recordBytes } from '../partition-record.ts'
import { type ClusterHome } from './cluster-home.ts'

/** A record, and the version that a write has to ask for so that it is refused where somebody else wrote. */
export interface VersionedRecord {
  readonly record: PartitionRecord
  readonly version: number
}

/** The records of partitions. */
export class PartitionNodes {
  readonly #home: ClusterHome

  constructor(home: ClusterHome) {
    this.#home = home
  }

  /** Current when it is asked; undefined: nobody has claimed the partition yet. */
  async read(partition: number, wait: Wait): Promise<VersionedRecord | undefined> {
    const { session, paths } = this.#home
    const path = paths.checkpoint(partition)
    try {
      const [, { data, stat }] = await Promise.all([session.sync(path, wait), session.getData(path, wait)])
      return { record: readRecord(data, path), version: stat.version }
    } catch (error) {
      if (isRefused(error, 'NoNode')) return undefined
      throw error
    }
  }

  /**
   * @param version of the record that it takes the place of; undefined: there is none
   * @returns the new version, or undefined where somebody else wrote
   */
  async write(
    partition: number,
    record: PartitionRecord,
    version: number | undefined,
    wait: Wait,
  ): Promise<number | undefined> {
    const { session, paths, acl } = this.#home
    const path = paths.checkpoint(partition)
    const bytes = recordBytes(record)
    try {
      if (version !== undefined) return (await session.setData(path, bytes, { version, ...wait })).version
      return (await session.create(path, bytes, { acl, ...wait })).stat.version
    } catch (error) {
      if (isRefused(error, 'BadVersion') || isRefused(error, 'NodeExists') || isRefused(error, 'NoNode')) {
        return undefined
      }
      throw error
    }
  }
}
