import { eventCrc } from './crc32.ts'
import { EventCorruptError, EventUnsupportedError } from './errors.ts'
import { headerLengthAt, lengthAt, sourceIdAt } from './event-fields-v2.ts'
import * as layout from './event-layout-v2.ts'

/** Bytes from which on `statedLength` can be asked. */
export const LENGTH_KNOWN_BYTES = layout.AT_ATTRIBUTES

/** The length that the event at `offset` states, of which only `LENGTH_KNOWN_BYTES` are there. @throws EventCorruptError */
export function statedLength(bytes: Buffer, offset: number): number {
  const magic = bytes.readUInt32BE(offset + layout.AT_MAGIC)
  if (magic !== layout.MAGIC_V2)
    throw new EventCorruptError(`magic ${magic.toString(16)} of version 2, expected cafedeed`)
  const length = lengthAt(bytes, offset)
  if (length < layout.EVENT_BYTES_MIN) {
    throw new EventCorruptError(`length ${length} is below the smallest, ${layout.EVENT_BYTES_MIN}`)
  }
  return length
}

/** Bytes that the header has, as far as so many of it tell. */
export function headerBytesWanted(bytes: Buffer, offset: number, available: number): number {
  if (available < layout.AT_KEY_BYTES) return layout.AT_KEY_BYTES
  const header = headerLengthAt(bytes, offset)
  // One that is longer than its event, or than any that is written, proves false with these bytes.
  const most = Math.min(lengthAt(bytes, offset), layout.AT_KEY_BYTES + layout.KEY_BYTES_MAX)
  return header > most ? layout.AT_KEY_BYTES : header
}

/**
 * Proves the header of the event at `offset`, whose length is `length`, though its parts may be elsewhere.
 * @returns the bytes of the header
 * @throws EventCorruptError, EventUnsupportedError
 */
export function checkEventHeader(bytes: Buffer, offset: number, length: number): number {
  statedLength(bytes, offset)
  const header = headerLengthAt(bytes, offset)
  const most = Math.min(length, bytes.length - offset)
  if (header < layout.AT_KEY_BYTES || header > most)
    throw new EventCorruptError(`header length ${header} does not fit in an event of ${length} bytes`)
  const computed = eventCrc(bytes, offset + layout.AT_BODY_CRC, offset + header)
  const stated = bytes.readUInt32BE(offset + layout.AT_HEADER_CRC)
  if (computed !== stated) throw new EventCorruptError(mismatch('header', stated, computed))
  checkKey(bytes, offset, header)
  checkSourceId(sourceIdAt(bytes, offset))
  return header
}

/**
 * Proves the whole event at `offset`, of which `length` bytes are there.
 * @throws EventCorruptError, EventUnsupportedError
 */
export function checkEvent(bytes: Buffer, offset: number, length: number): void {
  const header = checkEventHeader(bytes, offset, length)
  const computed = eventCrc(bytes, offset + header, offset + length)
  const stated = bytes.readUInt32BE(offset + layout.AT_BODY_CRC)
  if (computed !== stated) throw new EventCorruptError(mismatch('body', stated, computed))
  checkParts(bytes, offset, header, length)
}

function checkKey(bytes: Buffer, offset: number, header: number): void {
  const attributes = bytes.readUInt16BE(offset + layout.AT_ATTRIBUTES)
  if ((attributes & layout.OPCODE_MASK) === layout.OPCODE_MASK) throw new EventCorruptError('opcode 3 is not known')
  const kind = attributes & layout.KEY_MASK
  if (kind === layout.KEY_MASK) throw new EventUnsupportedError('a key with a schema')
  if (kind === 0) throw new EventCorruptError('it has no kind of key')
  const isLong = kind === layout.KEY_LONG
  const expected = isLong
    ? layout.LONG_KEY_HEADER_BYTES
    : layout.AT_KEY_BYTES + bytes.readInt32BE(offset + layout.AT_KEY)
  if (header !== expected)
    throw new EventCorruptError(`header length ${header} contradicts its key, expected ${expected}`)
}

function checkSourceId(sourceId: number): void {
  if (sourceId < layout.SOURCE_ID_MIN || sourceId > layout.SOURCE_ID_MAX)
    throw new EventUnsupportedError(
      `source id ${sourceId}, outside of ${layout.SOURCE_ID_MIN} to ${layout.SOURCE_ID_MAX}`,
    )
}

/** What follows the header are the parts that the attributes tell of, and nothing else. */
function checkParts(bytes: Buffer, offset: number, header: number, length: number): void {
  const attributes = bytes.readUInt16BE(offset + layout.AT_ATTRIBUTES)
  const end = offset + length
  let at = offset + header
  if ((attributes & layout.ATTRIBUTE_METADATA) !== 0) at = partEnd(bytes, at, end, 'metadata')
  if ((attributes & layout.ATTRIBUTE_PAYLOAD) !== 0) {
    const kind = end - at < layout.PART_AT_DIGEST ? layout.PART_DIGEST_MD5 : digestKind(bytes, at)
    if (kind !== layout.PART_DIGEST_MD5)
      throw new EventUnsupportedError(`a payload whose schema has a digest of kind ${kind}`)
    at = partEnd(bytes, at, end, 'payload')
  }
  if (at !== end) throw new EventCorruptError(`${end - at} bytes behind its parts`)
}

/** @returns the offset after the part at `at`, which ends at or before `end` */
function partEnd(bytes: Buffer, at: number, end: number, name: string): number {
  const room = end - at
  const length = room < layout.PART_AT_DIGEST ? 0 : bytes.readInt32BE(at)
  const kind = room < layout.PART_AT_DIGEST ? layout.PART_DIGEST_MD5 : digestKind(bytes, at)
  if (kind > layout.PART_DIGEST_CRC) throw new EventCorruptError(`digest ${kind} of its ${name} is not known`)
  const digest = kind === layout.PART_DIGEST_MD5 ? layout.MD5_BYTES : layout.CRC_BYTES
  if (length < 0 || length > room - layout.PART_AT_DIGEST - digest)
    throw new EventCorruptError(`its ${name} does not fit in the ${room} bytes that are left`)
  return at + layout.PART_AT_DIGEST + digest + length
}

function digestKind(bytes: Buffer, at: number): number {
  return bytes.readUInt16BE(at + layout.PART_AT_ATTRIBUTES) & layout.PART_DIGEST_MASK
}

function mismatch(part: string, stated: number, computed: number): string {
  return `the ${part} says CRC ${stated.toString(16)}, its bytes give ${computed.toString(16)}`
}
