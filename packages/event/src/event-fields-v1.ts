import { viewOf } from './byte-view.ts'
import type { Opcode } from './opcode.ts'
import * as layout from './event-layout-v1.ts'
import { SOURCE_ID_END_OF_PERIOD } from './source.ts'

/* The fields of the event of version 1 at `offset`, each read when asked for and where it lies. */

/** Total length in bytes, header included. */
export function lengthAt(bytes: Buffer, offset: number): number {
  return viewOf(bytes).getInt32(offset + layout.AT_LENGTH)
}

export function attributesAt(bytes: Buffer, offset: number): number {
  return viewOf(bytes).getUint16(offset + layout.AT_ATTRIBUTES)
}

export function scnAt(bytes: Buffer, offset: number): bigint {
  return viewOf(bytes).getBigInt64(offset + layout.AT_SEQUENCE)
}

/** The low 32 bits of the SCN, signed. */
export function scnLowAt(bytes: Buffer, offset: number): number {
  return viewOf(bytes).getInt32(offset + layout.AT_SEQUENCE + 4)
}

export function physicalPartitionAt(bytes: Buffer, offset: number): number {
  return viewOf(bytes).getInt16(offset + layout.AT_PHYSICAL_PARTITION)
}

export function logicalPartitionAt(bytes: Buffer, offset: number): number {
  return viewOf(bytes).getInt16(offset + layout.AT_LOGICAL_PARTITION)
}

/** Nanoseconds since 1970. */
export function timestampNanosAt(bytes: Buffer, offset: number): bigint {
  return viewOf(bytes).getBigInt64(offset + layout.AT_TIMESTAMP)
}

export function sourceIdAt(bytes: Buffer, offset: number): number {
  return viewOf(bytes).getInt16(offset + layout.AT_SOURCE_ID)
}

export function isEndOfPeriodAt(bytes: Buffer, offset: number): boolean {
  return sourceIdAt(bytes, offset) === SOURCE_ID_END_OF_PERIOD
}

/** The 16 bytes of the schema id; a view. */
export function schemaIdAt(bytes: Buffer, offset: number): Buffer {
  const at = offset + layout.AT_SCHEMA_ID
  return bytes.subarray(at, at + layout.SCHEMA_ID_BYTES)
}

/** Whether the schema id is the one of these `schemaIdWords`. */
export function hasSchemaIdAt(bytes: Buffer, offset: number, words: Int32Array): boolean {
  const at = offset + layout.AT_SCHEMA_ID
  const view = viewOf(bytes)
  return (
    view.getInt32(at) === words[0] &&
    view.getInt32(at + 4) === words[1] &&
    view.getInt32(at + 8) === words[2] &&
    view.getInt32(at + 12) === words[3]
  )
}

/** Whether the attributes say that the key is bytes; a long otherwise. */
export function hasByteKeyAt(bytes: Buffer, offset: number): boolean {
  // The low byte of the attributes is read alone: that compiles to one load.
  return ((bytes[offset + layout.AT_ATTRIBUTES + 1] as number) & layout.ATTRIBUTE_BYTE_KEY) !== 0
}

export function longKeyAt(bytes: Buffer, offset: number): bigint {
  return viewOf(bytes).getBigInt64(offset + layout.AT_KEY)
}

/** The bytes of a byte key; a view. */
export function keyBytesAt(bytes: Buffer, offset: number): Buffer {
  return bytes.subarray(offset + layout.AT_KEY_BYTES, valueOffsetAt(bytes, offset))
}

/** The text of a byte key. */
export function keyTextAt(bytes: Buffer, offset: number): string {
  return bytes.toString('utf8', offset + layout.AT_KEY_BYTES, valueOffsetAt(bytes, offset))
}

/** Offset of the value's first byte; it ends where the event does. */
export function valueOffsetAt(bytes: Buffer, offset: number): number {
  if (!hasByteKeyAt(bytes, offset)) return offset + layout.AT_VALUE_AFTER_LONG_KEY
  return offset + layout.AT_KEY_BYTES + viewOf(bytes).getInt32(offset + layout.AT_KEY)
}

export function opcodeAt(bytes: Buffer, offset: number): Opcode | undefined {
  const attributes = attributesAt(bytes, offset)
  if ((attributes & layout.ATTRIBUTE_UPSERT) !== 0) return 'UPSERT'
  return (attributes & layout.ATTRIBUTE_DELETE) !== 0 ? 'DELETE' : undefined
}

/** Whether the change came to the source from elsewhere. */
export function isReplicatedAt(bytes: Buffer, offset: number): boolean {
  return (attributesAt(bytes, offset) & layout.ATTRIBUTE_REPLICATED) !== 0
}
