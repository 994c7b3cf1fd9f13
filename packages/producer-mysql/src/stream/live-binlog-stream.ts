import { type BinlogHandler, type BinlogPosition, type BinlogStream } from '../log/binlog-stream.ts'
import { byteAt } from '../log/byte-at.ts'
import { EventChecksum } from '../log/event-checksum.ts'
import { MysqlServerError, MysqlServerSilentError, MysqlServerUnreachableError } from '../error/live-errors.ts'
import { MysqlDumpAstrayError } from '../error/dump-errors.ts'
import { type LogWatch } from '../server/log-watch.ts'
import { mysqlFault } from '../server/mysql-fault.ts'
import { serverNameOf } from '../server/mysql-uri.ts'
import { type DatabaseServer } from '../server/server-connection.ts'
import { heartbeatPlace } from './heartbeat-place.ts'
import { IdleWatch } from './idle-watch.ts'
import { ZongjiTap } from './zongji-tap.ts'

const HEADER_BYTES = 19
const ROTATE_EVENT = 4
const FORMAT_DESCRIPTION_EVENT = 15
const HEARTBEAT_EVENT = 27
const HEARTBEAT_EVENT_V2 = 41
const AT_FLAGS = 17
const FLAG_ARTIFICIAL = 0x20
const LOG_NAME = /^[\x20-\x7e]+\.\d+$/

export interface LiveBinlogStreamOptions extends DatabaseServer {
  readonly serverId: number
  /** Resume after these transactions instead of at a position. */
  readonly gtidSet?: string
  /** How often an idle server tells that it is there; default 10,000. */
  readonly heartbeatMs?: number
  /** Silence after which the connection counts as broken; default three heartbeats. */
  readonly readDeadlineMs?: number
  /** Bound of connecting and of the wait for the first event; default 10,000. */
  readonly connectTimeoutMs?: number
  /** How long the server may wait while we take nothing; default a day. */
  readonly netWriteTimeoutSeconds?: number
  /** Says whether what an idle connection brings is still the server's log; left out: nobody is asked. */
  readonly watch?: LogWatch
}

/** The binary log of a running server. One object is one connection: `open` may be called once. */
export class LiveBinlogStream implements BinlogStream {
  private readonly options: LiveBinlogStreamOptions
  private readonly server: string
  private readonly heartbeatMs: number
  private readonly readDeadlineMs: number
  private readonly connectTimeoutMs: number
  private readonly checksum = new EventChecksum()
  private readonly tap: ZongjiTap
  private handler: BinlogHandler | undefined
  private onBroken: ((error: Error) => void) | undefined
  private opening: { resolve(): void; reject(error: Error): void } | undefined
  private wanted = ''
  private established = false
  private closed = false
  private heldByHandler = false
  private heldByOwner = false
  /** Whether anything came since the clock was last looked at: cheaper than a time for each event. */
  private heard = false
  private lastHeardMs = 0
  private watch: NodeJS.Timeout | undefined
  /** Watches over the connection while it is quiet. */
  private readonly idle: IdleWatch | undefined
  /** The log file that is being sent, and when it was begun, in seconds since 1970. */
  private file: string | undefined
  private begunSeconds = 0

  constructor(options: LiveBinlogStreamOptions) {
    this.options = options
    this.server = serverNameOf(options)
    this.heartbeatMs = options.heartbeatMs ?? 10_000
    this.readDeadlineMs = options.readDeadlineMs ?? 3 * this.heartbeatMs
    this.connectTimeoutMs = options.connectTimeoutMs ?? 10_000
    this.idle = this.idleWatch()
    const { connectTimeoutMs } = this
    this.tap = new ZongjiTap({ ...options, connectTimeoutMs, preamble: this.preamble() })
  }

  open(from: BinlogPosition, handler: BinlogHandler, onBroken: (error: Error) => void): Promise<void> {
    this.handler = handler
    this.onBroken = onBroken
    const { gtidSet } = this.options
    this.wanted = gtidSet === undefined ? `${from.file}:${from.position}` : `GTID ${gtidSet}`
    this.lastHeardMs = performance.now()
    this.watch = setInterval(() => {
      this.lookAtClock()
    }, this.readDeadlineMs / 8)
    return new Promise((resolve, reject) => {
      this.opening = { resolve, reject }
      this.tap.start(gtidSet === undefined ? { filename: from.file, position: from.position } : { gtidSet }, {
        onEvent: (bytes, offset, end) => {
          try {
            this.take(bytes, offset, end)
          } catch (error) {
            // The handler's own errors pass through unchanged.
            this.break(error instanceof Error ? error : this.faultOf(error))
          }
        },
        onError: (error) => {
          this.break(this.faultOf(error))
        },
      })
    })
  }

  pause(): void {
    this.heldByOwner = true
    // The handshake is never held: the stream would not be established.
    if (this.established) this.tap.pause()
  }

  resume(): void {
    this.heldByOwner = false
    this.release()
  }

  async close(): Promise<void> {
    this.end()
    this.opening?.reject(new MysqlServerUnreachableError(this.server, 'the stream was closed while it was connecting'))
    this.opening = undefined
    await this.tap.stop()
  }

