import * as fields from './event-fields.ts'
import type { Opcode } from './opcode.ts'

/**
 * A look at one event inside a larger buffer: no bytes are copied, fields are read when asked for. One view is moved
 * from event to event; whoever keeps an event keeps a `copy()`.
 */
export class EventView {
  bytes: Buffer
  /** Where the event begins in `bytes`. */
  offset: number

  constructor(bytes: Buffer = Buffer.alloc(0), offset = 0) {
    this.bytes = bytes
    this.offset = offset
  }

  moveTo(bytes: Buffer, offset: number): this {
    this.bytes = bytes
    this.offset = offset
    return this
  }

  /** The same event in bytes of its own. */
  copy(): EventView {
    return new EventView(Buffer.from(this.bytes.subarray(this.offset, this.end)), 0)
  }

  get length(): number {
    return fields.lengthAt(this.bytes, this.offset)
  }
  /** Offset in `bytes` after the event. */
  get end(): number {
    return fields.endAt(this.bytes, this.offset)
  }
  get attributes(): number {
    return fields.attributesAt(this.bytes, this.offset)
  }
  get scn(): bigint {
    return fields.scnAt(this.bytes, this.offset)
  }
  /** The low 32 bits of the SCN, signed: what is compared for every event makes no bigint. */
  get scnLow(): number {
    return fields.scnLowAt(this.bytes, this.offset)
  }
  get physicalPartition(): number {
    return fields.physicalPartitionAt(this.bytes, this.offset)
  }
  get logicalPartition(): number {
    return fields.logicalPartitionAt(this.bytes, this.offset)
  }
  get timestampNanos(): bigint {
    return fields.timestampNanosAt(this.bytes, this.offset)
  }
  get sourceId(): number {
    return fields.sourceIdAt(this.bytes, this.offset)
  }
  /** Control events (source id below 0) close windows and carry checkpoints; they are no row changes. */
  get isControl(): boolean {
    return this.sourceId < 0
  }
  get isEndOfPeriod(): boolean {
    return fields.isEndOfPeriodAt(this.bytes, this.offset)
  }
  /** Undefined for control events. */
  get opcode(): Opcode | undefined {
    return fields.opcodeAt(this.bytes, this.offset)
  }
  /** Whether the change came to the source from elsewhere. */
  get isReplicated(): boolean {
    return fields.isReplicatedAt(this.bytes, this.offset)
  }
  /** The 16 bytes of the schema id; a view. */
  get schemaId(): Buffer {
    return fields.schemaIdAt(this.bytes, this.offset)
  }
  /** Whether the event carries the schema id of these `schemaIdWords`. */
  hasSchemaId(words: Int32Array): boolean {
    return fields.hasSchemaIdAt(this.bytes, this.offset, words)
  }
  get hasByteKey(): boolean {
    return fields.hasByteKeyAt(this.bytes, this.offset)
  }
  /** A bigint for a long key, text for a byte key. */
  get key(): bigint | string {
    if (this.hasByteKey) return fields.keyTextAt(this.bytes, this.offset)
    return fields.longKeyAt(this.bytes, this.offset)
  }
  /** The bytes of a byte key; a view. */
  get keyBytes(): Buffer {
    return fields.keyBytesAt(this.bytes, this.offset)
  }
  /** Offset in `bytes` of the value's first byte; it ends at `end`. */
  get valueOffset(): number {
    return fields.valueOffsetAt(this.bytes, this.offset)
  }
  /** The Avro value; a view. */
  get value(): Buffer {
    return this.bytes.subarray(this.valueOffset, this.end)
  }
}
