/** One version of the schema of a logical source. */
export interface RegisteredSchema {
  /** MD5 of the normal form of `text`, 16 bytes: what events carry. */
  readonly id: Buffer
  readonly idHex: string
  /** Name of the logical source. */
  readonly source: string
  /** 1, 2, 3 … within the source. */
  readonly version: number
  /** The Avro schema as its file has it; what `register` keeps is in normal form. */
  readonly text: string
}

/** Rows of this SCN and above have this version, up to the next span. */
export interface SchemaSpan {
  readonly sinceScn: bigint
  readonly version: number
}

/**
 * The schemas of a relay. Texts with one normal form are one schema: registering one of a known version again returns
 * that version, and of two files in a row the later one counts. A schema is on disk before `register` returns.
 */
export interface SchemaRegistry {
  /** How often versions were registered since the registry was opened. */
  readonly revision: number
  /** All versions of a source, oldest first; empty when there is none. The highest number is the newest shape. */
  versions(source: string): readonly RegisteredSchema[]
  /** From which SCN on each version held, ascending; a version that was there before this was kept may be in none. */
  history(source: string): readonly SchemaSpan[]
  latest(source: string): RegisteredSchema | undefined
  byId(idHex: string): RegisteredSchema | undefined
  /** The `revision` with which the newest version of a source came; 0: it was there at first, or there is none. */
  revisionOf(source: string): number
  /**
   * Rows of the SCN `sinceScn` and above have this shape. An older shape that comes late takes the next number, and the newest
   * is listed once more above it. Without an SCN a known text is the version that it is, and another one is the newest.
   * @throws SchemaInvalidError when the text is no Avro record schema
   * @throws SchemaRegistryUnwritableError when it can't be kept
   */
  register(source: string, text: string, sinceScn?: bigint): RegisteredSchema
  /**
   * Takes a schema over from another registry, with its version and its text as it is there. One that is here already stays.
   * @throws SchemaInvalidError when the text is no Avro record schema
   * @throws SchemaVersionTakenError when that version is another schema here
   * @throws SchemaRegistryUnwritableError when it can't be kept
   */
  takeOver(source: string, version: number, text: string): RegisteredSchema
  /** The SCNs of the source begin anew: what was kept of them means nothing any more. The versions stay. */
  forgetHistory(source: string): void
}
