import { type EventView, type LogicalSource, SCHEMA_CHANGE_SOURCE, schemaIdWords } from '@aesop/event'
import { type SchemaRegistry, schemaIdOf, textIdOf } from '@aesop/schema'
import { type SourceSchema } from '@aesop/wire'

/** The schemas of one source: ids as events carry them, and the one that was met last. */
interface KnownIds {
  readonly name: string
  readonly byHex: Map<string, Int32Array>
  last: Int32Array | undefined
}

/** What events of a followed relay may name: all of it is registered here first, under the versions that it has there. */
export class UpstreamSchemas {
  readonly #registry: SchemaRegistry
  readonly #bySource: ReadonlyMap<number, KnownIds>

  constructor(registry: SchemaRegistry, sources: readonly LogicalSource[]) {
    this.#registry = registry
    this.#bySource = new Map(sources.map(({ id, name }) => [id, { name, byHex: new Map(), last: undefined }]))
  }

  /** @throws SchemaVersionTakenError, SchemaInvalidError, SchemaRegistryUnwritableError */
  take(schemas: readonly SourceSchema[]): void {
    // From the lowest number on, as they came there.
    for (const { id, version, schema } of [...schemas].sort((a, b) => a.version - b.version)) {
      const known = this.#bySource.get(id)
      if (known === undefined) continue
      // That of changes of tables is the platform's own, in each relay: only its texts have to be known.
      if (known.name === SCHEMA_CHANGE_SOURCE) this.#registry.register(known.name, schema)
      else this.#registry.takeOver(known.name, version, schema)
      for (const bytes of [schemaIdOf(schema), textIdOf(schema)])
        known.byHex.set(bytes.toString('hex'), schemaIdWords(bytes))
    }
  }

  /** Whether the source is one of ours. */
  hasSource(view: EventView): boolean {
    return this.#bySource.has(view.sourceId)
  }

  /** Whether the schema that the event names is registered. */
  knows(view: EventView): boolean {
    const known = this.#bySource.get(view.sourceId)
    if (known === undefined) return false
    if (known.last !== undefined && view.hasSchemaId(known.last)) return true
    const found = known.byHex.get(view.schemaId.toString('hex'))
    if (found !== undefined) known.last = found
    return found !== undefined
  }
}
