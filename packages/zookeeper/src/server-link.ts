import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type SecretText, systemCodeOf } from '@aesop/kernel'
import {
  AuthRefusedError,
  RefusedError,
  ReplyMalformedError,
  ServerUnreachableError,
  SessionExpiredError,
} from './errors.ts'
import { FrameSplitter } from './frame-splitter.ts'
import { connectRequest, readConnectReply } from './handshake.ts'
import { BEAT_PART, Heartbeats } from './heartbeats.ts'
import { JuteReader } from './jute-reader.ts'
import { JuteWriter } from './jute-writer.ts'
import { type AuthSettings, type LinkOwner, type LinkSettings } from './link-contract.ts'
import { type Chroot } from './node-path.ts'
import { opcodes, xids } from './opcodes.ts'
import { type Operation, packetOf } from './operation.ts'
import { closeSession, sync } from './operations.ts'
import { type PendingRequest } from './pending-requests.ts'
import { serverCodes } from './server-codes.ts'
import { shownServer } from './server-list.ts'
import { tlsOptionsOf } from './tls-settings.ts'

type Phase = 'opening' | 'handshake' | 'auth' | 'ready' | 'ended'

const CLOSED = 'closed the connection'
/** Part of the session's time after which silence ends the connection: a server has to be found before the deadline. */
const SILENCE_PART = 1 / 3
/** How long a farewell may take. */
const LEAVE_MS_MAX = 2_000
/** What may wait in the socket. */
const WAITING_BYTES_MAX = 32 * 1024 * 1024

/** One connection to one server, from its first byte to its last: rules 2 to 6 of SPEC.md. */
export class ServerLink {
  readonly #settings: LinkSettings
  readonly #owner: LinkOwner
  readonly #frames = new FrameSplitter()
  readonly #socket: Socket
  #phase: Phase = 'opening'
  #handshakeSentAtMs = 0
  #readAtMs: number
  #timeoutMs = 0
  #authLeft: AuthSettings[] = []
  #heartbeats: Heartbeats | undefined
  #corked = false
  readonly #handshakeTimer: NodeJS.Timeout
  #beatTimer: NodeJS.Timeout | undefined
  #silenceTimer: NodeJS.Timeout | undefined

