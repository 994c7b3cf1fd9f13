import { type EventAppend, type EventKey, type ValueWriter } from './event-key.ts'
import { type EventVersion, FIRST_BYTE_V2 } from './event-version.ts'
import * as fieldsV1 from './event-fields-v1.ts'
import * as fieldsV2 from './event-fields-v2.ts'
import * as v1 from './event-writer-v1.ts'
import * as v2 from './event-writer-v2.ts'

/** Bytes that an event needs at most: the header, the key, and the bound that its producer gave for the value. */
export function eventBytesMax(key: EventKey, maxValueBytes: number, version: EventVersion): number {
  return version === 2 ? v2.eventBytesMax(key, maxValueBytes) : v1.eventBytesMax(key, maxValueBytes)
}

/** Upper bound of header and key, of all but the value, found without a look at each character. */
export function eventHeaderBytesMax(key: EventKey, version: EventVersion): number {
  return version === 2 ? v2.eventHeaderBytesMax(key) : v1.eventHeaderBytesMax(key)
}

/** Bytes of header and key, of all but the value. */
export function eventHeaderBytes(key: EventKey, version: EventVersion): number {
  return version === 2 ? v2.eventHeaderBytes(key) : v1.eventHeaderBytes(key)
}

/**
 * Writes one event, all but the sequence and the header CRC, which `sealEvent` puts in when the window closes and its
 * SCN is known. The value is written in place by its writer.
 * @returns the offset after the event
 * @throws EventKeyTooLongError
 */
export function writeEvent(
  target: Buffer,
  offset: number,
  append: EventAppend,
  physicalPartition: number,
  version: EventVersion,
  write: ValueWriter,
): number {
  return version === 2
    ? v2.writeEvent(target, offset, append, physicalPartition, write)
    : v1.writeEvent(target, offset, append, physicalPartition, write)
}

/**
 * Gives the event at `offset` its SCN (as the two halves of its 64 bits) and the header CRC.
 * @returns the offset after the event
 */
export function sealEvent(target: Buffer, offset: number, scnHigh: number, scnLow: number): number {
  return target[offset] === FIRST_BYTE_V2
    ? v2.sealEvent(target, offset, scnHigh, scnLow)
    : v1.sealEvent(target, offset, scnHigh, scnLow)
}

/** Seals the events that begin from `from` on and before `to`; all are of the version of the first. */
export function sealEvents(target: Buffer, from: number, to: number, scnHigh: number, scnLow: number): void {
  if (target[from] === FIRST_BYTE_V2) for (let at = from; at < to;) at = v2.sealEvent(target, at, scnHigh, scnLow)
  else for (let at = from; at < to;) at = v1.sealEvent(target, at, scnHigh, scnLow)
}

/** Bytes of the event that closes a window. */
export function endOfPeriodBytes(version: EventVersion): number {
  return version === 2 ? v2.END_OF_PERIOD_BYTES : v1.END_OF_PERIOD_BYTES
}

/** Writes the sealed event that closes a window. @returns the offset after it */
export function writeEndOfPeriod(
  target: Buffer,
  offset: number,
  scn: bigint,
  physicalPartition: number,
  version: EventVersion,
  timestampNanos: bigint,
): number {
  return version === 2
    ? v2.writeEndOfPeriod(target, offset, scn, physicalPartition, timestampNanos)
    : v1.writeEndOfPeriod(target, offset, scn, physicalPartition, timestampNanos)
}

/** What writes events of one version, for who writes many: it is chosen once, and nothing is asked for each event. */
export interface EventWriter {
  /** As `eventBytesMax`. */
  readonly bytesMax: (key: EventKey, maxValueBytes: number) => number
  /** As `writeEvent`. */
  readonly write: (
    target: Buffer,
    offset: number,
    append: EventAppend,
    physicalPartition: number,
    write: ValueWriter,
  ) => number
  /** As `valueOffsetAt`, of an event that it wrote. */
  readonly valueOffsetAt: (bytes: Buffer, offset: number) => number
}

const WRITERS: Readonly<Record<EventVersion, EventWriter>> = {
  1: { bytesMax: v1.eventBytesMax, write: v1.writeEvent, valueOffsetAt: fieldsV1.valueOffsetAt },
  2: { bytesMax: v2.eventBytesMax, write: v2.writeEvent, valueOffsetAt: fieldsV2.valueOffsetAt },
}

export function eventWriterOf(version: EventVersion): EventWriter {
  return WRITERS[version]
}
