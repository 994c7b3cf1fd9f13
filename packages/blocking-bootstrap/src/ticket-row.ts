/** A sequence that was handed out to partitions: what passes when all of them, and all that came before, are done with theirs. */
export interface Ticket {
  /** How many partitions are not done with their share. */
  parts: number
  /** SCN of the window that it is; undefined: it is no window. */
  readonly windowScn: bigint | undefined
  readonly passed?: () => void
}

/** Sequences in the order in which they came: the place that is kept is behind the last one before which nothing is open. */
export class TicketRow {
  readonly #onPassed: () => void
  #row: Ticket[] = []
  #first = 0
  #doneScn = -1n

  /** @param onPassed called when some have passed, once for all of them */
  constructor(onPassed: () => void) {
    this.#onPassed = onPassed
  }

  /** SCN of the last window that has passed; −1 before the first. */
  get doneScn(): bigint {
    return this.#doneScn
  }

  get isEmpty(): boolean {
    return this.#first === this.#row.length
  }

  /** Whether everything up to this SCN, of what came so far, is done. */
  isDone(scn: bigint): boolean {
    return this.isEmpty || scn <= this.#doneScn
  }

  add(ticket: Ticket): void {
    this.#row.push(ticket)
    if (ticket.parts === 0) this.#pass()
  }

  /** A partition is done with its share. */
  done(ticket: Ticket): void {
    ticket.parts--
    if (ticket.parts === 0) this.#pass()
  }

  #pass(): void {
    const before = this.#first
    for (let next = this.#row[this.#first]; next?.parts === 0; next = this.#row[this.#first]) {
      this.#first++
      if (next.windowScn !== undefined) this.#doneScn = next.windowScn
      next.passed?.()
    }
    if (this.#first === before) return
    if (this.#first > KEPT_MAX || this.isEmpty) {
      this.#row = this.#row.slice(this.#first)
      this.#first = 0
    }
    this.#onPassed()
  }
}

/** So many that have passed stand in the row before it is cut. */
const KEPT_MAX = 1024
