import { type Connection as RawConnection } from 'mysql2'
import { type Connection, type RowDataPacket } from 'mysql2/promise'
import { setTimeout as delay } from 'node:timers/promises'
import { systemCodeOf } from '@aesop/kernel'
import { MysqlBinlogOffError } from '../error/live-errors.ts'
import { type BinlogPosition } from '../log/binlog-stream.ts'
import { EVENT_BYTES_MAX } from '../server/packet-bound.ts'
import { type MysqlUri, serverNameOf } from '../server/mysql-uri.ts'
import { connectToServer } from '../server/server-connection.ts'
import { readIdentity, readLogEnd, readVariables } from '../server/server-facts.ts'
import { readRows, type RowListener } from './tapped-rows.ts'

/** What the server is, as far as reading rows depends on it. */
export interface SnapshotServer {
  readonly flavour: 'mysql' | 'mariadb'
  readonly identity: string
  /** Whether its log names the key of a table that has no primary one. */
  readonly logsKeys: boolean
  readonly hasGtids: boolean
}

/** What a read sees: everything up to `from`, and nothing beyond `until`; undefined: the end of the log afterwards tells. */
export interface SnapshotView {
  readonly until: BinlogPosition | undefined
  /** Words behind the statement, without which it may miss what is in the log. */
  readonly lock: string
}

/** A view whose statements need no locks, also one after the other. */
export interface WholeView extends SnapshotView {
  readonly until: BinlogPosition
}

/** Up to where a view must see: everything that the stream has had. */
export interface SeenPlace extends BinlogPosition {
  /** The transactions up to there, where they are known. */
  readonly gtids: string | undefined
}

/** Values as the log has them: no rule of the session's own, times in UTC. */
const SETTINGS = [
  "SET SESSION sql_mode = '', time_zone = '+00:00'",
  'SET SESSION lock_wait_timeout = 5, innodb_lock_wait_timeout = 5, net_write_timeout = 600',
]
/** Settings that not all servers have. */
const OPTIONAL = ['SET SESSION show_gipk_in_create_table_and_information_schema = ON']
const CONNECT_TIMEOUT_MS = 10_000
const VISIBLE_WAIT_SECONDS = 5
const POLL_MS = 10

/** A connection by which rows are read as they are. */
export class SnapshotSession {
  readonly server: SnapshotServer
  readonly connection: Connection
  readonly #raw: RawConnection
  readonly #uri: MysqlUri
  #isBroken = false

  private constructor(raw: RawConnection, uri: MysqlUri, server: SnapshotServer) {
    this.#raw = raw
    this.#uri = uri
    this.connection = raw.promise()
    this.server = server
    raw.on('error', () => (this.#isBroken = true))
  }

  /** @throws what mysql2 and the server give, and AesopError about trust */
  static async open(uri: MysqlUri, signal: AbortSignal): Promise<SnapshotSession> {
    const limits = { timeoutMs: CONNECT_TIMEOUT_MS, packetBytesMax: EVENT_BYTES_MAX, signal }
    const raw = await connectToServer(uri, limits)
    raw.on('error', () => undefined)
    try {
      return new SnapshotSession(raw, uri, await settled(raw.promise()))
    } catch (error) {
      raw.destroy()
      throw error
    }
  }

  get isBroken(): boolean {
    return this.#isBroken
  }

  /**
   * Begins a view that sees everything up to a place. Resolves with undefined when that did not become visible in time.
   * @throws what the server gives
   */
  async begin(seen: SeenPlace): Promise<SnapshotView | undefined> {
    if (this.server.flavour === 'mariadb') return this.#beginAtPlace(seen)
    return seen.gtids === undefined || !this.server.hasGtids ? this.#beginLocking() : this.#beginBehind(seen.gtids)
  }

  /** The server says the place of its snapshot exactly; what is in the log and not committed yet lies behind it. */
  async #beginAtPlace(seen: SeenPlace): Promise<SnapshotView | undefined> {
    const untilMs = performance.now() + VISIBLE_WAIT_SECONDS * 1000
    for (;;) {
      await this.#run('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ')
      await this.#run('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY')
      const until = await this.#snapshotPlace()
      if (!isBefore(until, seen)) return { until, lock: '' }
      await this.#run('ROLLBACK')
      if (performance.now() > untilMs) return undefined
      await delay(POLL_MS)
    }
  }

  async #snapshotPlace(): Promise<BinlogPosition> {
    const [rows] = await this.connection.query<RowDataPacket[]>("SHOW SESSION STATUS LIKE 'binlog_snapshot_%'")
    const said = new Map(rows.map((row) => [String(row['Variable_name']).toLowerCase(), String(row['Value'])]))
    const file = said.get('binlog_snapshot_file') ?? ''
    if (file === '') throw new MysqlBinlogOffError(serverNameOf(this.#uri))
    return { file, position: Number(said.get('binlog_snapshot_position')) }
  }

  /** A transaction is in the log before others see it: those that the stream has had are waited for. */
  async #beginBehind(gtids: string): Promise<SnapshotView | undefined> {
    const [[answer]] = await this.connection.query<RowDataPacket[]>('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?) AS late', [
      gtids,
      VISIBLE_WAIT_SECONDS,
    ])
    return Number(answer?.['late']) === 0 ? this.#beginNow() : undefined
  }

  async #beginNow(): Promise<WholeView> {
    await this.#run('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ')
    await this.#run('START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY')
    return { until: await this.logEnd(), lock: '' }
  }

