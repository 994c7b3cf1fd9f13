import { type Quarantine } from './quarantine.ts'

/** How far a producer has come: one record, written whole or not at all. */
export interface MaxScn {
  readonly scn: bigint
  /** Milliseconds since 1970. */
  readonly savedAtMs: number
  /** Opaque to the store: the producer's own coordinates (file, position, GTID set, server identity); JSON data. */
  readonly position?: unknown
  /** The SCN space that `scn` is of; left out: a former version, or somebody by hand, has stored the record. */
  readonly scnSpace?: string
  /** Rows that are left out of the stream; left out: none. */
  readonly quarantines?: readonly Quarantine[]
}

/**
 * Keeps the record of one physical source; at once or with a promise, as a `CheckpointStore` does, and with the same contract:
 * no two calls overlap, a call that answers at once holds up the process, one that rejects must have no effect later.
 */
export interface MaxScnStore {
  /** Awaited before a source starts. @throws MaxScnUnreadableError, or rejects with it, when something is there that can't be read: never "no SCN" */
  load(): MaxScn | undefined | Promise<MaxScn | undefined>
  /** Keeps it, whole or not at all: after a crash at any moment `load` gives this record or the one before. */
  save(maxScn: MaxScn): void | Promise<void>
}

/** Notes with each record that its SCN is of one SCN space. */
export class ScnSpaceKeeper implements MaxScnStore {
  readonly scnSpace: string
  readonly #store: MaxScnStore

  constructor(store: MaxScnStore, scnSpace: string) {
    this.#store = store
    this.scnSpace = scnSpace
  }

  load(): MaxScn | undefined | Promise<MaxScn | undefined> {
    return this.#store.load()
  }

  save(maxScn: MaxScn): void | Promise<void> {
    return this.#store.save({ ...maxScn, scnSpace: this.scnSpace })
  }
}
