import { Secret, type SecretText } from '@aesop/kernel'
import { type ConnectionOptions } from 'mysql2/promise'
import { type BootstrapStore, type LogBounds, type StoreReader, type StoreWriter } from '../bootstrap-store.ts'
import { SqlStoreReader } from '../sql/sql-store-reader.ts'
import { SqlStoreWriter } from '../sql/sql-store-writer.ts'
import { checkTables, openTables } from '../sql/store-tables.ts'
import { MysqlSession } from './mysql-session.ts'

export interface MysqlStoreOptions {
  readonly host: string
  /** Default 3306. */
  readonly port?: number
  readonly user: string
  readonly password: string | SecretText
  /** It is there already; the account may create tables in it. */
  readonly database: string
  /** The authority (PEM) that the server's certificate is proven by. Undefined: connections are not encrypted. */
  readonly authority?: string
  /** Size of a log, in bytes; default 256 MiB. */
  readonly logBytes?: number
  /** How long a reader waits for one answer, in milliseconds; default a minute. */
  readonly readMs?: number
  /** Age from which on a log is not written to any more, in milliseconds; default an hour. */
  readonly logMs?: number
}

const PORT = 3306
const CONNECT_MS = 10_000

/** A bootstrap store in a database of MySQL or MariaDB: a connection for each side, one writer among all processes. */
export class MysqlStore implements BootstrapStore {
  readonly name: string
  readonly #options: MysqlStoreOptions
  readonly #bounds: LogBounds
  readonly #open = new Set<{ close(): Promise<void> }>()

  constructor(options: MysqlStoreOptions) {
    const { host, port = PORT, database, logBytes, logMs } = options
    this.name = `mysql://${host}:${port}/${database}`
    this.#options = options
    this.#bounds = { bytes: logBytes, ms: logMs }
  }

  async openWriter(bounds: LogBounds = {}): Promise<StoreWriter> {
    const session = new MysqlSession(this.#connection(), this.name, 'writes')
    try {
      await openTables(session, this.name)
    } catch (error) {
      await session.close()
      throw error
    }
    return this.#held(new SqlStoreWriter(session, { ...this.#bounds, ...bounds }))
  }

  async openReader(): Promise<StoreReader> {
    const session = new MysqlSession(this.#connection(), this.name, 'reads', this.#options.readMs)
    try {
      await checkTables(session, this.name)
    } catch (error) {
      await session.close()
      throw error
    }
    return this.#held(new SqlStoreReader(session))
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((side) => side.close()))
    this.#open.clear()
  }

  #held<Side extends { close(): Promise<void> }>(side: Side): Side {
    this.#open.add(side)
    return side
  }

  #connection(): ConnectionOptions {
    const { host, port = PORT, user, password, database, authority } = this.#options
    const ssl =
      authority === undefined ? {} : { ssl: { ca: authority, rejectUnauthorized: true, verifyIdentity: true } }
    const connectTimeout = CONNECT_MS
    return { host, port, user, password: Secret.from(password).reveal(), database, connectTimeout, ...ssl }
  }
}