  /**
   * In the place of a view that locks, one that sees all of a table that the log has by now: a transaction that is in the log and
   * not to be seen yet still holds its rows, so that who asks for each row of the table itself has waited for it.
   */
  async beginBehindRows(table: string): Promise<WholeView> {
    await this.#run('COMMIT')
    await this.#run(`SELECT COUNT(*) FROM ${table} USE INDEX () LOCK IN SHARE MODE`)
    return this.#beginNow()
  }

  /**
   * Waits until the transactions that are being committed now are over. What was so when the stream began is in no set of the
   * stream: it stood in the log before that, and others may not see it yet. False: they were not in time.
   */
  async commitsAreOver(): Promise<boolean> {
    if (this.server.flavour === 'mariadb' || !this.server.hasGtids) return true
    const untilMs = performance.now() + VISIBLE_WAIT_SECONDS * 1000
    const begun = await this.#committing()
    for (let now = begun; now.some((each) => begun.includes(each)); now = await this.#committing()) {
      if (performance.now() > untilMs) return false
      await delay(POLL_MS)
    }
    return true
  }

  /** Each with the number of its session, so that none is taken for another: `uuid:7#12`. */
  async #committing(): Promise<readonly string[]> {
    const [[answer]] = await this.connection.query<RowDataPacket[]>('SELECT @@GLOBAL.gtid_owned AS owned')
    let source = ''
    return String(answer?.['owned'] ?? '')
      .split(/[\s,]+/)
      .flatMap((entry) => entry.split(':'))
      .flatMap((item) => {
        if (item.includes('#')) return [`${source}:${item}`]
        source = item
        return []
      })
  }

  /** Nobody can say what is visible: rows that a transaction of the log still holds are waited for, one by one. */
  async #beginLocking(): Promise<SnapshotView> {
    await this.#run('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED')
    await this.#run('START TRANSACTION')
    return { until: undefined, lock: ' LOCK IN SHARE MODE' }
  }

  /** @throws MysqlBinlogOffError */
  async logEnd(): Promise<BinlogPosition> {
    const end = await readLogEnd(this.connection)
    if (end === undefined) throw new MysqlBinlogOffError(serverNameOf(this.#uri))
    return end
  }

  /** Text comes as it is stored; all other answers of the session are in its own character set. */
  async read(sql: string, listener: RowListener): Promise<void> {
    await this.#run('SET SESSION character_set_results = binary')
    await readRows(this.#raw, sql, listener)
    await this.#run('SET SESSION character_set_results = utf8mb4')
  }

  async end(): Promise<void> {
    await this.#run('COMMIT')
  }

  pause(): void {
    this.#raw.pause()
  }

  resume(): void {
    this.#raw.resume()
  }

  destroy(): void {
    this.#isBroken = true
    this.#raw.destroy()
  }

  async #run(sql: string): Promise<void> {
    await this.connection.query(sql)
  }
}

async function settled(connection: Connection): Promise<SnapshotServer> {
  for (const sql of SETTINGS) await connection.query(sql)
  for (const sql of OPTIONAL) {
    await connection.query(sql).catch((error: unknown) => {
      if (systemCodeOf(error) !== 'ER_UNKNOWN_SYSTEM_VARIABLE') throw error
    })
  }
  const [[said]] = await connection.query<RowDataPacket[]>('SELECT VERSION() AS version')
  const variables = await readVariables(connection, ['gtid_mode', 'binlog_row_metadata'])
  return {
    flavour: /mariadb/i.test(String(said?.['version'])) ? 'mariadb' : 'mysql',
    identity: await readIdentity(connection),
    logsKeys: variables.get('binlog_row_metadata') === 'FULL',
    hasGtids: variables.get('gtid_mode') === 'ON',
  }
}

/** Logs of one server are numbered by digits that may become more. */
function isBefore(left: BinlogPosition, right: BinlogPosition): boolean {
  const [leftFile, rightFile] = [left.file, right.file].map((file) => Number(/\d+$/.exec(file)?.[0] ?? 0))
  return leftFile === rightFile ? left.position < right.position : (leftFile ?? 0) < (rightFile ?? 0)
}
