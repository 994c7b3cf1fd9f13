import { EventView, type LogicalSource, type Opcode } from '@aesop/event'
import { type ChangeEvent, type ChangeSchema } from './consumer.ts'
import { type ChangeEventJson, eventToJson } from './event-json.ts'
import { type EventSchema } from './source-catalogue.ts'

/**
 * The event that consumers get: one object, moved from event to event, that reads fields from the relay's bytes when
 * asked for them. It and its bytes are valid during the callback; `copy()` keeps them.
 */
export class RowEvent implements ChangeEvent {
  readonly #view = new EventView()
  #schema: EventSchema
  #row: Readonly<Record<string, unknown>> | undefined

  constructor(bytes: Buffer, offset: number, schema: EventSchema) {
    this.#view.moveTo(bytes, offset)
    this.#schema = schema
  }

  moveTo(bytes: Buffer, offset: number, schema: EventSchema): this {
    this.#view.moveTo(bytes, offset)
    this.#schema = schema
    this.#row = undefined
    return this
  }

  get scn(): bigint {
    return this.#view.scn
  }
  get opcode(): Opcode {
    // An event without an opcode is written by producers that know only changes to keep, as in Databus.
    return this.#view.opcode ?? 'UPSERT'
  }
  get key(): bigint | string {
    const key = this.#view.key
    const isBeyondLong = typeof key === 'bigint' && key < 0n && this.#schema.hasUnsignedKey
    return isBeyondLong ? BigInt.asUintN(64, key) : key
  }
  get keyBytes(): Uint8Array | undefined {
    return this.#view.hasByteKey ? this.#view.keyBytes : undefined
  }
  get source(): LogicalSource {
    return this.#schema.source
  }
  get timestampNanos(): bigint {
    return this.#view.timestampNanos
  }
  get partition(): { readonly physical: number; readonly logical: number } {
    return { physical: this.#view.physicalPartition, logical: this.#view.logicalPartition }
  }
  get schema(): ChangeSchema {
    return this.#schema
  }
  /** The schema with its text and annotations. */
  get eventSchema(): EventSchema {
    return this.#schema
  }
  get bytes(): Uint8Array {
    return this.#view.value
  }
  get row(): Readonly<Record<string, unknown>> {
    if (this.#row === undefined) {
      const view = this.#view
      this.#row = this.#schema.reader(view.bytes, view.valueOffset, view.end)
    }
    return this.#row
  }

  toJSON(): ChangeEventJson {
    return eventToJson(this)
  }

  copy(): RowEvent {
    return new RowEvent(this.#view.copy().bytes, 0, this.#schema)
  }
}
