import { avroNormalForm } from './avro-normal-form.ts'
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
    const normal = normalTextOf(text)
    return this.known(source, normal) ?? this.add(source, (this.latest(source)?.version ?? 0) + 1, normal)
  }

  /** The newest version of the source with the normal form of this text. */
  known(source: string, text: string): RegisteredSchema | undefined {
    const idHex = schemaIdOf(text).toString('hex')
    return this.versions(source).findLast((schema) => schema.idHex === idHex)
  }

  /** Keeps the text under a version that is given, as a file's name gives it. @throws SchemaInvalidError */
  add(source: string, version: number, text: string): RegisteredSchema {
    const schema = makeSchema(source, version, text)
    const versions = [...this.versions(source), schema].sort((a, b) => a.version - b.version)
    this.#bySource.set(source, versions.filter(isLastOfItsKind))
    this.#byId.set(schema.idHex, schema)
    return schema
  }
}

/** Versions in a row that have one normal form are one: the last of them. */
function isLastOfItsKind({ idHex }: RegisteredSchema, i: number, versions: readonly RegisteredSchema[]): boolean {
  return versions[i + 1]?.idHex !== idHex
}

/** What is kept of a text that is registered: its normal form, where it has one. */
export function normalTextOf(text: string): string {
  return avroNormalForm(text) ?? text
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
