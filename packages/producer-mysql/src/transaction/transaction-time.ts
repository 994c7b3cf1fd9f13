/** The time that the events of a transaction bear. */
export class TransactionTime {
  /** Of the open transaction, in microseconds since 1970; 0: its log does not say. */
  committedMicros = 0
  #seconds = -1
  #nanos = 0n

  /** Commit time where the log says it, else the second in which the statement began. */
  nanosOf(seconds: number): bigint {
    if (this.committedMicros !== 0) return BigInt(this.committedMicros) * 1000n
    if (seconds !== this.#seconds) {
      this.#seconds = seconds
      this.#nanos = BigInt(seconds) * 1_000_000_000n
    }
    return this.#nanos
  }
}
