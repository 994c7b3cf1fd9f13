import { type BinLogEvent, FLAG_ARTIFICIAL, MySQLConstants } from './binlog-event.ts'
import { fileNumberOf, POSITION_BOUND, scnPosition } from './binlog-scn.ts'
import { EventMark } from './event-mark.ts'
import { type LogIdentity } from './place-proof.ts'

const LOG_START = 4
/** Positions in headers have 32 bits. */
const WRAP = 0x100000000

/**
 * Where a log is read: file, true offset, and how many transactions have ended beyond `POSITION_BOUND`.
 *
 * The header of an event has the low 32 bits of its end position. The offset follows them by their differences, so that it is
 * right beyond 4 GiB, too. An event whose header says 0 (MariaDB from 11.4 on writes none inside a transaction) does not move it;
 * the lengths of such events only tell how often 4 GiB went by in one of them.
 */
export class LogCursor {
  file = ''
  fileNumber = 0
  /** True offset of the end of the last event that has one. */
  position = LOG_START
  /** True offset where the last event begins. */
  eventFrom = LOG_START
  /** Transactions of this log that ended at or beyond `POSITION_BOUND`. */
  ended = 0
  /** Undefined until the description of the file was read. */
  log: LogIdentity | undefined
  /** The last event that can end a transaction, or stand between two. */
  readonly last = new EventMark()
  private unplacedBytes = 0

  /** For messages. */
  get here(): { file: string; position: number } {
    return { file: this.file, position: this.position }
  }

  /** Moves behind an event; called before its processor. */
  advance(event: BinLogEvent): void {
    if ((event.flags & FLAG_ARTIFICIAL) !== 0) return
    const next = event.nextPosition
    this.eventFrom = this.position
    if (this.position + event.length === next) this.position = next
    else if (!this.follow(event, next)) return
    this.last.take(event, this.position)
  }

  private follow(event: BinLogEvent, next: number): boolean {
    // A server that begins inside a log sends the log's description first, without a position.
    if (event.type === MySQLConstants.FORMAT_DESCRIPTION_EVENT) {
      if (next !== 0) this.position = next
      return next !== 0
    }
    if (next === 0) {
      this.unplacedBytes += event.length
      return false
    }
    // A server leaves events out that nobody asks for: in MariaDB one in each statement. What follows is the same, for all cases.
    if (next - this.position >= event.length && this.unplacedBytes === 0) {
      this.position = next
      return true
    }
    const step = (((next - this.position) % WRAP) + WRAP) % WRAP
    const wraps = Math.max(0, Math.round((this.unplacedBytes + event.length - step) / WRAP))
    this.position += step + wraps * WRAP
    this.unplacedBytes = 0
    return true
  }

  /** Reading goes on at a place; `ended` is what was counted up to there, left out: what is known, 0 in another file. */
  rotate(file: string, position: number, ended?: number): void {
    if (file !== this.file) {
      this.fileNumber = fileNumberOf(file)
      this.file = file
      this.ended = 0
      this.log = undefined
    }
    this.ended = ended ?? this.ended
    this.position = position
    this.unplacedBytes = 0
    this.last.forget()
  }

  /** A transaction has ended here, whoever captures it. */
  endTransaction(): void {
    if (this.position >= POSITION_BOUND) this.ended++
  }

  /** Low bits of the SCN of the transaction that ended last, or of this place. */
  get scnPosition(): number {
    return scnPosition(this.position, this.ended)
  }
}
