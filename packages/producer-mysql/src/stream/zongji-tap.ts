import ZongJi from '@vlasky/zongji'
import { messageOf } from '@aesop/kernel'
import { endDumpThread } from './dump-thread.ts'
import { MysqlClientChangedError } from '../error/live-errors.ts'
import { EVENT_BYTES_MAX } from '../server/packet-bound.ts'
import { connectToServer, type DatabaseServer } from '../server/server-connection.ts'
import { type WalkedParser, walkPackets } from './packet-walk.ts'

/*
 * The file that knows the insides of zongji, and with `server-connection.ts` those of mysql2. zongji is given its two
 * connections, asks its questions and writes the dump command; the packets of that command are taken here, before zongji
 * would decode them.
 *
 * A packet, as mysql2 hands it over, lies in `buffer` from `start` to `end`:
 *
 *   0  3  length of the payload
 *   3  1  sequence id
 *   4  1  marker: 00 an event follows, FE end of the dump, FF error
 *   5  …  the event
 *
 * Most of them lie whole in what came from the socket, and are taken there, before mysql2 makes packets of them.
 */
const PACKET_HEADER_BYTES = 4
const SEQUENCE_AT = 3
const EVENT_MARKER = 0x00
const END_MARKER = 0xfe
const EVENT_HEADER_BYTES = 19

interface Packet {
  readonly sequenceId: number
  readonly numPackets: number
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
}

interface TappedConnection {
  _command: unknown
  _paused: boolean
  sequenceId: number
  readonly packetParser: WalkedParser
  handlePacket(packet?: Packet): void
  query(sql: string, done: (error: Error | null) => void): void
  pause(): void
  resume(): void
  end(): void
  removeAllListeners(event: 'error'): void
  on(event: 'error', listener: () => void): void
  readonly threadId: number
  readonly stream: { destroy(): unknown }
}

interface ZongJiInside {
  connection: TappedConnection | null
  ctrlConnection: TappedConnection | null
  BinlogClass: (new () => object) | undefined
}

/** Where the tap delivers. Bytes are valid during the call only. */
export interface TapListener {
  /** One event with its checksum. It must not throw. */
  onEvent(bytes: Buffer, offset: number, end: number): void
  /** The connection or the dump ended; called once. `error` is what mysql2 or zongji gave. */
  onError(error: unknown): void
}

export interface TapOptions extends DatabaseServer {
  readonly serverId: number
  readonly connectTimeoutMs: number
  /** Statements for the dump connection, run before the dump begins. */
  readonly preamble: readonly string[]
}

export interface TapStart {
  readonly filename?: string
  readonly position?: number
  readonly gtidSet?: string
}

/** One dump connection. `start` may be called once. */
export class ZongjiTap {
  private readonly options: TapOptions
  private readonly zongji: ZongJi
  private readonly inside: ZongJiInside
  private listener: TapListener | undefined
  private ended = false
  private attached = false
  private connecting: Promise<void> | undefined
  private readonly stopping = new AbortController()

  constructor(options: TapOptions) {
    this.options = options
    this.zongji = new ZongJi({})
    this.inside = this.zongji as unknown as ZongJiInside
  }

  start(from: TapStart, listener: TapListener): void {
    this.listener = listener
    this.zongji.on('error', (error) => {
      this.fail(error)
    })
    this.zongji.on('ready', () => {
      try {
        this.attach()
      } catch (error) {
        this.fail(error)
      }
    })
    this.connecting = this.connect().then(
      () => {
        if (!this.ended) this.zongji.start({ ...from, serverId: this.options.serverId })
      },
      (error: unknown) => {
        this.fail(error)
      },
    )
  }

  /** Both connections of zongji, which makes none of its own then. */
  private async connect(): Promise<void> {
    const { connectTimeoutMs: timeoutMs } = this.options
    const onBroken = (error: Error): void => {
      this.fail(error)
    }
    const limits = { timeoutMs, packetBytesMax: EVENT_BYTES_MAX, signal: this.stopping.signal, onBroken }
    const made = await Promise.allSettled([
      connectToServer(this.options, limits),
      connectToServer(this.options, limits),
    ])
    const open = made.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    for (const connection of open) {
      connection.on('error', (error) => {
        this.fail(error)
      })
    }
    const [connection, ctrlConnection] = open
    if (connection === undefined || ctrlConnection === undefined || this.ended) {
      for (const each of open) each.destroy()
      throw made.find((each) => each.status === 'rejected')?.reason
    }
    // zongji ends the second one itself when it is told to stop.
    Object.assign(this.inside, { connection, ctrlConnection, ctrlConnectionOwner: true })
  }

  /** Holds the connection; packets that are in hand are kept by mysql2 and come after `resume`. */
  pause(): void {
    this.inside.connection?.pause()
  }

  resume(): void {
    if (!this.ended) this.inside.connection?.resume()
  }

  /** Resolves when the connections are gone; nothing is delivered once this has been called. */
  async stop(): Promise<void> {
    const threadId = this.ended || !this.attached ? undefined : this.inside.connection?.threadId
    this.ended = true
    this.stopping.abort()
    await this.connecting
    const connections = [this.inside.connection, this.inside.ctrlConnection]
    await new Promise<void>((resolve) => {
      this.zongji.once('stopped', resolve)
      this.zongji.stop()
    })
    for (const connection of connections) connection?.stream.destroy()
    if (threadId !== undefined) await endDumpThread(this.options, threadId)
  }

