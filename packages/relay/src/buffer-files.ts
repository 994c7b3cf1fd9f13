import { type Logger, makePrivateFolder, namedPath } from '@aesop/kernel'
import { FileSegments, NodeDisk } from '@aesop/segment-files'
import { readdirSync, rmSync } from 'node:fs'
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
  readonly bufferBytes: number
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

/** The segments of a buffer as files. What a former process left is removed where it is not to be taken up. */
export function bufferFiles(options: BufferFilesOptions): FileSegments {
  const { settings, physicalPartition, bufferBytes, log } = options
  const folder = bufferFolder(options)
  if (!settings.restores) removeSegments(folder)
  const segmentBytes = fileSegmentBytes(bufferBytes)
  return new FileSegments({
    disk: new NodeDisk(folder),
    physicalPartition,
    segmentBytes,
    residentBytes: Math.max(2 * segmentBytes, Math.min(settings.residentBytes, bufferBytes)),
    syncIntervalMs: settings.syncIntervalMs,
    log,
  })
}

/** Bytes of one segment file of a buffer of so many. */
function fileSegmentBytes(bufferBytes: number): number {
  const wanted = Math.min(SEGMENT_BYTES_MAX, Math.max(SEGMENT_BYTES_MIN, Math.floor(bufferBytes / SEGMENTS)))
  return Math.min(wanted, Math.floor(bufferBytes / SEGMENTS_MIN))
}

function removeSegments(folder: string): void {
  makePrivateFolder(folder)
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.segment')) rmSync(join(folder, name), { force: true })
  }
}
