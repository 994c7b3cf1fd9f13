import { viewOf } from './byte-view.ts'
import { eventCrc } from './crc32.ts'
import { type EventAppend, type EventKey, isByteKey, type ValueWriter } from './event-key.ts'
import { eventLength } from './event-length.ts'
import { FIRST_BYTE_V1 } from './event-version.ts'
import {
  ATTRIBUTE_BYTE_KEY,
  ATTRIBUTE_DELETE,
  ATTRIBUTE_UPSERT,
  AT_ATTRIBUTES,
  AT_HEADER_CRC,
  AT_KEY,
  AT_KEY_BYTES,
  AT_LENGTH,
  AT_LOGICAL_PARTITION,
  AT_PHYSICAL_PARTITION,
  AT_SCHEMA_ID,
  AT_SEQUENCE,
  AT_SOURCE_ID,
  AT_TIMESTAMP,
  AT_VALUE_AFTER_LONG_KEY,
  AT_VALUE_CRC,
  END_OF_PERIOD_BYTES,
  SCHEMA_ID_BYTES,
} from './event-layout-v1.ts'
import { SOURCE_ID_END_OF_PERIOD } from './source.ts'

export { END_OF_PERIOD_BYTES } from './event-layout-v1.ts'

/** Upper bound of header and key, found without a look at each character. */
export function eventHeaderBytesMax(key: EventKey): number {
  // Three bytes of UTF-8 are the most that one UTF-16 unit can take.
  if (!isByteKey(key)) return AT_VALUE_AFTER_LONG_KEY
  return AT_KEY_BYTES + (typeof key === 'string' ? key.length * 3 : key.length)
}

/** As above, and the bound of the value. @throws EventTooLargeError */
export function eventBytesMax(key: EventKey, maxValueBytes: number): number {
  return eventLength(eventHeaderBytesMax(key) + maxValueBytes)
}

/** Bytes of header and key. */
export function eventHeaderBytes(key: EventKey): number {
  if (!isByteKey(key)) return AT_VALUE_AFTER_LONG_KEY
  return AT_KEY_BYTES + Buffer.byteLength(key)
}

/**
 * Writes one event, all but the sequence and the header CRC, which `sealEvent` puts in when the window closes and its
 * SCN is known. The value is written in place by its writer.
 * @returns the offset after the event
 */
export function writeEvent(
  target: Buffer,
  offset: number,
  append: EventAppend,
  physicalPartition: number,
  write: ValueWriter,
): number {
  const { opcode, key } = append
  const bytes = viewOf(target)
  const byteKey = isByteKey(key)
  const valueAt = writeKey(bytes, target, offset, key)
  const end = write(target, valueAt)
  target[offset] = FIRST_BYTE_V1
  bytes.setInt32(offset + AT_LENGTH, end - offset)
  const bits = opcode === 'DELETE' ? ATTRIBUTE_DELETE : ATTRIBUTE_UPSERT
  bytes.setInt16(offset + AT_ATTRIBUTES, byteKey ? bits | ATTRIBUTE_BYTE_KEY : bits)
  bytes.setInt16(offset + AT_PHYSICAL_PARTITION, physicalPartition)
  bytes.setInt16(offset + AT_LOGICAL_PARTITION, append.logicalPartition)
  bytes.setBigInt64(offset + AT_TIMESTAMP, append.timestampNanos)
  bytes.setInt16(offset + AT_SOURCE_ID, append.sourceId)
  writeSchemaId(target, offset + AT_SCHEMA_ID, append.schemaId)
  const crcFrom = byteKey ? offset + AT_KEY_BYTES : valueAt
  bytes.setUint32(offset + AT_VALUE_CRC, eventCrc(target, crcFrom, end))
  return end
}

/** Byte by byte: so few are copied faster than a call begins. */
function writeSchemaId(target: Buffer, at: number, schemaId: Uint8Array): void {
  for (let i = 0; i < SCHEMA_ID_BYTES; i++) target[at + i] = schemaId[i] as number
}

function writeKey(bytes: DataView, target: Buffer, offset: number, key: EventKey): number {
  const at = offset + AT_KEY
  if (typeof key === 'number') {
    const low = key | 0
    bytes.setInt32(at, low === key ? low >> 31 : Math.floor(key / 0x100000000))
    bytes.setInt32(at + 4, low)
    return offset + AT_VALUE_AFTER_LONG_KEY
  }
  if (typeof key === 'bigint') {
    bytes.setBigUint64(at, BigInt.asUintN(64, key))
    return offset + AT_VALUE_AFTER_LONG_KEY
  }
  const keyAt = offset + AT_KEY_BYTES
  const length = typeof key === 'string' ? target.write(key, keyAt) : key.length
  if (typeof key !== 'string') target.set(key, keyAt)
  bytes.setInt32(at, length)
  return keyAt + length
}

/**
 * Gives the event at `offset` its SCN (as the two halves of its 64 bits) and the header CRC.
 * @returns the offset after the event
 */
export function sealEvent(target: Buffer, offset: number, scnHigh: number, scnLow: number): number {
  const bytes = viewOf(target)
  bytes.setInt32(offset + AT_SEQUENCE, scnHigh)
  bytes.setInt32(offset + AT_SEQUENCE + 4, scnLow)
  const byteKey = (bytes.getInt16(offset + AT_ATTRIBUTES) & ATTRIBUTE_BYTE_KEY) !== 0
  const headerEnd = offset + (byteKey ? AT_KEY_BYTES : AT_VALUE_AFTER_LONG_KEY)
  bytes.setUint32(offset + AT_HEADER_CRC, eventCrc(target, offset + AT_LENGTH, headerEnd))
  return offset + bytes.getInt32(offset + AT_LENGTH)
}

/** Writes the sealed event that closes a window. @returns the offset after it */
export function writeEndOfPeriod(
  target: Buffer,
  offset: number,
  scn: bigint,
  physicalPartition: number,
  timestampNanos: bigint,
): number {
  const bytes = viewOf(target)
  target[offset] = FIRST_BYTE_V1
  bytes.setInt32(offset + AT_LENGTH, END_OF_PERIOD_BYTES)
  bytes.setInt16(offset + AT_ATTRIBUTES, 0)
  bytes.setBigInt64(offset + AT_SEQUENCE, scn)
  bytes.setInt16(offset + AT_PHYSICAL_PARTITION, physicalPartition)
  bytes.setInt16(offset + AT_LOGICAL_PARTITION, 0)
  bytes.setBigInt64(offset + AT_TIMESTAMP, timestampNanos)
  bytes.setInt16(offset + AT_SOURCE_ID, SOURCE_ID_END_OF_PERIOD)
  // No schema, no value, key 0: the words up to the end are zero.
  const end = offset + END_OF_PERIOD_BYTES
  for (let at = offset + AT_SCHEMA_ID; at < end; at += 4) bytes.setInt32(at, 0)
  bytes.setUint32(offset + AT_HEADER_CRC, eventCrc(target, offset + AT_LENGTH, end))
  return end
}
