import { AesopError, type AesopErrorClass, messageOf } from '@aesop/kernel'

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

export class StateUnopenableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CHECKPOINT_UNOPENABLE',
    meaning:
      'A checkpoint, a max SCN or a journal can not be opened: no right to, no file descriptors, a fault of the disk. It may be whole, and is never taken for missing.',
    remedy:
      'Start as the user whose files they are (ls -l shows it), or give this one the right to read and write them; when too many files are open, raise the limit (ulimit -n).',
    canRetry: false,
  } as const
  constructor(path: string, cause: unknown) {
    super(StateUnopenableError.kind, `${path} can not be opened: ${messageOf(cause)}`, { cause, fields: { path } })
  }
}

export class CheckpointUnwritableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CHECKPOINT_UNWRITABLE',
    meaning: 'A checkpoint or max SCN could not be written; the one on disk is still whole.',
    remedy:
      'Make room on the disk, make the folder writable for this process, or raise the limit of open files (ulimit -n), as the message says.',
    canRetry: true,
  } as const
  constructor(path: string, cause: unknown) {
    const fault = cause instanceof Error ? cause.message : String(cause)
    super(CheckpointUnwritableError.kind, `${path} can not be written: ${fault}`, { cause, fields: { path } })
  }
}

export class StoreSilentError extends AesopError {
  static readonly kind = {
    code: 'AESOP_CHECKPOINT_STORE_SILENT',
    meaning:
      'A store of checkpoints or max SCNs has taken a save and not said that it is done. What is stored may be old or new.',
    remedy:
      'Look at what the store waits for, and let its promise reject when it waits too long: then it is tried again. After a stop, windows since the stored checkpoint come again.',
    canRetry: true,
  } as const
  constructor(keptIn: string, silentMs: number) {
    super(StoreSilentError.kind, `${keptIn} has not come to the end of a save in ${Math.round(silentMs)} ms`, {
      fields: { keptIn, silentMs },
    })
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
  StateUnopenableError,
  CheckpointUnwritableError,
  StoreSilentError,
  MaxScnUnreadableError,
]
