import { EventView } from '@aesop/event'
import { messageOf } from '@aesop/kernel'
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
  #failure: Error | undefined

  constructor(options: FilterOptions) {
    this.#options = options
    this.#toSkip = options.sent?.events ?? 0
  }

  /** Why it stopped before an event that it can not judge (a RANGE filter that met text); undefined: it did not. */
  get failure(): Error | undefined {
    return this.#failure
  }

  /** The passing events of `chunk` up to a failure, valid until the next call. */
  apply(chunk: Buffer): Buffer {
    if (this.#passed.length < chunk.length) this.#passed = Buffer.allocUnsafeSlow(chunk.length)
    let length = 0
    let runFrom = 0
    let at = 0
    try {
      while (at < chunk.length) {
        const end = this.#view.moveTo(chunk, at).end
        if (!this.#passes()) {
          length += chunk.copy(this.#passed, length, runFrom, at)
          runFrom = end
        }
        at = end
      }
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(messageOf(error))
    }
    length += chunk.copy(this.#passed, length, runFrom, at)
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
