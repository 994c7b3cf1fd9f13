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

export interface MaxScnStore {
  /** @throws MaxScnUnreadableError when something is there that can't be read: never "no SCN" */
  load(): MaxScn | undefined
  save(maxScn: MaxScn): void
}

/** Notes with each record that its SCN is of one SCN space. */
export class ScnSpaceKeeper implements MaxScnStore {
  readonly scnSpace: string
  readonly #store: MaxScnStore

  constructor(store: MaxScnStore, scnSpace: string) {
    this.#store = store
    this.scnSpace = scnSpace
  }

  load(): MaxScn | undefined {
    return this.#store.load()
  }

  save(maxScn: MaxScn): void {
    this.#store.save({ ...maxScn, scnSpace: this.scnSpace })
  }
}
