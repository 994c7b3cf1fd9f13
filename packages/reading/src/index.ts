export { JoinedReader } from './joined-reader.ts'
export { JoinedSource } from './joined-source.ts'
export { type LateReading } from './late-reading.ts'
export { type SnapshotChunk, type SnapshotReader, type SnapshotRequest, type SnapshotTable } from './snapshot-reader.ts'
export { type FoundStart, type StartFrom } from './start-from.ts'
export {
  type Future,
  type Gone,
  type ReadsFrom,
  type ReadStep,
  type SeekStep,
  type WindowChunk,
  type WindowReader,
  type WindowSource,
} from './window-reader.ts'
