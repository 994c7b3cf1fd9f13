import { statSync } from 'node:fs'
import Database from 'libsql'
import { StoreFailedError, StoreMissingError } from '../errors.ts'
import { type SqlDialect, sqliteDialect } from '../sql/sql-dialect.ts'
import { type SqlParameter, type SqlRow, type SqlSession } from '../sql/sql-session.ts'

type Statement = ReturnType<Database.Database['prepare']>

/** How long a reader or writer waits for a lock of the other, in milliseconds. */
const BUSY_MS = 10_000

/**
 * A connection to a store in one file. It is synchronous: it belongs into a thread of its own. What is committed outlasts the end
 * of the process; a power cut may take the newest transactions, whole, which come again from the relay.
 */
export class SqliteSession implements SqlSession {
  readonly dialect: SqlDialect = sqliteDialect
  readonly #path: string
  /** Of the file that is open; undefined: whoever writes has it locked. */
  readonly #file: string | undefined
  readonly #database: Database.Database
  readonly #statements = new Map<string, Statement>()

  /** @throws StoreMissingError, StoreFailedError */
  constructor(path: string, mode: 'writes' | 'reads') {
    this.#path = path
    // SQLite makes a file that is not there, also for who reads.
    if (mode === 'reads') this.#file = this.#named('open its file', () => fileAt(path)) ?? missing(path)
    this.#database = this.#named('open its file', () => new Database(path))
    this.#named('open its file', () => {
      this.#database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`)
      if (mode === 'writes') this.#database.exec('PRAGMA journal_mode = WAL')
      this.#database.exec('PRAGMA synchronous = NORMAL')
      this.#database.exec('PRAGMA cache_size = -65536')
      if (mode === 'reads') this.#database.exec('PRAGMA query_only = ON')
    })
  }

  run(sql: string, parameters: readonly SqlParameter[] = []): void {
    this.#named(doingOf(sql), () => this.#prepared(sql).run(parameters))
  }

  rows(sql: string, parameters: readonly SqlParameter[] = []): readonly SqlRow[] {
    return this.#named(doingOf(sql), () => this.#prepared(sql).all(parameters) as readonly SqlRow[])
  }

  async transaction<T>(kind: 'writes' | 'reads', work: () => Promise<T>): Promise<T> {
    this.#checkFile()
    this.run(kind === 'writes' ? 'BEGIN IMMEDIATE' : 'BEGIN')
    try {
      const result = await work()
      this.run('COMMIT')
      return result
    } catch (error) {
      this.#rollback()
      throw error
    }
  }

  close(): void {
    this.#statements.clear()
    this.#database.close()
  }

  /** A file that was taken away can be read for ever, and stays as it was. */
  #checkFile(): void {
    if (this.#file === undefined) return
    if (this.#file === this.#named('be read on', () => fileAt(this.#path))) return
    throw new StoreFailedError(this.#path, 'be read on', new Error('its file was taken away or replaced'))
  }

  /** A fault of the roll-back would hide the one that led to it; SQLite has rolled back by itself where it can't. */
  #rollback(): void {
    try {
      this.#database.exec('ROLLBACK')
    } catch {
      // There is nothing to roll back.
    }
  }

  #prepared(sql: string): Statement {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#database.prepare(sql)
      if (statement.reader) statement.raw(true).safeIntegers(true)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  #named<T>(doing: string, work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw new StoreFailedError(this.#path, doing, error)
    }
  }
}

/** What tells one file from the next at its path; undefined: there is none. */
function fileAt(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found === undefined ? undefined : `${found.dev}:${found.ino}`
}

function missing(path: string): never {
  throw new StoreMissingError(path)
}

/** The first words of a statement say what was done. */
function doingOf(sql: string): string {
  return sql.trim().split(/\s+/, 3).join(' ')
}
