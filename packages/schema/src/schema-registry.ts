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

/**
 * The schemas of a relay. Texts with one normal form are one schema: registering one of a known version again returns
 * that version, and of two files in a row the later one counts. A schema is on disk before `register` returns.
 */
export interface SchemaRegistry {
  /** All versions of a source, oldest first; empty when there is none. */
  versions(source: string): readonly RegisteredSchema[]
  latest(source: string): RegisteredSchema | undefined
  byId(idHex: string): RegisteredSchema | undefined
  /** @throws SchemaInvalidError when the text is no Avro record schema */
  register(source: string, text: string): RegisteredSchema
}
