import { viewOf } from './byte-view.ts'
import type { Opcode } from './opcode.ts'
import * as layout from './event-layout-v2.ts'
import { SOURCE_ID_END_OF_PERIOD } from './source.ts'

/* The fields of the event of version 2 at `offset`, each read when asked for and where it lies. */

const NO_SCHEMA_ID = Buffer.alloc(layout.MD5_BYTES)

export function lengthAt(bytes: Buffer, offset: number): number {
  return viewOf(bytes).getInt32(offset + layout.AT_LENGTH)
}

export function headerLengthAt(bytes: Buffer, offset: number): number {
  return viewOf(bytes).getInt32(offset + layout.AT_HEADER_LENGTH)
}

export function attributesAt(bytes: Buffer, offset: number): number {
  return viewOf(bytes).getUint16(offset + layout.AT_ATTRIBUTES)
}

export function scnAt(bytes: Buffer, offset: number): bigint {
  return viewOf(bytes).getBigInt64(offset + layout.AT_SEQUENCE)
}

export function scnLowAt(bytes: Buffer, offset: number): number {
  return viewOf(bytes).getInt32(offset + layout.AT_SEQUENCE + 4)
}

/** Of the physical partition. There is no other: the logical one reads the same. */
export function partitionAt(bytes: Buffer, offset: number): number {
  return viewOf(bytes).getInt16(offset + layout.AT_PARTITION)
}

export function timestampNanosAt(bytes: Buffer, offset: number): bigint {
  return viewOf(bytes).getBigInt64(offset + layout.AT_TIMESTAMP)
}

export function sourceIdAt(bytes: Buffer, offset: number): number {
  return viewOf(bytes).getInt32(offset + layout.AT_SOURCE_ID)
}

export function isEndOfPeriodAt(bytes: Buffer, offset: number): boolean {
  return sourceIdAt(bytes, offset) === SOURCE_ID_END_OF_PERIOD
}

export function opcodeAt(bytes: Buffer, offset: number): Opcode | undefined {
  const opcode = attributesAt(bytes, offset) & layout.OPCODE_MASK
  if (opcode === layout.OPCODE_UPSERT) return 'UPSERT'
  return opcode === layout.OPCODE_DELETE ? 'DELETE' : undefined
}

export function isReplicatedAt(bytes: Buffer, offset: number): boolean {
  return (attributesAt(bytes, offset) & layout.ATTRIBUTE_REPLICATED) !== 0
}

/** All zeroes where there is no payload. */
export function schemaIdAt(bytes: Buffer, offset: number): Buffer {
  const payload = payloadAt(bytes, offset)
  if (payload < 0) return NO_SCHEMA_ID
  const at = payload + layout.PART_AT_DIGEST
  return bytes.subarray(at, at + layout.MD5_BYTES)
}

export function hasSchemaIdAt(bytes: Buffer, offset: number, words: Int32Array): boolean {
  const payload = payloadAt(bytes, offset)
  if (payload < 0) return false
  const at = payload + layout.PART_AT_DIGEST
  const view = viewOf(bytes)
  return (
    view.getInt32(at) === words[0] &&
    view.getInt32(at + 4) === words[1] &&
    view.getInt32(at + 8) === words[2] &&
    view.getInt32(at + 12) === words[3]
  )
}

export function hasByteKeyAt(bytes: Buffer, offset: number): boolean {
  return (attributesAt(bytes, offset) & layout.KEY_MASK) === layout.KEY_BYTES
}

export function longKeyAt(bytes: Buffer, offset: number): bigint {
  return viewOf(bytes).getBigInt64(offset + layout.AT_KEY)
}

export function keyBytesAt(bytes: Buffer, offset: number): Buffer {
  return bytes.subarray(offset + layout.AT_KEY_BYTES, offset + headerLengthAt(bytes, offset))
}

export function keyTextAt(bytes: Buffer, offset: number): string {
  return bytes.toString('utf8', offset + layout.AT_KEY_BYTES, offset + headerLengthAt(bytes, offset))
}

/** Offset of the value's first byte, which is the event's end where there is no payload. */
export function valueOffsetAt(bytes: Buffer, offset: number): number {
  const payload = payloadAt(bytes, offset)
  return payload < 0 ? offset + lengthAt(bytes, offset) : payload + layout.PAYLOAD_AT_VALUE
}

/** Offset of the payload part; −1: there is none. */
function payloadAt(bytes: Buffer, offset: number): number {
  const attributes = attributesAt(bytes, offset)
  if ((attributes & layout.ATTRIBUTE_PAYLOAD) === 0) return -1
  const at = offset + headerLengthAt(bytes, offset)
  return (attributes & layout.ATTRIBUTE_METADATA) === 0 ? at : at + metadataBytesAt(bytes, at)
}

function metadataBytesAt(bytes: Buffer, at: number): number {
  return layout.PART_AT_DIGEST + digestBytesAt(bytes, at) + viewOf(bytes).getInt32(at)
}

/** Of the part that lies there. */
function digestBytesAt(bytes: Buffer, at: number): number {
  const kind = viewOf(bytes).getInt16(at + layout.PART_AT_ATTRIBUTES) & layout.PART_DIGEST_MASK
  return kind === layout.PART_DIGEST_MD5 ? layout.MD5_BYTES : layout.CRC_BYTES
}