  private fail(error: unknown): void {
    if (this.ended) return
    this.ended = true
    this.listener?.onError(error)
  }

  /** Runs inside zongji's `ready`, just before it queues the dump command. */
  private attach(): void {
    const { connection, BinlogClass } = this.inside
    if (connection === null || this.ended) return
    requireInside(connection, BinlogClass)
    this.attached = true
    this.endControl()
    for (const sql of this.options.preamble) {
      connection.query(sql, (error) => {
        if (error !== null) this.fail(error)
      })
    }
    const original = connection.handlePacket.bind(connection)
    connection.handlePacket = (packet) => {
      if (this.ended) return
      if (packet === undefined || connection._paused || !(connection._command instanceof BinlogClass)) {
        original(packet)
        return
      }
      this.take(connection, packet, original)
    }
    this.walk(connection, BinlogClass)
  }

  /** Takes events in order that lie whole in what came; all else is mysql2's. */
  private walk(connection: TappedConnection, BinlogClass: new () => object): void {
    walkPackets(connection.packetParser, {
      begins: () => connection._command instanceof BinlogClass,
      take: (chunk, start, end) => {
        if (this.ended || connection._paused || chunk[start + PACKET_HEADER_BYTES] !== EVENT_MARKER) return false
        if (chunk[start + SEQUENCE_AT] !== connection.sequenceId) return false
        connection.sequenceId = (connection.sequenceId + 1) & 0xff
        this.listener?.onEvent(chunk, start + PACKET_HEADER_BYTES + 1, end)
        return true
      },
    })
  }

  /** zongji has asked what it needs: its second connection would idle from now on, until the server cuts it. */
  private endControl(): void {
    const control = this.inside.ctrlConnection
    this.inside.ctrlConnection = null
    control?.removeAllListeners('error')
    control?.on('error', () => undefined)
    control?.end()
  }

  private take(connection: TappedConnection, packet: Packet, original: (packet: Packet) => void): void {
    const marker = packet.buffer[packet.start + PACKET_HEADER_BYTES]
    if (marker === END_MARKER && packet.end - packet.start < 10) {
      this.fail(new Error('the server ended the dump'))
      return
    }
    if (marker !== EVENT_MARKER) {
      original(packet)
      return
    }
    if (packet.sequenceId !== connection.sequenceId) {
      this.fail(new Error(`packet ${packet.sequenceId} came where ${connection.sequenceId} was expected`))
      return
    }
    connection.sequenceId = (packet.sequenceId + packet.numPackets) & 0xff
    this.listener?.onEvent(packet.buffer, packet.start + PACKET_HEADER_BYTES + 1, packet.end)
  }
}

function requireInside(
  connection: TappedConnection,
  BinlogClass: ZongJiInside['BinlogClass'],
): asserts BinlogClass is new () => object {
  const wanted: [boolean, string][] = [
    [typeof BinlogClass === 'function', 'zongji has no BinlogClass when it is ready'],
    [typeof connection.handlePacket === 'function', "mysql2's connection has no handlePacket"],
    [typeof connection.sequenceId === 'number', "mysql2's connection has no sequenceId"],
    [typeof connection._paused === 'boolean', "mysql2's connection has no _paused"],
    ['_command' in connection, "mysql2's connection has no _command"],
    [hasSteps(connection), "mysql2's packet parser has other steps"],
  ]
  for (const [holds, fault] of wanted) if (!holds) throw new MysqlClientChangedError(fault)
  checkPacketParser(connection)
}

/** Whether the packet parser has what `walkPackets` needs of it. */
function hasSteps({ packetParser }: TappedConnection): boolean {
  const parser: object | undefined = packetParser
  if (typeof parser !== 'object') return false
  const prototype = Object.getPrototypeOf(parser) as object
  const hasStep = typeof Reflect.get(prototype, 'executeStart') === 'function'
  return hasStep && typeof packetParser.execute === 'function' && Array.isArray(packetParser.largePacketParts)
}

/**
 * Sends a canned packet through a parser of the same class as the connection's, and through the same function that the
 * tap takes packets with: an event must come out as it went in.
 *
 * @throws MysqlClientChangedError
 */
export function checkPacketParser(connection: object): void {
  const parser: unknown = Reflect.get(connection, 'packetParser')
  const make: unknown = typeof parser === 'object' && parser !== null ? parser.constructor : undefined
  if (typeof make !== 'function') throw new MysqlClientChangedError("mysql2's connection has no packetParser")
  const event = Buffer.alloc(EVENT_HEADER_BYTES, 7)
  const wire = Buffer.concat([Buffer.from([EVENT_HEADER_BYTES + 1, 0, 0, 5, EVENT_MARKER]), event])
  let seen: Buffer | undefined
  const take = (packet: Packet): void => {
    if (packet.sequenceId !== 5 || packet.numPackets !== 1) return
    seen = packet.buffer.subarray(packet.start + PACKET_HEADER_BYTES + 1, packet.end)
  }
  try {
    const probe = Reflect.construct(make, [take]) as { execute(chunk: Buffer): void }
    probe.execute(wire)
  } catch (error) {
    throw new MysqlClientChangedError(`mysql2's packet parser refused a canned packet: ${messageOf(error)}`)
  }
  if (seen === undefined || !seen.equals(event)) {
    throw new MysqlClientChangedError("mysql2's packet parser gave a canned event back in another form")
  }
}
