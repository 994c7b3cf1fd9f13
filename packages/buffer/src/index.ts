export { BufferChunk } from './buffer-chunk.ts'
export { BufferCursor, type CursorStep } from './buffer-cursor.ts'
export { BufferReader } from './buffer-reader.ts'
export { checkBuffer } from './check-buffer.ts'
export {
  bufferErrors,
  BufferFullError,
  BufferSizeInvalidError,
  ScnOrderError,
  SegmentDamagedError,
  ValueOverflowError,
  WindowStateError,
  WindowTooLargeError,
} from './errors.ts'
export { Segment, type SegmentSummary, type Unsealed } from './segment.ts'
export { SegmentPool } from './segment-pool.ts'
export { type LeftSegments, type SegmentHold, type SegmentStart, type SegmentStore } from './segment-store.ts'
export { EventBuffer, type ReadResult } from './event-buffer.ts'
export { type ReaderRoom } from './reader-room.ts'
export { type EventBufferOptions } from './event-buffer-options.ts'
export { type SeekResult } from './window-places.ts'
