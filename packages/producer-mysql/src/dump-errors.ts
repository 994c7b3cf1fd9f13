import { AesopError, type AesopErrorClass, messageOf } from '@aesop/kernel'

/* What a server answers, for good, to the command that asks for its log. */

export class MysqlLogUnreadableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_LOG_UNREADABLE',
    meaning:
      'The server can not read its own binary log at a place: the place lies inside an event, or the log file is damaged, cut off, missing, or encrypted with a key that the server no longer has.',
    remedy:
      "Run SHOW BINLOG EVENTS IN '<file>' FROM <position> LIMIT 1; an error or another Pos means that no event begins there: choose the beginning of a transaction with SHOW BINLOG EVENTS IN '<file>'; and go on from it with aesop-launch state set. Else restore the log file.",
    canRetry: false,
  } as const
  constructor(server: string, wanted: string, cause: unknown) {
    super(
      MysqlLogUnreadableError.kind,
      `the server ${server} can not read its binary log, wanted from ${wanted}: ${messageOf(cause)}`,
      { cause, fields: { server, wanted }, ...remedyAt(wanted) },
    )
  }
}

export class MysqlEventTooLargeError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_EVENT_TOO_LARGE',
    meaning:
      "The server does not send an event of its binary log that is larger than its max_allowed_packet; where no event begins, any bytes look like such an event's length.",
    remedy:
      "Run: SET GLOBAL max_allowed_packet=1073741824; if that is set already, the place lies inside an event: SHOW BINLOG EVENTS IN '<file>'; shows where transactions begin, aesop-launch state set goes on from one.",
    canRetry: false,
  } as const
  constructor(server: string, wanted: string, cause: unknown) {
    super(
      MysqlEventTooLargeError.kind,
      `the server ${server} does not send an event of its binary log, wanted from ${wanted}: ${messageOf(cause)}`,
      { cause, fields: { server, wanted } },
    )
  }
}

export class MysqlDumpRefusedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_DUMP_REFUSED',
    meaning: 'The server calls it a fatal error to send its binary log as it was asked for.',
    remedy:
      "Read the server's text and its error log; when the cause is mended, start the relay again, it goes on where it was.",
    canRetry: false,
  } as const
  constructor(server: string, wanted: string, cause: unknown) {
    super(
      MysqlDumpRefusedError.kind,
      `the server ${server} does not send its binary log from ${wanted}: ${messageOf(cause)}`,
      { cause, fields: { server, wanted } },
    )
  }
}

/** The remedy with the place in it, where that is one of a file. */
function remedyAt(wanted: string): { remedy?: string } {
  const [, file, position] = /^(.+):(\d+)$/.exec(wanted) ?? []
  if (file === undefined || position === undefined) return {}
  return {
    remedy: MysqlLogUnreadableError.kind.remedy.replaceAll('<file>', file).replaceAll('<position>', position),
  }
}

export const dumpErrors: readonly AesopErrorClass[] = [
  MysqlLogUnreadableError,
  MysqlEventTooLargeError,
  MysqlDumpRefusedError,
]
