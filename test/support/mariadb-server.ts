import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { type Command, PrivateServer } from './private-server.ts'

export interface MariadbOptions {
  /** `binlog_row_metadata`; default FULL. */
  readonly rowMetadata?: 'FULL' | 'MINIMAL' | 'NO_LOG'
  readonly binlogFormat?: 'ROW' | 'STATEMENT' | 'MIXED'
  /** `false`: the server writes no binary log. */
  readonly logBin?: boolean
  /** Whether commits survive a killed server; slower. */
  readonly durable?: boolean
  readonly serverId?: number
  /** Further lines of `my.cnf`. */
  readonly lines?: readonly string[]
}

/** A private MariaDB, of the installed package. */
export class MariadbServer extends PrivateServer {
  protected readonly privileges = 'REPLICATION SLAVE, BINLOG MONITOR, SELECT'
  private readonly options: MariadbOptions

  private constructor(port: number, options: MariadbOptions) {
    super('mariadb', port)
    this.options = options
  }

  /** A new, running server. */
  static async start(options: MariadbOptions = {}): Promise<MariadbServer> {
    return new MariadbServer(await freePort(), options).begin()
  }

  protected installCommand(): Command {
    const defaults = `--defaults-file=${this.configurationPath}`
    return ['mariadb-install-db', defaults, '--auth-root-authentication-method=normal', '--skip-test-db']
  }

  protected serverCommand(): Command {
    return [mariadbd(), `--defaults-file=${this.configurationPath}`]
  }

  protected configuration(data: string): readonly string[] {
    const { rowMetadata = 'FULL', binlogFormat = 'ROW', logBin = true, durable = false, serverId = 1 } = this.options
    const log = [
      `log-bin=mysql-bin`,
      `binlog-format=${binlogFormat}`,
      'binlog-row-image=FULL',
      `binlog-row-metadata=${rowMetadata}`,
      'binlog-checksum=CRC32',
    ]
    return [
      `datadir=${data}`,
      `tmpdir=${this.temporaryFolder}`,
      `socket=${this.socketPath}`,
      `port=${this.port}`,
      'bind-address=127.0.0.1',
      `pid-file=${join(this.folder, 'server.pid')}`,
      `log-error=${join(this.folder, 'error.log')}`,
      `server-id=${serverId}`,
      'skip-name-resolve',
      'character-set-server=utf8mb4',
      ...(logBin ? log : ['skip-log-bin']),
      `innodb-flush-log-at-trx-commit=${durable ? 1 : 0}`,
      `sync-binlog=${durable ? 1 : 0}`,
      'innodb-buffer-pool-size=64M',
      'innodb-log-file-size=64M',
      'performance-schema=OFF',
      ...(this.options.lines ?? []),
    ]
  }
}

/** Path of the server's binary, or undefined when it is not installed. */
export function findMariadbd(): string | undefined {
  return ['/usr/sbin/mariadbd', '/usr/local/sbin/mariadbd', '/usr/libexec/mariadbd'].find((path) => existsSync(path))
}

function mariadbd(): string {
  const path = findMariadbd()
  if (path === undefined) throw new Error('MariaDB is not installed; run: apt-get install -y mariadb-server')
  return path
}
