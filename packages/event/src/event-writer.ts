import { eventCrc } from './crc32.ts'
import { EventTooLargeError } from './errors.ts'
import type { EventAppend, EventKey, ValueWriter } from './event-key.ts'
import * as layout from './event-layout.ts'

const LENGTH_MAX = 0x7fffffff
const NO_SCHEMA_ID = new Uint8Array(layout.SCHEMA_ID_BYTES)

/** Bytes that an event needs at most: the header, the key, and the bound that its producer gave for the value. */
export function eventBytesMax(key: EventKey, maxValueBytes: number): number {
  const bytes = headerBytes(key) + maxValueBytes
  if (bytes > LENGTH_MAX) throw new EventTooLargeError(bytes, LENGTH_MAX)
  return bytes
}

function headerBytes(key: EventKey): number {
  // Three bytes of UTF-8 are the most that one UTF-16 unit can take.
  if (!isByteKey(key)) return layout.AT_VALUE_AFTER_LONG_KEY
  return layout.AT_KEY_BYTES + (typeof key === 'string' ? key.length * 3 : key.length)
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
  const byteKey = isByteKey(key)
  const valueAt = writeKey(target, offset, key)
  const end = write(target, valueAt)
  target[offset] = layout.EVENT_VERSION_V1
  target.writeInt32BE(end - offset, offset + layout.AT_LENGTH)
  const bits = opcode === 'DELETE' ? layout.ATTRIBUTE_DELETE : layout.ATTRIBUTE_UPSERT
  target.writeInt16BE(byteKey ? bits | layout.ATTRIBUTE_BYTE_KEY : bits, offset + layout.AT_ATTRIBUTES)
  target.writeInt16BE(physicalPartition, offset + layout.AT_PHYSICAL_PARTITION)
  target.writeInt16BE(append.logicalPartition, offset + layout.AT_LOGICAL_PARTITION)
  target.writeBigInt64BE(append.timestampNanos, offset + layout.AT_TIMESTAMP)
  target.writeInt16BE(append.sourceId, offset + layout.AT_SOURCE_ID)
  target.set(append.schemaId, offset + layout.AT_SCHEMA_ID)
  const crcFrom = byteKey ? offset + layout.AT_KEY_BYTES : valueAt
  target.writeUInt32BE(eventCrc(target, crcFrom, end), offset + layout.AT_VALUE_CRC)
  return end
}

function isByteKey(key: EventKey): key is string | Uint8Array {
  return typeof key === 'string' || key instanceof Uint8Array
}

function writeKey(target: Buffer, offset: number, key: EventKey): number {
  const at = offset + layout.AT_KEY
  if (typeof key === 'number') {
    target.writeInt32BE(Math.floor(key / 0x100000000), at)
    target.writeInt32BE(key | 0, at + 4)
    return offset + layout.AT_VALUE_AFTER_LONG_KEY
  }
  if (typeof key === 'bigint') {
    target.writeBigUInt64BE(BigInt.asUintN(64, key), at)
    return offset + layout.AT_VALUE_AFTER_LONG_KEY
  }
  const keyAt = offset + layout.AT_KEY_BYTES
  const length = typeof key === 'string' ? target.write(key, keyAt, 'utf8') : key.length
  if (typeof key !== 'string') target.set(key, keyAt)
  target.writeInt32BE(length, at)
  return keyAt + length
}

/**
 * Gives the event at `offset` its SCN (as the two halves of its 64 bits) and the header CRC.
 * @returns the offset after the event
 */
export function sealEvent(target: Buffer, offset: number, scnHigh: number, scnLow: number): number {
  target.writeInt32BE(scnHigh, offset + layout.AT_SEQUENCE)
  target.writeInt32BE(scnLow, offset + layout.AT_SEQUENCE + 4)
  const byteKey = (target.readInt16BE(offset + layout.AT_ATTRIBUTES) & layout.ATTRIBUTE_BYTE_KEY) !== 0
  const headerEnd = offset + (byteKey ? layout.AT_KEY_BYTES : layout.AT_VALUE_AFTER_LONG_KEY)
  target.writeUInt32BE(eventCrc(target, offset + layout.AT_LENGTH, headerEnd), offset + layout.AT_HEADER_CRC)
  return offset + target.readInt32BE(offset + layout.AT_LENGTH)
}

/** Writes the sealed event that closes a window. @returns the offset after it */
export function writeEndOfPeriod(
  target: Buffer,
  offset: number,
  scn: bigint,
  physicalPartition: number,
  timestampNanos: bigint,
): number {
  const end = offset + layout.END_OF_PERIOD_BYTES
  target.fill(0, offset, end)
  target.writeInt32BE(layout.END_OF_PERIOD_BYTES, offset + layout.AT_LENGTH)
  target.writeInt16BE(physicalPartition, offset + layout.AT_PHYSICAL_PARTITION)
  target.writeBigInt64BE(timestampNanos, offset + layout.AT_TIMESTAMP)
  target.writeInt16BE(layout.SOURCE_ID_END_OF_PERIOD, offset + layout.AT_SOURCE_ID)
  target.set(NO_SCHEMA_ID, offset + layout.AT_SCHEMA_ID)
  return sealEvent(target, offset, Number(scn >> 32n), Number(BigInt.asIntN(32, scn)))
}
