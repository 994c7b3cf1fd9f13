import { FIRST_BYTE_V2 } from './event-version.ts'
import * as v1 from './event-fields-v1.ts'
import * as v2 from './event-fields-v2.ts'
import type { Opcode } from './opcode.ts'

/**
 * A look at one event inside a larger buffer: no bytes are copied, fields are read when asked for. One view is moved
 * from event to event; whoever keeps an event keeps a `copy()`.
 */
export class EventView {
  bytes: Buffer
  /** Where the event begins in `bytes`. */
  offset: number
  /** Looked at when the view is moved, and not for each field: which layout the event has. */
  #isV2: boolean

  constructor(bytes: Buffer = Buffer.alloc(0), offset = 0) {
    this.bytes = bytes
    this.offset = offset
    this.#isV2 = bytes[offset] === FIRST_BYTE_V2
  }

  moveTo(bytes: Buffer, offset: number): this {
    this.bytes = bytes
    this.offset = offset
    this.#isV2 = bytes[offset] === FIRST_BYTE_V2
    return this
  }

  /** The same event in bytes of its own. */
  copy(): EventView {
    return new EventView(Buffer.from(this.bytes.subarray(this.offset, this.end)), 0)
  }

  get length(): number {
    return this.#isV2 ? v2.lengthAt(this.bytes, this.offset) : v1.lengthAt(this.bytes, this.offset)
  }
  /** Offset in `bytes` after the event. */
  get end(): number {
    return this.offset + this.length
  }
  get attributes(): number {
    return this.#isV2 ? v2.attributesAt(this.bytes, this.offset) : v1.attributesAt(this.bytes, this.offset)
  }
  get scn(): bigint {
    return this.#isV2 ? v2.scnAt(this.bytes, this.offset) : v1.scnAt(this.bytes, this.offset)
  }
  /** The low 32 bits of the SCN, signed: what is compared for every event makes no bigint. */
  get scnLow(): number {
    return this.#isV2 ? v2.scnLowAt(this.bytes, this.offset) : v1.scnLowAt(this.bytes, this.offset)
  }
  get physicalPartition(): number {
    return this.#isV2 ? v2.partitionAt(this.bytes, this.offset) : v1.physicalPartitionAt(this.bytes, this.offset)
  }
  get logicalPartition(): number {
    return this.#isV2 ? v2.partitionAt(this.bytes, this.offset) : v1.logicalPartitionAt(this.bytes, this.offset)
  }
  get timestampNanos(): bigint {
    return this.#isV2 ? v2.timestampNanosAt(this.bytes, this.offset) : v1.timestampNanosAt(this.bytes, this.offset)
  }
  get sourceId(): number {
    return this.#isV2 ? v2.sourceIdAt(this.bytes, this.offset) : v1.sourceIdAt(this.bytes, this.offset)
  }
  /** Control events (source id below 0) close windows and carry checkpoints; they are no row changes. */
  get isControl(): boolean {
    return this.sourceId < 0
  }
  get isEndOfPeriod(): boolean {
    return this.#isV2 ? v2.isEndOfPeriodAt(this.bytes, this.offset) : v1.isEndOfPeriodAt(this.bytes, this.offset)
  }
  /** Undefined for control events. */
  get opcode(): Opcode | undefined {
    return this.#isV2 ? v2.opcodeAt(this.bytes, this.offset) : v1.opcodeAt(this.bytes, this.offset)
  }
  /** Whether the change came to the source from elsewhere. */
  get isReplicated(): boolean {
    return this.#isV2 ? v2.isReplicatedAt(this.bytes, this.offset) : v1.isReplicatedAt(this.bytes, this.offset)
  }
  /** The 16 bytes of the schema id; a view. */
  get schemaId(): Buffer {
    return this.#isV2 ? v2.schemaIdAt(this.bytes, this.offset) : v1.schemaIdAt(this.bytes, this.offset)
  }
  /** Whether the event carries the schema id of these `schemaIdWords`. */
  hasSchemaId(words: Int32Array): boolean {
    return this.#isV2
      ? v2.hasSchemaIdAt(this.bytes, this.offset, words)
      : v1.hasSchemaIdAt(this.bytes, this.offset, words)
  }
  get hasByteKey(): boolean {
    return this.#isV2 ? v2.hasByteKeyAt(this.bytes, this.offset) : v1.hasByteKeyAt(this.bytes, this.offset)
  }
  /** A bigint for a long key, text for a byte key. */
  get key(): bigint | string {
    if (this.hasByteKey)
      return this.#isV2 ? v2.keyTextAt(this.bytes, this.offset) : v1.keyTextAt(this.bytes, this.offset)
    return this.#isV2 ? v2.longKeyAt(this.bytes, this.offset) : v1.longKeyAt(this.bytes, this.offset)
  }
  /** The bytes of a byte key; a view. */
  get keyBytes(): Buffer {
    return this.#isV2 ? v2.keyBytesAt(this.bytes, this.offset) : v1.keyBytesAt(this.bytes, this.offset)
  }
  /** Offset in `bytes` of the value's first byte; it ends at `end`. */
  get valueOffset(): number {
    return this.#isV2 ? v2.valueOffsetAt(this.bytes, this.offset) : v1.valueOffsetAt(this.bytes, this.offset)
  }
  /** The Avro value; a view. */
  get value(): Buffer {
    return this.bytes.subarray(this.valueOffset, this.end)
  }
}
