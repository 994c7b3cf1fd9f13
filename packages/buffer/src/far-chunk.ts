import { type WindowChunk } from '@aesop/reading'

/** Events that were read from where a segment lies: bytes of their own, which nobody needs back. */
export class FarChunk implements WindowChunk {
  get kind(): 'chunk' {
    return 'chunk'
  }
  readonly bytes: Buffer
  readonly scn: bigint
  readonly endsWindow: boolean
  onOverrun: (() => void) | undefined

  constructor(bytes: Buffer, scn: bigint, endsWindow: boolean) {
    this.bytes = bytes
    this.scn = scn
    this.endsWindow = endsWindow
  }

  release(): void {
    this.onOverrun = undefined
  }
}
