import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { type Command, PrivateServer } from './private-server.ts'
import { mysqldCommand, unpackedMysql } from './unpacked-mysql.ts'

export interface MysqlOptions {
  /** `binlog_row_metadata`; default FULL. */
  readonly rowMetadata?: 'FULL' | 'MINIMAL'
  /** Whether transactions have global identifiers; default true. */
  readonly gtids?: boolean
  /** Whether commits survive a killed server; slower. */
  readonly durable?: boolean
  readonly serverId?: number
  /** Further lines of `my.cnf`. */
  readonly lines?: readonly string[]
}

/** A private MySQL 9, downloaded and unpacked when it is first needed. Its users log in with caching_sha2_password. */
export class MysqlServer extends PrivateServer {
  protected readonly privileges = 'REPLICATION SLAVE, REPLICATION CLIENT, SELECT'
  private readonly options: MysqlOptions
  private readonly root: string

  private constructor(port: number, options: MysqlOptions) {
    super('mysql', port)
    this.options = options
    this.root = unpackedMysql()
  }

  /** A new, running server. */
  static async start(options: MysqlOptions = {}): Promise<MysqlServer> {
    return new MysqlServer(await freePort(), options).begin()
  }

  protected installCommand(): Command {
    return [...this.serverCommand(), '--initialize-insecure']
  }

  protected serverCommand(): Command {
    const [loader, ...rest] = mysqldCommand(this.root)
    return [loader, ...rest, `--defaults-file=${this.configurationPath}`]
  }

  protected configuration(data: string): readonly string[] {
    const { rowMetadata = 'FULL', gtids = true, durable = false, serverId = 1, lines = [] } = this.options
    const usr = join(this.root, 'usr')
    return [
      `basedir=${usr}`,
      `datadir=${data}`,
      `tmpdir=${this.temporaryFolder}`,
      `socket=${this.socketPath}`,
      `port=${this.port}`,
      'mysqlx=OFF',
      'bind-address=127.0.0.1',
      `pid-file=${join(this.folder, 'server.pid')}`,
      `log-error=${join(this.folder, 'error.log')}`,
      'secure-file-priv=',
      `lc-messages-dir=${usr}/share/mysql`,
      `character-sets-dir=${usr}/share/mysql/charsets`,
      `plugin-dir=${usr}/lib/mysql/plugin`,
      `server-id=${serverId}`,
      'log-bin=mysql-bin',
      `binlog-row-metadata=${rowMetadata}`,
      `gtid-mode=${gtids ? 'ON' : 'OFF'}`,
      `enforce-gtid-consistency=${gtids ? 'ON' : 'OFF'}`,
      'skip-name-resolve',
      `innodb-flush-log-at-trx-commit=${durable ? 1 : 0}`,
      `sync-binlog=${durable ? 1 : 0}`,
      'innodb-buffer-pool-size=64M',
      'innodb-redo-log-capacity=64M',
      'performance-schema=OFF',
      ...lines,
    ]
  }
}
