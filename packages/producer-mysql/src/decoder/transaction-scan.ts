import { crc32 } from 'node:zlib'
import { BinLogEvent, FLAG_ARTIFICIAL, MySQLConstants } from '../log/binlog-event.ts'
import { type BinlogHandler, type BinlogPosition, type BinlogStream } from '../log/binlog-stream.ts'
import { LogCursor } from '../log/log-cursor.ts'
import { GTID_EVENTS, type GtidGroup, parseGtid } from '../log/gtid-event.ts'
import { serverVersionIn } from '../log/place-proof.ts'

/** A transaction of the log, as far as its first event says. */
export interface ScannedTransaction {
  readonly file: string
  /** Where it begins. */
  readonly position: number
  readonly gtid: string | undefined
  readonly timeMs: number
  /** CRC-32 of its first event, without the checksum. */
  readonly crc: number
}

/** A place between two transactions. */
export interface Boundary extends BinlogPosition {
  /** The transaction that ends there; undefined before the first that was read. */
  readonly ended: ScannedTransaction | undefined
  /** The transaction that begins there; undefined at the end of a file, and of the log. */
  readonly begins: ScannedTransaction | undefined
}

const LOG_ENDS: ReadonlySet<number> = new Set([MySQLConstants.ROTATE_EVENT, MySQLConstants.STOP_EVENT])

/**
 * Reads a log from the beginning of a file and tells every place between two transactions, in order, up to and with the
 * place `end`. Only headers and identifiers are looked at.
 * @param visit returns true when it has found what it wants
 * @returns the place that was wanted; undefined when there was none up to `end`
 */
export async function scanTransactions(
  stream: BinlogStream,
  file: string,
  end: BinlogPosition,
  visit: (boundary: Boundary) => boolean,
): Promise<Boundary | undefined> {
  const from = { file, position: 4 }
  try {
    return await new Promise<Boundary | undefined>((resolve, reject) => {
      stream.open(from, new Scanner(end, visit, resolve), reject).catch(reject)
    })
  } finally {
    await stream.close()
  }
}

class Scanner implements BinlogHandler {
  readonly #end: BinlogPosition
  readonly #visit: (boundary: Boundary) => boolean
  readonly #done: (boundary: Boundary | undefined) => void
  readonly #event = new BinLogEvent()
  readonly #cursor = new LogCursor()
  #isMariadb = false
  #ended: ScannedTransaction | undefined
  #isDone = false

  constructor(
    end: BinlogPosition,
    visit: (boundary: Boundary) => boolean,
    done: (boundary: Boundary | undefined) => void,
  ) {
    this.#end = end
    this.#visit = visit
    this.#done = done
  }

  onRotate(file: string, position: number): void {
    const cursor = this.#cursor
    if (cursor.file !== '' && file !== cursor.file) this.#boundary(cursor.position, undefined)
    cursor.rotate(file, position)
  }

  onEvent(bytes: Buffer, offset: number, end: number): undefined {
    const event = this.#event.set(bytes, offset, end)
    if (this.#isDone || (event.flags & FLAG_ARTIFICIAL) !== 0) return
    const cursor = this.#cursor
    cursor.advance(event)
    if (event.type === MySQLConstants.FORMAT_DESCRIPTION_EVENT)
      this.#isMariadb = serverVersionIn(event).includes('MariaDB')
    if (GTID_EVENTS.has(event.type)) this.#begins(event, cursor.eventFrom, parseGtid(event))
    // MariaDB notes an incident outside of any transaction: who goes past it goes past this event alone.
    else if (event.type === MySQLConstants.INCIDENT_EVENT && this.#isMariadb) this.#begins(event, cursor.eventFrom)
    else if (LOG_ENDS.has(event.type)) this.#boundary(cursor.eventFrom, undefined)
    if (cursor.file === this.#end.file && cursor.position >= this.#end.position) this.#atEnd()
  }

  #begins(event: BinLogEvent, position: number, group?: GtidGroup): void {
    const micros = group?.committedMicros ?? 0
    const timeMs = micros > 0 ? Math.floor(micros / 1000) : event.timestamp * 1000
    const crc = crc32(event.bytes.subarray(event.offset, event.end))
    const transaction = { file: this.#cursor.file, position, gtid: group?.gtid, timeMs, crc }
    this.#boundary(position, transaction)
    this.#ended = transaction
  }

  #atEnd(): void {
    this.#boundary(this.#end.position, undefined)
    this.#finish(undefined)
  }

  #boundary(position: number, begins: ScannedTransaction | undefined): void {
    if (this.#isDone) return
    const boundary = { file: this.#cursor.file, position, ended: this.#ended, begins }
    if (this.#visit(boundary)) this.#finish(boundary)
  }

  #finish(boundary: Boundary | undefined): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#done(boundary)
  }
}
