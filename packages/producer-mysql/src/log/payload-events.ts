import { BinLogEvent, EVENT_HEADER_BYTES } from './binlog-event.ts'
import { BinlogEventCorruptError } from '../error/errors.ts'

const AT_LENGTH = 9
const AT_END_POSITION = 13
/** Header and table id: enough to tell what the event is. */
const HEAD_BYTES = EVENT_HEADER_BYTES + 6

export interface PayloadEventsOptions {
  /** What the events say of the position where they end: they have none of their own. */
  readonly endPosition: number
  readonly eventBytesMax: number
  /** Asked about an event that is longer, before anything is reserved for it: returns when it may be left out, else throws. */
  readonly leaveOut: (head: BinLogEvent, bytes: number) => void
}

/**
 * Cuts the pieces of a payload into events. Use: `push` a piece, then call `next` until it returns undefined. Pieces are
 * written to. No more is held than one event of `eventBytesMax` and one piece.
 */
export class PayloadEvents {
  private readonly options: PayloadEventsOptions
  private readonly event = new BinLogEvent()
  private bytes: Buffer = Buffer.alloc(0)
  private from = 0
  private to = 0
  /** Bytes that still come of an event that is left out. */
  private leftOut = 0
  /** Bytes of the event that begins at `from`, as far as they are known. */
  private wanted = HEAD_BYTES

  constructor(options: PayloadEventsOptions) {
    this.options = options
  }

  /** Bytes of an event that is not there in whole. */
  get pendingBytes(): number {
    return this.to - this.from + this.leftOut
  }

  push(piece: Buffer): void {
    const held = this.to - this.from
    if (held === 0) {
      this.bytes = piece
      this.from = 0
      this.to = piece.length
      return
    }
    if (this.to + piece.length > this.bytes.length) this.makeRoom(piece.length)
    piece.copy(this.bytes, this.to)
    this.to += piece.length
  }

  /** All of the event at once: it is copied once, however many pieces it comes in. */
  private makeRoom(pieceBytes: number): void {
    const held = this.to - this.from
    const larger = Buffer.allocUnsafeSlow(Math.max(this.wanted, held) + pieceBytes)
    this.bytes.copy(larger, 0, this.from, this.to)
    this.bytes = larger
    this.from = 0
    this.to = held
  }

  /** The next whole event, valid until the next call; undefined when more is needed. @throws BinlogEventCorruptError */
  next(): BinLogEvent | undefined {
    while (this.skipLeftOut()) {
      const held = this.to - this.from
      if (held < EVENT_HEADER_BYTES) return undefined
      const length = this.bytes.readUInt32LE(this.from + AT_LENGTH)
      if (length < EVENT_HEADER_BYTES) throw new BinlogEventCorruptError(`an event of ${length} bytes in a payload`)
      if (length <= this.options.eventBytesMax && held >= length) return this.take(length)
      if (length <= this.options.eventBytesMax) {
        this.wanted = length
        return undefined
      }
      if (held < HEAD_BYTES) return undefined
      this.options.leaveOut(this.event.set(this.bytes, this.from, this.to), length)
      this.leftOut = length
    }
    return undefined
  }

  /** Whether what follows is an event that is wanted. */
  private skipLeftOut(): boolean {
    const skipped = Math.min(this.leftOut, this.to - this.from)
    this.from += skipped
    this.leftOut -= skipped
    return this.leftOut === 0
  }

  private take(length: number): BinLogEvent {
    const at = this.from
    this.from += length
    this.wanted = HEAD_BYTES
    this.bytes.writeUInt32LE(this.options.endPosition, at + AT_END_POSITION)
    return this.event.set(this.bytes, at, at + length)
  }
}
