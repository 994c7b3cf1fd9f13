import { DataCheck } from './data-check.ts'
import { DeadlineClock } from './deadline-clock.ts'
import {
  AbandonedError,
  AuthRefusedError,
  NotConnectedError,
  PayloadTooLargeError,
  ServerDataGoneError,
  ServerUnreachableError,
  SessionClosedError,
  SessionExpiredError,
  TooManyPendingError,
} from './errors.ts'
import { type ConnectReply, NEW_SESSION, type SessionId } from './handshake.ts'
import { type JuteReader } from './jute-reader.ts'
import { type LinkOwner } from './link-contract.ts'
import { type Operation, packetOf } from './operation.ts'
import { closeSession } from './operations.ts'
import { PENDING_MAX, PendingRequests } from './pending-requests.ts'
import { ServerLink } from './server-link.ts'
import { ServerTurns } from './server-list.ts'
import { isOver, nextState, type SessionState, type SessionStep } from './session-state.ts'
import { type ReadSettings } from './session-settings.ts'
import { type Wait, waitFor } from './wait.ts'
import { readWatchEvent, type WatchEvent } from './watch-event.ts'
import { type Watcher, Watches } from './watches.ts'

/** What tests replace. */
export interface SessionParts {
  readonly nowMs?: () => number
  readonly random?: () => number
  readonly firstXid?: number
}

export type StateListener = (state: SessionState) => void

/** Body of a packet that is sent: servers take 1,048,575 bytes unless told otherwise (jute.maxbuffer). */
const PACKET_BYTES_MAX = 1_000_000
const LENGTH_BYTES = 4
const CLOSE_MS_MAX = 2_000
/** However short a session is, and however many servers it has. */
const HANDSHAKE_MS_MIN = 100
/** Lengths of a session without a server, until one that refuses it is asked whether it has lost its data. */
const DATA_CHECK_LENGTHS = 3

/** A session: finds servers, keeps its clock, and sends operations while it is connected. Rules 1 and 7 to 12 of SPEC.md. */
export class SessionLife implements LinkOwner {
  readonly settings: ReadSettings
  readonly watches = new Watches()
  readonly #nowMs: () => number
  readonly #turns: ServerTurns
  readonly #clock: DeadlineClock
  readonly #pending: PendingRequests
  readonly #dataCheck = new DataCheck()
  readonly #listeners = new Set<StateListener>()
  #state: SessionState = 'connecting'
  #session: SessionId = NEW_SESSION
  #lastZxid = 0n
  #timeoutMs = 0
  #wasLost = false
  #link: ServerLink | undefined
  #linkWasAccepted = false
  #withoutServerSinceMs: number
  #attemptTimer: NodeJS.Timeout | undefined
  #clockTimer: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined
  #lastError: Error | undefined
  /** undefined when it was closed by its owner. */
  #endedBy: Error | undefined

  constructor(settings: ReadSettings, parts: SessionParts) {
    const { nowMs = () => performance.now(), random = Math.random, firstXid } = parts
    this.settings = settings
    this.#nowMs = nowMs
    this.#withoutServerSinceMs = nowMs()
    this.#turns = new ServerTurns(settings.addresses, random)
    this.#clock = new DeadlineClock(nowMs)
    this.#pending = new PendingRequests(firstXid)
    this.#planAttempt()
  }

  get state(): SessionState {
    this.mayHandle()
    return this.#state
  }

  get id(): bigint {
    return this.#session.id
  }

  get timeoutMs(): number {
    return this.#timeoutMs
  }

  /** The newest error of a connection, or the one that ended the session. */
  get lastError(): Error | undefined {
    return this.#lastError
  }

  get validUntilMs(): number {
    this.mayHandle()
    return this.#clock.untilMs
  }

