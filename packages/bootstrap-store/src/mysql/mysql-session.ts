import { createConnection, type Connection, type ConnectionOptions, type RowDataPacket } from 'mysql2/promise'
import { StoreFailedError, StoreInUseError } from '../errors.ts'
import { type SqlDialect } from '../sql/sql-dialect.ts'
import { type SqlParameter, type SqlRow, type SqlSession, type SqlValue } from '../sql/sql-session.ts'
import { mysqlDialect } from './mysql-dialect.ts'
import { statementText } from './statement-text.ts'

const WRITER_LOCK = 'aesop-bootstrap-store'
/** After so long without a word the system asks whether the other side is still there. */
const KEEP_ALIVE_MS = 10_000
/** A page of what is stored takes far less; what changes a store may take as long as it has rows. */
const READ_MS = 60_000

/**
 * A connection to a store in MySQL or MariaDB. One that is lost is made anew by the next call; what was under way has failed. So has
 * a question of a reader that is not answered within a minute.
 */
export class MysqlSession implements SqlSession {
  readonly dialect: SqlDialect = mysqlDialect
  readonly #options: ConnectionOptions
  readonly #name: string
  readonly #mode: 'writes' | 'reads'
  readonly #timeout: number | undefined
  #connection: Promise<Connection> | undefined

  /** @param name of the store, for people */
  constructor(options: ConnectionOptions, name: string, mode: 'writes' | 'reads', readMs = READ_MS) {
    this.#options = options
    this.#name = name
    this.#mode = mode
    this.#timeout = mode === 'reads' ? readMs : undefined
  }

  async run(sql: string, parameters: readonly SqlParameter[] = []): Promise<void> {
    await this.#ask(sql, parameters)
  }

  async rows(sql: string, parameters: readonly SqlParameter[] = []): Promise<readonly SqlRow[]> {
    return (await this.#ask(sql, parameters)) as readonly SqlRow[]
  }

  async transaction<T>(kind: 'writes' | 'reads', work: () => Promise<T>): Promise<T> {
    await this.run(kind === 'writes' ? 'START TRANSACTION' : 'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY')
    try {
      const result = await work()
      await this.run('COMMIT')
      return result
    } catch (error) {
      await this.#rollback()
      throw error
    }
  }

  async close(): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined)
    this.#connection = undefined
    await connection?.end().catch(() => {
      connection.destroy()
    })
  }

  /** A connection that can't roll back is given up: the server rolls back what it had. */
  async #rollback(): Promise<void> {
    try {
      const connection = await this.#connection
      await connection?.query('ROLLBACK')
    } catch {
      this.#drop()
    }
  }

  async #ask(sql: string, parameters: readonly SqlParameter[]): Promise<unknown> {
    const doing = sql.trim().split(/\s+/, 3).join(' ')
    try {
      this.#connection ??= this.#connect()
      const connection = await this.#connection
      const [answer] = await connection.query<RowDataPacket[]>({
        sql: statementText(sql, parameters),
        ...(this.#timeout !== undefined && { timeout: this.#timeout }),
      })
      return answer
    } catch (error) {
      if (error instanceof StoreInUseError) throw error
      if (!isOfStatement(error)) this.#drop()
      throw new StoreFailedError(this.#name, doing, error)
    }
  }

  #drop(): void {
    const connection = this.#connection
    this.#connection = undefined
    connection?.then(
      (each) => {
        each.destroy()
      },
      () => undefined,
    )
  }

  /** @throws StoreInUseError */
  async #connect(): Promise<Connection> {
    const connection = await createConnection({
      ...this.#options,
      rowsAsArray: true,
      typeCast,
      charset: 'utf8mb4',
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    })
    // Without a listener a connection that breaks while nobody asks would end the process.
    connection.on('error', () => undefined)
    await connection.query("SET SESSION sql_mode = 'STRICT_ALL_TABLES', time_zone = '+00:00'")
    await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ')
    if (this.#mode === 'writes') await this.#lock(connection)
    return connection
  }

  /** It is the connection's, and ends with it. */
  async #lock(connection: Connection): Promise<void> {
    const [rows] = await connection.query<RowDataPacket[]>(`SELECT GET_LOCK(CONCAT('${WRITER_LOCK} ', DATABASE()), 1)`)
    if ((rows as unknown as readonly SqlRow[])[0]?.[0] === 1n) return
    await connection.end()
    throw new StoreInUseError(this.#name)
  }
}

interface Field {
  readonly type: string
  string(): string | null
  buffer(): Buffer | null
}

/** Integers of any size as bigint, VARCHAR as text, LONGBLOB as bytes. */
function typeCast(field: Field): SqlValue {
  if (/^(TINY|SHORT|INT24|LONG|LONGLONG)$/.test(field.type)) {
    const text = field.string()
    return text === null ? null : BigInt(text)
  }
  return field.type === 'BLOB' || field.type === 'LONG_BLOB' ? field.buffer() : field.string()
}

/** Whether the server refused the statement, and the connection is well. */
function isOfStatement(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'sqlState' in error && error.sqlState !== undefined
}
