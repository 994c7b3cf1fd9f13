import { type AesopError } from '@aesop/kernel'
import { type BinlogDecoder } from '../decoder/binlog-decoder.ts'
import { BinLogEvent, FLAG_ARTIFICIAL, MySQLConstants } from '../log/binlog-event.ts'
import { type BinlogHandler, type BinlogPosition } from '../log/binlog-stream.ts'
import { LogCursor } from '../log/log-cursor.ts'
import { MysqlLogUnreadableError } from '../error/dump-errors.ts'
import { MysqlLogResetError } from '../error/live-errors.ts'
import {
  describeEvent,
  describeLog,
  type EventFingerprint,
  isSameEvent,
  isSameLog,
  logIdentityOf,
  serverVersionIn,
} from '../log/place-proof.ts'
import { type ResumePoint } from './resume-point.ts'

/** A place whose file is known. */
export type GatePlace = Pick<ResumePoint, 'position' | 'ended' | 'log' | 'event'> & { readonly file: string }

/** What a gate found where it opened. */
export interface GateFinding {
  readonly position: number
  readonly ended: number
  readonly log: ReturnType<typeof logIdentityOf>
  readonly event: EventFingerprint | undefined
}

/** What a gate has to know of the source of its log. */
export interface GateFacts {
  /** For messages. */
  readonly server: string
  /** The greatest offset at which a stream can begin. */
  readonly seekMax: number
  readonly newCounter: () => BinlogDecoder
}

/** No log has a longer head: its description, how it is encrypted, and the list of what came before it. */
const HEAD_BYTES_MAX = 1024

/**
 * Behind the description of a log stands how the log is encrypted, which a server can't read when it begins just there: such a
 * place is walked to from the beginning.
 */
function isInHead({ position, event }: GatePlace): boolean {
  return event === undefined && position !== undefined && position > LOG_START && position < HEAD_BYTES_MAX
}

/** What a server sends first wherever reading begins: it made it up, or tells from the head of the file how that is encrypted. */
function stoodElsewhere(event: BinLogEvent): boolean {
  if ((event.flags & FLAG_ARTIFICIAL) !== 0) return true
  return event.type === MySQLConstants.MARIADB_START_ENCRYPTION_EVENT && event.nextPosition === 0
}

export interface ResumeGateOptions extends GateFacts {
  readonly place: GatePlace
  readonly handler: BinlogHandler
  /** Called once, when the handler has its place and before its first event. */
  readonly onOpen: (finding: GateFinding) => void
}

const LOG_START = 4
const AT_END_POSITION = 13

/**
 * Stands between a stream and its handler until the log has proven that it is the one that was read: the description of the
 * file is the stored one, and the event that ends at the stored place is there and has the stored fingerprint. What comes
 * before the place is dropped. Then the handler gets the place, the description, and everything that follows.
 *
 * | what is known of the place                    | reading begins                | the gate opens                         |
 * |-----------------------------------------------|-------------------------------|----------------------------------------|
 * | its offset, no event                          | there                         | at the description                     |
 * | its offset, its event                         | where the event begins        | behind that event                      |
 * | an offset or count that the stream can't seek | at the beginning of the file  | where offset or count are reached      |
 *
 * Contract: test/resume-gate.test.ts.
 */
export class ResumeGate implements BinlogHandler {
  /** Where the stream has to begin. */
  readonly begin: BinlogPosition
  private readonly server: string
  private readonly place: GatePlace
  private readonly handler: BinlogHandler
  /** Finds the place where the stream can't. */
  private readonly counter: BinlogDecoder | undefined
  private readonly ownCursor = new LogCursor()
  private readonly event = new BinLogEvent()
  private readonly onOpen: (finding: GateFinding) => void
  private description: Buffer | undefined
  private log: ReturnType<typeof logIdentityOf> | undefined
  private open = false

  constructor(options: ResumeGateOptions) {
    const { server, place, seekMax, handler, onOpen } = options
    this.server = server
    this.place = place
    this.handler = handler
    this.onOpen = onOpen
    const seek = place.position === undefined ? Infinity : place.position - (place.event?.length ?? 0)
    if (seek > seekMax || isInHead(place)) this.counter = options.newCounter()
    this.begin = { file: place.file, position: this.counter === undefined ? seek : LOG_START }
  }

  private get cursor(): Readonly<LogCursor> {
    return this.counter?.cursor ?? this.ownCursor
  }

