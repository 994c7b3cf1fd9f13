import { AesopError, type AesopErrorClass, type FolderHolder, messageOf } from '@aesop/kernel'

export class SegmentUnreadableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SEGMENTS_UNREADABLE',
    meaning: 'A file of an event buffer or of an event log could not be read now.',
    remedy: 'See the cause: a limit of open files, or the disk. It is tried again.',
    canRetry: true,
  } as const
  constructor(path: string, cause: unknown) {
    super(SegmentUnreadableError.kind, `the segment ${path} could not be read: ${String(cause)}`, {
      fields: { path },
      cause,
    })
  }
}

export class SegmentsUnwritableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SEGMENTS_UNWRITABLE',
    meaning:
      'The files of an event buffer or of an event log can not be written now; the source waits, and its place is not stored.',
    remedy: 'See the cause: make room on the disk, or give this user the folder back. It is tried again.',
    canRetry: true,
  } as const
  constructor(folder: string, cause: unknown) {
    super(SegmentsUnwritableError.kind, `segments can not be written to ${folder}: ${messageOf(cause)}`, {
      fields: { folder },
      cause,
    })
  }
}

export class SegmentFolderError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SEGMENTS_FOLDER',
    meaning: 'The folder of an event buffer or of an event log could not be used.',
    remedy:
      'Give this user the folder to write in, or name another one in mmappedDirectoryLocation (of an event log: eventLogWriter.topLevelLogDir).',
    canRetry: false,
  } as const
  constructor(folder: string, cause: unknown) {
    super(SegmentFolderError.kind, `the folder ${folder} of segment files could not be used: ${String(cause)}`, {
      fields: { folder },
      cause,
    })
  }
}

export class SegmentFolderHeldError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SEGMENTS_FOLDER_HELD',
    meaning:
      'The folder of an event buffer or of an event log is in use by another process, or by another relay of this one; nothing was touched.',
    remedy:
      'Stop the process that the message names, or name another folder in mmappedDirectoryLocation (of an event log: eventLogWriter.topLevelLogDir).',
    canRetry: true,
  } as const
  constructor(folder: string, { what, pid, host, since }: FolderHolder) {
    super(
      SegmentFolderHeldError.kind,
      `the folder ${folder} is in use by ${what} (process ${pid} on ${host}, since ${since})`,
      { fields: { folder, what, pid, host, since } },
    )
  }
}

export const segmentFilesErrors: readonly AesopErrorClass[] = [
  SegmentUnreadableError,
  SegmentsUnwritableError,
  SegmentFolderError,
  SegmentFolderHeldError,
]
