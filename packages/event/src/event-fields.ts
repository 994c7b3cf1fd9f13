import { type EventVersion, FIRST_BYTE_V2 } from './event-version.ts'
import * as v1 from './event-fields-v1.ts'
import * as v2 from './event-fields-v2.ts'
import type { Opcode } from './opcode.ts'

/*
 * The fields of the event at `offset`, whichever version its first byte says, each read when asked for and where it lies. Who
 * walks windows asks these; who looks at one event moves an `EventView` there.
 */

function isV2(bytes: Buffer, offset: number): boolean {
  return bytes[offset] === FIRST_BYTE_V2
}

export function versionAt(bytes: Buffer, offset: number): EventVersion {
  return isV2(bytes, offset) ? 2 : 1
}

/** Total length in bytes, header included. */
export function lengthAt(bytes: Buffer, offset: number): number {
  return isV2(bytes, offset) ? v2.lengthAt(bytes, offset) : v1.lengthAt(bytes, offset)
}

/** Offset after the event. */
export function endAt(bytes: Buffer, offset: number): number {
  return offset + lengthAt(bytes, offset)
}

/** Bits, which mean what the version of the event says. */
export function attributesAt(bytes: Buffer, offset: number): number {
  return isV2(bytes, offset) ? v2.attributesAt(bytes, offset) : v1.attributesAt(bytes, offset)
}

export function scnAt(bytes: Buffer, offset: number): bigint {
  return isV2(bytes, offset) ? v2.scnAt(bytes, offset) : v1.scnAt(bytes, offset)
}

/** The low 32 bits of the SCN, signed. */
export function scnLowAt(bytes: Buffer, offset: number): number {
  return isV2(bytes, offset) ? v2.scnLowAt(bytes, offset) : v1.scnLowAt(bytes, offset)
}

export function physicalPartitionAt(bytes: Buffer, offset: number): number {
  return isV2(bytes, offset) ? v2.partitionAt(bytes, offset) : v1.physicalPartitionAt(bytes, offset)
}

/** Version 2 has one partition, which is both. */
export function logicalPartitionAt(bytes: Buffer, offset: number): number {
  return isV2(bytes, offset) ? v2.partitionAt(bytes, offset) : v1.logicalPartitionAt(bytes, offset)
}

/** Nanoseconds since 1970. */
export function timestampNanosAt(bytes: Buffer, offset: number): bigint {
  return isV2(bytes, offset) ? v2.timestampNanosAt(bytes, offset) : v1.timestampNanosAt(bytes, offset)
}

export function sourceIdAt(bytes: Buffer, offset: number): number {
  return isV2(bytes, offset) ? v2.sourceIdAt(bytes, offset) : v1.sourceIdAt(bytes, offset)
}

export function isEndOfPeriodAt(bytes: Buffer, offset: number): boolean {
  return isV2(bytes, offset) ? v2.isEndOfPeriodAt(bytes, offset) : v1.isEndOfPeriodAt(bytes, offset)
}

/** Undefined for control events. */
export function opcodeAt(bytes: Buffer, offset: number): Opcode | undefined {
  return isV2(bytes, offset) ? v2.opcodeAt(bytes, offset) : v1.opcodeAt(bytes, offset)
}

/** Whether the change came to the source from elsewhere. */
export function isReplicatedAt(bytes: Buffer, offset: number): boolean {
  return isV2(bytes, offset) ? v2.isReplicatedAt(bytes, offset) : v1.isReplicatedAt(bytes, offset)
}

/** The 16 bytes of the schema id; a view. */
export function schemaIdAt(bytes: Buffer, offset: number): Buffer {
  return isV2(bytes, offset) ? v2.schemaIdAt(bytes, offset) : v1.schemaIdAt(bytes, offset)
}

/** Whether the schema id is the one of these `schemaIdWords`. */
export function hasSchemaIdAt(bytes: Buffer, offset: number, words: Int32Array): boolean {
  return isV2(bytes, offset) ? v2.hasSchemaIdAt(bytes, offset, words) : v1.hasSchemaIdAt(bytes, offset, words)
}

/** Whether the attributes say that the key is bytes; a long otherwise. */
export function hasByteKeyAt(bytes: Buffer, offset: number): boolean {
  return isV2(bytes, offset) ? v2.hasByteKeyAt(bytes, offset) : v1.hasByteKeyAt(bytes, offset)
}

export function longKeyAt(bytes: Buffer, offset: number): bigint {
  return isV2(bytes, offset) ? v2.longKeyAt(bytes, offset) : v1.longKeyAt(bytes, offset)
}

/** The bytes of a byte key; a view. */
export function keyBytesAt(bytes: Buffer, offset: number): Buffer {
  return isV2(bytes, offset) ? v2.keyBytesAt(bytes, offset) : v1.keyBytesAt(bytes, offset)
}

/** The text of a byte key. */
export function keyTextAt(bytes: Buffer, offset: number): string {
  return isV2(bytes, offset) ? v2.keyTextAt(bytes, offset) : v1.keyTextAt(bytes, offset)
}

/** Offset of the value's first byte; it ends where the event does. */
export function valueOffsetAt(bytes: Buffer, offset: number): number {
  return isV2(bytes, offset) ? v2.valueOffsetAt(bytes, offset) : v1.valueOffsetAt(bytes, offset)
}
