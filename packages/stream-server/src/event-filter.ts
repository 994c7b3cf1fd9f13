import { EventView } from '@aesop/event'
import { messageOf } from '@aesop/kernel'
import { type KeyFilter, keyPasses, type SourceFilters } from '@aesop/wire'

/** Which events of the buffer a reader is sent. */
export interface FilterOptions {
  /** Undefined: all. */
  readonly sources: ReadonlySet<number> | undefined
  readonly keys: SourceFilters
  /** Of the window `scn`, this many events that pass were sent already. */
  readonly sent: { readonly scn: bigint; readonly events: number } | undefined
}

/**
 * Copies the events that pass into bytes of its own, which the next call reuses; where all pass, it copies nothing. Control
 * events pass always; they count as sent events only in that the end of a window is never skipped.
 */
export class EventFilter {
  readonly #options: FilterOptions
  readonly #view = new EventView()
  #toSkip: number
  #passed = Buffer.alloc(0)
  #failure: Error | undefined

  constructor(options: FilterOptions) {
    this.#options = options
    this.#toSkip = options.sent?.events ?? 0
  }

  /** Why it stopped before an event that it can not judge (a RANGE filter that met text); undefined: it did not. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** How many alternatives an event may have to be compared with. */
  get alternatives(): number {
    let most = 1
    for (const filter of this.#options.keys.values()) most = Math.max(most, alternativesOf(filter))
    return most
  }

  /** The passing events of `chunk` up to a failure: `chunk` itself, or bytes that are valid until the next call. */
  apply(chunk: Buffer): Buffer {
    let length = 0
    let runFrom = 0
    let at = 0
    try {
      while (at < chunk.length) {
        const end = this.#view.moveTo(chunk, at).end
        if (!this.#passes()) {
          length += this.#copy(chunk, length, runFrom, at)
          runFrom = end
        }
        at = end
      }
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(messageOf(error))
    }
    if (runFrom === 0 && at === chunk.length) return chunk
    length += this.#copy(chunk, length, runFrom, at)
    return this.#passed.subarray(0, length)
  }

  #copy(chunk: Buffer, length: number, from: number, to: number): number {
    if (from < to && this.#passed.length < chunk.length) this.#passed = Buffer.allocUnsafeSlow(chunk.length)
    return chunk.copy(this.#passed, length, from, to)
  }

  #passes(): boolean {
    const view = this.#view
    const { sourceId } = view
    if (sourceId < 0) return true
    if (this.#options.sources?.has(sourceId) === false) return false
    const keys = this.#options.keys.get(sourceId)
    if (keys !== undefined && !keyPasses(keys, view.key)) return false
    return this.#toSkip === 0 || !this.#wasSent(view)
  }

  #wasSent(view: EventView): boolean {
    if (view.scn !== this.#options.sent?.scn) return false
    this.#toSkip -= 1
    return true
  }
}

function alternativesOf(filter: KeyFilter): number {
  switch (filter.type) {
    case 'NONE':
      return 0
    case 'MOD':
      return filter.buckets.length
    case 'RANGE':
      return filter.ranges.length
  }
}
