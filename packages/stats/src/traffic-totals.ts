import { Tally } from './tally.ts'

/** Connections of a server, and the bytes that it wrote to them. */
export interface TrafficCounts extends Readonly<Record<string, number>> {
  readonly bytes: number
  readonly opened: number
  readonly closed: number
}

/** What goes through the connections of a server, with the names of Databus' `ContainerTrafficTotalStats`. */
export class TrafficTotals {
  readonly tally: Tally<TrafficCounts>

  constructor(read: () => TrafficCounts, nowMs: number) {
    this.tally = new Tally(read, nowMs)
  }

  /** What `/containerStats/outbound/total` shows. */
  toJson(nowMs: number): Readonly<Record<string, unknown>> {
    const { opened, closed } = this.tally.all
    const since = this.tally.counts
    return {
      numBytes: since.bytes,
      // What is open now is no count: a reset closes nothing.
      numOpenConns: opened - closed,
      numClosedConns: since.closed,
      timestampLastResetMs: this.tally.resetMs,
      timeSinceLastResetMs: nowMs - this.tally.resetMs,
    }
  }
}
