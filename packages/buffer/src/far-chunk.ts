import { type WindowChunk } from '@aesop/reading'
import { type ProvenPiece } from './proven-piece.ts'
import { type ProvenPieces } from './proven-pieces.ts'

/** Events that were read from where a segment lies: a part of a piece, which other chunks may show, too. */
export class FarChunk implements WindowChunk {
  get kind(): 'chunk' {
    return 'chunk'
  }
  readonly bytes: Buffer
  readonly scn: bigint
  readonly endsWindow: boolean
  /** Never called: nobody needs the memory of a piece back before it is released. */
  onOverrun: (() => void) | undefined
  readonly #pieces: ProvenPieces
  #piece: ProvenPiece | undefined

  constructor(pieces: ProvenPieces, piece: ProvenPiece, bytes: Buffer, scn: bigint, endsWindow: boolean) {
    this.bytes = bytes
    this.scn = scn
    this.endsWindow = endsWindow
    this.#pieces = pieces
    this.#piece = piece
    pieces.use(piece)
  }

  release(): void {
    const piece = this.#piece
    if (piece === undefined) return
    this.#piece = undefined
    this.onOverrun = undefined
    this.#pieces.letGo(piece)
  }
}
