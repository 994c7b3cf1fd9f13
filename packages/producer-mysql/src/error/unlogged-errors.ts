import { AesopError, type AesopErrorClass } from '@aesop/kernel'
import { type TableName } from '@aesop/producer'

/** Logged as a warning and shown in health, never thrown: what is in the log is delivered. */
export class MysqlChangesUnloggedError extends AesopError {
  static readonly kind = {
    code: 'AESOP_MYSQL_CHANGES_UNLOGGED',
    meaning:
      'A setting of the server keeps changes of captured tables out of its binary log (binlog_ignore_db, binlog_do_db, or log_slave_updates=OFF on a replica): nobody can deliver them.',
    remedy:
      "Change the setting in the [mysqld] section of the server's configuration and restart it; what was changed until then has to be brought to the consumers from the tables.",
    canRetry: false,
  } as const

  static ofTables(
    server: string,
    setting: 'binlog_ignore_db' | 'binlog_do_db',
    tables: readonly TableName[],
  ): MysqlChangesUnloggedError {
    const names = tables.map(({ database, table }) => `${database}.${table}`)
    const databases = [...new Set(tables.map(({ database }) => database))].join(', ')
    const mend =
      setting === 'binlog_ignore_db'
        ? `Remove binlog_ignore_db=${databases} from`
        : `Remove binlog_do_db from (or add ${databases} to it in)`
    return new MysqlChangesUnloggedError(
      `changes of ${names.join(', ')} are not in the binary log of ${server}: ${setting} leaves their database out`,
      { server, setting, tables: names },
      mend,
    )
  }

  static ofReplica(server: string): MysqlChangesUnloggedError {
    return new MysqlChangesUnloggedError(
      `${server} is a replica (or a node of a cluster) with log_slave_updates=OFF: what it gets from other servers is not in its binary log`,
      { server, setting: 'log_slave_updates' },
      'Let the uri name the server that the changes come from, or put log_slave_updates=ON (MySQL: log_replica_updates=ON) into',
    )
  }

  private constructor(message: string, fields: Readonly<Record<string, unknown>>, mend: string) {
    const until = 'what was changed until then has to be brought to the consumers from the tables.'
    super(MysqlChangesUnloggedError.kind, message, {
      fields,
      remedy: `${mend} the [mysqld] section of the server's configuration and restart it; ${until}`,
    })
  }
}

export const unloggedErrors: readonly AesopErrorClass[] = [MysqlChangesUnloggedError]
