import { endAt, isEndOfPeriodAt, scnAt } from '@aesop/event'
import { type ReadStep, type WindowChunk, type WindowReader } from '@aesop/reading'

/** Most bytes that are read ahead of the window that has its turn; one event may be larger. */
const AHEAD_BYTES_MAX = 128 * 1024

const NOTHING = { kind: 'caughtUp' } as const

/** Reads windows one by one, or parts of one: of a chunk that has several, the rest is held for the next turns. */
export class WindowSlices {
  readonly #reader: WindowReader
  #chunk: WindowChunk | undefined
  /** Where the rest of the chunk begins. */
  #at = 0
  /** Of the chunk, the one that was handed out last: who has it is told when the memory is needed back. */
  #last: WindowChunk | undefined
  #isClosed = false

  constructor(reader: WindowReader) {
    this.#reader = reader
  }

  /** Events of one window, at most `maxBytes` of them, to its end where they have room. */
  async next(maxBytes: number): Promise<ReadStep> {
    if (this.#chunk === undefined) {
      const step = this.#isClosed ? NOTHING : await this.#read(maxBytes)
      if (step.kind !== 'chunk') return step
      if (this.#isClosed) {
        step.release()
        return NOTHING
      }
      step.onOverrun = () => this.#last?.onOverrun?.()
      this.#chunk = step
      this.#at = 0
    }
    return this.#slice(this.#chunk, maxBytes)
  }

  /** Lets go of what is held. */
  close(): void {
    this.#isClosed = true
    this.#chunk?.release()
    this.#chunk = undefined
    this.#reader.close()
  }

  async #read(maxBytes: number): Promise<ReadStep> {
    const step = await this.#reader.next(Math.min(maxBytes, AHEAD_BYTES_MAX), true)
    const isLarge = step.kind === 'tooSmall' && step.pendingEventBytes <= maxBytes
    return isLarge && !this.#isClosed ? this.#reader.next(step.pendingEventBytes, true) : step
  }

  #slice(chunk: WindowChunk, maxBytes: number): ReadStep {
    const { bytes } = chunk
    const begin = this.#at
    let end = begin
    let last = begin
    let endsWindow = false
    while (end < bytes.length && !endsWindow) {
      const next = endAt(bytes, end)
      if (next - begin > maxBytes) break
      endsWindow = isEndOfPeriodAt(bytes, end)
      last = end
      end = next
    }
    if (end === begin) return { kind: 'tooSmall', pendingEventBytes: endAt(bytes, begin) - begin }
    this.#at = end
    const isRest = end === bytes.length
    if (isRest) this.#chunk = undefined
    this.#last = {
      kind: 'chunk',
      bytes: bytes.subarray(begin, end),
      scn: scnAt(bytes, last),
      endsWindow,
      onOverrun: undefined,
      release: () => {
        if (isRest) chunk.release()
      },
    }
    return this.#last
  }
}
