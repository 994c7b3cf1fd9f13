import { type AesopError } from '@aesop/kernel'
import { type LogicalSource } from '@aesop/event'
import { type ChangeEvent, type EventConsumer, type Result } from './consumer.ts'
import { type ChangeEventJson, eventToJson } from './event-json.ts'
import { RowEvent } from './row-event.ts'
import { type EventSchema } from './source-catalogue.ts'

/** A change of a row of MySQL or MariaDB: what the annotations of its schema add. */
export interface MysqlChangeEvent extends ChangeEvent {
  /** Namespace of the schema, which the schema generator sets to the database. */
  readonly database: string
  readonly table: string
  /** Names of the primary key's columns with their values, in the key's order; empty without one. */
  readonly primaryKey: Readonly<Record<string, unknown>>
  /** Type of each column as the server names it (`int unsigned`), where the schema says so. */
  readonly columnTypes: Readonly<Record<string, string>>
  copy(): MysqlChangeEvent
}

/** Adds what MySQL knows of a table to an event; reads nothing before it is asked. */
class MysqlRowEvent implements MysqlChangeEvent {
  readonly #event: ChangeEvent
  readonly #facts: TableFacts

  constructor(event: ChangeEvent, facts: TableFacts) {
    this.#event = event
    this.#facts = facts
  }

  get scn(): bigint {
    return this.#event.scn
  }
  get opcode(): ChangeEvent['opcode'] {
    return this.#event.opcode
  }
  get key(): bigint | string {
    return this.#event.key
  }
  get source(): LogicalSource {
    return this.#event.source
  }
  get timestampNanos(): bigint {
    return this.#event.timestampNanos
  }
  get partition(): ChangeEvent['partition'] {
    return this.#event.partition
  }
  get schema(): ChangeEvent['schema'] {
    return this.#event.schema
  }
  get bytes(): Uint8Array {
    return this.#event.bytes
  }
  get row(): Readonly<Record<string, unknown>> {
    return this.#event.row
  }
  get database(): string {
    return this.#facts.database
  }
  get table(): string {
    return this.#facts.table
  }
  get primaryKey(): Readonly<Record<string, unknown>> {
    const row = this.#event.row
    return Object.fromEntries(this.#facts.primaryKey.map(({ column, field }) => [column, row[field]]))
  }
  get columnTypes(): Readonly<Record<string, string>> {
    return this.#facts.columnTypes
  }

  toJSON(): ChangeEventJson {
    return eventToJson(this)
  }

  copy(): MysqlChangeEvent {
    return new MysqlRowEvent(this.#event.copy(), this.#facts)
  }
}

interface TableFacts {
  readonly database: string
  readonly table: string
  readonly primaryKey: readonly { readonly column: string; readonly field: string }[]
  readonly columnTypes: Readonly<Record<string, string>>
}

/** The base of consumers of MySQL tables: write `processEvent`, and any other callback as it is needed. */
export abstract class MysqlEventConsumer implements EventConsumer {
  readonly #facts = new WeakMap<EventSchema, TableFacts>()

  /** @param signal as for every callback of `EventConsumer` */
  abstract processEvent(event: MysqlChangeEvent, signal: AbortSignal): Result

  onDataEvent(event: ChangeEvent, signal: AbortSignal): Result {
    return this.processEvent(new MysqlRowEvent(event, this.#factsOf(event)), signal)
  }

  onBootstrapEvent(event: ChangeEvent, signal: AbortSignal): Result {
    return this.onDataEvent(event, signal)
  }

  onError?(error: AesopError, signal: AbortSignal): Result

  #factsOf(event: ChangeEvent): TableFacts {
    // An event of the user's own making, in a test, has no schema to look at.
    if (!(event instanceof RowEvent)) return factsOfName(event.source.name)
    const schema = event.eventSchema
    let facts = this.#facts.get(schema)
    if (facts === undefined) {
      facts = factsOf(schema)
      this.#facts.set(schema, facts)
    }
    return facts
  }
}

function factsOf(schema: EventSchema): TableFacts {
  const record = schema.record
  const named = factsOfName(schema.source.name)
  const columnOf = (field: string): string =>
    record.fields.find(({ name }) => name === field)?.meta['dbFieldName'] ?? field
  return {
    database: record.namespace ?? named.database,
    table: record.meta['dbFieldName'] ?? record.name,
    primaryKey: record.primaryKey.map((field) => ({ column: columnOf(field), field })),
    columnTypes: Object.freeze(
      Object.fromEntries(
        record.fields.flatMap(({ name, meta }) => {
          const type = meta['dbFieldType']
          return type === undefined ? [] : [[meta['dbFieldName'] ?? name, type] as const]
        }),
      ),
    ),
  }
}

/** A logical source is called `<database>.<table>` unless somebody named it otherwise. */
function factsOfName(source: string): TableFacts {
  const dot = source.lastIndexOf('.')
  return {
    database: dot < 0 ? '' : source.slice(0, dot),
    table: source.slice(dot + 1),
    primaryKey: [],
    columnTypes: Object.freeze({}),
  }
}
