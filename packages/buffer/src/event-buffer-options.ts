import { type EventVersion } from '@aesop/event'
import { SegmentPool } from './segment-pool.ts'
import { segmentBytesFor } from './segment-size.ts'
import { type SegmentStore } from './segment-store.ts'

export interface EventBufferOptions {
  /** Sum of the segments, in bytes. */
  readonly maxBytes: number
  /** Written into every event. */
  readonly physicalPartition: number
  /** Layout of the events. Default 1. */
  readonly eventVersion?: EventVersion
  /**
   * The SCN after which windows are still needed: while one of them would have to go to make room, a writer is asked to
   * wait. Asked only when the buffer is full. Undefined, or left out: none is, and the oldest window makes room.
   */
  readonly neededAfterScn?: () => bigint | undefined
  /** Of segments in memory; left out: derived from `maxBytes`. */
  readonly segmentBytes?: number
  /** Where segments come from; left out: memory that is used again. A store serves one buffer. */
  readonly store?: SegmentStore
  /** A promise until what else is to keep the windows that are closed by now has them safe; left out: nothing is. */
  readonly durableBeside?: () => Promise<void> | undefined
}

/** The store that the options give, or memory. */
export function storeOf({ store, maxBytes, segmentBytes }: EventBufferOptions): SegmentStore {
  if (store !== undefined) return store
  const bytes = segmentBytes ?? segmentBytesFor(maxBytes)
  return new SegmentPool(bytes, maxBytes, Math.max(Math.floor(maxBytes / 4), 2 * bytes))
}