  /** @throws SettingInvalidError where certificates can not be read */
  constructor(settings: LinkSettings, owner: LinkOwner) {
    this.#settings = settings
    this.#owner = owner
    this.#readAtMs = settings.nowMs()
    const { server, tls, handshakeMs } = settings
    const socket = tls === undefined ? connect({ ...server }) : connectTls(tlsOptionsOf(tls, server))
    this.#socket = socket.setNoDelay(true)
    const guarded = this.#guarded.bind(this)
    socket.on(tls === undefined ? 'connect' : 'secureConnect', guarded(this.#greet.bind(this)))
    socket.on('data', guarded(this.#take.bind(this)))
    socket.on(
      'error',
      guarded((error: Error) => {
        this.#unreachable('broke the connection', error)
      }),
    )
    socket.on(
      'close',
      guarded(() => {
        this.#unreachable(CLOSED)
      }),
    )
    this.#handshakeTimer = setTimeout(
      guarded(() => {
        this.#unreachable(`did not take the session within ${Math.round(handshakeMs)} ms`)
      }),
      handshakeMs,
    )
  }

  get isReady(): boolean {
    return this.#phase === 'ready'
  }

  get name(): string {
    return shownServer(this.#settings.server)
  }

  get isFull(): boolean {
    return this.#socket.writableLength > WAITING_BYTES_MAX
  }

  /** Sends an operation that is encoded with the xid that `pending` gives it next. */
  send(packet: Buffer, request: PendingRequest): void {
    this.#settings.pending.add(request, this.#settings.nowMs())
    this.#write(packet)
  }

  /** Ends the session of a server that was only asked whether it takes one, and the connection. */
  leave(error: Error): void {
    this.#finish(error, false, () => {
      this.#socket.setTimeout(LEAVE_MS_MAX, () => this.#socket.destroy())
      this.#socket.end(packetOf(closeSession(), 1, this.#settings.chroot))
    })
  }

  /** Ends the connection. What waits for an answer is rejected: whether it was carried out is unknown. */
  end(error: Error, isRefusal = false): void {
    this.#finish(error, isRefusal, () => this.#socket.destroy())
  }

  #finish(error: Error, isRefusal: boolean, close: () => void): void {
    if (this.#phase === 'ended') return
    this.#phase = 'ended'
    clearTimeout(this.#handshakeTimer)
    clearInterval(this.#beatTimer)
    clearTimeout(this.#silenceTimer)
    close()
    this.#settings.pending.lose(this.name, error)
    this.#owner.ended(error, isRefusal)
  }

  /** Nothing is handled before the owner has looked at the clock, nothing at all of a link that has ended. */
  #guarded<Arguments extends readonly unknown[]>(handle: (...given: Arguments) => void): (...given: Arguments) => void {
    return (...given) => {
      if (this.#phase === 'ended' || !this.#owner.mayHandle() || this.#hasEnded) return
      handle(...given)
    }
  }

  /** A getter, because the phase may have changed in between. */
  get #hasEnded(): boolean {
    return this.#phase === 'ended'
  }

  #unreachable(fault: string, cause?: Error): void {
    // A server refuses a session without a word: it closes the connection, or resets it.
    const isRefusal = this.#phase === 'handshake' && (fault === CLOSED || systemCodeOf(cause) === 'ECONNRESET')
    this.end(ServerUnreachableError.of(this.name, isRefusal ? 'refused the session' : fault, cause), isRefusal)
  }

  #greet(): void {
    const { session, lastZxid, timeoutMs, nowMs } = this.#settings
    this.#phase = 'handshake'
    this.#handshakeSentAtMs = nowMs()
    this.#write(connectRequest(session, lastZxid, timeoutMs))
  }

  #write(packet: Buffer): void {
    if (!this.#corked) {
      this.#corked = true
      this.#socket.cork()
      process.nextTick(() => {
        this.#corked = false
        this.#socket.uncork()
      })
    }
    this.#socket.write(packet)
  }

  #take(chunk: Buffer): void {
    this.#readAtMs = this.#settings.nowMs()
    try {
      for (const frame of this.#frames.push(chunk)) {
        if (this.#phase === 'handshake') this.#takeConnectReply(frame)
        else this.#takeReply(new JuteReader(frame))
        if (this.#hasEnded) return
      }
    } catch (error) {
      if (!(error instanceof ReplyMalformedError)) throw error
      this.end(error)
    }
  }

  #takeConnectReply(frame: Buffer): void {
    const reply = readConnectReply(frame)
    clearTimeout(this.#handshakeTimer)
    if (reply.timeoutMs <= 0) {
      this.end(new SessionExpiredError(`ZooKeeper ${this.name} knows the session no more`))
      return
    }
    this.#phase = 'auth'
    this.#timeoutMs = reply.timeoutMs
    this.#startTimers()
    const watches = this.#owner.accepted(reply)
    if (this.#hasEnded) return
    this.#heartbeats = new Heartbeats(reply.timeoutMs, this.#handshakeSentAtMs, this.#readAtMs)
    this.#owner.confirmed(this.#handshakeSentAtMs)
    this.#authLeft = [...this.#settings.auth]
    for (const { scheme, auth } of this.#authLeft) this.#write(authPacket(scheme, auth))
    for (const packet of watches) this.#write(packet)
    this.#becomeReady()
  }

  #becomeReady(): void {
    if (this.#authLeft.length > 0) return
    this.#phase = 'ready'
    this.#owner.ready()
  }

  #takeReply(reader: JuteReader): void {
    const xid = reader.int('an xid')
    const zxid = reader.long('a zxid')
    const code = reader.int('an error')
    if (zxid > 0n) this.#owner.zxid(zxid)
    if (xid === xids.notification) this.#owner.notified(reader)
    else if (xid === xids.auth) this.#takeAuth(code)
    else if (xid === xids.setWatches) this.#takeWatches(code)
    else this.#takeAnswer(xid, code, reader)
  }

  /** Watches that a server does not set would be missed by nobody but those who wait for them. */
  #takeWatches(code: number): void {
    if (code === 0) return
    this.end(
      ServerUnreachableError.of(this.name, 'does not set the watches again', RefusedError.of('setWatches', code)),
    )
  }

  #takeAuth(code: number): void {
    const auth = this.#authLeft.shift()
    if (auth === undefined) throw ReplyMalformedError.of('an auth', 'answered that was not sent')
    if (code !== 0) this.end(AuthRefusedError.of(this.name, auth.scheme))
    else this.#becomeReady()
  }

  #takeAnswer(xid: number, code: number, reader: JuteReader): void {
    const { pending, chroot, nowMs } = this.#settings
    const request = pending.expect(xid)
    if (code === serverCodes.SessionExpired) {
      this.end(new SessionExpiredError(`ZooKeeper ${this.name} has ended the session`))
      return
    }
    if (code === serverCodes.SessionMoved) {
      this.end(ServerUnreachableError.of(this.name, 'no longer has the session: it has moved to another server'))
      return
    }
    const result =
      code === 0 ? resultOf(request.operation, reader, chroot) : RefusedError.of(request.operation.what, code)
    pending.answered(nowMs())
    request.answered(result)
  }

  #startTimers(): void {
    this.#beatTimer = setInterval(this.#guarded(this.#beat.bind(this)), this.#timeoutMs * BEAT_PART)
    this.#watchSilence()
  }

  /** A sync goes to the leader and back, where a ping does not. */
  #beat(): void {
    const { pending, chroot, nowMs } = this.#settings
    if (this.#phase !== 'ready' || this.#heartbeats === undefined) return
    const operation = sync('/')
    const heard = this.#heartbeats.sent(nowMs())
    this.send(packetOf(operation, pending.nextXid, chroot), {
      operation,
      answered: (result) => {
        if (result instanceof Error) return
        this.#owner.confirmed(heard(nowMs()))
        this.#owner.holds()
      },
    })
  }

  /** Silence of the connection as a whole, or of the answers while pings come back: neither may last. */
  #watchSilence(): void {
    const { nowMs, pending } = this.#settings
    const sinceMs = Math.min(this.#readAtMs, pending.waitingSinceMs)
    const leftMs = sinceMs + this.#timeoutMs * SILENCE_PART - nowMs()
    if (leftMs <= 0) this.#unreachable(`was silent for ${Math.round(this.#timeoutMs * SILENCE_PART)} ms`)
    else this.#silenceTimer = setTimeout(this.#guarded(this.#watchSilence.bind(this)), leftMs)
  }
}

/** What an operation has come to: a multi that was refused is told so by its body, where others are by the header. */
function resultOf(operation: Operation<unknown>, reader: JuteReader, chroot: Chroot): unknown {
  const result = refusalOr(() => operation.read(reader, chroot))
  reader.end(`the answer to ${operation.what}`)
  return result
}

function refusalOr(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    if (error instanceof RefusedError) return error
    throw error
  }
}

/** int xid -4, int opcode 100, int 0, text scheme, buffer auth */
function authPacket(scheme: string, auth: SecretText): Buffer {
  const writer = new JuteWriter().int(xids.auth).int(opcodes.auth).int(0)
  return writer.text(scheme).buffer(Buffer.from(auth.reveal())).packet()
}
