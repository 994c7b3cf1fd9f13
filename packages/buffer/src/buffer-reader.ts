import { invariant } from '@aesop/kernel'
import { type ReadStep, type SeekStep, type WindowReader } from '@aesop/reading'
import { type BufferCursor } from './buffer-cursor.ts'
import { type EventBuffer } from './event-buffer.ts'

const FOUND = { kind: 'found' } as const

/** Reads an event buffer: a cursor, once there is a place for it. All of it lies in memory, so that no answer is a promise. */
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
  get atWindowEnd(): boolean {
    return this.#cursor?.atWindowEnd ?? true
  }

  seek(scn: bigint, windowOffset: number): SeekStep {
    this.#refuseClosed()
    this.#state = 'sought'
    this.#wantedScn = scn
    this.#wantedOffset = windowOffset
    const place = this.#buffer.seek(scn, windowOffset)
    this.#cursor = place.kind === 'found' ? place.cursor : undefined
    return place.kind === 'found' ? FOUND : place
  }

  seekLatest(): SeekStep {
    this.#refuseClosed()
    this.#state = 'sought'
    this.#cursor = this.#buffer.seekLatest()
    return FOUND
  }

  next(maxBytes: number, toWindowEnd = false): ReadStep {
    invariant(this.#state === 'sought', 'a reader is sent to a place, and asked until it is closed')
    if (this.#cursor === undefined) {
      const place = this.seek(this.#wantedScn, this.#wantedOffset)
      if (place.kind !== 'found') return place
    }
    return (this.#cursor as unknown as BufferCursor).next(maxBytes, toWindowEnd)
  }

  close(): void {
    this.#state = 'closed'
  }

  #refuseClosed(): void {
    invariant(this.#state !== 'closed', 'a closed reader reads no more')
  }
}
