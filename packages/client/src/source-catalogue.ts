import { type EventView, type LogicalSource, schemaIdWords } from '@aesop/event'
import {
  compileRowReader,
  hasUnsignedKey,
  parseRecordSchema,
  type RecordSchema,
  type RowReader,
  schemaIdOf,
  type TableFacts,
  tableFactsOf,
  textIdOf,
} from '@aesop/schema'
import { type SourceSchema } from '@aesop/wire'
import { type ChangeSchema } from './consumer.ts'

/** One version of the schema of a source, as events name it. What it takes to read rows is made on first use. */
export class EventSchema implements ChangeSchema {
  readonly id: string
  readonly version: number
  readonly source: LogicalSource
  readonly text: string
  readonly #words: Int32Array
  #reader: RowReader | undefined
  #record: RecordSchema | undefined
  #table: TableFacts | undefined
  #hasUnsignedKey: boolean | undefined

  constructor(source: LogicalSource, schema: SourceSchema, id: Buffer) {
    this.id = id.toString('hex')
    this.version = schema.version
    this.source = source
    this.text = schema.schema
    this.#words = schemaIdWords(id)
    // Consumers get it with every event: what one of them writes must not change what the next one reads.
    Object.freeze(this)
  }

  /** Whether the event carries this schema's id. */
  isOf(view: EventView): boolean {
    return view.hasSchemaId(this.#words)
  }

  /** Decodes rows. @throws SchemaInvalidError on first use */
  get reader(): RowReader {
    this.#reader ??= compileRowReader(this.text)
    return this.#reader
  }

  /** @throws SchemaInvalidError on first use */
  get record(): RecordSchema {
    this.#record ??= parseRecordSchema(this.text, this.source.name)
    return this.#record
  }

  /** Whether long keys are the 64 bits of unsigned integers. @throws SchemaInvalidError on first use */
  get hasUnsignedKey(): boolean {
    this.#hasUnsignedKey ??= hasUnsignedKey(this.record)
    return this.#hasUnsignedKey
  }

  /** What its annotations say of the table. @throws SchemaInvalidError on first use */
  get table(): TableFacts {
    this.#table ??= tableFactsOf(this.source.name, this.record)
    return this.#table
  }
}

/** One subscribed source with every version of its schema. */
export class SubscribedSource {
  readonly source: LogicalSource
  readonly #schemas = new Map<string, EventSchema>()
  #last: EventSchema | undefined

  constructor(source: LogicalSource, schemas: readonly SourceSchema[]) {
    this.source = source
    this.learn(schemas)
  }

  /** Takes what the relay tells of its schemas; those that are known stay the objects that they are. */
  learn(schemas: readonly SourceSchema[]): void {
    for (const schema of schemas) {
      // Events of a relay of a former version carry the MD5 of the text itself.
      for (const id of [schemaIdOf(schema.schema), textIdOf(schema.schema)]) {
        const key = id.toString('hex')
        if (!this.#schemas.has(key)) this.#schemas.set(key, new EventSchema(this.source, schema, id))
      }
    }
  }

  /** The schema of the event; undefined when the relay did not tell of it. */
  schemaOf(view: EventView): EventSchema | undefined {
    if (this.#last?.isOf(view)) return this.#last
    const found = this.#schemas.get(view.schemaId.toString('hex'))
    if (found !== undefined) this.#last = found
    return found
  }
}

/** The sources of a registration as the relay in use knows them. */
export class SourceCatalogue {
  readonly #byId = new Map<number, SubscribedSource>()

  /**
   * A source that never had a row may have no schema yet: its first row makes one, and is no reason to wait now.
   * @param changesId the one of `sources` that tells of changes of tables, unless it is wanted as any other source
   */
  constructor(sources: readonly LogicalSource[], schemas: readonly SourceSchema[], changesId?: number) {
    this.changesId = changesId
    const byId = new Map<number, SourceSchema[]>(sources.map(({ id }) => [id, []]))
    for (const schema of schemas) byId.get(schema.id)?.push(schema)
    for (const { id, name } of sources) {
      this.#byId.set(id, new SubscribedSource(Object.freeze({ id, name }), byId.get(id) ?? []))
    }
  }

  /** Id of the source of the relay's own that tells of changes of tables; undefined: an older relay has none. */
  readonly changesId: number | undefined

  get ids(): number[] {
    return [...this.#byId.keys()]
  }

  /** Id of a source of this name. */
  idOf(name: string): number | undefined {
    for (const [id, { source }] of this.#byId) if (source.name === name) return id
    return undefined
  }

  source(id: number): SubscribedSource | undefined {
    return this.#byId.get(id)
  }
}