  onState(listener: StateListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * @param answered called before anything is looked at that came behind the answer
   * @throws NotConnectedError and others that say so: it was not sent
   */
  request<Result>(operation: Operation<Result>, wait: Wait, answered?: (result: unknown) => void): Promise<Result> {
    if (wait.signal?.aborted === true) throw AbandonedError.of(operation.what, 'not sent', wait.signal.reason)
    const link = this.#linkFor(operation.what)
    const packet = this.#encode(operation)
    return new Promise<Result>((resolve, reject) => {
      const stopWaiting = waitFor(wait, (reason) => {
        reject(AbandonedError.of(operation.what, 'unknown', reason))
      })
      link.send(packet, {
        operation,
        answered(result) {
          stopWaiting()
          answered?.(result)
          if (result instanceof Error) reject(result)
          else resolve(result as Result)
        },
      })
    })
  }

  /** Ends the session at its server, if it has one, and then here. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  // What a link says.

  mayHandle(): boolean {
    if (!this.#wasLost && this.#clock.isOver) this.#lose()
    return true
  }

  accepted(reply: ConnectReply): readonly Buffer[] {
    this.#linkWasAccepted = true
    if (this.#dataCheck.asksAnew) {
      this.#link?.leave(ServerUnreachableError.of(this.#link.name, 'takes new sessions'))
      return []
    }
    this.#session = reply.session
    this.#timeoutMs = reply.timeoutMs
    this.#clock.agree(reply.timeoutMs)
    return this.watches.packets(this.#lastZxid, this.settings.chroot)
  }

  confirmed(heardAtMs: number): void {
    this.#clock.confirm(heardAtMs)
    if (this.#clockTimer === undefined) this.#watchClock()
  }

  ready(): void {
    const isFirst = this.#state === 'connecting'
    this.#step('accepted')
    if (isFirst) return
    for (const { path, watcher } of this.watches.lasting()) this.#tell(watcher, { type: 'reconnected', path })
  }

  holds(): void {
    this.#turns.reset()
  }

  zxid(zxid: bigint): void {
    if (zxid > this.#lastZxid) this.#lastZxid = zxid
  }

  notified(reader: JuteReader): void {
    const event = readWatchEvent(reader, this.settings.chroot)
    if (event === undefined) return
    for (const watcher of this.watches.take(event)) this.#tell(watcher, event)
  }

  ended(error: Error, isRefusal: boolean): void {
    const server = this.#link?.name ?? ''
    this.#link = undefined
    if (isOver(this.#state)) return
    if (error instanceof SessionExpiredError) {
      this.#finish('expired', error)
      return
    }
    if (error instanceof AuthRefusedError) {
      this.#finish('closed', error)
      return
    }
    this.#lastError = error
    if (this.#state === 'connected') this.#withoutServerSinceMs = this.#nowMs()
    const isDue = this.#nowMs() - this.#withoutServerSinceMs > DATA_CHECK_LENGTHS * this.#timeoutMs
    const attempt = this.#linkWasAccepted ? 'accepted' : isRefusal ? 'refused' : 'failed'
    const next = this.#dataCheck.next(attempt, isDue && this.#wasLost)
    if (next === 'gone') {
      this.#finish('expired', ServerDataGoneError.of(server, this.#lastZxid))
      return
    }
    if (next === 'same server') this.#turns.stay()
    this.#step('cut')
    this.#planAttempt()
  }

  #planAttempt(): void {
    const { server, afterMs } = this.#turns.take()
    this.#attemptTimer = setTimeout(() => {
      this.mayHandle()
      if (isOver(this.#state)) return
      this.#linkWasAccepted = false
      const { requestedMs, tls, auth, chroot } = this.settings
      const isProbe = this.#dataCheck.asksAnew
      const settings = {
        server,
        tls,
        session: isProbe ? NEW_SESSION : this.#session,
        lastZxid: isProbe ? 0n : this.#lastZxid,
        timeoutMs: requestedMs,
        handshakeMs: Math.max(HANDSHAKE_MS_MIN, (this.#timeoutMs || requestedMs) / this.#turns.count),
        auth,
        chroot,
        pending: this.#pending,
        nowMs: this.#nowMs,
      }
      try {
        this.#link = new ServerLink(settings, this)
      } catch (error) {
        // A certificate that was replaced by what is none: it may be mended while the session lives.
        this.ended(error instanceof Error ? error : new Error(String(error)), false)
      }
    }, afterMs)
  }

  #linkFor(what: string): ServerLink {
    const state = this.state
    const link = this.#link
    if (isOver(state) || this.#closing !== undefined) throw this.#overError(what)
    if (state !== 'connected' || link === undefined) throw NotConnectedError.of(what, state, this.#lastError)
    if (this.#pending.isFull || link.isFull) throw TooManyPendingError.of(what, PENDING_MAX)
    return link
  }

  #overError(what: string): Error {
    return this.#endedBy ?? new SessionClosedError(`${what} was not sent: the session is closed`)
  }

  #encode(operation: Operation<unknown>): Buffer {
    const packet = packetOf(operation, this.#pending.nextXid, this.settings.chroot)
    const bytes = packet.length - LENGTH_BYTES
    if (bytes > PACKET_BYTES_MAX) throw PayloadTooLargeError.of(operation.what, bytes, PACKET_BYTES_MAX)
    return packet
  }

  #watchClock(): void {
    this.#clockTimer = setTimeout(
      () => {
        this.mayHandle()
        if (!this.#wasLost && !isOver(this.#state)) this.#watchClock()
      },
      Math.max(1, this.#clock.untilMs - this.#nowMs()),
    )
  }

  /** Before anything else is done: the connection ends, too, so that nothing that waits in it is taken for an answer in time. */
  #lose(): void {
    this.#wasLost = true
    this.#withoutServerSinceMs = this.#nowMs()
    this.#step('clockRanOut')
    this.#link?.end(ServerUnreachableError.of(this.#link.name, 'did not say in time that the session lives'))
  }

  #finish(step: 'expired' | 'closed', error?: Error): void {
    this.#endedBy = error
    this.#lastError = error ?? this.#lastError
    this.#wasLost = true
    this.#clock.lose()
    clearTimeout(this.#attemptTimer)
    clearTimeout(this.#clockTimer)
    this.#step(step)
    this.#link?.end(error ?? new SessionClosedError('the session was closed'))
  }

  async #close(): Promise<void> {
    if (this.#state === 'connected' && this.#link !== undefined) {
      const operation = closeSession()
      const packet = this.#encode(operation)
      const link = this.#link
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, CLOSE_MS_MAX)
        link.send(packet, {
          operation,
          answered() {
            clearTimeout(timer)
            resolve()
          },
        })
      })
    }
    if (!isOver(this.#state)) this.#finish('closed')
  }

  #step(step: SessionStep): void {
    const next = nextState(this.#state, step)
    if (next === this.#state) return
    this.#state = next
    for (const listener of this.#listeners)
      tell(() => {
        listener(next)
      })
  }

  #tell(watcher: Watcher, event: WatchEvent): void {
    tell(() => {
      watcher(event)
    })
  }
}

/** What a user's function throws is no fault of the connection that it was told of. */
function tell(call: () => void): void {
  try {
    call()
  } catch (error) {
    process.nextTick(() => {
      throw error
    })
  }
}