  private preamble(): string[] {
    const nanos = `${this.heartbeatMs}000000`
    return [
      // Both names: MySQL has left out the old one, MariaDB never learned the new one.
      `SET @master_heartbeat_period=${nanos}, @source_heartbeat_period=${nanos}`,
      `SET @master_binlog_checksum='CRC32', @source_binlog_checksum='CRC32'`,
      `SET SESSION net_write_timeout=${this.options.netWriteTimeoutSeconds ?? 86_400}`,
    ]
  }

  private take(bytes: Buffer, offset: number, packetEnd: number): void {
    this.heard = true
    if (this.closed || this.handler === undefined) return
    if (packetEnd - offset < HEADER_BYTES) throw new MysqlServerError(this.server, 'an event shorter than its header')
    const end = this.checksum.verify(bytes, offset, packetEnd)
    if (!this.established) this.establish()
    const type = byteAt(bytes, offset + 4)
    if (type === ROTATE_EVENT) this.rotate(this.handler, bytes, offset, end)
    else if (type === HEARTBEAT_EVENT || type === HEARTBEAT_EVENT_V2) this.heartbeat(this.handler, bytes, offset, end)
    else {
      if (type === FORMAT_DESCRIPTION_EVENT) this.begunSeconds = bytes.readUInt32LE(offset)
      this.deliver(this.handler, bytes, offset, end)
    }
  }

  /** Body of a rotate event: 8 bytes position in the next file, then its name. */
  private rotate(handler: BinlogHandler, bytes: Buffer, offset: number, end: number): void {
    const file = bytes.toString('latin1', offset + HEADER_BYTES + 8, end)
    if (!LOG_NAME.test(file)) throw new MysqlServerError(this.server, `a rotate event with the file name "${file}"`)
    this.checkRotation(file, (byteAt(bytes, offset + AT_FLAGS) & FLAG_ARTIFICIAL) !== 0)
    this.file = file
    handler.onRotate(file, Number(bytes.readBigUInt64LE(offset + HEADER_BYTES)))
  }

  /** A log that was reset is left for one of the new log, without a word in the old one: what the new one begins with is skipped. */
  private checkRotation(next: string, isArtificial: boolean): void {
    const { file } = this
    if (!isArtificial || file === undefined || file === next || this.options.watch?.endsByName(file) !== true) return
    throw new MysqlDumpAstrayError(
      this.server,
      `the end of ${file}`,
      `it goes on with ${next}, which ${file} does not name`,
    )
  }

  private heartbeat(handler: BinlogHandler, bytes: Buffer, offset: number, end: number): void {
    handler.onCaughtUp?.()
    const place = this.idle && heartbeatPlace(bytes, offset, end)
    if (place !== undefined) this.idle?.heartbeat(place, performance.now())
  }

  private idleWatch(): IdleWatch | undefined {
    const { watch } = this.options
    if (watch === undefined) return undefined
    return new IdleWatch({
      heartbeatMs: this.heartbeatMs,
      ask: (place) => watch.contradiction(place, this.begunSeconds),
      onAstray: (place, found) => {
        watch.broke(place, found)
        this.break(new MysqlDumpAstrayError(this.server, `${place.file}:${place.position}`, found))
      },
    })
  }

  private deliver(handler: BinlogHandler, bytes: Buffer, offset: number, end: number): void {
    const pending = handler.onEvent(bytes, offset, end)
    if (pending === undefined) return
    this.heldByHandler = true
    this.tap.pause()
    pending.then(
      () => {
        this.heldByHandler = false
        this.release()
      },
      (error: unknown) => {
        this.break(error instanceof Error ? error : this.faultOf(error))
      },
    )
  }

  private release(): void {
    if (this.closed || this.heldByHandler || this.heldByOwner) return
    this.lastHeardMs = performance.now()
    this.idle?.forget()
    this.tap.resume()
  }

  private establish(): void {
    this.established = true
    if (this.heldByOwner) this.tap.pause()
    this.opening?.resolve()
    this.opening = undefined
  }

  private lookAtClock(): void {
    if (this.heldByHandler || this.heldByOwner) return
    if (this.heard) this.lastHeardMs = performance.now()
    this.heard = false
    const silentMs = performance.now() - this.lastHeardMs
    if (this.established && silentMs > this.readDeadlineMs) {
      this.break(new MysqlServerSilentError(this.server, Math.round(silentMs)))
    } else if (!this.established && silentMs > this.connectTimeoutMs) {
      this.break(new MysqlServerUnreachableError(this.server, `no event within ${this.connectTimeoutMs} ms`))
    }
  }

  private break(error: Error): void {
    if (this.closed) return
    this.end()
    if (this.opening === undefined) this.onBroken?.(error)
    else this.opening.reject(error)
    this.opening = undefined
  }

  private end(): void {
    this.closed = true
    this.idle?.forget()
    clearInterval(this.watch)
  }

  private faultOf(error: unknown): Error {
    const { user, serverId } = this.options
    const { server, wanted, established } = this
    return mysqlFault(error, { server, user, serverId, wanted, established })
  }
}
