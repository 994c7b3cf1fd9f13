import { type Quarantine } from './quarantine.ts'

/** How far a producer has come: one record, written whole or not at all. */
export interface MaxScn {
  readonly scn: bigint
  /** Milliseconds since 1970. */
  readonly savedAtMs: number
  /** Opaque to the store: the producer's own coordinates (file, position, GTID set, server identity); JSON data. */
  readonly position?: unknown
  /** Rows that are left out of the stream; left out: none. */
  readonly quarantines?: readonly Quarantine[]
}

export interface MaxScnStore {
  /** @throws MaxScnUnreadableError when something is there that can't be read: never "no SCN" */
  load(): MaxScn | undefined
  save(maxScn: MaxScn): void
}
