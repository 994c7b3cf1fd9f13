import { AesopError, type AesopErrorClass } from '@aesop/kernel'

export class SegmentUnreadableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SEGMENTS_UNREADABLE',
    meaning: 'A file of the event buffer could not be read now.',
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

export class SegmentFolderError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SEGMENTS_FOLDER',
    meaning: 'The folder of an event buffer could not be used.',
    remedy: 'Give this user the folder to write in, or name another one in mmappedDirectoryLocation.',
    canRetry: false,
  } as const
  constructor(folder: string, cause: unknown) {
    super(SegmentFolderError.kind, `the folder ${folder} of the event buffer could not be used: ${String(cause)}`, {
      fields: { folder },
      cause,
    })
  }
}

export const segmentFilesErrors: readonly AesopErrorClass[] = [SegmentUnreadableError, SegmentFolderError]