  /** Whether the description of the file has come: from then on an error is about what was read there. */
  get isDescribed(): boolean {
    return this.log !== undefined
  }

  onEvent(bytes: Buffer, offset: number, end: number): Promise<void> | undefined {
    if (this.open) return this.handler.onEvent(bytes, offset, end)
    const event = this.event.set(bytes, offset, end)
    if (event.type === MySQLConstants.FORMAT_DESCRIPTION_EVENT) return this.describe(event)
    if (this.log === undefined || stoodElsewhere(event)) return undefined
    return this.drop(event)
  }

  onRotate(file: string, position: number, ended?: number): void {
    if (this.open) {
      this.handler.onRotate(file, position, ended)
      return
    }
    if (file !== this.place.file) throw this.endsHere(this.cursor.position)
    this.counter?.onRotate(file, position, ended)
    this.ownCursor.rotate(file, position, ended)
  }

  onCaughtUp(): void {
    if (this.open) this.handler.onCaughtUp?.()
    else if (this.log !== undefined) throw this.endsHere(this.cursor.position)
  }

  private describe(event: BinLogEvent): Promise<void> | undefined {
    this.log = logIdentityOf(event, serverVersionIn(event))
    const { log } = this.place
    if (log !== undefined && !isSameLog(log, this.log)) {
      throw new MysqlLogResetError(
        this.server,
        `${this.place.file}, ${describeLog(log)},`,
        `${this.place.file}, ${describeLog(this.log)}`,
      )
    }
    this.description = Buffer.from(event.bytes.subarray(event.offset, event.end))
    const { position } = this.place
    if (position === this.begin.position) return this.pass(undefined)
    if (this.counter === undefined) {
      // A file stream reads the description where it stands, and then goes to where it was told to begin.
      this.ownCursor.rotate(this.begin.file, this.begin.position)
      return undefined
    }
    void this.counter.onEvent(this.description, 0, this.description.length)
    return this.cursor.position === position ? this.pass(undefined) : undefined
  }

  private drop(event: BinLogEvent): Promise<void> | undefined {
    if (event.type === MySQLConstants.ROTATE_EVENT) throw this.endsHere(event.nextPosition)
    if (this.counter === undefined) this.ownCursor.advance(event)
    else void this.counter.onEvent(event.bytes, event.offset, event.end)
    const { position, ended, event: stored } = this.place
    const isThere = position === undefined ? this.cursor.ended === ended : this.cursor.position === position
    const found = this.cursor.last.at(this.cursor.position)
    if (isThere && (stored === undefined || (found !== undefined && isSameEvent(stored, found))))
      return this.pass(found)
    const isBehind = position !== undefined && this.cursor.position >= position
    if (isBehind || this.counter === undefined) throw this.reset(this.foundThere(event))
    return undefined
  }

  private foundThere(event: BinLogEvent): string {
    const found = this.cursor.last.at(this.cursor.position)
    return found === undefined
      ? `an event of type ${event.type} that ends at ${event.nextPosition}`
      : describeEvent(found)
  }

  private pass(event: EventFingerprint | undefined): Promise<void> | undefined {
    const { file } = this.place
    const { description, log } = this
    if (description === undefined || log === undefined) return undefined
    const position = this.place.position ?? this.cursor.position
    const ended = this.counter === undefined ? (this.place.ended ?? 0) : this.cursor.ended
    this.open = true
    // As a server sends it that begins inside a log: it does not move the handler.
    if (position > LOG_START) description.writeUInt32LE(0, AT_END_POSITION)
    this.handler.onRotate(file, position, ended)
    this.onOpen({ position, ended, log, event })
    return this.handler.onEvent(description, 0, description.length)
  }

  private endsHere(position: number): AesopError {
    return this.reset(`the end of the log at ${this.place.file}:${position}`)
  }

  /** A place that was never read, because somebody named it, can't have changed: it is none. */
  private reset(found: string): AesopError {
    const { file, position, ended, log, event } = this.place
    const place = position === undefined ? `${file}, ${ended ?? 0} transactions beyond 4 GiB` : `${file}:${position}`
    if (log === undefined && event === undefined) {
      return new MysqlLogUnreadableError(this.server, place, `no event ends there; what is there is ${found}`)
    }
    const read = event === undefined ? `${place},` : `${place}, ${describeEvent(event)},`
    return new MysqlLogResetError(this.server, read, found)
  }
}
