import { EventTooLargeError, EventView } from '@aesop/event'
import { type EventRun } from '@aesop/wire'

/** Walks events that lie whole in memory of this process: their bytes were never anywhere else, and need no proof. */
export class WholeEvents implements EventRun {
  readonly #eventBytesMax: number
  readonly #view = new EventView()
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0

  constructor(eventBytesMax: number) {
    this.#eventBytesMax = eventBytesMax
  }

  over(bytes: Buffer): this {
    this.#bytes = bytes
    this.#at = 0
    return this
  }

  /** @throws EventTooLargeError */
  next(): EventView | undefined {
    const at = this.#at
    if (at >= this.#bytes.length) return undefined
    const view = this.#view.moveTo(this.#bytes, at)
    const { end } = view
    if (end - at > this.#eventBytesMax) throw new EventTooLargeError(end - at, this.#eventBytesMax)
    this.#at = end
    return view
  }
}
