import { type BinLogEvent } from '../log/binlog-event.ts'
import { type HeldFile, type HeldPiece } from './held-file.ts'
import { type HeldRoom } from './held-room.ts'

const LENGTH_BYTES = 4

/** A piece, of which a part may have been undone. */
interface KeptPiece extends HeldPiece {
  readonly kept: number
}

/**
 * Table maps and rows of one XA transaction, each a copy, in their order: first what lies in the file, then what is in memory.
 * Each event has its length before it, 4 bytes, little-endian.
 */
export class HeldEvents {
  readonly #room: HeldRoom
  #pieces: KeptPiece[] = []
  #writtenBytes = 0
  #resident: Buffer[] = []
  #residentBytes = 0

  constructor(room: HeldRoom) {
    this.#room = room
  }

  get residentBytes(): number {
    return this.#residentBytes
  }

  /** Of all that is held, as it lies in the file. */
  get bytes(): number {
    return this.#writtenBytes + this.#residentBytes
  }

  add({ bytes, offset, end }: BinLogEvent): void {
    const held = Buffer.allocUnsafe(LENGTH_BYTES + end - offset)
    held.writeUInt32LE(end - offset)
    bytes.copy(held, LENGTH_BYTES, offset, end)
    this.#resident.push(held)
    this.#residentBytes += held.length
    this.#room.changed(this, held.length)
  }

  /** What is in memory goes to disk. */
  writeTo(file: HeldFile): void {
    const all = Buffer.concat(this.#resident)
    for (const piece of file.put(all)) this.#pieces.push({ ...piece, kept: piece.bytes })
    this.#writtenBytes += all.length
    this.#resident = []
    this.#residentBytes = 0
    this.#room.changed(this, -all.length)
  }

  /** Forgets what came since `bytes` was this much. */
  cut(bytes: number): void {
    const before = this.#residentBytes
    while (this.bytes > bytes && this.#residentBytes > 0) this.#residentBytes -= this.#resident.pop()?.length ?? 0
    if (before > this.#residentBytes) this.#room.changed(this, this.#residentBytes - before)
    for (let last = this.#pieces.at(-1); last !== undefined && this.bytes > bytes; last = this.#pieces.at(-1)) {
      const kept = Math.max(0, last.kept - (this.bytes - bytes))
      this.#writtenBytes -= last.kept - kept
      this.#pieces.pop()
      if (kept > 0) this.#pieces.push({ ...last, kept })
      else this.#room.file?.free(last.block)
    }
  }

  /** One after the other, each valid for as long as it is held. @throws XaFileError */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    const reading = new PieceReading(this.#room.file, this.#pieces)
    for (let at = 0; at < this.#writtenBytes;) {
      const length = (await reading.take(LENGTH_BYTES)).readUInt32LE()
      yield await reading.take(length)
      at += LENGTH_BYTES + length
    }
    for (const held of this.#resident) yield held.subarray(LENGTH_BYTES)
  }
}

/** Reads pieces in their order, one of them in memory. */
class PieceReading {
  readonly #file: HeldFile | undefined
  readonly #pieces: Iterator<KeptPiece>
  #piece: Buffer = Buffer.alloc(0)

  constructor(file: HeldFile | undefined, pieces: Iterable<KeptPiece>) {
    this.#file = file
    this.#pieces = pieces[Symbol.iterator]()
  }

  async take(bytes: number): Promise<Buffer> {
    if (this.#piece.length === 0) await this.#next()
    if (bytes <= this.#piece.length) return this.#cutOff(bytes)
    const taken = Buffer.allocUnsafe(bytes)
    for (let at = 0; at < bytes;) {
      if (this.#piece.length === 0) await this.#next()
      at += this.#cutOff(bytes - at).copy(taken, at)
    }
    return taken
  }

  #cutOff(bytes: number): Buffer {
    const piece = this.#piece
    this.#piece = piece.subarray(bytes)
    return piece.subarray(0, bytes)
  }

  async #next(): Promise<void> {
    const { value } = this.#pieces.next() as IteratorYieldResult<KeptPiece>
    this.#piece = (await this.#file?.read(value))?.subarray(0, value.kept) ?? this.#piece
  }
}
