import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise'
import { fillData } from './data-template.ts'
import { until } from './until.ts'
import { SERVER_PASSWORD } from './markers.ts'

const START_DEADLINE_MS = 60_000
const DYING_MS = 3_000
const running = new Set<ChildProcess>()
const folders = new Set<string>()

process.once('exit', reap)
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  process.once(signal, () => {
    reap()
    process.kill(process.pid, signal)
  })
}

/** Kills what was started, by its own process id, and removes its folders. */
function reap(): void {
  for (const child of running) child.kill('SIGKILL')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}

/** A command with its arguments. */
export type Command = readonly [string, ...string[]]

/**
 * A private server that speaks MySQL's protocol: own data directory, port and socket below a temporary folder, user
 * `root` without a password and user `aesop` with the password `SERVER_PASSWORD` that may read the log and all tables. Whatever
 * was started is gone when this process ends.
 */
export abstract class PrivateServer {
  readonly folder: string
  readonly port: number
  readonly socketPath: string
  readonly host = '127.0.0.1'
  private child: ChildProcess | undefined
  private connection: Connection | undefined
  /** Rejected when the server ends, asked to or not: the answer of every query that is under way, and of those that follow. */
  private gone = rejectable()

  protected constructor(product: string, port: number) {
    this.folder = mkdtempSync(join(tmpdir(), `aesop-${product}-`))
    folders.add(this.folder)
    this.port = port
    this.socketPath = join(this.folder, 'server.sock')
  }

  /** The whole `my.cnf`. */
  protected abstract configuration(data: string): readonly string[]

  /** What fills an empty data directory. */
  protected abstract installCommand(): Command

  /** What runs the server in the foreground. */
  protected abstract serverCommand(): Command

  /** Privileges of the user `aesop`, on everything. */
  protected abstract readonly privileges: string

  get configurationPath(): string {
    return join(this.folder, 'my.cnf')
  }

  /** Where the server keeps its logs and certificates. */
  get dataFolder(): string {
    return join(this.folder, 'data')
  }

  /** The server's temporary files. A MariaDB that starts deletes those of every other server in the same folder. */
  get temporaryFolder(): string {
    return join(this.folder, 'tmp')
  }

  /** The URI of the source for a user, through another port when a proxy stands in between. */
  uri(port: number = this.port, user = 'aesop', password = SERVER_PASSWORD): string {
    return `mysql://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}`
  }

  /** Gives the data directory to the user that the server runs as, after its files were replaced. */
  ownData(): void {
    giveToServerUser(this.dataFolder)
  }

  /** Starts the server on its data directory, after `stop` or `kill`. */
  async restart(): Promise<void> {
    if (this.child !== undefined) throw new Error('the server is running')
    const [program, ...rest] = this.serverCommand()
    const child = spawn(program, rest, { stdio: 'ignore' })
    this.child = child
    this.gone = rejectable()
    running.add(child)
    child.once('exit', (code, signal) => {
      running.delete(child)
      this.child = undefined
      this.gone.reject(new Error(`the server has ended with ${signal ?? code}: ${this.lastErrors()}`))
    })
    await this.untilReady()
  }

  /** Stops the server in order. */
  async stop(): Promise<void> {
    await this.end('SIGTERM')
  }

  /** Kills the server as a power cut would, except that the disk keeps what the system had been given. */
  async kill(): Promise<void> {
    await this.end('SIGKILL')
  }

  /** Stops the server and removes its folder. */
  async destroy(): Promise<void> {
    await this.stop()
    rmSync(this.folder, { recursive: true, force: true })
    folders.delete(this.folder)
  }

  /** Runs one statement as root and gives its rows. */
  async query<Row = Record<string, unknown>>(sql: string, values: unknown[] = []): Promise<Row[]> {
    this.connection ??= await this.connect()
    const answer = this.connection.query<RowDataPacket[]>(sql, values).catch(async (error: unknown) => {
      // A server that dies closes its connections first: what it wrote says more than that.
      if (isLost(error)) await Promise.race([this.gone.promise, delay(DYING_MS)])
      throw error
    })
    const [rows] = await Promise.race([answer, this.gone.promise])
    return rows as Row[]
  }

