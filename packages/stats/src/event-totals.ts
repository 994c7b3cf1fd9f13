import { type Metric } from '@aesop/kernel'
import { Tally } from './tally.ts'

/** What has passed a place since it began: numbers that only grow. */
export interface EventCounts extends Readonly<Record<string, number>> {
  /** Row changes, and their bytes with header and key. */
  readonly dataEvents: number
  readonly dataBytes: number
  /** Bytes of their values alone. */
  readonly payloadBytes: number
  /** Ends of windows, and their bytes. */
  readonly systemEvents: number
  readonly systemBytes: number
}

/** What a buffer holds now. Undefined: it is not known, or there is none. Times are milliseconds since 1970. */
export interface HeldEvents {
  readonly minScn: bigint | undefined
  readonly maxScn: bigint | undefined
  /** The SCN after which everything is held. */
  readonly prevScn: bigint | undefined
  readonly freeBytes: number
  /** Commit times of the oldest and of the newest row change that is held. */
  readonly oldestMs: number | undefined
  readonly newestMs: number | undefined
  /** When a window came last. */
  readonly arrivedMs: number | undefined
  /** Milliseconds from commit to arrival, of the last window with a row change. */
  readonly lagMs: number | undefined
}

/**
 * The events that pass one place, with the names of Databus' `DbusEventsTotalStats`. The place counts by itself; here is
 * what was counted since a reset.
 */
export class EventTotals {
  readonly tally: Tally<EventCounts>
  readonly #dimension: string
  readonly #createdMs: number

  constructor(dimension: string, read: () => EventCounts, nowMs: number) {
    this.#dimension = dimension
    this.#createdMs = nowMs
    this.tally = new Tally(read, nowMs)
  }

  /** What `/containerStats/…/events/…` shows: Databus' keys, sizes as the average of an event. */
  toJson(held: HeldEvents, nowMs: number): Readonly<Record<string, unknown>> {
    const { dataEvents, dataBytes, payloadBytes, systemEvents, systemBytes } = this.tally.counts
    return defined({
      dimension: this.#dimension,
      numDataEvents: dataEvents,
      sizeDataEvents: average(dataBytes, dataEvents),
      sizeDataEventsPayload: average(payloadBytes, dataEvents),
      numSysEvents: systemEvents,
      sizeSysEvents: average(systemBytes, systemEvents),
      minScn: held.minScn,
      maxScn: held.maxScn,
      prevScn: held.prevScn,
      freeSpace: held.freeBytes,
      timestampMinScnEvent: held.oldestMs,
      timestampMaxScnEvent: held.newestMs,
      timeSpan: difference(held.newestMs, held.oldestMs),
      timeSinceLastEvent: difference(nowMs, held.newestMs),
      timestampAccessed: held.arrivedMs,
      timeSinceLastAccess: difference(nowMs, held.arrivedMs),
      timeLag: held.lagMs,
      timestampCreated: this.#createdMs,
      timeSinceCreation: nowMs - this.#createdMs,
      timestampLastResetMs: this.tally.resetMs,
      timeSinceLastResetMs: nowMs - this.tally.resetMs,
    })
  }

  /** All that was counted, resets aside, as metrics whose names begin with `prefix`. */
  metrics(prefix: string, held: HeldEvents): Metric[] {
    const { dataEvents, dataBytes, systemEvents } = this.tally.all
    const labels = { dimension: this.#dimension }
    const metric = (name: string, help: string, type: Metric['type'], value: number | undefined): Metric[] =>
      value === undefined ? [] : [{ name: `${prefix}_${name}`, help, type, value, labels }]
    return [
      ...metric('data_events_total', 'Row changes.', 'counter', dataEvents),
      ...metric('data_bytes_total', 'Bytes of row changes.', 'counter', dataBytes),
      ...metric('system_events_total', 'Ends of windows.', 'counter', systemEvents),
      ...metric('scn', 'Newest SCN.', 'gauge', held.maxScn === undefined ? undefined : Number(held.maxScn)),
      ...metric(
        'time_lag_ms',
        'Milliseconds between the commit of the last row change and its arrival.',
        'gauge',
        held.lagMs,
      ),
    ]
  }
}

/** Whole bytes, and 0 of no event, as in Databus. */
function average(sum: number, count: number): number {
  return count === 0 ? 0 : Math.trunc(sum / count)
}

/** Clocks of two machines may differ: what seems to come from the future came just now. */
function difference(later: number | undefined, earlier: number | undefined): number | undefined {
  return later === undefined || earlier === undefined ? undefined : Math.max(0, later - earlier)
}

function defined(members: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
