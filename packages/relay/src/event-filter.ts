import { EventView } from '@aesop/event'
import { keyPasses, type SourceFilters } from '@aesop/wire'

/** Which events of the buffer a reader is sent. */
export interface FilterOptions {
  /** Undefined: all. */
  readonly sources: ReadonlySet<number> | undefined
  readonly keys: SourceFilters
  /** Of the window `scn`, this many events that pass were sent already. */
  readonly sent: { readonly scn: bigint; readonly events: number } | undefined
}

/**
 * Copies the events that pass into bytes of its own, which the next call reuses. Control events pass always; they
 * count as sent events only in that the end of a window is never skipped.
 */
export class EventFilter {
  readonly #options: FilterOptions
  readonly #view = new EventView()
  #toSkip: number
  #passed = Buffer.alloc(0)

  constructor(options: FilterOptions) {
    this.#options = options
    this.#toSkip = options.sent?.events ?? 0
  }

  /** The passing events of `chunk`, valid until the next call. @throws InvalidRequestError of a RANGE filter that met text */
  apply(chunk: Buffer): Buffer {
    if (this.#passed.length < chunk.length) this.#passed = Buffer.allocUnsafeSlow(chunk.length)
    let length = 0
    let runFrom = 0
    for (let at = 0; at < chunk.length;) {
      const end = this.#view.moveTo(chunk, at).end
      if (!this.#passes()) {
        length += chunk.copy(this.#passed, length, runFrom, at)
        runFrom = end
      }
      at = end
    }
    length += chunk.copy(this.#passed, length, runFrom)
    return this.#passed.subarray(0, length)
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
