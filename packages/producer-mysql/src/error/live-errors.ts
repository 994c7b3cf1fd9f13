import { AesopError, type AesopErrorClass, messageOf } from '@aesop/kernel'

export class MysqlUriInvalidError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_URI_INVALID',
    meaning: 'The URI of a physical source can not be read.',
    remedy:
      'Write mysql://user:password@host:3306 with %-escapes for special characters, or give host, user and password as properties without escapes; or binlog:<path of the index file>.',
    canRetry: false,
  } as const
  constructor(maskedUri: string, fault: string) {
    super(MysqlUriInvalidError.kind, `the physical source's uri "${maskedUri}" is no MySQL URI: ${fault}`)
  }
}

export class MysqlServerUnreachableError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_SERVER_UNREACHABLE',
    meaning: 'No connection to the database server could be made.',
    remedy: 'Check host and port of the uri, that the server runs, and that its bind_address lets this host in.',
    canRetry: true,
  } as const
  constructor(server: string, cause: unknown) {
    super(MysqlServerUnreachableError.kind, `the server ${server} can not be reached: ${messageOf(cause)}`, {
      cause,
      fields: { server },
    })
  }
}

export class MysqlTlsFileError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_TLS_FILE',
    meaning: 'A certificate or key that a physical source names can not be read.',
    remedy:
      'Correct sslCa, sslCert, sslKey or sslServerPublicKey: paths of PEM files, from the root of the project, readable for this process.',
    canRetry: false,
  } as const
  constructor(parameter: string, path: string, cause: unknown) {
    super(MysqlTlsFileError.kind, `${parameter}: the file ${path} can not be used: ${messageOf(cause)}`, {
      cause,
      fields: { parameter, path },
    })
  }
}

export class MysqlTlsRefusedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_TLS_REFUSED',
    meaning:
      'No encrypted connection to the server could be made: it offers none, though a setting demands it, or the two find no common version of TLS.',
    remedy:
      "SHOW VARIABLES LIKE 'ssl_%'; and SHOW VARIABLES LIKE 'tls_version'; show what the server has: it needs a certificate and TLS 1.2. ssl: off goes without; off loopback it gives the password to whoever answers.",
    canRetry: false,
  } as const
  constructor(server: string, cause: unknown) {
    super(MysqlTlsRefusedError.kind, `no encrypted connection to ${server}: ${messageOf(cause)}`, {
      cause,
      fields: { server },
    })
  }
}

export class MysqlGrantMissingError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_GRANT_MISSING',
    meaning: 'The user lacks a privilege that reading the binary log needs.',
    remedy: "Run as an administrator: GRANT REPLICATION SLAVE, REPLICATION CLIENT, SELECT ON *.* TO '<user>'@'%';",
    canRetry: false,
  } as const
  constructor(server: string, user: string, privilege: string) {
    super(
      MysqlGrantMissingError.kind,
      `the user "${user}" lacks the privilege ${privilege} on ${server}, which reading its binary log needs`,
      {
        fields: { server, user, privilege },
        remedy: `Run as an administrator: GRANT ${privilege} ON *.* TO '${user}'@'%';`,
      },
    )
  }
}

export class MysqlBinlogOffError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_BINLOG_OFF',
    meaning: 'The server writes no binary log, so there is nothing to capture.',
    remedy:
      'Put log_bin=mysql-bin, binlog_format=ROW and a server_id into the [mysqld] section of its configuration and restart it; SELECT @@log_bin; shows 1 then.',
    canRetry: false,
  } as const
  constructor(server: string) {
    super(MysqlBinlogOffError.kind, `the server ${server} has log_bin=OFF, ON is needed`, { fields: { server } })
  }
}

export class MysqlBinlogFormatError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_BINLOG_FORMAT',
    meaning: 'The server logs statements instead of rows; their row changes can not be captured.',
    remedy: 'Run: SET GLOBAL binlog_format=ROW; and reconnect the applications; keep it in the configuration too.',
    canRetry: false,
  } as const
  constructor(server: string, format: string) {
    super(MysqlBinlogFormatError.kind, `the server ${server} has binlog_format=${format}, ROW is needed`, {
      fields: { server, format },
    })
  }
}

