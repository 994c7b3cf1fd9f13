import { type AesopError } from '@aesop/kernel'
import { type LogicalSource } from '@aesop/event'
import { type ChangeEvent, type EventConsumer, type Result } from './consumer.ts'
import { type ChangeEventJson, eventToJson } from './event-json.ts'
import { factsOfName, type TableFacts } from '@aesop/schema'

/** A change of a row of a table: what the annotations of its schema add. */
export interface TableChangeEvent extends ChangeEvent {
  /** Namespace of the schema, which the schema generator sets to the database. */
  readonly database: string
  readonly table: string
  /** Names of the primary key's columns with their values, in the key's order; empty without one. */
  readonly primaryKey: Readonly<Record<string, unknown>>
  /** Type of each column as the server names it (`int unsigned`), where the schema says so. */
  readonly columnTypes: Readonly<Record<string, string>>
  copy(): TableChangeEvent
}

/** Adds what is known of its table to an event; reads nothing before it is asked. */
class TableRowEvent implements TableChangeEvent {
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
  get keyBytes(): Uint8Array | undefined {
    return this.#event.keyBytes
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
    return this.#facts.name
  }
  get primaryKey(): Readonly<Record<string, unknown>> {
    const row = this.#event.row
    const { primaryKey, columns } = this.#facts
    const nameOf = (field: string): string => columns.find((column) => column.field === field)?.name ?? field
    return Object.fromEntries(primaryKey.map((field) => [nameOf(field), row[field]]))
  }
  get columnTypes(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.#facts.columns.flatMap(({ name, type }) => (type === undefined ? [] : [[name, type]])),
    )
  }

  toJSON(): ChangeEventJson {
    return eventToJson(this)
  }

  copy(): TableChangeEvent {
    return new TableRowEvent(this.#event.copy(), this.#facts)
  }
}

/** The base of consumers of tables: write `processEvent`, and any other callback as it is needed. */
export abstract class TableEventConsumer implements EventConsumer {
  /** @param signal as for every callback of `EventConsumer` */
  abstract processEvent(event: TableChangeEvent, signal: AbortSignal): Result

  onDataEvent(event: ChangeEvent, signal: AbortSignal): Result {
    return this.processEvent(new TableRowEvent(event, factsOf(event)), signal)
  }

  onBootstrapEvent(event: ChangeEvent, signal: AbortSignal): Result {
    return this.onDataEvent(event, signal)
  }

  onError?(error: AesopError, signal: AbortSignal): Result
}

/** The event may be of another copy of this package than the consumer that extends the class above: its data tell all. */
function factsOf(event: ChangeEvent): TableFacts {
  return event.schema.table ?? factsOfName(event.source.name)
}
