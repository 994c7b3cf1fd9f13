/** What is asked of a table. */
export interface SnapshotRequest {
  /** Name of the logical source. */
  readonly source: string
  /** The `next` of the chunk before; left out: the table is begun. */
  readonly after?: string | undefined
  /** Rows of a chunk at most, from 1 on; a chunk may have fewer, also none, before the table's end. */
  readonly maxRows: number
  /** A condition in the source's own language, which the operator gave: rows for which it does not hold are left out. */
  readonly where?: string | undefined
}

/** Some rows of a table, as they were while they were read. `producer/SPEC.md` has the rules. */
export interface SnapshotChunk {
  /** Whole events of the version that the source's windows have, each an UPSERT at `atScn`, in the order of the key, sealed; no end of a window. */
  readonly bytes: Buffer
  readonly rows: number
  /** Every change of these rows at or below it is in the chunk. It may lie between two windows. */
  readonly atScn: bigint
  /** What the chunk has beyond `atScn` was changed at or below it: whoever has followed the stream up to here has it all. */
  readonly visibleScn: bigint
  /** Where the next chunk begins; left out: the table is at its end. */
  readonly next?: string
  /** How long the database took to give its rows, in milliseconds; left out: nobody has measured it. */
  readonly readMs?: number
}

/** What is known of a table before it is read. */
export interface SnapshotTable {
  readonly source: string
  /** Columns by whose order the table is read; empty: it has no key, and is read as one. */
  readonly key: readonly string[]
  /** Whether the chunks of the table hang on each other: they have one `atScn`, and a cursor dies with its process or after a while. */
  readonly isKeyless: boolean
  /** An estimate, often wrong by half; undefined: the source has none. */
  readonly estimatedRows: number | undefined
  /** Text of the schema that the events have now. */
  readonly schema: string
}

/**
 * Reads rows of a source's tables as they are, in the form that its stream has them, while that goes on. Chunks of a table with a
 * key may be read at any time, in any order, again, and several at once.
 */
export interface SnapshotReader {
  /** @throws AesopError by name where the table can't be read, or the source can't be asked now */
  describe(source: string): Promise<SnapshotTable>
  /** @throws AesopError, whose `canRetry` says whether the same chunk may be had later */
  readChunk(request: SnapshotRequest, signal: AbortSignal): Promise<SnapshotChunk>
}
