import { type Connection } from 'mysql2/promise'
import { MysqlServerSilentError } from '../error/live-errors.ts'
import { mysqlFault } from './mysql-fault.ts'
import { type MysqlUri, serverNameOf } from './mysql-uri.ts'
import { ANSWER_BYTES_MAX } from './packet-bound.ts'
import { connectToServer } from './server-connection.ts'

export interface ServerQuestionsOptions {
  readonly uri: MysqlUri
  readonly serverId: number
  /** Bound of connecting; default 10,000. */
  readonly connectTimeoutMs?: number
  /** Bound of an answer; default 30,000. */
  readonly readDeadlineMs?: number
  /** How long the connection is kept for another question; default 500. */
  readonly lingerMs?: number
}

const CONNECT_TIMEOUT_MS = 10_000
const ANSWER_DEADLINE_MS = 30_000
/** Shorter than any time after which a server or a proxy cuts a connection that idles: they count whole seconds. */
const LINGER_MS = 500

/**
 * Questions to a server, over a connection that is opened for the first one and ended when no other has followed for a
 * moment. A connection that is kept and not used is cut one day, which is found out when it is needed.
 */
export class ServerQuestions {
  private readonly options: ServerQuestionsOptions
  private readonly server: string
  private connection: Connection | undefined
  private pending = 0
  /** What ended the connection, where it was none of mysql2's errors. */
  private broken: Error | undefined
  private lingering: NodeJS.Timeout | undefined

  constructor(options: ServerQuestionsOptions) {
    this.options = options
    this.server = serverNameOf(options.uri)
  }

  /**
   * Turns the driver's errors into named ones; `wanted` says in them what was asked for. A connection that fails is not
   * kept.
   *
   * @throws AesopError
   */
  async ask<Answer>(wanted: string, question: (connection: Connection) => Promise<Answer>): Promise<Answer> {
    const { uri, serverId } = this.options
    let established = this.connection !== undefined
    this.pending++
    clearTimeout(this.lingering)
    try {
      this.connection ??= await this.connect()
      established = true
      return await this.inTime(question(this.connection))
    } catch (error) {
      this.release()
      throw mysqlFault(this.broken ?? error, { server: this.server, user: uri.user, serverId, wanted, established })
    } finally {
      if (--this.pending === 0) this.linger()
    }
  }

  private readonly onBroken = (error: Error): void => {
    this.broken = error
  }

  /** Ends the connection now; a later question opens another one. */
  release(): void {
    clearTimeout(this.lingering)
    this.connection?.destroy()
    this.connection = undefined
  }

  private linger(): void {
    this.lingering = setTimeout(() => {
      const connection = this.connection
      this.connection = undefined
      connection?.end().catch(() => {
        connection.destroy()
      })
    }, this.options.lingerMs ?? LINGER_MS).unref()
  }

  /** A half-open connection never answers; who waits for it holds the whole stream. */
  private async inTime<Answer>(answer: Promise<Answer>): Promise<Answer> {
    const limitMs = this.options.readDeadlineMs ?? ANSWER_DEADLINE_MS
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new MysqlServerSilentError(this.server, limitMs))
      }, limitMs)
    })
    return Promise.race([answer, late]).finally(() => {
      clearTimeout(timer)
    })
  }

  private async connect(): Promise<Connection> {
    this.broken = undefined
    const timeoutMs = this.options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS
    const limits = { timeoutMs, packetBytesMax: ANSWER_BYTES_MAX, multipleStatements: true, onBroken: this.onBroken }
    const connection = (await connectToServer(this.options.uri, limits)).promise()
    // Whoever asks next gets the error; nobody is asking now.
    connection.on('error', () => {
      if (this.connection === connection) this.connection = undefined
    })
    return connection
  }
}
