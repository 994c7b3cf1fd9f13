import { EventCorruptError, EventTooLargeError } from './errors.ts'
import * as v1 from './event-check-v1.ts'
import * as v2 from './event-check-v2.ts'
import { FIRST_BYTE_V1, FIRST_BYTE_V2 } from './event-version.ts'

/** Bytes from which on `checkedLength` can be asked of the event at `offset`, whose first byte is there. */
export function lengthKnownBytes(bytes: Buffer, offset: number): number {
  return bytes[offset] === FIRST_BYTE_V2 ? v2.LENGTH_KNOWN_BYTES : v1.LENGTH_KNOWN_BYTES
}

/**
 * The length that the event at `offset` states, of which only `lengthKnownBytes` are there.
 * @throws EventCorruptError, EventTooLargeError beyond `eventBytesMax`
 */
export function checkedLength(bytes: Buffer, offset: number, eventBytesMax: number): number {
  const length = isV2(bytes, offset) ? v2.statedLength(bytes, offset) : v1.statedLength(bytes, offset)
  if (length > eventBytesMax) throw new EventTooLargeError(length, eventBytesMax)
  return length
}

/**
 * Proves the whole event at `offset` against its checksums, of which `length` bytes are there: nothing of it is
 * believed before.
 * @throws EventCorruptError, EventUnsupportedError
 */
export function checkEvent(bytes: Buffer, offset: number, length: number): void {
  if (isV2(bytes, offset)) v2.checkEvent(bytes, offset, length)
  else v1.checkEvent(bytes, offset, length)
}

/**
 * Proves the header of the event at `offset`, whose length is `length`, though the rest of it may be elsewhere.
 * @throws EventCorruptError, EventUnsupportedError
 */
export function checkEventHeader(bytes: Buffer, offset: number, length: number): void {
  if (isV2(bytes, offset)) v2.checkEventHeader(bytes, offset, length)
  else v1.checkEventHeader(bytes, offset, length)
}

/** Bytes of the header of the event at `offset`, as far as those tell that are there: it is there when no more are wanted. */
export function headerBytesWanted(bytes: Buffer, offset: number, available: number): number {
  // What has not begun may be of either version: an end of window of version 2 is shorter than any event of version 1.
  if (available <= 0) return v2.headerBytesWanted(bytes, offset, 0)
  return bytes[offset] === FIRST_BYTE_V2
    ? v2.headerBytesWanted(bytes, offset, available)
    : v1.headerBytesWanted(bytes, offset, available)
}

/** @throws EventCorruptError of a version that is not known */
function isV2(bytes: Buffer, offset: number): boolean {
  const first = bytes[offset]
  if (first === FIRST_BYTE_V1) return false
  if (first === FIRST_BYTE_V2) return true
  throw new EventCorruptError(`version ${String(first)} is not known, expected ${FIRST_BYTE_V1} or ${FIRST_BYTE_V2}`)
}
