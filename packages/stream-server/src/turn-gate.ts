/**
 * Shares the work of one turn of the event loop between all answers: a thousand of them that each do a little hold it for long.
 * Who comes when the turn's work is done waits for a later turn, in the order of coming.
 */
export class TurnGate {
  readonly #workMax: number
  #left: number
  #isTurnPlanned = false
  readonly #waiting = new Set<() => void>()

  /** @param workMax how much work is done in one turn, in bytes that are looked at or made */
  constructor(workMax: number) {
    this.#workMax = workMax
    this.#left = workMax
  }

  /** Whether work may be done now: without waiting in between, because others look at the gate, too. */
  get isOpen(): boolean {
    return this.#left > 0 && this.#waiting.size === 0
  }

  /** The caller's turn. */
  opens(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add(resolve)
      this.#planTurn()
    })
  }

  /** To be called after the work. */
  spend(work: number): void {
    this.#left -= work
    this.#planTurn()
  }

  #planTurn(): void {
    if (this.#isTurnPlanned) return
    this.#isTurnPlanned = true
    setImmediate(this.#beginTurn)
  }

  readonly #beginTurn = (): void => {
    this.#isTurnPlanned = false
    this.#left = this.#workMax
    this.#letIn()
  }

  /** One after the other: what one does when its promise is kept is known before the next one comes in. */
  readonly #letIn = (): void => {
    const [first] = this.#waiting
    if (first === undefined || this.#left <= 0) return
    this.#waiting.delete(first)
    first()
    queueMicrotask(this.#letIn)
  }
}
