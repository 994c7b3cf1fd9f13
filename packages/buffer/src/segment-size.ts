import { BufferSizeInvalidError } from './errors.ts'

const SEGMENTS = 16
const SEGMENT_BYTES_MIN = 64 * 1024
const SEGMENT_BYTES_MAX = 64 * 1024 * 1024
const SEGMENTS_MIN = 4
const BUFFER_BYTES_MIN = 1024

/** Bytes of one segment of a buffer of `maxBytes`. @throws BufferSizeInvalidError */
export function segmentBytesFor(maxBytes: number): number {
  if (!(maxBytes >= BUFFER_BYTES_MIN)) throw new BufferSizeInvalidError(maxBytes, BUFFER_BYTES_MIN)
  const wanted = Math.min(SEGMENT_BYTES_MAX, Math.max(SEGMENT_BYTES_MIN, Math.floor(maxBytes / SEGMENTS)))
  return Math.min(wanted, Math.floor(maxBytes / SEGMENTS_MIN))
}
