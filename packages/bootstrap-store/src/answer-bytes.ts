import { type StoreAnswer } from './bootstrap-store.ts'

/** Gathers the events of one answer, at most so many of them and of their bytes. */
export class AnswerBytes {
  readonly #maxBytes: number
  readonly #maxRows: number
  readonly #events: Buffer[] = []
  #rows = 0
  #bytes = 0
  #place = 0n
  #refusedBytes = 0

  constructor(maxBytes: number, maxRows = Infinity) {
    this.#maxBytes = maxBytes
    this.#maxRows = maxRows
  }

  get rows(): number {
    return this.#rows
  }
  get roomBytes(): number {
    return this.#maxBytes - this.#bytes
  }
  get roomRows(): number {
    return this.#maxRows - this.#rows
  }

  /** @returns false: it does not fit */
  add(event: Buffer, place: bigint): boolean {
    if (this.roomRows < 1 || event.length > this.roomBytes) {
      this.#refusedBytes = event.length
      return false
    }
    this.addAll(event, 1, place)
    return true
  }

  /** Takes events that have room, one behind the other. */
  addAll(events: Buffer, rows: number, place: bigint): void {
    this.#events.push(events)
    this.#rows += rows
    this.#bytes += events.length
    this.#place = place
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
    return { kind: 'events', bytes, rows: this.#rows, place, isDone }
  }
}
