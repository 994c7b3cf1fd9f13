import { type EventVersion, FIRST_BYTE_V2 } from './event-version.ts'
import * as v1 from './event-fields-v1.ts'
import * as v2 from './event-fields-v2.ts'

/*
 * What those who walk windows ask of the event at `offset`, whichever version its first byte says. Who looks at one event moves an
 * `EventView` there, which knows the version.
 */

function isV2(bytes: Buffer, offset: number): boolean {
  return bytes[offset] === FIRST_BYTE_V2
}

export function versionAt(bytes: Buffer, offset: number): EventVersion {
  return isV2(bytes, offset) ? 2 : 1
}

/** Total length in bytes, header included. */
export function lengthAt(bytes: Buffer, offset: number): number {
  return isV2(bytes, offset) ? v2.lengthAt(bytes, offset) : v1.lengthAt(bytes, offset)
}

/** Offset after the event. */
export function endAt(bytes: Buffer, offset: number): number {
  return offset + lengthAt(bytes, offset)
}

export function scnAt(bytes: Buffer, offset: number): bigint {
  return isV2(bytes, offset) ? v2.scnAt(bytes, offset) : v1.scnAt(bytes, offset)
}

/** Nanoseconds since 1970. */
export function timestampNanosAt(bytes: Buffer, offset: number): bigint {
  return isV2(bytes, offset) ? v2.timestampNanosAt(bytes, offset) : v1.timestampNanosAt(bytes, offset)
}

export function isEndOfPeriodAt(bytes: Buffer, offset: number): boolean {
  return isV2(bytes, offset) ? v2.isEndOfPeriodAt(bytes, offset) : v1.isEndOfPeriodAt(bytes, offset)
}

/** Offset of the value's first byte; it ends where the event does. */
export function valueOffsetAt(bytes: Buffer, offset: number): number {
  return isV2(bytes, offset) ? v2.valueOffsetAt(bytes, offset) : v1.valueOffsetAt(bytes, offset)
}
