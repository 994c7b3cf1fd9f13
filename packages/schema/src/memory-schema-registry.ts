import { avroNormalForm } from './avro-normal-form.ts'
import { avroTypeOf } from './avro-type.ts'
import { SchemaVersionTakenError } from './errors.ts'
import { parseRecordSchema } from './record-schema.ts'
import { schemaIdOf } from './schema-id.ts'
import { type RegisteredSchema, type SchemaRegistry, type SchemaSpan } from './schema-registry.ts'
import { NO_SCHEMAS, planRegistration, type SourceSchemas, withVersions } from './source-schemas.ts'

/** Keeps what a registration adds, before anybody sees it; throws when it can't. */
export interface SchemaKeeper {
  readonly keep: (schema: RegisteredSchema) => void
  readonly keepHistory: (source: string, history: readonly SchemaSpan[]) => void
}

const NOTHING: SchemaKeeper = { keep: () => undefined, keepHistory: () => undefined }

/** Schemas in memory: for tests, and what `FileSchemaRegistry` keeps its files in. */
export class MemorySchemaRegistry implements SchemaRegistry {
  revision = 0
  readonly #keeper: SchemaKeeper
  readonly #bySource = new Map<string, SourceSchemas>()
  readonly #byId = new Map<string, RegisteredSchema>()
  readonly #revisions = new Map<string, number>()

  constructor(keeper: SchemaKeeper = NOTHING) {
    this.#keeper = keeper
  }

  versions(source: string): readonly RegisteredSchema[] {
    return this.#of(source).versions
  }

  history(source: string): readonly SchemaSpan[] {
    return this.#of(source).history
  }

  latest(source: string): RegisteredSchema | undefined {
    return this.versions(source).at(-1)
  }

  byId(idHex: string): RegisteredSchema | undefined {
    return this.#byId.get(idHex)
  }

  revisionOf(source: string): number {
    return this.#revisions.get(source) ?? 0
  }

  register(source: string, text: string, sinceScn?: bigint): RegisteredSchema {
    const before = this.#of(source)
    const known = before.versions.find((schema) => schema.text === text)
    const idHex = known?.idHex ?? schemaIdOf(text).toString('hex')
    // What is kept of a text is its normal form, where it has one.
    const make = (version: number): RegisteredSchema => makeSchema(source, version, avroNormalForm(text) ?? text)
    const { schema, added, next } = planRegistration(before, { idHex, sinceScn, make })
    for (const each of added) this.#keeper.keep(each)
    if (next.history !== before.history) this.#keeper.keepHistory(source, next.history)
    this.#bySource.set(source, next)
    for (const each of added) this.#byId.set(each.idHex, each)
    if (added.length > 0) this.#revisions.set(source, ++this.revision)
    return schema
  }

  takeOver(source: string, version: number, text: string): RegisteredSchema {
    const offered = makeSchema(source, version, text)
    const before = this.#of(source)
    const held = before.versions.find((schema) => schema.version === version)
    if (held?.idHex === offered.idHex) return held
    if (held !== undefined) throw new SchemaVersionTakenError(source, version, held.idHex, offered.idHex)
    this.#keeper.keep(offered)
    this.#bySource.set(source, withVersions(before, [offered]))
    this.#byId.set(offered.idHex, offered)
    this.#revisions.set(source, ++this.revision)
    return offered
  }

  forgetHistory(source: string): void {
    const { versions, history } = this.#of(source)
    if (history.length === 0) return
    this.#keeper.keepHistory(source, [])
    this.#bySource.set(source, { versions, history: [] })
  }

  /** Takes in what is kept already: a text under the version that its file's name gives. @throws SchemaInvalidError */
  add(source: string, version: number, text: string): void {
    const schema = makeSchema(source, version, text)
    this.#bySource.set(source, withVersions(this.#of(source), [schema]))
    this.#byId.set(schema.idHex, schema)
  }

  /** Takes in the history that is kept already. */
  addHistory(source: string, history: readonly SchemaSpan[]): void {
    this.#bySource.set(source, { versions: this.versions(source), history })
  }

  #of(source: string): SourceSchemas {
    return this.#bySource.get(source) ?? NO_SCHEMAS
  }
}

/** A schema with its id, proven to be a record that Avro accepts. @throws SchemaInvalidError */
function makeSchema(source: string, version: number, text: string): RegisteredSchema {
  parseRecordSchema(text, source)
  avroTypeOf(text, source)
  const id = schemaIdOf(text)
  return { id, idHex: id.toString('hex'), source, version, text }
}
