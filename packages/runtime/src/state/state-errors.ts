import { AesopError, type FolderHolder, messageOf } from '@aesop/kernel'

/** Another launch, or a command that changes state, has the state directory. */
export class StateDirectoryHeldError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RUNTIME_STATE_HELD',
    meaning: 'The state directory is in use by another process, or by another launch of this one; nothing was touched.',
    remedy: 'Stop the process that the message names, or give this launch a stateDirectory of its own.',
    canRetry: true,
  } as const
  readonly holder: FolderHolder
  constructor(directory: string, holder: FolderHolder) {
    const { what, pid, host, since } = holder
    super(
      StateDirectoryHeldError.kind,
      `the state directory ${directory} is in use by ${what} (process ${pid} on ${host}, since ${since})`,
      { fields: { directory, ...holder } },
    )
    this.holder = holder
  }
}

/** The lock of a state directory can be neither taken nor refused. */
export class StateLockError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RUNTIME_STATE_LOCK',
    meaning:
      'The state directory can not be locked: its file system takes no files, hard links or Unix sockets from this process.',
    remedy:
      'Let stateDirectory of the bootstrap descriptor name a folder on a local disk that this user may write, with a path as short as the disk allows.',
    canRetry: false,
  } as const
  constructor(directory: string, cause: unknown) {
    super(StateLockError.kind, `the state directory ${directory} can not be locked: ${messageOf(cause)}`, {
      cause,
      fields: { directory },
    })
  }
}
