import { type Piece } from '@aesop/bootstrap-store'

const FIRST_BYTES = 16 * 1024

/** Events of one source, one after the other in memory that grows, until they go to the store as a piece. */
export class PieceGather {
  readonly #source: string
  #memory = Buffer.allocUnsafe(FIRST_BYTES)
  #bytes = 0
  #rows = 0
  #firstScn = -1n
  #lastScn = -1n
  /** What it had when the open window began. */
  #mark = { bytes: 0, rows: 0, lastScn: -1n }

  constructor(source: string) {
    this.#source = source
  }

  get bytes(): number {
    return this.#bytes
  }

  add(from: Buffer, at: number, length: number, scn: bigint): void {
    if (this.#bytes + length > this.#memory.length) this.#grow(this.#bytes + length)
    from.copy(this.#memory, this.#bytes, at, at + length)
    if (this.#rows === 0) this.#firstScn = scn
    this.#bytes += length
    this.#rows++
    this.#lastScn = scn
  }

  /** A window begins, or what is there is whole. */
  mark(): void {
    this.#mark = { bytes: this.#bytes, rows: this.#rows, lastScn: this.#lastScn }
  }

  /** Forgets what came since the mark. */
  rollback(): void {
    this.#bytes = this.#mark.bytes
    this.#rows = this.#mark.rows
    this.#lastScn = this.#mark.lastScn
  }

  /** What came before the mark, in bytes of its own; what came since stays. Undefined: nothing did. */
  takeMarked(): Piece | undefined {
    const { bytes, rows, lastScn } = this.#mark
    if (rows === 0) return undefined
    const piece = this.#piece(bytes, rows, lastScn)
    this.#memory.copy(this.#memory, 0, bytes, this.#bytes)
    this.#bytes -= bytes
    this.#rows -= rows
    // All that stays is of one window.
    this.#firstScn = this.#lastScn
    this.#mark = { bytes: 0, rows: 0, lastScn: -1n }
    return piece
  }

  /** All that is there. */
  take(): Piece | undefined {
    this.mark()
    return this.takeMarked()
  }

  #piece(bytes: number, rows: number, lastScn: bigint): Piece {
    const copy = Buffer.from(this.#memory.subarray(0, bytes))
    return { source: this.#source, bytes: copy, rows, firstScn: this.#firstScn, lastScn }
  }

  #grow(wanted: number): void {
    const memory = Buffer.allocUnsafe(Math.max(wanted, 2 * this.#memory.length))
    this.#memory.copy(memory, 0, 0, this.#bytes)
    this.#memory = memory
  }
}
