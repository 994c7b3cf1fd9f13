/** One version of the schema of a logical source. */
export interface RegisteredSchema {
  /** MD5 of `text`, 16 bytes: what events carry. */
  readonly id: Buffer
  readonly idHex: string
  /** Name of the logical source. */
  readonly source: string
  /** 1, 2, 3 … within the source. */
  readonly version: number
  /** The Avro schema as it was registered; never reformatted, because its MD5 is its id. */
  readonly text: string
}

/**
 * The schemas of a relay. Registering the text of a known version again returns that version. A schema is on disk
 * before `register` returns.
 */
export interface SchemaRegistry {
  /** All versions of a source, oldest first; empty when there is none. */
  versions(source: string): readonly RegisteredSchema[]
  latest(source: string): RegisteredSchema | undefined
  byId(idHex: string): RegisteredSchema | undefined
  /** @throws SchemaInvalidError when the text is no Avro record schema */
  register(source: string, text: string): RegisteredSchema
}
