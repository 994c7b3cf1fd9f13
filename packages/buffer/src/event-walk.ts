import { eventLayout } from '@aesop/event'
import { type Segment } from './segment.ts'

/** Offset after the event at `offset`. */
export function eventEnd(bytes: Buffer, offset: number): number {
  return offset + bytes.readInt32BE(offset + eventLayout.AT_LENGTH)
}

/** Bytes of the value of the event that ends at `end`. */
export function valueBytesAt(bytes: Buffer, offset: number, end: number): number {
  const lowAttributes = bytes[offset + eventLayout.AT_ATTRIBUTES + 1] as number
  if ((lowAttributes & eventLayout.ATTRIBUTE_BYTE_KEY) === 0) return end - offset - eventLayout.AT_VALUE_AFTER_LONG_KEY
  return end - offset - eventLayout.AT_KEY_BYTES - bytes.readInt32BE(offset + eventLayout.AT_KEY)
}

export function scnAt(bytes: Buffer, offset: number): bigint {
  return bytes.readBigInt64BE(offset + eventLayout.AT_SEQUENCE)
}

export function isEndOfPeriodAt(bytes: Buffer, offset: number): boolean {
  return bytes.readInt16BE(offset + eventLayout.AT_SOURCE_ID) === eventLayout.SOURCE_ID_END_OF_PERIOD
}

/**
 * The segment in which the reader at the end of `segment` goes on, or undefined while nothing more is visible. A segment
 * stays empty when the next event was too large for it.
 */
export function visibleNext(segment: Segment): Segment | undefined {
  let next = segment.next
  while (next !== undefined && next.visibleEnd === 0) next = next.next
  return next
}
