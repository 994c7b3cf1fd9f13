import { connect as connectSocket, type Socket } from 'node:net'
import mysql, { type Connection } from 'mysql2'
import { Secret, type SecretText } from '@aesop/kernel'
import { MysqlClientChangedError } from '../error/live-errors.ts'
import { serverNameOf } from './mysql-uri.ts'
import { checkPacketBound, type ParserState } from './packet-bound.ts'
import { readGreeting } from './server-greeting.ts'
import { encryptionFor, type Encryption, isLoopbackAddress } from './server-proof.ts'
import { readServerPublicKey, type TlsSettings } from './tls-settings.ts'
import { upgradeToTls } from './tls-upgrade.ts'

/** A server and the account there. */
export interface DatabaseServer {
  readonly host: string
  readonly port: number
  readonly user: string
  /** Asked for at each connect, when the server has proven itself. */
  readonly password: string | SecretText
  /** Left out: encrypted where the server offers it; off loopback it must prove itself. */
  readonly tls?: TlsSettings
}

export interface ConnectOptions {
  /** Until the log-in is over. */
  readonly timeoutMs: number
  /** Bound of a packet after the log-in. */
  readonly packetBytesMax: number
  /** Ends the attempt. */
  readonly signal?: AbortSignal
  /**
   * Gets what ends the connection by a bound, which mysql2 tells as an error without a class; and, from the log-in on, what
   * breaks it without being the answer to a question.
   */
  readonly onBroken?: (error: Error) => void
  /** Whether a query may be several statements. */
  readonly multipleStatements?: boolean
}

/** What is relied on inside of a connection of mysql2. */
interface ConnectionInside {
  readonly config: { password: string | undefined }
  readonly packetParser: ParserState & { execute(chunk: Buffer): void }
  readonly authorized: boolean
  stream: Socket
  startTLS(onSecure: () => void): void
  _handleNetworkError(error: Error): void
}

const KEEP_ALIVE_MS = 60_000

/**
 * The only way to a server. It greets first; what it offers, and where it is, decide how it is spoken to; the password is
 * asked for and sent when the server has proven itself, as far as it must (`TlsSettings`).
 *
 * @throws AesopError about trust, or what the system, mysql2 or the server gave
 */
export async function connectToServer(server: DatabaseServer, options: ConnectOptions): Promise<Connection> {
  const attempt = new Attempt(server, options)
  try {
    return await Promise.race([attempt.connect(), attempt.ended])
  } catch (error) {
    attempt.destroy()
    throw error
  } finally {
    attempt.settle()
  }
}

/** One attempt, until the log-in is over. */
class Attempt {
  /** Rejects with what ends it from outside. */
  readonly ended: Promise<never>
  private readonly server: DatabaseServer
  private readonly options: ConnectOptions
  private readonly name: string
  private readonly timer: NodeJS.Timeout
  private fail: (error: Error) => void = () => undefined
  private socket: Socket | undefined
  private connection: Connection | undefined
  private readonly onAbort = (): void => {
    this.fail(new Error('the connection was given up'))
  }

  constructor(server: DatabaseServer, options: ConnectOptions) {
    this.server = server
    this.options = options
    this.name = serverNameOf(server)
    this.ended = new Promise<never>((_resolve, reject) => (this.fail = reject))
    this.ended.catch(() => undefined)
    this.timer = setTimeout(() => {
      this.fail(Object.assign(new Error('connect ETIMEDOUT'), { code: 'ETIMEDOUT' }))
    }, options.timeoutMs)
    options.signal?.addEventListener('abort', this.onAbort, { once: true })
    if (options.signal?.aborted === true) this.onAbort()
  }

  settle(): void {
    clearTimeout(this.timer)
    this.options.signal?.removeEventListener('abort', this.onAbort)
  }

  destroy(): void {
    this.connection?.on('error', () => undefined)
    this.connection?.destroy()
    this.socket?.on('error', () => undefined)
    this.socket?.destroy()
  }

  async connect(): Promise<Connection> {
    const { host, port, tls = { mode: 'auto' } } = this.server
    const socket = connectSocket({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS })
    this.socket = socket
    await connected(socket)
    const isLoopback = isLoopbackAddress(socket.remoteAddress)
    const { offersTls, isRefusal } = await readGreeting(socket, this.name)
    if (isRefusal) return this.logIn(socket, tls, 'refused')
    return this.logIn(socket, tls, encryptionFor(tls, { server: this.name, isLoopback, offersTls }))
  }

