import { AesopError, type AesopErrorClass, messageOf } from '@aesop/kernel'

export class StoreInUseError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_STORE_IN_USE',
    meaning: 'Another process writes to the bootstrap store: two writers would mix their places.',
    remedy: 'Stop the other bootstrap producer, or give this one a store of its own.',
    canRetry: false,
  } as const
  constructor(store: string, cause?: unknown) {
    super(StoreInUseError.kind, `the bootstrap store ${store} has another writer`, { cause, fields: { store } })
  }
}

export class StoreFormatError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_STORE_FORMAT',
    meaning: 'The bootstrap store was made by another version of this platform, or is no bootstrap store.',
    remedy: 'Name another place for the store; it fills itself by seeding its tables again.',
    canRetry: false,
  } as const
  constructor(store: string, found: string, expected: string) {
    super(StoreFormatError.kind, `the bootstrap store ${store} has ${found}, expected ${expected}`, {
      fields: { store, found, expected },
    })
  }
}

export class StoreMissingError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_STORE_MISSING',
    meaning: 'There is no bootstrap store yet where it was looked for.',
    remedy:
      'Nothing, where its bootstrap producer has yet to start: it makes the store, and is waited for. Else let the store of the server name the place that the store of the producer names.',
    canRetry: true,
  } as const
  constructor(store: string) {
    super(StoreMissingError.kind, `there is no bootstrap store ${store} yet`, { fields: { store } })
  }
}

export class StoreReplacedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_STORE_REPLACED',
    meaning:
      'Another bootstrap store has taken the place of the one that is read: its ids of rows and its ordinals are others.',
    remedy: 'The client begins the snapshot anew by itself, from the new store.',
    canRetry: true,
  } as const
  constructor(asked: string, has: string) {
    super(StoreReplacedError.kind, `the bootstrap store has the id ${has}, and that of ${asked} was asked for`, {
      fields: { asked, has },
    })
  }
}

export class StoreFailedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_STORE_FAILED',
    meaning: 'The database of the bootstrap store did not do what it was asked for.',
    remedy:
      'Read its text: a full disk, a lost connection and a lock pass, and it is tried again. Nothing was written.',
    canRetry: true,
  } as const
  constructor(store: string, doing: string, cause: unknown) {
    super(StoreFailedError.kind, `the bootstrap store ${store} could not ${doing}: ${messageOf(cause)}`, {
      cause,
      fields: { store, doing },
    })
  }
}

export class StoreThreadDiedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_STORE_THREAD_DIED',
    meaning:
      'The thread of a connection to a SQLite store has ended by a fault, and with it the connection: nothing that is asked of it is done.',
    remedy:
      'Start the process again: it goes on behind what the store has. Where it comes again, report it with what the message says.',
    canRetry: false,
  } as const
  constructor(store: string, cause: unknown) {
    super(StoreThreadDiedError.kind, `the thread of the bootstrap store ${store} has ended: ${messageOf(cause)}`, {
      cause,
      fields: { store },
    })
  }
}

export class StoreSpaceForeignError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_SPACE_FOREIGN',
    meaning:
      'What is to be written counts its SCNs in another SCN space than what the store has: they can not be compared.',
    remedy:
      'If it is the wrong relay, name the right one. If its source has another history now, its tables have to be seeded again: begin with an empty store.',
    canRetry: false,
  } as const
  constructor(stream: string, given: string, has: string) {
    super(StoreSpaceForeignError.kind, `the stream "${stream}" has the SCN space "${has}", and is given "${given}"`, {
      fields: { stream, given, has },
    })
  }
}

export class StoreSourceUnknownError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_SOURCE_UNKNOWN',
    meaning: 'The bootstrap store has no such logical source.',
    remedy:
      'Check the name; a source is there once the bootstrap producer that has it in its registration was started.',
    canRetry: false,
  } as const
  constructor(source: string, known: readonly string[]) {
    const has = known.length === 0 ? 'it has none' : `it has ${known.join(', ')}`
    super(StoreSourceUnknownError.kind, `the bootstrap store has no source "${source}": ${has}`, { fields: { source } })
  }
}

export class StoreSourceNotServedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_NOT_SERVED',
    meaning: 'The picture of this table is not complete, so that nobody gets any of it.',
    remedy: 'Wait until the bootstrap producer has seeded it and caught up; its health says how far it is.',
    canRetry: true,
  } as const
  constructor(source: string, status: string) {
    super(StoreSourceNotServedError.kind, `the source "${source}" is ${status}, expected ACTIVE`, {
      fields: { source, status },
    })
  }
}

export class SnapshotOutdatedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_SNAPSHOT_OUTDATED',
    meaning:
      'The table was seeded again while somebody read its snapshot: what is left of the old one and the log do not make a picture together.',
    remedy: 'The client begins the snapshot anew by itself, with a new start SCN.',
    canRetry: true,
  } as const
  constructor(source: string, startScn: bigint, seededAtScn: bigint) {
    super(
      SnapshotOutdatedError.kind,
      `the source "${source}" was seeded at SCN ${seededAtScn}, above the start SCN ${startScn} of the snapshot`,
      { fields: { source, startScn, seededAtScn } },
    )
  }
}

export class StoreTooYoungError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_STORE_TOO_YOUNG',
    meaning:
      'Deletes that the consumer has not seen are no more in the store: rows alone would leave it with rows that are gone.',
    remedy: 'The consumer needs a whole snapshot, before which it forgets what it has.',
    canRetry: false,
  } as const
  constructor(source: string, sinceScn: bigint, minScn: bigint) {
    super(
      StoreTooYoungError.kind,
      `the source "${source}" has all deletes since SCN ${minScn} only, and SCN ${sinceScn} was asked for`,
      { fields: { source, sinceScn, minScn } },
    )
  }
}

export class StoreLogPurgedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_LOG_PURGED',
    meaning: 'Windows that are asked for are no more in the log of the bootstrap store.',
    remedy:
      'The client begins a snapshot by itself. If this happens while it reads one, keep the log for longer (retention of the bootstrap producer).',
    canRetry: true,
  } as const
  constructor(source: string, startScn: bigint, logStartScn: bigint) {
    super(
      StoreLogPurgedError.kind,
      `the log of the source "${source}" begins after SCN ${logStartScn}, and SCN ${startScn} was asked for`,
      { fields: { source, startScn, logStartScn } },
    )
  }
}

export class StoreSettingInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_BOOTSTRAP_STORE_SETTING_INVALID',
    meaning: 'A property of a bootstrap store can not be used.',
    remedy: 'Give it the value that the message expects.',
    canRetry: false,
  } as const
  constructor(property: string, value: string, expected: string) {
    super(StoreSettingInvalidError.kind, `the bootstrap store has ${property}: ${value}, expected ${expected}`, {
      fields: { property },
    })
  }
}

export const bootstrapStoreErrors: readonly AesopErrorClass[] = [
  StoreInUseError,
  StoreFormatError,
  StoreMissingError,
  StoreReplacedError,
  StoreFailedError,
  StoreSpaceForeignError,
  StoreSourceUnknownError,
  StoreSourceNotServedError,
  SnapshotOutdatedError,
  StoreTooYoungError,
  StoreLogPurgedError,
  StoreSettingInvalidError,
  StoreThreadDiedError,
]

/** Whether the connection that threw it is of no use any more, or may be so; also of an error that came out of a thread. */
export function isStoreFault(error: unknown): boolean {
  if (!(error instanceof AesopError)) return false
  return error.code === StoreFailedError.kind.code || error.code === StoreThreadDiedError.kind.code
}
