import { type EventVersion } from '@aesop/event'
import { type Logger, namedPath } from '@aesop/kernel'
import { FileSegments, NodeDisk } from '@aesop/segment-files'
import { join, resolve } from 'node:path'
import { type BufferFilesSettings } from './source-settings.ts'

const SEGMENTS = 64
const SEGMENT_BYTES_MIN = 1024 * 1024
const SEGMENT_BYTES_MAX = 64 * 1024 * 1024
const SEGMENTS_MIN = 4

export interface BufferFilesOptions {
  readonly settings: BufferFilesSettings
  /** Of the physical source. */
  readonly name: string
  readonly physicalPartition: number
  readonly eventVersion: EventVersion
  readonly bufferBytes: number
  /** Of the source; undefined: not known. */
  readonly configuration: (() => string) | undefined
  /** Below which the folder lies, unless the settings name another one. */
  readonly stateDirectory: string
  /** From which a relative folder of the settings counts. */
  readonly projectsRoot: string
  readonly log: Logger
}

/** The folder of the segment files of a physical source. */
export function bufferFolder({ settings, name, projectsRoot, stateDirectory }: BufferFilesOptions): string {
  const { directory } = settings
  return namedPath(directory === undefined ? join(stateDirectory, 'buffer') : resolve(projectsRoot, directory), name)
}

/** The segments of a buffer as files. */
export function bufferFiles(options: BufferFilesOptions): FileSegments {
  const { settings, physicalPartition, eventVersion, configuration, bufferBytes, log } = options
  const segmentBytes = fileSegmentBytes(bufferBytes)
  return new FileSegments({
    disk: new NodeDisk(bufferFolder(options)),
    physicalPartition,
    eventVersion,
    ...(configuration === undefined ? {} : { configuration }),
    segmentBytes,
    residentBytes: Math.max(2 * segmentBytes, Math.min(settings.residentBytes, bufferBytes)),
    syncIntervalMs: settings.syncIntervalMs,
    restores: settings.restores,
    log,
  })
}

/** Bytes of one segment file of a buffer of so many. */
function fileSegmentBytes(bufferBytes: number): number {
  const wanted = Math.min(SEGMENT_BYTES_MAX, Math.max(SEGMENT_BYTES_MIN, Math.floor(bufferBytes / SEGMENTS)))
  return Math.min(wanted, Math.floor(bufferBytes / SEGMENTS_MIN))
}
