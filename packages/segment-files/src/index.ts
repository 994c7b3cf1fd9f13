export {
  segmentFilesErrors,
  SegmentFolderError,
  SegmentFolderHeldError,
  SegmentsUnwritableError,
  SegmentUnreadableError,
} from './errors.ts'
export { FileSegments, type FileSegmentsOptions } from './file-segments.ts'
export { type FormerSegments, type Recovery } from './folder-recovery.ts'
export { type LogView, type NothingLogged, SegmentLog } from './segment-log.ts'
export { type DiskFile, NodeDisk, type SegmentDisk } from './segment-disk.ts'
