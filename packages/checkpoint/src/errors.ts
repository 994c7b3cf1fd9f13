import { AesopError, type AesopErrorClass } from '@aesop/kernel'

export class CheckpointInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CHECKPOINT_INVALID',
    meaning:
      'A checkpoint breaks the rules of its format: a field is missing, of the wrong kind, or contradicts another.',
    remedy:
      'aesop-launch state set <bootstrap.yaml> --registration <id> --to oldest goes on with the oldest window that the relay has; in the place of oldest may stand an SCN that you know.',
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
      'aesop-launch state set <bootstrap.yaml> --registration <id> --to oldest goes on with the oldest window that the relay has; in the place of oldest may stand an SCN that you know. Rows may then come twice.',
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
    remedy:
      'aesop-launch state set <bootstrap.yaml> --source <name> --to <place> goes on at a place that you know; aesop-launch state reset <bootstrap.yaml> --source <name> lets startFrom or initVal decide.',
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