export class MysqlRowImageError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_ROW_IMAGE',
    meaning: 'The server logs only the changed columns of a row, so whole rows can not be delivered.',
    remedy: 'Run: SET GLOBAL binlog_row_image=FULL; and reconnect the applications; keep it in the configuration too.',
    canRetry: false,
  } as const
  constructor(server: string, image: string) {
    super(MysqlRowImageError.kind, `the server ${server} has binlog_row_image=${image}, FULL is needed`, {
      fields: { server, image },
    })
  }
}

export class MysqlServerIdInUseError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_SERVER_ID_IN_USE',
    meaning: 'Another replica of the server, or the server itself, has the server id that was configured here.',
    remedy:
      'Give another serverId, or number in the path of the uri; SHOW SLAVE HOSTS; (SHOW REPLICAS;) and SELECT @@server_id; show the used ones.',
    canRetry: false,
  } as const
  constructor(server: string, serverId: number, holder: string) {
    super(MysqlServerIdInUseError.kind, `the server id ${serverId} is in use on ${server} by ${holder}`, {
      fields: { server, serverId },
    })
  }
}

export class MysqlTableUnknownError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_TABLE_UNKNOWN',
    meaning: 'A configured table does not exist on the server, or the user may not see it.',
    remedy: "Correct the uri of the source, create the table, or run: GRANT SELECT ON <database>.* TO '<user>'@'%';",
    canRetry: false,
  } as const
  constructor(server: string, user: string, tables: readonly string[], inSql = tables[0]) {
    const names = tables.join(', ')
    super(MysqlTableUnknownError.kind, `the user "${user}" sees no table ${names} on ${server}`, {
      fields: { server, tables },
      remedy: `Correct the uri of the source (SHOW TABLES; lists what is there), create the table, or run: GRANT SELECT ON ${inSql ?? names} TO '${user}'@'%';`,
    })
  }
}

export class MysqlLogPurgedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_LOG_PURGED',
    meaning:
      'The server has deleted the part of its binary log that comes next; changes in between can no longer be read from it.',
    remedy:
      'aesop-launch state set <bootstrap.yaml> --source <name> --to earliest goes on with the oldest log that is there; what was changed in between has to be brought to the consumers from the tables themselves. Raise binlog_expire_logs_seconds (expire_logs_days) so that it covers the longest stop.',
    canRetry: false,
  } as const
  constructor(server: string, wanted: string, oldest: string) {
    super(
      MysqlLogPurgedError.kind,
      `the binary log of ${server} is wanted from ${wanted}, but begins at ${oldest} now (SHOW BINARY LOGS;)`,
      { fields: { server, wanted, oldest } },
    )
  }
}

export class MysqlRereadInterruptedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_REREAD_INTERRUPTED',
    meaning: 'The server was replaced by another while the buffer was being filled again after a restart.',
    remedy: 'Start the relay again: it then goes on from the other server with an empty buffer.',
    canRetry: false,
  } as const
  constructor(reachedScn: bigint) {
    super(
      MysqlRereadInterruptedError.kind,
      `another server answers before the log was read again up to SCN ${reachedScn.toString()}`,
      { fields: { reachedScn } },
    )
  }
}

export class MysqlPositionInFutureError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_POSITION_IN_FUTURE',
    meaning:
      "The stored position lies behind the end of the server's binary log: the log was reset, the server restored, or it is another server.",
    remedy:
      'Compare with SHOW BINARY LOGS; and, if the log was reset on purpose, aesop-launch state set <bootstrap.yaml> --source <name> --to earliest reads the one that is there now from its beginning; what was changed before it and had not been read is in the tables alone.',
    canRetry: false,
  } as const
  constructor(server: string, wanted: string, newest: string) {
    super(
      MysqlPositionInFutureError.kind,
      `the binary log of ${server} is wanted from ${wanted}, but ends at ${newest}`,
      { fields: { server, wanted, newest } },
    )
  }
}

export class MysqlLogResetError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_LOG_RESET',
    meaning:
      'The binary log is not the one that was read: it was reset, its server was set back to an older copy or lost its newest transactions, or it is another server.',
    remedy:
      'Compare with SHOW BINARY LOGS; and, if this is meant, aesop-launch state set <bootstrap.yaml> --source <name> --to earliest reads the log that is there now from its beginning; what was changed before it and had not been read is in the tables alone.',
    canRetry: false,
  } as const
  constructor(server: string, read: string, found: string) {
    super(
      MysqlLogResetError.kind,
      `the binary log of ${server} is not the one that was read: ${read} was read, now there is ${found}`,
      {
        fields: { server, read, found },
      },
    )
  }
}

