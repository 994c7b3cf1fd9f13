import { AesopError, type AesopErrorClass } from '@aesop/kernel'

export class SnapshotRefusedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SNAPSHOT_REFUSED',
    meaning:
      'The rows of a table can not be read as a snapshot: it is not captured, not there, or left out of the stream.',
    remedy: 'Read what the message says of the table; the other tables are not concerned.',
    canRetry: false,
  } as const
  constructor(source: string, reason: string, options: { readonly cause?: unknown; readonly remedy?: string } = {}) {
    super(SnapshotRefusedError.kind, `no snapshot of the source ${source}: ${reason}`, {
      fields: { source },
      ...options,
    })
  }
}

export class SnapshotWhereInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SNAPSHOT_WHERE_INVALID',
    meaning: 'The condition of a snapshot is not one that the source understands.',
    remedy:
      "Give one condition over the table's columns, without a comment or a semicolon, as it may stand after WHERE.",
    canRetry: false,
  } as const
  constructor(source: string, where: string, fault: string, cause?: unknown) {
    super(SnapshotWhereInvalidError.kind, `the condition ${JSON.stringify(where)} on ${source}: ${fault}`, {
      fields: { source },
      ...(cause === undefined ? {} : { cause }),
    })
  }
}

export class SnapshotCursorInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SNAPSHOT_CURSOR_INVALID',
    meaning: 'The place to go on from in a table is not one that this table has as it is now.',
    remedy: 'Begin the table again, without a place.',
    canRetry: false,
  } as const
  constructor(source: string, cursor: string, expected: string) {
    super(
      SnapshotCursorInvalidError.kind,
      `the place ${JSON.stringify(cursor.slice(0, 200))} in the source ${source}, expected ${expected}`,
      { fields: { source } },
    )
  }
}

export class SnapshotCursorLostError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SNAPSHOT_CURSOR_LOST',
    meaning:
      'A table without a key is read as one, and that reading is over: its process ended, it failed, or nobody asked it to go on.',
    remedy: 'Begin the table again, without a place.',
    canRetry: false,
  } as const
  constructor(source: string, cause?: unknown) {
    super(SnapshotCursorLostError.kind, `the reading of the source ${source}, which has no key, is over`, {
      fields: { source },
      ...(cause === undefined ? {} : { cause }),
    })
  }
}

export class SnapshotBehindError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SNAPSHOT_BEHIND',
    meaning:
      'A chunk of a table waited for the stream of its source to come to the place of the log where it was read.',
    remedy: 'Nothing, if the source is catching up: ask again. See why it does not if health says so.',
    canRetry: true,
  } as const
  constructor(source: string, wanted: string, reached: string, waitedMs: number) {
    super(
      SnapshotBehindError.kind,
      `a chunk of ${source} waited ${waitedMs} ms for the stream to come to ${wanted}; it is at ${reached}`,
      { fields: { source, wanted, reached, waitedMs } },
    )
  }
}

export class SnapshotTableChangedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SNAPSHOT_TABLE_CHANGED',
    meaning:
      'A table, or the log of its server, changed while a chunk of it was read, each time that it was read again.',
    remedy: 'Ask again when nobody changes the table.',
    canRetry: true,
  } as const
  constructor(source: string, what: string, times: number, cause?: unknown) {
    super(SnapshotTableChangedError.kind, `a chunk of ${source} was read ${times} times, and each time ${what}`, {
      fields: { source, times },
      ...(cause === undefined ? {} : { cause }),
    })
  }
}

export class SnapshotLockedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SNAPSHOT_LOCKED',
    meaning: 'A chunk of a table waited for a lock that another session holds on the table or its rows.',
    remedy:
      'Nothing, if that session is about to end: ask again. Else look for it among the transactions of the server.',
    canRetry: true,
  } as const
  constructor(source: string, cause: unknown) {
    const said = cause instanceof Error ? cause.message : String(cause)
    super(SnapshotLockedError.kind, `a chunk of ${source} did not get a lock in time: ${said}`, {
      cause,
      fields: { source },
    })
  }
}

export class SnapshotUnseenError extends AesopError {
  static readonly kind = {
    code: 'AESOP_SNAPSHOT_UNSEEN',
    meaning:
      'A transaction is in the log of a server, and the server does not show it to others yet: it waits for a replica, or for its disk.',
    remedy: 'Nothing, if it goes on: ask again. Else see what holds commits up (rpl_semi_sync…, sync_binlog).',
    canRetry: true,
  } as const
  constructor(source: string, place: string) {
    super(
      SnapshotUnseenError.kind,
      `a chunk of ${source} waited for what the log has up to ${place}, and did not see it`,
      {
        fields: { source, place },
      },
    )
  }
}

export const snapshotErrors: readonly AesopErrorClass[] = [
  SnapshotRefusedError,
  SnapshotWhereInvalidError,
  SnapshotCursorInvalidError,
  SnapshotCursorLostError,
  SnapshotBehindError,
  SnapshotTableChangedError,
  SnapshotLockedError,
  SnapshotUnseenError,
]
