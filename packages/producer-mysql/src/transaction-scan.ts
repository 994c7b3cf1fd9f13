import { BinLogEvent, FLAG_ARTIFICIAL, MySQLConstants } from './binlog-event.ts'
import { type BinlogHandler, type BinlogPosition, type BinlogStream } from './binlog-stream.ts'
import { type GtidGroup, parseMariadbGtid, parseMysqlGtid } from './gtid-event.ts'

/** A transaction of the log, as far as its first event says. */
export interface ScannedTransaction {
  readonly file: string
  /** Where it begins. */
  readonly position: number
  readonly gtid: string | undefined
  readonly timeMs: number
}

/** A place between two transactions. */
export interface Boundary extends BinlogPosition {
  /** The transaction that ends there; undefined before the first that was read. */
  readonly ended: ScannedTransaction | undefined
  /** The transaction that begins there; undefined at the end of a file, and of the log. */
  readonly begins: ScannedTransaction | undefined
}

const GTIDS: ReadonlySet<number> = new Set([
  MySQLConstants.GTID_EVENT,
  MySQLConstants.ANONYMOUS_GTID_EVENT,
  MySQLConstants.GTID_TAGGED_EVENT,
  MySQLConstants.MARIADB_GTID_EVENT,
])
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
  #file = ''
  #position = 4
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
    if (this.#file !== '' && file !== this.#file) this.#boundary(this.#position, undefined)
    this.#file = file
    this.#position = position
  }

  onEvent(bytes: Buffer, offset: number, end: number): undefined {
    const event = this.#event.set(bytes, offset, end)
    if (this.#isDone || (event.flags & FLAG_ARTIFICIAL) !== 0) return
    if (event.nextPosition === 0 && event.type === MySQLConstants.FORMAT_DESCRIPTION_EVENT) return
    const from = this.#position
    const counted = from + event.length
    const next = event.nextPosition
    // The header has 32 bits; and a server leaves out events that it keeps to itself, which makes a gap.
    this.#position = next === 0 || counted % 0x100000000 === next ? counted : next
    if (GTIDS.has(event.type)) this.#begins(event, from)
    else if (LOG_ENDS.has(event.type)) this.#boundary(from, undefined)
    if (this.#file === this.#end.file && this.#position >= this.#end.position) this.#atEnd()
  }

  #begins(event: BinLogEvent, position: number): void {
    const isMariadb = event.type === MySQLConstants.MARIADB_GTID_EVENT
    const group: GtidGroup = isMariadb ? parseMariadbGtid(event) : parseMysqlGtid(event)
    const timeMs = group.committedMicros > 0 ? Math.floor(group.committedMicros / 1000) : event.timestamp * 1000
    const transaction = { file: this.#file, position, gtid: group.gtid, timeMs }
    this.#boundary(position, transaction)
    this.#ended = transaction
  }

  #atEnd(): void {
    this.#boundary(this.#end.position, undefined)
    this.#finish(undefined)
  }

  #boundary(position: number, begins: ScannedTransaction | undefined): void {
    if (this.#isDone) return
    const boundary = { file: this.#file, position, ended: this.#ended, begins }
    if (this.#visit(boundary)) this.#finish(boundary)
  }

  #finish(boundary: Boundary | undefined): void {
    if (this.#isDone) return
    this.#isDone = true
    this.#done(boundary)
  }
}