  private async logIn(socket: Socket, tls: TlsSettings, encryption: Encryption | 'refused'): Promise<Connection> {
    const { host, user } = this.server
    const { multipleStatements = false } = this.options
    const isEncrypted = typeof encryption === 'object'
    const connection = mysql.createConnection({
      host,
      user,
      stream: socket,
      // No server may ask for a file of this host.
      flags: ['-LOCAL_FILES'],
      connectTimeout: this.options.timeoutMs,
      multipleStatements,
      dateStrings: true,
      ...(isEncrypted ? { ssl: {} } : {}),
      ...authPlugins(tls),
    })
    this.connection = connection
    const inside = insideOf(connection)
    if (isEncrypted) this.takeOverTls(inside, tls, encryption)
    // mysql2 says in its words why this host is refused; there is nothing to answer.
    else if (encryption === 'none') this.givePassword(inside)
    this.bindPackets(inside, socket)
    const loggedIn = new Promise<void>((resolve, reject) => {
      connection.once('error', reject).once('connect', () => {
        // Whoever takes the connection hears of it from then on; a process ends by an error that nobody hears.
        connection.off('error', reject).on('error', (error: Error) => this.options.onBroken?.(error))
        resolve()
      })
    })
    socket.resume()
    await loggedIn
    return connection
  }

  /** In the place of mysql2's own, which can compare neither addresses nor fingerprints. */
  private takeOverTls(inside: ConnectionInside, tls: TlsSettings, encryption: Exclude<Encryption, 'none'>): void {
    inside.startTLS = (onSecure) => {
      const plain = inside.stream
      plain.removeAllListeners('data')
      upgradeToTls(plain, { server: this.name, host: this.server.host, tls, encryption })
        .then((secure) => {
          secure.on('error', (error: Error) => {
            inside._handleNetworkError(error)
          })
          secure.on('data', (chunk: Buffer) => {
            inside.packetParser.execute(chunk)
          })
          inside.stream = secure
          this.bindPackets(inside, secure)
          this.givePassword(inside)
          onSecure()
        })
        .catch((error: unknown) => {
          this.fail(error instanceof Error ? error : new Error(String(error)))
        })
    }
  }

  private givePassword({ config }: ConnectionInside): void {
    config.password = Secret.from(this.server.password).reveal()
  }

  /** Comes after mysql2's own listener, before the next read of the socket. */
  private bindPackets(inside: ConnectionInside, stream: Socket): void {
    const { packetBytesMax } = this.options
    stream.on('data', () => {
      try {
        checkPacketBound(inside.packetParser, inside.authorized, packetBytesMax, this.name)
      } catch (error) {
        const fault = error instanceof Error ? error : new Error(String(error))
        this.fail(fault)
        this.options.onBroken?.(fault)
        stream.destroy(fault)
      }
    })
  }
}

/** Passwords are encrypted by the key that is known, never by one that the server sends. */
function authPlugins({ serverPublicKeyPath }: TlsSettings): Pick<mysql.ConnectionOptions, 'authPlugins'> {
  if (serverPublicKeyPath === undefined) return {}
  const serverPublicKey = readServerPublicKey(serverPublicKeyPath)
  const { caching_sha2_password, sha256_password } = mysql.authPlugins
  return {
    authPlugins: {
      caching_sha2_password: caching_sha2_password({ serverPublicKey }),
      sha256_password: sha256_password({ serverPublicKey }),
    },
  }
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject).once('connect', () => {
      socket.off('error', reject)
      resolve()
    })
  })
}

function insideOf(connection: Connection): ConnectionInside {
  const inside = connection as unknown as ConnectionInside
  const wanted: [boolean, string][] = [
    [typeof inside.startTLS === 'function', 'startTLS'],
    [typeof inside._handleNetworkError === 'function', '_handleNetworkError'],
    [typeof inside.packetParser.bufferLength === 'number', 'packetParser.bufferLength'],
    [Array.isArray(inside.packetParser.largePacketParts), 'packetParser.largePacketParts'],
    [typeof inside.authorized === 'boolean', 'authorized'],
    ['password' in inside.config, 'config.password'],
  ]
  for (const [holds, name] of wanted) {
    if (!holds) throw new MysqlClientChangedError(`mysql2's connection has no ${name}`)
  }
  return inside
}