export class MysqlConnectionLostError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_CONNECTION_LOST',
    meaning: 'The connection that carries the binary log ended.',
    remedy: 'The source connects again by itself; if it happens often, read the error log of the server.',
    canRetry: true,
  } as const
  constructor(server: string, cause: unknown) {
    super(MysqlConnectionLostError.kind, `the binary log connection to ${server} was lost: ${messageOf(cause)}`, {
      cause,
      fields: { server },
    })
  }
}

export class MysqlServerSilentError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_SERVER_SILENT',
    meaning: 'Neither events nor heartbeats came for longer than the read deadline: the connection is half-open.',
    remedy:
      'The source connects again by itself; if it happens often, look at firewalls and address translation between the hosts.',
    canRetry: true,
  } as const
  constructor(server: string, silentMs: number) {
    super(MysqlServerSilentError.kind, `nothing came from ${server} for ${silentMs} ms, not even a heartbeat`, {
      fields: { server, silentMs },
    })
  }
}

export class MysqlEventChecksumError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_EVENT_CHECKSUM',
    meaning: 'The checksum of a binary log event does not match its bytes.',
    remedy:
      'The source reads it again by itself; if it fails at the same place, check the log on the server with mariadb-binlog --verify-binlog-checksum.',
    canRetry: true,
  } as const
  constructor(place: string, expected: number, computed: number) {
    super(
      MysqlEventChecksumError.kind,
      `the event ${place} has the checksum ${expected.toString(16)}, its bytes give ${computed.toString(16)}`,
    )
  }
}

export class MysqlClientChangedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_CLIENT_CHANGED',
    meaning: 'The installed zongji or mysql2 differs inside from the versions that the tap was written for.',
    remedy:
      'Install the versions that packages/producer-mysql/package.json names exactly: npm ls mysql2 @vlasky/zongji shows what is there.',
    canRetry: false,
  } as const
  constructor(fault: string) {
    super(MysqlClientChangedError.kind, `the binary log can not be tapped: ${fault}`)
  }
}

export class MysqlServerError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_SERVER_ERROR',
    meaning: 'The server answered with an error that has no name of its own here.',
    remedy: 'Read the text of the server; the source tries again by itself.',
    canRetry: true,
  } as const
  constructor(server: string, cause: unknown) {
    super(MysqlServerError.kind, `the server ${server} answered: ${messageOf(cause)}`, { cause, fields: { server } })
  }
}

export class MysqlStoredPositionError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_STORED_POSITION',
    meaning: 'The stored position of a MySQL source can not be used.',
    remedy:
      'aesop-launch state set <bootstrap.yaml> --source <name> --to <place> goes on at a place that you know; aesop-launch state reset <bootstrap.yaml> --source <name> lets startFrom decide.',
    canRetry: false,
  } as const
  constructor(fault: string) {
    super(MysqlStoredPositionError.kind, `the stored position can not be used: ${fault}`)
  }
}

export class MysqlStartFromError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_START_FROM',
    meaning: 'startFrom of a physical source names no place in its binary log.',
    remedy: 'Use earliest, latest, scn:<number>, timestamp:<ISO 8601 or milliseconds>, or gtid:<position>.',
    canRetry: false,
  } as const
  constructor(startFrom: string, fault: string) {
    super(MysqlStartFromError.kind, `startFrom "${startFrom}" can not be used: ${fault}`)
  }
}

/** The errors of the live side, part of the package's catalogue. */
export const liveMysqlErrors: readonly AesopErrorClass[] = [
  MysqlUriInvalidError,
  MysqlServerUnreachableError,
  MysqlTlsFileError,
  MysqlTlsRefusedError,
  MysqlGrantMissingError,
  MysqlBinlogOffError,
  MysqlBinlogFormatError,
  MysqlRowImageError,
  MysqlServerIdInUseError,
  MysqlTableUnknownError,
  MysqlLogPurgedError,
  MysqlPositionInFutureError,
  MysqlRereadInterruptedError,
  MysqlLogResetError,
  MysqlConnectionLostError,
  MysqlServerSilentError,
  MysqlEventChecksumError,
  MysqlClientChangedError,
  MysqlServerError,
  MysqlStoredPositionError,
  MysqlStartFromError,
]
