import { type AesopError } from '@aesop/kernel'
import { type BinlogHandler, type BinlogStream } from '../log/binlog-stream.ts'
import { type BinlogOrigin, type SettledPoint } from '../origin/binlog-origin.ts'
import { MysqlEventTooLargeError, MysqlLogUnreadableError, MysqlNextLogMissingError } from '../error/dump-errors.ts'
import { BinlogEventCorruptError } from '../error/errors.ts'
import {
  MysqlConnectionLostError,
  MysqlEventChecksumError,
  MysqlLogResetError,
  MysqlPositionInFutureError,
  MysqlServerError,
} from '../error/live-errors.ts'
import { type GateFinding, ResumeGate } from '../place/resume-gate.ts'

/** How often an event is read again whose checksum is wrong: a network damages it once, a disk each time. */
const DAMAGED_READS_MAX = 3

/**
 * How many streams in a row may break of an error: a network may damage an event once, and a log that was reset is named when
 * the place proves itself again; else the cause is in the server's files, and stays.
 */
export function breaksOfLogMax(error: unknown): number {
  const isOfLog = error instanceof MysqlEventChecksumError || error instanceof MysqlNextLogMissingError
  return isOfLog ? DAMAGED_READS_MAX : Infinity
}

export interface ProvenStreamOptions {
  readonly origin: BinlogOrigin
  readonly point: SettledPoint
  /** Gets the place, and the events behind it. */
  readonly handler: BinlogHandler
  readonly onProven: (finding: GateFinding) => void
  /** Called when the stream breaks after it has proven itself. */
  readonly onBroken: (error: Error) => void
  /** Gets each stream before it is opened: its owner holds and closes it. */
  readonly take: (stream: BinlogStream) => BinlogStream
  /** Settles when the owner has closed the stream, and nobody waits any more. */
  readonly closed: Promise<unknown>
}

/**
 * Opens a stream that goes on at a stored place. Resolves when the log has proven to be the one that was read.
 *
 * @throws MysqlLogResetError when it is another one; AesopError of the connection
 */
export async function openProven(options: ProvenStreamOptions): Promise<void> {
  for (let read = 1; ; read++) {
    try {
      await openOnce(options)
      return
    } catch (error) {
      // Where no event begins, what is read there has no right checksum; a network may damage it, too, but not each time.
      if (!(error instanceof MysqlEventChecksumError)) throw error
      if (read >= DAMAGED_READS_MAX) throw wasRead(options.point) ? resetError(options, error) : error
    }
  }
}

async function openOnce(options: ProvenStreamOptions): Promise<void> {
  const { origin, point, handler, onProven, onBroken, take, closed } = options
  const proof = promiseOf<undefined>()
  let isProven = false
  const gate = new ResumeGate({
    ...origin.gateFacts,
    place: point,
    handler,
    onOpen: (finding) => {
      isProven = true
      onProven(finding)
      proof.resolve(undefined)
    },
  })
  const stream = take(origin.stream(point))
  try {
    await stream.open(gate.begin, gate, (error) => {
      if (isProven) onBroken(error)
      else proof.reject(error)
    })
    await Promise.race([proof.promise, closed.then(() => failClosed(origin))])
  } catch (error) {
    await stream.close()
    throw gate.isDescribed && wasRead(point) && isAboutPlace(error) ? resetError(options, error) : error
  }
}

/** What an attempt ends with that was closed before it was one. @throws MysqlConnectionLostError */
export function failClosed(origin: BinlogOrigin): never {
  throw new MysqlConnectionLostError(origin.gateFacts.server, 'it was closed while reading began')
}

/** Reads the log at a place that is not gone on from, only to see whether it is the one that was read. */
export async function proveLog(origin: BinlogOrigin, point: SettledPoint, closed: Promise<unknown>): Promise<void> {
  let stream: BinlogStream | undefined
  const nobody: BinlogHandler = { onEvent: () => undefined, onRotate: () => undefined }
  try {
    await openProven({
      origin,
      point,
      handler: nobody,
      onProven: () => undefined,
      onBroken: () => undefined,
      take: (opened) => (stream = opened),
      closed,
    })
  } finally {
    await stream?.close()
  }
}

/** What servers and bytes say where no event begins; the length of an event, read there, may be any number. */
const NO_EVENT_THERE = [
  BinlogEventCorruptError,
  MysqlEventTooLargeError,
  MysqlLogUnreadableError,
  MysqlPositionInFutureError,
  MysqlServerError,
]

/** Somebody may have named the place: what the server says of it then is the error. */
function wasRead({ log, event }: SettledPoint): boolean {
  return log !== undefined || event !== undefined
}

function isAboutPlace(error: unknown): boolean {
  return NO_EVENT_THERE.some((kind) => error instanceof kind)
}

function resetError({ origin, point }: ProvenStreamOptions, cause: unknown): AesopError {
  const read = `${point.file}:${point.position ?? ''}`
  return new MysqlLogResetError(origin.gateFacts.server, read, cause instanceof Error ? cause.message : String(cause))
}

function promiseOf<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve: (value: T) => void = () => undefined
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<T>((fulfil, fail) => ([resolve, reject] = [fulfil, fail]))
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}
