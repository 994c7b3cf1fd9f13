/** What became of an attempt to connect: `refused` is a connection that the server closed instead of an answer. */
export type Attempt = 'accepted' | 'refused' | 'failed'

/**
 * Whether a server that refuses a session has lost its data. It says nothing: it closes the connection, as one without a majority does. So it is asked
 * with a session that is new, and then at once with the own one again: taken and refused, it is behind what the session has seen.
 */
export class DataCheck {
  #step: 'none' | 'ask' | 'confirm' = 'none'

  /** Whether the next attempt is to ask with a new session. */
  get asksAnew(): boolean {
    return this.#step === 'ask'
  }

  /** @param isDue the session has been without a server for long enough */
  next(attempt: Attempt, isDue: boolean): 'go on' | 'same server' | 'gone' {
    if (this.#step === 'confirm' && attempt === 'refused') return 'gone'
    if (this.#step === 'ask' && attempt === 'accepted') this.#step = 'confirm'
    else if (this.#step === 'none' && attempt === 'refused' && isDue) this.#step = 'ask'
    else this.#step = 'none'
    return this.#step === 'none' ? 'go on' : 'same server'
  }
}
