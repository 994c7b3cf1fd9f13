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

export class MysqlNextLogMissingError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_NEXT_LOG_MISSING',
    meaning:
      'The server has sent a log file to its end and finds none that comes next: its log was reset or purged just then, or its index lacks a file.',
    remedy:
      'The source connects again by itself, and says so if the log was reset or purged. If it fails with this error, compare SHOW BINARY LOGS; with the files that the server has: one that its index lists is missing, or the index was changed.',
    canRetry: true,
  } as const
  constructor(server: string, wanted: string, cause: unknown) {
    super(
      MysqlNextLogMissingError.kind,
      `the server ${server} finds no log file to go on with, wanted from ${wanted}: ${messageOf(cause)}`,
      { cause, fields: { server, wanted } },
    )
  }
}

export class MysqlDumpAstrayError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_DUMP_ASTRAY',
    meaning:
      'What the server sends is no longer its log: the log was reset under the connection, or a proxy leads new connections to another server than this one.',
    remedy:
      'The source connects again by itself and proves its place; if the log was reset, the error that follows says so and what to do.',
    canRetry: true,
  } as const
  /** @param read where the connection stands @param found what contradicts it */
  constructor(server: string, read: string, found: string) {
    super(
      MysqlDumpAstrayError.kind,
      `the connection to ${server} does not bring its binary log any more: it stands at ${read}, but ${found}`,
      { fields: { server, read, found } },
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
  MysqlNextLogMissingError,
  MysqlDumpAstrayError,
]
