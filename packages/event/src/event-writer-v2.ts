import { viewOf } from './byte-view.ts'
import { eventCrc } from './crc32.ts'
import { EventKeyTooLongError } from './errors.ts'
import { type EventAppend, type EventKey, isByteKey, type ValueWriter } from './event-key.ts'
import { eventLength } from './event-length.ts'
import { FIRST_BYTE_V2 } from './event-version.ts'
import {
  ATTRIBUTE_PAYLOAD,
  AT_ATTRIBUTES,
  AT_BODY_CRC,
  AT_HEADER_CRC,
  AT_HEADER_LENGTH,
  AT_KEY,
  AT_KEY_BYTES,
  AT_LENGTH,
  AT_MAGIC,
  AT_PARTITION,
  AT_SEQUENCE,
  AT_SOURCE_ID,
  AT_TIMESTAMP,
  END_OF_PERIOD_BYTES,
  KEY_BYTES,
  KEY_BYTES_MAX,
  KEY_LONG,
  LONG_KEY_HEADER_BYTES,
  MAGIC_V2,
  MD5_BYTES,
  OPCODE_DELETE,
  OPCODE_UPSERT,
  PART_AT_ATTRIBUTES,
  PART_AT_DIGEST,
  PAYLOAD_AT_VALUE,
} from './event-layout-v2.ts'
import { SOURCE_ID_END_OF_PERIOD } from './source.ts'

export { END_OF_PERIOD_BYTES } from './event-layout-v2.ts'

/** Upper bound of all but the value, found without a look at each character. */
export function eventHeaderBytesMax(key: EventKey): number {
  if (!isByteKey(key)) return LONG_KEY_HEADER_BYTES + PAYLOAD_AT_VALUE
  // Three bytes of UTF-8 are the most that one UTF-16 unit can take.
  return AT_KEY_BYTES + (typeof key === 'string' ? key.length * 3 : key.length) + PAYLOAD_AT_VALUE
}

/** As above, and the bound of the value. @throws EventTooLargeError */
export function eventBytesMax(key: EventKey, maxValueBytes: number): number {
  return eventLength(eventHeaderBytesMax(key) + maxValueBytes)
}

/** Bytes of all but the value. */
export function eventHeaderBytes(key: EventKey): number {
  if (!isByteKey(key)) return LONG_KEY_HEADER_BYTES + PAYLOAD_AT_VALUE
  return AT_KEY_BYTES + Buffer.byteLength(key) + PAYLOAD_AT_VALUE
}

/** @throws EventKeyTooLongError */
export function writeEvent(
  target: Buffer,
  offset: number,
  append: EventAppend,
  partition: number,
  write: ValueWriter,
): number {
  const { key } = append
  const bytes = viewOf(target)
  const payloadAt = writeKey(bytes, target, offset, key)
  const end = write(target, payloadAt + PAYLOAD_AT_VALUE)
  writeFixed(bytes, target, offset, payloadAt - offset, end - offset)
  const bits = append.opcode === 'DELETE' ? OPCODE_DELETE : OPCODE_UPSERT
  bytes.setInt16(offset + AT_ATTRIBUTES, bits | (isByteKey(key) ? KEY_BYTES : KEY_LONG) | ATTRIBUTE_PAYLOAD)
  bytes.setBigInt64(offset + AT_TIMESTAMP, append.timestampNanos)
  bytes.setInt32(offset + AT_SOURCE_ID, append.sourceId)
  bytes.setInt16(offset + AT_PARTITION, partition)
  bytes.setInt32(payloadAt, end - payloadAt - PAYLOAD_AT_VALUE)
  bytes.setInt16(payloadAt + PART_AT_ATTRIBUTES, 0)
  const { schemaId } = append
  for (let i = 0; i < MD5_BYTES; i++) target[payloadAt + PART_AT_DIGEST + i] = schemaId[i] as number
  bytes.setUint32(offset + AT_BODY_CRC, eventCrc(target, payloadAt, end))
  return end
}

/** All that is the same in each event, and the lengths. */
function writeFixed(bytes: DataView, target: Buffer, offset: number, header: number, length: number): void {
  target[offset] = FIRST_BYTE_V2
  bytes.setUint32(offset + AT_MAGIC, MAGIC_V2)
  bytes.setInt32(offset + AT_HEADER_LENGTH, header)
  bytes.setInt32(offset + AT_LENGTH, length)
}

/** @returns the offset after the header */
function writeKey(bytes: DataView, target: Buffer, offset: number, key: EventKey): number {
  const at = offset + AT_KEY
  if (!isByteKey(key)) {
    bytes.setBigUint64(at, BigInt.asUintN(64, BigInt(key)))
    return offset + LONG_KEY_HEADER_BYTES
  }
  const keyAt = offset + AT_KEY_BYTES
  const length = typeof key === 'string' ? target.write(key, keyAt) : key.length
  if (length > KEY_BYTES_MAX) throw new EventKeyTooLongError(length, KEY_BYTES_MAX)
  if (typeof key !== 'string') target.set(key, keyAt)
  bytes.setInt32(at, length)
  return keyAt + length
}

export function sealEvent(target: Buffer, offset: number, scnHigh: number, scnLow: number): number {
  const bytes = viewOf(target)
  bytes.setInt32(offset + AT_SEQUENCE, scnHigh)
  bytes.setInt32(offset + AT_SEQUENCE + 4, scnLow)
  const headerEnd = offset + bytes.getInt32(offset + AT_HEADER_LENGTH)
  bytes.setUint32(offset + AT_HEADER_CRC, eventCrc(target, offset + AT_BODY_CRC, headerEnd))
  return offset + bytes.getInt32(offset + AT_LENGTH)
}

export function writeEndOfPeriod(
  target: Buffer,
  offset: number,
  scn: bigint,
  partition: number,
  timestampNanos: bigint,
): number {
  const bytes = viewOf(target)
  const end = offset + END_OF_PERIOD_BYTES
  writeFixed(bytes, target, offset, END_OF_PERIOD_BYTES, END_OF_PERIOD_BYTES)
  bytes.setInt16(offset + AT_ATTRIBUTES, KEY_LONG)
  bytes.setBigInt64(offset + AT_TIMESTAMP, timestampNanos)
  bytes.setInt32(offset + AT_SOURCE_ID, SOURCE_ID_END_OF_PERIOD)
  bytes.setInt16(offset + AT_PARTITION, partition)
  bytes.setBigInt64(offset + AT_SEQUENCE, scn)
  bytes.setBigInt64(offset + AT_KEY, 0n)
  // The body has no bytes.
  bytes.setUint32(offset + AT_BODY_CRC, 0)
  bytes.setUint32(offset + AT_HEADER_CRC, eventCrc(target, offset + AT_BODY_CRC, end))
  return end
}
