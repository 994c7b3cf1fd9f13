import { type StoreAnswer } from './bootstrap-store.ts'

/** Gathers the events of one answer, at most so many of them and of their bytes. */
export class AnswerBytes {
  readonly #maxBytes: number
  readonly #maxRows: number
  readonly #events: Buffer[] = []
  #bytes = 0
  #place = 0n
  #refusedBytes = 0

  constructor(maxBytes: number, maxRows = Infinity) {
    this.#maxBytes = maxBytes
    this.#maxRows = maxRows
  }

  get rows(): number {
    return this.#events.length
  }

  /** @returns false: it does not fit */
  add(event: Buffer, place: bigint): boolean {
    if (this.#events.length >= this.#maxRows || this.#bytes + event.length > this.#maxBytes) {
      this.#refusedBytes = event.length
      return false
    }
    this.#events.push(event)
    this.#bytes += event.length
    this.#place = place
    return true
  }

  /** There is more after the last event, or after `place`. */
  more(place: bigint = this.#place): StoreAnswer {
    return this.#answer(place, false)
  }

  done(place: bigint): StoreAnswer {
    return this.#answer(place, true)
  }

  tooSmall(): StoreAnswer {
    return { kind: 'tooSmall', pendingBytes: this.#bytes + this.#refusedBytes }
  }

  #answer(place: bigint, isDone: boolean): StoreAnswer {
    const bytes = Buffer.concat(this.#events, this.#bytes)
    return { kind: 'events', bytes, rows: this.#events.length, place, isDone }
  }
}
