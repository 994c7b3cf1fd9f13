import { Checkpoint } from './checkpoint.ts'
import { formatJson } from '@aesop/kernel'

/**
 * How far a consumer is that is being bootstrapped, as Databus' checkpoint has it. Its sources are read one after the other: the snapshot of
 * one, and then the log of each up to it.
 */
export interface BootstrapPlace {
  readonly phase: 'snapshot' | 'catchup'
  /** What the consumer had when the bootstrap began; 0n: nothing. */
  readonly sinceScn: bigint
  /** What the snapshot has and the log goes on from; −1n: not asked for yet. */
  readonly startScn: bigint
  /** Where the log of this round ends; −1n: not asked for yet. */
  readonly targetScn: bigint
  /** Of the source whose snapshot is read, or was read last, and its place among the sources. */
  readonly snapshotSource: string
  readonly snapshotIndex: number
  /** Id of the last row of it; −1n in a catch-up. */
  readonly snapshotOffset: bigint
  /** Of the source whose log is read. */
  readonly catchupSource: string
  readonly catchupIndex: number
  /** The window of the last event of the log, and its ordinal; a catch-up begins at startScn and 0n. */
  readonly windowScn: bigint
  readonly windowOffset: bigint
  /** `host:port` of the server that has this place; undefined: none yet. */
  readonly server?: string | undefined
  /** Ours: id of the store of that server; undefined: it has not said. */
  readonly storeId?: string | undefined
  readonly scnSpace?: string | undefined
}

/** @returns undefined of a checkpoint of another mode */
export function bootstrapPlaceOf(checkpoint: Checkpoint): BootstrapPlace | undefined {
  const { mode, others, windowScn, windowOffset, snapshotOffset, scnSpace } = checkpoint
  if (!checkpoint.isOfBootstrap) return undefined
  const scn = (key: string): bigint => BigInt((others[key] as bigint | number | undefined) ?? -1)
  const index = (key: string): number => Number((others[key] as bigint | number | undefined) ?? 0)
  const text = (key: string): string => (typeof others[key] === 'string' ? others[key] : '')
  return {
    phase: mode === 'BOOTSTRAP_SNAPSHOT' ? 'snapshot' : 'catchup',
    sinceScn: scn('bootstrap_since_scn'),
    startScn: scn('bootstrap_start_scn'),
    targetScn: scn('bootstrap_target_scn'),
    snapshotSource: text('snapshot_source'),
    snapshotIndex: index('bootstrap_snapshot_source_index'),
    snapshotOffset,
    catchupSource: text('catchup_source'),
    catchupIndex: index('bootstrap_catchup_source_index'),
    windowScn,
    windowOffset,
    server: text('bootstrap_server_info') || undefined,
    storeId: text('bootstrap_store_id') || undefined,
    scnSpace,
  }
}

/** @throws CheckpointInvalidError when it breaks a rule of its mode */
export function bootstrapCheckpoint(place: BootstrapPlace): Checkpoint {
  const { server, storeId, scnSpace } = place
  return Checkpoint.parse(
    formatJson({
      consumption_mode: place.phase === 'snapshot' ? 'BOOTSTRAP_SNAPSHOT' : 'BOOTSTRAP_CATCHUP',
      windowScn: place.windowScn,
      prevScn: -1,
      windowOffset: place.windowOffset,
      snapshot_offset: place.snapshotOffset,
      ...(scnSpace === undefined ? {} : { scnSpace }),
      snapshot_source: place.snapshotSource,
      bootstrap_snapshot_source_index: place.snapshotIndex,
      catchup_source: place.catchupSource,
      bootstrap_catchup_source_index: place.catchupIndex,
      bootstrap_since_scn: place.sinceScn,
      bootstrap_start_scn: place.startScn,
      bootstrap_target_scn: place.targetScn,
      ...(server === undefined ? {} : { bootstrap_server_info: server }),
      ...(storeId === undefined ? {} : { bootstrap_store_id: storeId }),
    }),
  )
}
