import { type Metric } from '@aesop/kernel'

/**
 * Counters of the events that pass one place (a buffer, a connection, a source), with the names of Databus'
 * `DbusEventsTotalStats`. Sizes are sums in bytes here; `toJson` gives the averages that Databus shows.
 */
export class EventTotals {
  readonly dimension: string
  numDataEvents = 0
  sizeDataEvents = 0
  sizeDataEventsPayload = 0
  numDataEventsFiltered = 0
  sizeDataEventsFiltered = 0
  numSysEvents = 0
  sizeSysEvents = 0
  numInvalidEvents = 0
  numErrHeader = 0
  numErrPayload = 0
  /** SCN of the oldest window that is held; −1: none. */
  minScn = -1n
  /** SCN of the newest window; −1: none. */
  maxScn = -1n
  /** The SCN after which everything is held. */
  prevScn = -1n
  freeSpace = 0
  /** Times in milliseconds since 1970; 0: never. */
  timestampMinScnEvent = 0
  timestampMaxScnEvent = 0
  timestampAccessed = 0
  readonly timestampCreated: number
  /** Milliseconds between the commit of the last event and its arrival here. */
  timeLag = 0

  constructor(dimension: string, nowMs: number) {
    this.dimension = dimension
    this.timestampCreated = nowMs
  }

  /** A row change of `bytes` bytes, of which `payloadBytes` are its value. */
  dataEvent(bytes: number, payloadBytes: number): void {
    this.numDataEvents++
    this.sizeDataEvents += bytes
    this.sizeDataEventsPayload += payloadBytes
  }

  /** A row change that passed the filters of its reader. */
  deliveredEvent(bytes: number): void {
    this.numDataEventsFiltered++
    this.sizeDataEventsFiltered += bytes
  }

  /** `count` row changes of `bytes` bytes in all, where they are counted by the window. */
  dataEvents(count: number, bytes: number, payloadBytes: number): void {
    this.numDataEvents += count
    this.sizeDataEvents += bytes
    this.sizeDataEventsPayload += payloadBytes
  }

  /** The end of a window, or another event that is no row change. */
  systemEvent(bytes: number): void {
    this.numSysEvents++
    this.sizeSysEvents += bytes
  }

  /** A window has arrived whole. Times are milliseconds since 1970. */
  windowClosed(scn: bigint, commitMs: number, nowMs: number): void {
    if (this.minScn < 0n) this.windowOldest(scn, commitMs)
    this.maxScn = scn
    this.timestampMaxScnEvent = commitMs
    this.timestampAccessed = nowMs
    this.timeLag = Math.max(0, nowMs - commitMs)
  }

  /** The oldest window that is still held. */
  windowOldest(scn: bigint, commitMs: number): void {
    this.minScn = scn
    this.timestampMinScnEvent = commitMs
  }

  /** Counters begin anew; positions stay. */
  reset(): void {
    this.numDataEvents = this.sizeDataEvents = this.sizeDataEventsPayload = 0
    this.numDataEventsFiltered = this.sizeDataEventsFiltered = 0
    this.numSysEvents = this.sizeSysEvents = 0
    this.numInvalidEvents = this.numErrHeader = this.numErrPayload = 0
  }

  /** What `/containerStats/…/events/…` shows: Databus' keys, sizes as the average of an event. */
  toJson(nowMs: number): Readonly<Record<string, unknown>> {
    return {
      dimension: this.dimension,
      numDataEvents: this.numDataEvents,
      sizeDataEvents: average(this.sizeDataEvents, this.numDataEvents),
      sizeDataEventsPayload: average(this.sizeDataEventsPayload, this.numDataEvents),
      numDataEventsFiltered: this.numDataEventsFiltered,
      sizeDataEventsFiltered: average(this.sizeDataEventsFiltered, this.numDataEventsFiltered),
      numSysEvents: this.numSysEvents,
      sizeSysEvents: this.sizeSysEvents,
      numInvalidEvents: this.numInvalidEvents,
      numErrHeader: this.numErrHeader,
      numErrPayload: this.numErrPayload,
      minScn: this.minScn,
      maxScn: this.maxScn,
      prevScn: this.prevScn,
      freeSpace: this.freeSpace,
      timestampMinScnEvent: this.timestampMinScnEvent,
      timestampMaxScnEvent: this.timestampMaxScnEvent,
      timestampAccessed: this.timestampAccessed,
      timestampCreated: this.timestampCreated,
      timeSpan: Math.max(0, this.timestampMaxScnEvent - this.timestampMinScnEvent),
      timeSinceLastEvent: since(this.timestampMaxScnEvent, nowMs),
      timeSinceLastAccess: since(this.timestampAccessed, nowMs),
      timeLag: this.timeLag,
    }
  }

  /** The counters as metrics whose names begin with `prefix`. */
  metrics(prefix: string): Metric[] {
    const labels = { dimension: this.dimension }
    const counter = (name: string, help: string, value: number): Metric => ({
      name: `${prefix}_${name}`,
      help,
      type: 'counter',
      value,
      labels,
    })
    return [
      counter('data_events_total', 'Row changes.', this.numDataEvents),
      counter('data_bytes_total', 'Bytes of row changes.', this.sizeDataEvents),
      counter('system_events_total', 'Ends of windows and other events that are no row changes.', this.numSysEvents),
      counter('invalid_events_total', 'Events that were refused.', this.numInvalidEvents),
      { name: `${prefix}_scn`, help: 'Newest SCN.', type: 'gauge', value: Number(this.maxScn), labels },
      {
        name: `${prefix}_time_lag_ms`,
        help: 'Milliseconds between the commit of the last window and its arrival.',
        type: 'gauge',
        value: this.timeLag,
        labels,
      },
    ]
  }
}

function average(sum: number, count: number): number {
  return count === 0 ? 0 : Math.round(sum / count)
}

function since(timestampMs: number, nowMs: number): number {
  return timestampMs === 0 ? 0 : nowMs - timestampMs
}
