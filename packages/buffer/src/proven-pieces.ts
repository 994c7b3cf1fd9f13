import { type FarStep } from './far-step.ts'
import { type ProvenPiece } from './proven-piece.ts'
import { type Segment } from './segment.ts'

/** Of pieces that nobody shows: how far readers that began together may come apart before one of them reads again what another has read. */
const IDLE_BYTES_MAX = 4 * 1024 * 1024

/** A read that is on its way. */
interface UnderWay {
  readonly step: FarStep<unknown>
  readonly done: Promise<unknown>
}

/** What was read of segments that are away, for all readers that come to the same place meanwhile, or soon after. */
export class ProvenPieces {
  readonly #takeBack: (bytes: Buffer) => void
  readonly #idleBytesMax: number
  /** Oldest first. */
  readonly #pieces: ProvenPiece[] = []
  #idleBytes = 0
  readonly #underWay: UnderWay[] = []

  /** @param takeBack gets the bytes of a piece that nobody will ask for */
  constructor(takeBack: (bytes: Buffer) => void, idleBytesMax = IDLE_BYTES_MAX) {
    this.#takeBack = takeBack
    this.#idleBytesMax = idleBytesMax
  }

  /** The piece that has the event at an offset of a segment. */
  find(segment: Segment, offset: number): ProvenPiece | undefined {
    return this.#pieces.findLast((piece) => piece.has(segment, offset))
  }

  /** A new piece, which is about to be shown. */
  add(piece: ProvenPiece): void {
    this.#pieces.push(piece)
    this.#idleBytes += piece.memoryBytes
  }

  /** Somebody shows it. */
  use(piece: ProvenPiece): void {
    if (piece.users++ === 0) this.#idleBytes -= piece.memoryBytes
  }

  /** Who showed it does no more. */
  letGo(piece: ProvenPiece): void {
    if (--piece.users > 0) return
    this.#idleBytes += piece.memoryBytes
    while (this.#idleBytes > this.#idleBytesMax) this.#dropOldest()
  }

  /** Until a read has come that is on its way and may bring what a step wants; undefined: none is. It is never rejected. */
  whenRead({ isOfPiece, segment, from }: FarStep<unknown>): Promise<unknown> | undefined {
    if (isOfPiece !== true) return undefined
    const brings = ({ step }: UnderWay): boolean =>
      step.segment === segment && step.from <= from && from < step.from + step.wantedBytes
    return this.#underWay.find(brings)?.done
  }

  /** Reads what a step wants, and has others wait for it meanwhile. */
  async whileRead<Result>(step: FarStep<unknown>, read: () => Promise<Result>): Promise<Result> {
    if (step.isOfPiece !== true) return read()
    const reading = read()
    const underWay = { step, done: reading.catch(() => undefined) }
    this.#underWay.push(underWay)
    try {
      return await reading
    } finally {
      this.#underWay.splice(this.#underWay.indexOf(underWay), 1)
    }
  }

  #dropOldest(): void {
    const at = this.#pieces.findIndex(({ users }) => users === 0)
    const [piece] = this.#pieces.splice(at, 1) as [ProvenPiece]
    this.#idleBytes -= piece.memoryBytes
    this.#takeBack(piece.bytes)
  }
}
