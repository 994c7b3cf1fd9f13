import { type Metric } from '@aesop/kernel'

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

  /** A window was processed whole. Times are milliseconds since 1970. */
  windowProcessed(scn: bigint, commitMs: number, nowMs: number): void {
    this.numSysEventsProcessed++
    this.scnOfLastEventProcessed = scn
    this.maxSeenWinTimestamp = commitMs
    this.timestampLastProcessed = nowMs
  }

  /** Milliseconds between the commit of the last processed window and its processing; 0 before the first. */
  get timeLagSourceToReceiptMs(): number {
    return this.maxSeenWinTimestamp === 0 ? 0 : Math.max(0, this.timestampLastProcessed - this.maxSeenWinTimestamp)
  }

  /** What `/clientStats/…` shows. */
  toJson(): Readonly<Record<string, unknown>> {
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
