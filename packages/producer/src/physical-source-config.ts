/** One table (or other stream of one schema) of a physical source. */
export interface LogicalSourceConfig {
  /** 1–32767; left out: `1 + crc32(name) % 32767`. */
  readonly id: number
  /** Name in the schema registry and towards clients; left out: the same as `uri`. */
  readonly name: string
  /** `<database>.<table>`. */
  readonly uri: string
  /** Only `constant:<n>` exists, as in Databus: the logical partition of every event. */
  readonly partitionFunction: string
}

/** Where a producer begins when nothing is stored. `scn`, `timestamp` and `gtid` are followed by `:<value>`. */
export type StartFrom = 'earliest' | 'latest' | `scn:${string}` | `timestamp:${string}` | `gtid:${string}`

/** A database (cluster) with one order of commits: the bean `PhysicalSourceConfig` of a descriptor. */
export interface PhysicalSourceConfig {
  /** Id of the physical partition, 1–32767; default 1. */
  readonly id: number
  /** Left out: derived from the URI, without its password. */
  readonly name: string
  /**
   * `mysql://<user>%2F<password>@<host>[:port]/<serverId>/<binlog prefix>`, or the usual
   * `mysql://<user>:<password>@<host>[:port]`; `binlog:<path of the index file>`; `memory:<name>`.
   */
  readonly uri: string
  readonly sources: readonly LogicalSourceConfig[]
  readonly startFrom?: StartFrom
  /** How long an unreachable server is tried at the first start; default 0: the start fails at once. */
  readonly startRetryMs: number
  /** What the keys of a table without a primary key are: `wholeRow` (default), or `refuse` to capture it. */
  readonly keyless: 'wholeRow' | 'refuse'
  /** Zero timestamps: `null` (default) makes TIMESTAMP a nullable long, `text` a string. */
  readonly zeroTimestamp: 'null' | 'text'
  /** Upper bound of one event, in bytes; default 64 MiB. */
  readonly largestEventSizeInBytes: number
}
