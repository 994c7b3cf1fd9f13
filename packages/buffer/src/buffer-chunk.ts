import { type Segment } from './segment.ts'

/**
 * Whole events, as they lie in the buffer: a view that stays as it is until `release`. Who holds one for long holds
 * memory; `onOverrun` asks to drop it.
 */
export class BufferChunk {
  /** Tells it from the other steps of a cursor. */
  get kind(): 'chunk' {
    return 'chunk'
  }
  readonly bytes: Buffer
  /** SCN of the last event in it. */
  readonly scn: bigint
  /** True when the last event closes its window. */
  readonly endsWindow: boolean
  /** Set by the holder: called when the buffer needs the memory back; must lead to `release`. */
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

  /** Lets the bytes go: they may change from now on. Twice is harmless. */
  release(): void {
    const segment = this.#segment
    if (segment === undefined) return
    this.#segment = undefined
    this.onOverrun = undefined
    segment.holders.delete(this)
    if (segment.holders.size === 0 && segment.number < 0) this.#reclaim(segment)
  }
}
