import { AesopError, type AesopErrorClass, messageOf } from '@aesop/kernel'

/* What a server answers, for good, to the command that asks for its log. */

export class MysqlLogUnreadableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_LOG_UNREADABLE',
    meaning:
      'The server can not read its own binary log at a place: the place lies inside an event, or the log file is damaged, cut off, missing, or encrypted with a key that the server no longer has.',
    remedy:
      'aesop-launch state locate <bootstrap.yaml> --source <name> --at <file>:<position> says in which transaction the place lies, if that is the cause; aesop-launch state set <bootstrap.yaml> --source <name> --to <place> goes on at the beginning of one. Else restore the log file.',
    canRetry: false,
  } as const
  constructor(server: string, wanted: string, cause: unknown) {
    super(
      MysqlLogUnreadableError.kind,
      `the server ${server} can not read its binary log, wanted from ${wanted}: ${messageOf(cause)}`,
      { cause, fields: { server, wanted }, ...remedyAt(MysqlLogUnreadableError.kind.remedy, wanted) },
    )
  }
}

export class MysqlEventTooLargeError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_EVENT_TOO_LARGE',
    meaning:
      "The server does not send an event of its binary log that is larger than its max_allowed_packet; where no event begins, any bytes look like such an event's length.",
    remedy:
      'Run: SET GLOBAL max_allowed_packet=1073741824; if that is set already, the place lies inside an event: aesop-launch state locate <bootstrap.yaml> --source <name> --at <file>:<position> says in which transaction, aesop-launch state set <bootstrap.yaml> --source <name> --to <place> goes on at the beginning of one.',
    canRetry: false,
  } as const
  constructor(server: string, wanted: string, cause: unknown) {
    super(
      MysqlEventTooLargeError.kind,
      `the server ${server} does not send an event of its binary log, wanted from ${wanted}: ${messageOf(cause)}`,
      { cause, fields: { server, wanted }, ...remedyAt(MysqlEventTooLargeError.kind.remedy, wanted) },
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
function remedyAt(remedy: string, wanted: string): { remedy?: string } {
  return /^.+:\d+$/.test(wanted) ? { remedy: remedy.replace('<file>:<position>', wanted) } : {}
}

export const dumpErrors: readonly AesopErrorClass[] = [
  MysqlLogUnreadableError,
  MysqlEventTooLargeError,
  MysqlDumpRefusedError,
]
