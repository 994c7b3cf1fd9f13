import { type Metric } from '@aesop/kernel'
import { OnceATurn } from './once-a-turn.ts'

/** Counters of one registration's callbacks, with the names of Databus' `ConsumerCallbackStats`. */
export class CallbackTotals {
  numDataEventsReceived = 0
  numDataEventsProcessed = 0
  numSysEventsReceived = 0
  numSysEventsProcessed = 0
  numDataErrorsProcessed = 0
  numSysErrorsProcessed = 0
  numErrorsReceived = 0
  /** How often the registration went back to its last checkpoint. */
  numRollbacks = 0
  scnOfLastEventProcessed = -1n
  /** Commit time of the last window that was processed whole, milliseconds since 1970; 0: none. */
  maxSeenWinTimestamp = 0
  /** When it was processed, milliseconds since 1970; 0: never. */
  timestampLastProcessed = 0
  /** Commit time of the last window, in nanoseconds since 1970. */
  #committedNanos = 0n
  readonly #times: OnceATurn

  /** @param now milliseconds since 1970 */
  constructor(now: () => number = Date.now) {
    this.#times = new OnceATurn(() => {
      this.maxSeenWinTimestamp = Number(this.#committedNanos / 1_000_000n)
      this.timestampLastProcessed = now()
    })
  }

  /** A window was processed whole that was committed then, in nanoseconds since 1970. */
  windowProcessed(scn: bigint, committedNanos: bigint): void {
    this.numSysEventsProcessed++
    this.scnOfLastEventProcessed = scn
    this.#committedNanos = committedNanos
    this.#times.due()
  }

  /** Milliseconds between the commit of the last processed window and its processing; 0 before the first. */
  get timeLagSourceToReceiptMs(): number {
    this.#times.settle()
    return this.maxSeenWinTimestamp === 0 ? 0 : Math.max(0, this.timestampLastProcessed - this.maxSeenWinTimestamp)
  }

  /** What `/clientStats/…` shows. */
  toJson(): Readonly<Record<string, unknown>> {
    this.#times.settle()
    return {
      ...Object.fromEntries(Object.entries(this)),
      numEventsReceived: this.numDataEventsReceived + this.numSysEventsReceived,
      numEventsProcessed: this.numDataEventsProcessed + this.numSysEventsProcessed,
      numErrorsProcessed: this.numDataErrorsProcessed + this.numSysErrorsProcessed,
      timeLagSourceToReceiptMs: this.timeLagSourceToReceiptMs,
    }
  }

  /** The counters as metrics of one registration. */
  metrics(prefix: string, registration: string): Metric[] {
    const labels = { registration }
    const metric = (name: string, help: string, type: Metric['type'], value: number): Metric => ({
      name: `${prefix}_${name}`,
      help,
      type,
      value,
      labels,
    })
    return [
      metric('events_received_total', 'Row changes received.', 'counter', this.numDataEventsReceived),
      metric('events_processed_total', 'Row changes processed.', 'counter', this.numDataEventsProcessed),
      metric('windows_processed_total', 'Windows processed whole.', 'counter', this.numSysEventsProcessed),
      metric('consumer_errors_total', 'Callbacks that failed.', 'counter', this.numDataErrorsProcessed),
      metric('rollbacks_total', 'Returns to the last checkpoint.', 'counter', this.numRollbacks),
      metric('scn', 'SCN of the last window processed whole.', 'gauge', Number(this.scnOfLastEventProcessed)),
      metric('time_lag_ms', 'Milliseconds from commit to processing.', 'gauge', this.timeLagSourceToReceiptMs),
    ]
  }
}
