import { eventCrc } from './crc32.ts'
import { EventCorruptError } from './errors.ts'
import * as layout from './event-layout-v1.ts'

/** Bytes from which on `statedLength` can be asked. */
export const LENGTH_KNOWN_BYTES = layout.AT_ATTRIBUTES

/** The length that the event at `offset` states, of which only `LENGTH_KNOWN_BYTES` are there. @throws EventCorruptError */
export function statedLength(bytes: Buffer, offset: number): number {
  const length = bytes.readInt32BE(offset + layout.AT_LENGTH)
  if (length < layout.EVENT_BYTES_MIN) {
    throw new EventCorruptError(`length ${length} is below the smallest, ${layout.EVENT_BYTES_MIN}`)
  }
  return length
}

/**
 * Proves the whole event at `offset` against its checksums, of which `length` bytes are there: nothing of it is
 * believed before.
 * @throws EventCorruptError
 */
export function checkEvent(bytes: Buffer, offset: number, length: number): void {
  const headerBytes = checkEventHeader(bytes, offset, length)
  if (headerBytes === layout.AT_KEY_BYTES) checkKeyLength(bytes, offset, length)
  const valueFrom = offset + headerBytes
  const valueCrc = eventCrc(bytes, valueFrom, offset + length)
  const valueStated = bytes.readUInt32BE(offset + layout.AT_VALUE_CRC)
  if (valueCrc !== valueStated) throw new EventCorruptError(mismatch('value', valueStated, valueCrc))
}

/**
 * Proves the header of the event at `offset`, whose length is `length`, though the rest of it may be elsewhere.
 * @returns the bytes that its checksum is over, and those before
 * @throws EventCorruptError
 */
export function checkEventHeader(bytes: Buffer, offset: number, length: number): number {
  const headerBytes = checkedHeaderBytes(bytes, offset)
  if (length < headerBytes)
    throw new EventCorruptError(`length ${length} is shorter than its header of ${headerBytes} bytes`)
  const headerCrc = eventCrc(bytes, offset + layout.AT_LENGTH, offset + headerBytes)
  const headerStated = bytes.readUInt32BE(offset + layout.AT_HEADER_CRC)
  if (headerCrc !== headerStated) throw new EventCorruptError(mismatch('header', headerStated, headerCrc))
  return headerBytes
}

/** Bytes that the header has, as far as so many of it tell. */
export function headerBytesWanted(bytes: Buffer, offset: number, available: number): number {
  return available < layout.EVENT_BYTES_MIN ? layout.EVENT_BYTES_MIN : checkedHeaderBytes(bytes, offset)
}

/** Bytes that the checksum of the header is over, and those before. */
function checkedHeaderBytes(bytes: Buffer, offset: number): number {
  const byteKey = (bytes.readInt16BE(offset + layout.AT_ATTRIBUTES) & layout.ATTRIBUTE_BYTE_KEY) !== 0
  return byteKey ? layout.AT_KEY_BYTES : layout.AT_VALUE_AFTER_LONG_KEY
}

function checkKeyLength(bytes: Buffer, offset: number, length: number): void {
  const keyBytes = bytes.readInt32BE(offset + layout.AT_KEY)
  if (keyBytes < 0 || keyBytes > length - layout.AT_KEY_BYTES) {
    throw new EventCorruptError(`key length ${keyBytes} does not fit in an event of ${length} bytes`)
  }
}

function mismatch(part: string, stated: number, computed: number): string {
  return `the ${part} says CRC ${stated.toString(16)}, its bytes give ${computed.toString(16)}`
}
