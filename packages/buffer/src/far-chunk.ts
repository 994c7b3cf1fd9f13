import { type WindowChunk } from '@aesop/reading'

/** Events that were read from where a segment lies: bytes of their own, which nobody needs back before they are released. */
export class FarChunk implements WindowChunk {
  get kind(): 'chunk' {
    return 'chunk'
  }
  readonly bytes: Buffer
  readonly scn: bigint
  readonly endsWindow: boolean
  onOverrun: (() => void) | undefined
  #takeBack: ((bytes: Buffer) => void) | undefined

  /** @param takeBack gets the bytes, once they are released */
  constructor(bytes: Buffer, scn: bigint, endsWindow: boolean, takeBack: (bytes: Buffer) => void) {
    this.bytes = bytes
    this.scn = scn
    this.endsWindow = endsWindow
    this.#takeBack = takeBack
  }

  release(): void {
    this.onOverrun = undefined
    this.#takeBack?.(this.bytes)
    this.#takeBack = undefined
  }
}
