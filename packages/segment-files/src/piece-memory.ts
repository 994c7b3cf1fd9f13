/** What readers ask for at a time, unless an event is larger. */
const PIECE_BYTES = 64 * 1024
/** Of those that nobody has now, 16 MiB: as many as readers had at a time, each one for as long as a read and a write take. */
const FREE_PIECES_MAX = 256

/**
 * Memory for what is read from files, used again and again: the engine counts memory outside its heap, and would collect all of the heap
 * each time that late readers have had some dozens of MiB of it.
 */
export class PieceMemory {
  readonly #free: ArrayBufferLike[] = []

  /** So many bytes, whatever is in them, for the caller alone. */
  take(length: number): Buffer {
    if (length > PIECE_BYTES) return Buffer.allocUnsafeSlow(length)
    const used = this.#free.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES).buffer
    return Buffer.from(used, 0, length)
  }

  /** What was taken, or a part of it, is looked at no more; to be called once. */
  giveBack({ buffer }: Buffer): void {
    if (buffer.byteLength === PIECE_BYTES && this.#free.length < FREE_PIECES_MAX) this.#free.push(buffer)
  }
}
