import { AesopError, type AesopErrorClass } from '@aesop/kernel'

export class EventLogEmptyError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_EVENT_LOG_EMPTY',
    meaning: 'An event log that is to be replayed has no window that can be read, so nobody knows where to begin.',
    remedy:
      'Name the folder of the log in eventLogReader.topLevelLogDir and readSessionDir, and give the physical source the id that it has where the log is written. A log that was just begun has windows once its source has.',
    canRetry: true,
  } as const
  constructor(folder: string, aside: ReadonlyMap<string, string>) {
    const why = [...aside].map(([name, reason]) => `; ${name}: ${reason}`).at(-1) ?? ''
    super(EventLogEmptyError.kind, `the event log ${folder} has no windows${why}`, { fields: { folder } })
  }
}

export class EventLogSpaceError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_EVENT_LOG_SPACE',
    meaning:
      'The windows of an event log are of another SCN space than what was read of it before, or than the configuration names.',
    remedy:
      'Name the log that belongs to this source. To begin with this one: aesop-launch state reset <bootstrap.yaml> --source <name>, and move its readers (state set --registration <id> --to oldest).',
    canRetry: false,
  } as const
  constructor(folder: string, found: string | undefined, expected: string) {
    super(
      EventLogSpaceError.kind,
      `the event log ${folder} is of the SCN space ${found ?? '(not known)'}, expected ${expected}`,
      { fields: { folder, found, expected } },
    )
  }
}

export class EventLogGapError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_EVENT_LOG_GAP',
    meaning:
      'The windows that come next are in the event log no more: they were damaged, or older than what it keeps. Nothing that lies behind them is served.',
    remedy:
      'Keep the log longer (eventLogWriter.maxFiles, individualFileMaxBytes, retentionMs), or begin behind the gap: aesop-launch state reset <bootstrap.yaml> --source <name>. What lies in between is missed then.',
    canRetry: false,
  } as const
  constructor(folder: string, afterScn: bigint, beginsAfterScn: bigint, damage?: string, cause?: unknown) {
    const begins = beginsAfterScn > afterScn ? `: it begins after SCN ${beginsAfterScn}` : ''
    const why = damage === undefined ? '' : ` (${damage})`
    super(EventLogGapError.kind, `the event log ${folder} has not what follows SCN ${afterScn}${begins}${why}`, {
      fields: { folder, afterScn, beginsAfterScn },
      cause,
    })
  }
}

export class EventLogUnreadableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_EVENT_LOG_UNREADABLE',
    meaning: 'The folder of an event log could not be read now.',
    remedy: 'See the cause: give this user the folder to read, or bring the disk back. It is tried again.',
    canRetry: true,
  } as const
  constructor(folder: string, cause: unknown) {
    super(EventLogUnreadableError.kind, `the event log ${folder} could not be read: ${String(cause)}`, {
      fields: { folder },
      cause,
    })
  }
}

export class EventLogSchemaMissingError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_EVENT_LOG_SCHEMA_MISSING',
    meaning:
      'An event of an event log has a schema that does not lie beside the log: its row could not be read by anybody.',
    remedy: 'Bring the folder schemas of the log back, from where the log was copied.',
    canRetry: false,
  } as const
  constructor(folder: string, source: string, schemaId: string, scn: bigint) {
    super(
      EventLogSchemaMissingError.kind,
      `the schema ${schemaId} of ${source} at SCN ${scn} is not in ${folder}/schemas`,
      { fields: { folder, source, schemaId, scn } },
    )
  }
}

export class EventLogSinkError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_EVENT_LOG_SINK',
    meaning: 'A producer that replays an event log was given a sink that can not take events over as they are.',
    remedy: 'Give it an event buffer of @aesop/buffer.',
    canRetry: false,
  } as const
  constructor(folder: string) {
    super(EventLogSinkError.kind, `the event log ${folder} is replayed to a sink without appendCopy`)
  }
}

export class EventLogClosedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_RELAY_EVENT_LOG_CLOSED',
    meaning:
      'An event log was closed before it had all windows; the place of its source is not stored, and they come again.',
    remedy: 'Nothing: they are read again at the next start.',
    canRetry: true,
  } as const
  constructor(folder: string, scn: bigint, wantedScn: bigint) {
    super(EventLogClosedError.kind, `the event log ${folder} was closed at SCN ${scn}, expected ${wantedScn}`, {
      fields: { folder, scn, wantedScn },
    })
  }
}

export const eventLogErrors: readonly AesopErrorClass[] = [
  EventLogEmptyError,
  EventLogSpaceError,
  EventLogGapError,
  EventLogUnreadableError,
  EventLogSchemaMissingError,
  EventLogSinkError,
  EventLogClosedError,
]