  /** A connection of its own, as root. The caller ends it. */
  async connect(): Promise<Connection> {
    const connection = await mysql.createConnection({
      socketPath: this.socketPath,
      user: 'root',
      supportBigNumbers: true,
      multipleStatements: true,
      dateStrings: true,
    })
    // A killed server ends its connections; whoever waits for a query gets the error there.
    connection.on('error', () => undefined)
    return connection
  }

  /** Begins a new log file and deletes all older ones, as soon as nobody needs them any more. */
  async purge(): Promise<void> {
    await this.query('FLUSH BINARY LOGS')
    const logs = await this.query<{ Log_name: string }>('SHOW BINARY LOGS')
    const newest = logs.at(-1)?.Log_name
    await until('the old logs to be purged', async () => {
      await this.query('PURGE BINARY LOGS TO ?', [newest])
      const [oldest] = await this.query<{ Log_name: string }>('SHOW BINARY LOGS')
      return oldest?.Log_name === newest
    })
  }

  /** Kills the connections that read the log; gives their number. */
  async killDumpThreads(): Promise<number> {
    const threads = await this.query<{ Id: number; Command: string }>('SHOW PROCESSLIST')
    const dumps = threads.filter(({ Command }) => Command.startsWith('Binlog Dump'))
    for (const { Id } of dumps) await this.query(`KILL ${Id}`)
    return dumps.length
  }

  /** Fills the data directory, starts the server and makes its user. */
  protected async begin(): Promise<this> {
    mkdirSync(this.dataFolder)
    mkdirSync(this.temporaryFolder)
    const lines = ['[mysqld]', ...(isRoot() ? ['user=mysql'] : []), ...this.configuration(this.dataFolder), '']
    const text = lines.join('\n')
    writeFileSync(this.configurationPath, text)
    giveToServerUser(this.folder)
    fillData(this.dataFolder, text.replaceAll(this.folder, '').replaceAll(/^(?:port|server-id)=.*$/gm, ''), () => {
      const [program, ...rest] = this.installCommand()
      execFileSync(program, rest, { stdio: 'pipe' })
    })
    giveToServerUser(this.dataFolder)
    await this.restart()
    await this.query(`CREATE USER 'aesop'@'%' IDENTIFIED BY '${SERVER_PASSWORD}'`)
    await this.query(`GRANT ${this.privileges} ON *.* TO 'aesop'@'%'`)
    return this
  }

  private async untilReady(): Promise<void> {
    const isUp = async (): Promise<boolean> => {
      try {
        await this.query('SELECT 1')
        return true
      } catch (error) {
        this.connection = undefined
        if (this.child === undefined)
          throw new Error(`the server did not start: ${this.lastErrors()}`, { cause: error })
        await delay(50)
        return false
      }
    }
    await until('the server answers', isUp, START_DEADLINE_MS, () => this.lastErrors())
  }

  private lastErrors(): string {
    const path = join(this.folder, 'error.log')
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(-20).join('\n') : 'it wrote no error log'
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child
    if (child !== undefined) {
      await new Promise<void>((resolve) => {
        child.once('exit', () => {
          resolve()
        })
        child.kill(signal)
      })
    }
    this.connection?.destroy()
    this.connection = undefined
  }
}

/** A promise that is rejected from outside; nobody has to wait for it. */
function rejectable(): { promise: Promise<never>; reject: (error: Error) => void } {
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<never>((_resolve, fail) => (reject = fail))
  promise.catch(() => undefined)
  return { promise, reject }
}

/** The driver marks what ends a connection. */
function isLost(error: unknown): boolean {
  return error instanceof Error && 'fatal' in error && error.fatal === true
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

/** The server refuses to run as root, so it gets its folder as user `mysql`. */
function giveToServerUser(folder: string): void {
  if (!isRoot()) return
  const uid = Number(execFileSync('id', ['-u', 'mysql'], { encoding: 'utf8' }))
  const gid = Number(execFileSync('id', ['-g', 'mysql'], { encoding: 'utf8' }))
  chownSync(folder, uid, gid)
  execFileSync('chown', ['-R', `${uid}:${gid}`, folder])
}
