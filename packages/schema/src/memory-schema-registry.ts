import { avroTypeOf } from './avro-type.ts'
import { SchemaInvalidError } from './errors.ts'
import { parseRecordSchema } from './record-schema.ts'
import { schemaIdOf } from './schema-id.ts'
import { type RegisteredSchema, type SchemaRegistry } from './schema-registry.ts'

/** Schemas in memory: for tests, and what `FileSchemaRegistry` keeps its files in. */
export class MemorySchemaRegistry implements SchemaRegistry {
  readonly #bySource = new Map<string, RegisteredSchema[]>()
  readonly #byId = new Map<string, RegisteredSchema>()

  versions(source: string): readonly RegisteredSchema[] {
    return this.#bySource.get(source) ?? []
  }

  latest(source: string): RegisteredSchema | undefined {
    return this.versions(source).at(-1)
  }

  byId(idHex: string): RegisteredSchema | undefined {
    return this.#byId.get(idHex)
  }

  register(source: string, text: string): RegisteredSchema {
    const known = this.versions(source).find((schema) => schema.text === text)
    return known ?? this.add(source, (this.latest(source)?.version ?? 0) + 1, text)
  }

  /** Keeps the text under a version that is given, as a file's name gives it. @throws SchemaInvalidError */
  add(source: string, version: number, text: string): RegisteredSchema {
    const schema = makeSchema(source, version, text)
    const versions = this.#bySource.get(source) ?? []
    versions.push(schema)
    this.#bySource.set(
      source,
      versions.sort((a, b) => a.version - b.version),
    )
    this.#byId.set(schema.idHex, schema)
    return schema
  }
}

/** A schema with its id, proven to be a record that Avro accepts. @throws SchemaInvalidError */
export function makeSchema(source: string, version: number, text: string): RegisteredSchema {
  parseRecordSchema(text, source)
  try {
    avroTypeOf(text)
  } catch (error) {
    throw new SchemaInvalidError(source, error instanceof Error ? error.message : String(error), error)
  }
  const id = schemaIdOf(text)
  return { id, idHex: id.toString('hex'), source, version, text }
}
