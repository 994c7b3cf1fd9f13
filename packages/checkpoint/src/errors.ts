import { AesopError, type AesopErrorClass } from '@aesop/kernel'

export class CheckpointInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CHECKPOINT_INVALID',
    meaning:
      'A checkpoint breaks the rules of its format: a field is missing, of the wrong kind, or contradicts another.',
    remedy: 'Restore the checkpoint from its history, or remove it to start anew from what the relay holds.',
    canRetry: false,
  } as const
  constructor(fault: string, cause?: unknown) {
    super(CheckpointInvalidError.kind, `invalid checkpoint: ${fault}`, { cause })
  }
}

export class CheckpointUnreadableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CHECKPOINT_UNREADABLE',
    meaning: 'The file of a checkpoint is there and can not be read as one. It is never taken for "no checkpoint".',
    remedy:
      'Copy the newest file of the history folder beside it over it, or delete it, or start with --fresh, to begin anew; rows may then come twice.',
    canRetry: false,
  } as const
  constructor(path: string, cause: unknown) {
    const fault = cause instanceof Error ? cause.message : String(cause)
    super(CheckpointUnreadableError.kind, `the checkpoint in ${path} can not be read: ${fault}`, {
      cause,
      fields: { path },
    })
  }
}

export class CheckpointUnwritableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CHECKPOINT_UNWRITABLE',
    meaning: 'A checkpoint or max SCN could not be written; the one on disk is still whole.',
    remedy: 'Make room on the disk, or make the folder writable for this process.',
    canRetry: true,
  } as const
  constructor(path: string, cause: unknown) {
    const fault = cause instanceof Error ? cause.message : String(cause)
    super(CheckpointUnwritableError.kind, `${path} can not be written: ${fault}`, { cause, fields: { path } })
  }
}

export class MaxScnUnreadableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CHECKPOINT_MAXSCN_UNREADABLE',
    meaning: 'The file that says how far a producer has come is there and can not be read.',
    remedy: 'Restore the file, or delete it to let initVal or startFrom decide where the producer begins.',
    canRetry: false,
  } as const
  constructor(path: string, cause: unknown) {
    const fault = cause instanceof Error ? cause.message : String(cause)
    super(MaxScnUnreadableError.kind, `the max SCN in ${path} can not be read: ${fault}`, { cause, fields: { path } })
  }
}

export const checkpointErrors: readonly AesopErrorClass[] = [
  CheckpointInvalidError,
  CheckpointUnreadableError,
  CheckpointUnwritableError,
  MaxScnUnreadableError,
]
