import { AesopError, invariant } from '@aesop/kernel'
import { type ReadsFrom, type ReadStep, type SeekStep, type WindowReader } from '@aesop/reading'
import { type BufferCursor } from './buffer-cursor.ts'
import { type EventBuffer } from './event-buffer.ts'
import { type FarStep, isFar } from './far-step.ts'
import { type SeekResult } from './window-places.ts'

const FOUND = { kind: 'found' } as const

/**
 * Reads an event buffer: a cursor, once there is a place for it. A promise is given only where bytes that have left memory
 * are to be read.
 */
export class BufferReader implements WindowReader {
  readonly #buffer: EventBuffer
  #state: 'unplaced' | 'sought' | 'closed' = 'unplaced'
  #wantedScn = -1n
  #wantedOffset = -1
  #cursor: BufferCursor | undefined

  constructor(buffer: EventBuffer) {
    this.#buffer = buffer
  }

  get scn(): bigint {
    return this.#cursor?.scn ?? -1n
  }
  get readsFrom(): ReadsFrom {
    return this.#cursor?.isAway === true ? 'files' : 'memory'
  }
  get atWindowEnd(): boolean {
    return this.#cursor?.atWindowEnd ?? true
  }

  seek(scn: bigint, windowOffset: number): SeekStep | Promise<SeekStep> {
    this.#refuseClosed()
    this.#state = 'sought'
    this.#wantedScn = scn
    this.#wantedOffset = windowOffset
    return this.#seek()
  }

  seekLatest(): SeekStep {
    this.#refuseClosed()
    this.#state = 'sought'
    this.#cursor?.close()
    this.#cursor = this.#buffer.seekLatest()
    return FOUND
  }

  next(maxBytes: number, toWindowEnd = false): ReadStep | Promise<ReadStep> {
    invariant(this.#state === 'sought', 'a reader is sent to a place, and asked until it is closed')
    if (this.#cursor === undefined) return this.#nextFromWanted(maxBytes, toWindowEnd)
    const step = this.#cursor.next(maxBytes, toWindowEnd)
    return isFar(step) ? this.#read(step, () => this.#nextIfOpen(maxBytes, toWindowEnd)) : step
  }

  close(): void {
    this.#state = 'closed'
    this.#cursor?.close()
  }

  #seek(): SeekStep | Promise<SeekStep> {
    this.#cursor?.close()
    this.#cursor = undefined
    const sought = this.#buffer.seek(this.#wantedScn, this.#wantedOffset)
    if (!isFar(sought)) return this.#found(sought)
    return this.#read<SeekResult>(sought, () => this.#buffer.seek(this.#wantedScn, this.#wantedOffset)).then((place) =>
      this.#found(place),
    )
  }

  #found(place: SeekResult): SeekStep {
    if (place.kind !== 'found') return place
    this.#cursor = place.cursor
    return FOUND
  }

  #nextFromWanted(maxBytes: number, toWindowEnd: boolean): ReadStep | Promise<ReadStep> {
    const sought = this.#seek()
    if (!(sought instanceof Promise)) return sought.kind === 'found' ? this.next(maxBytes, toWindowEnd) : sought
    return sought.then((step) => (step.kind === 'found' ? this.#nextIfOpen(maxBytes, toWindowEnd) : step))
  }

  /** @param again asks once more, when another reader has read there, or a damaged segment has left the buffer meanwhile */
  async #read<Result>(far: FarStep<Result>, again: () => Result | FarStep<Result> | Promise<Result>): Promise<Result> {
    let step: Result | FarStep<Result> = far
    while (isFar(step)) {
      const { segment }: FarStep<Result> = step
      const othersRead = this.#buffer.far.whenRead(step)
      try {
        step = othersRead === undefined ? await this.#buffer.far.read(step) : await othersRead.then(again)
      } catch (error) {
        if (!(error instanceof AesopError) || segment.number >= 0) throw error
        // It may have been held, and can't be read all the same.
        this.#cursor?.letGo()
        step = await again()
      }
    }
    return step
  }

  /** A reader may be closed while it waits, and what it would have read is nobody's. */
  #nextIfOpen(maxBytes: number, toWindowEnd: boolean): ReadStep | Promise<ReadStep> {
    return this.#state === 'closed' ? { kind: 'caughtUp' } : this.next(maxBytes, toWindowEnd)
  }

  #refuseClosed(): void {
    invariant(this.#state !== 'closed', 'a closed reader reads no more')
  }
}
