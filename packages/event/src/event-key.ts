import type { Opcode } from './opcode.ts'

/**
 * The key of a row. A number (safe integers only) or a bigint becomes the 8-byte long key, a bigint above 2^63 − 1
 * keeps its 64 bits; text and bytes (UTF-8 already) become the byte key.
 */
export type EventKey = number | bigint | string | Uint8Array

export function isByteKey(key: EventKey): key is string | Uint8Array {
  return typeof key === 'string' || typeof key === 'object'
}

/** What a producer says of an event before it writes the value. One object may be reused for every call. */
export interface EventAppend {
  opcode: Opcode
  key: EventKey
  /** Id of the logical source, 1–32767. */
  sourceId: number
  /** MD5 of the schema's text, 16 bytes. */
  schemaId: Uint8Array
  /** Commit time in nanoseconds since 1970. */
  timestampNanos: bigint
  logicalPartition: number
  /** Upper bound of what the writer writes; the place reserved for the value. */
  maxValueBytes: number
}

/** Writes the value into `target` from `offset` on and returns the offset after its last byte. */
export type ValueWriter = (target: Buffer, offset: number) => number
