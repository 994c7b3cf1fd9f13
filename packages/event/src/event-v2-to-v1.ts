import { viewOf } from './byte-view.ts'
import { eventCrc } from './crc32.ts'
import * as v2 from './event-fields-v2.ts'
import * as v1Layout from './event-layout-v1.ts'
import * as v2Layout from './event-layout-v2.ts'
import { FIRST_BYTE_V1 } from './event-version.ts'

/** How many bytes an event of version 1 has less than the same of version 2, where neither has metadata. */
export const DOWN_CONVERTED_LESS_BYTES =
  v2Layout.LONG_KEY_HEADER_BYTES + v2Layout.PAYLOAD_AT_VALUE - v1Layout.AT_VALUE_AFTER_LONG_KEY

/** Bytes that the event of version 2 at `offset` has as one of version 1. */
export function downConvertedBytesAt(bytes: Buffer, offset: number): number {
  const valueBytes = offset + v2.lengthAt(bytes, offset) - v2.valueOffsetAt(bytes, offset)
  return headerBytesAt(bytes, offset) + valueBytes
}

/**
 * Writes the event of version 2 at `offset` as one of version 1. Metadata and the schema's version are left out; the logical
 * partition is that of the event, its physical one, and 0 in control events.
 * @returns the offset after it
 */
export function downConvert(bytes: Buffer, offset: number, target: Buffer, at: number): number {
  const valueOffset = v2.valueOffsetAt(bytes, offset)
  const headerEnd = at + headerBytesAt(bytes, offset)
  const end = headerEnd + bytes.copy(target, headerEnd, valueOffset, offset + v2.lengthAt(bytes, offset))
  const view = viewOf(target)
  target[at] = FIRST_BYTE_V1
  view.setInt32(at + v1Layout.AT_LENGTH, end - at)
  view.setInt16(at + v1Layout.AT_ATTRIBUTES, attributesOf(v2.attributesAt(bytes, offset)))
  view.setBigInt64(at + v1Layout.AT_SEQUENCE, v2.scnAt(bytes, offset))
  const sourceId = v2.sourceIdAt(bytes, offset)
  const partition = v2.partitionAt(bytes, offset)
  view.setInt16(at + v1Layout.AT_PHYSICAL_PARTITION, partition)
  view.setInt16(at + v1Layout.AT_LOGICAL_PARTITION, sourceId < 0 ? 0 : partition)
  view.setBigInt64(at + v1Layout.AT_TIMESTAMP, v2.timestampNanosAt(bytes, offset))
  view.setInt16(at + v1Layout.AT_SOURCE_ID, sourceId)
  v2.schemaIdAt(bytes, offset).copy(target, at + v1Layout.AT_SCHEMA_ID)
  // Key length and key, or a long key, lie as in version 2.
  bytes.copy(target, at + v1Layout.AT_KEY, offset + v2Layout.AT_KEY, offset + v2.headerLengthAt(bytes, offset))
  const checkedEnd = v2.hasByteKeyAt(bytes, offset) ? at + v1Layout.AT_KEY_BYTES : headerEnd
  view.setUint32(at + v1Layout.AT_VALUE_CRC, eventCrc(target, checkedEnd, end))
  view.setUint32(at + v1Layout.AT_HEADER_CRC, eventCrc(target, at + v1Layout.AT_LENGTH, checkedEnd))
  return end
}

/** Of header and key, in version 1. */
function headerBytesAt(bytes: Buffer, offset: number): number {
  return v2.headerLengthAt(bytes, offset) - v2Layout.AT_KEY + v1Layout.AT_KEY
}

/** Opcodes and the bit of a byte key are the same in both. */
function attributesOf(attributes: number): number {
  const same = attributes & (v2Layout.OPCODE_MASK | v1Layout.ATTRIBUTE_BYTE_KEY)
  const trace = (attributes & v2Layout.ATTRIBUTE_TRACE) === 0 ? 0 : v1Layout.ATTRIBUTE_TRACE
  return same | trace | ((attributes & v2Layout.ATTRIBUTE_REPLICATED) === 0 ? 0 : v1Layout.ATTRIBUTE_REPLICATED)
}
