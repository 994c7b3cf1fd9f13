import { type WindowChunk } from '@aesop/reading'
import { type Segment } from './segment.ts'

/** A view on one segment of the buffer. */
export class BufferChunk implements WindowChunk {
  /** Tells it from the other steps of a cursor. */
  get kind(): 'chunk' {
    return 'chunk'
  }
  readonly bytes: Buffer
  readonly scn: bigint
  readonly endsWindow: boolean
  onOverrun: (() => void) | undefined
  #segment: Segment | undefined
  readonly #reclaim: (segment: Segment) => void

  constructor(segment: Segment, bytes: Buffer, scn: bigint, endsWindow: boolean, reclaim: (segment: Segment) => void) {
    this.bytes = bytes
    this.scn = scn
    this.endsWindow = endsWindow
    this.#segment = segment
    this.#reclaim = reclaim
    segment.holders.add(this)
  }

  release(): void {
    const segment = this.#segment
    if (segment === undefined) return
    this.#segment = undefined
    this.onOverrun = undefined
    segment.holders.delete(this)
    if (segment.holders.size === 0) this.#reclaim(segment)
  }
}
