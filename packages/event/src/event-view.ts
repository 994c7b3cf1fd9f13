import * as layout from './event-layout-v1.ts'
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
    return this.bytes.readInt32BE(this.offset + layout.AT_LENGTH)
  }
  /** Offset in `bytes` after the event. */
  get end(): number {
    return this.offset + this.length
  }
  get attributes(): number {
    return this.bytes.readUInt16BE(this.offset + layout.AT_ATTRIBUTES)
  }
  get scn(): bigint {
    return this.bytes.readBigInt64BE(this.offset + layout.AT_SEQUENCE)
  }
  get physicalPartition(): number {
    return this.bytes.readInt16BE(this.offset + layout.AT_PHYSICAL_PARTITION)
  }
  get logicalPartition(): number {
    return this.bytes.readInt16BE(this.offset + layout.AT_LOGICAL_PARTITION)
  }
  get timestampNanos(): bigint {
    return this.bytes.readBigInt64BE(this.offset + layout.AT_TIMESTAMP)
  }
  get sourceId(): number {
    return this.bytes.readInt16BE(this.offset + layout.AT_SOURCE_ID)
  }
  /** Control events (source id below 0) close windows and carry checkpoints; they are no row changes. */
  get isControl(): boolean {
    return this.sourceId < 0
  }
  get isEndOfPeriod(): boolean {
    return this.sourceId === layout.SOURCE_ID_END_OF_PERIOD
  }
  /** Undefined for control events. */
  get opcode(): Opcode | undefined {
    const bits = this.attributes
    if (bits & layout.ATTRIBUTE_UPSERT) return 'UPSERT'
    return bits & layout.ATTRIBUTE_DELETE ? 'DELETE' : undefined
  }
  /** The 16 bytes of the schema id; a view. */
  get schemaId(): Buffer {
    const at = this.offset + layout.AT_SCHEMA_ID
    return this.bytes.subarray(at, at + layout.SCHEMA_ID_BYTES)
  }
  get hasByteKey(): boolean {
    return (this.attributes & layout.ATTRIBUTE_BYTE_KEY) !== 0
  }
  /** A bigint for a long key, text for a byte key. */
  get key(): bigint | string {
    const at = this.offset + layout.AT_KEY
    if (!this.hasByteKey) return this.bytes.readBigInt64BE(at)
    return this.bytes.toString('utf8', this.offset + layout.AT_KEY_BYTES, this.valueOffset)
  }
  /** Offset in `bytes` of the value's first byte; it ends at `end`. */
  get valueOffset(): number {
    if (!this.hasByteKey) return this.offset + layout.AT_VALUE_AFTER_LONG_KEY
    return this.offset + layout.AT_KEY_BYTES + this.bytes.readInt32BE(this.offset + layout.AT_KEY)
  }
  /** The Avro value; a view. */
  get value(): Buffer {
    return this.bytes.subarray(this.valueOffset, this.end)
  }
}
