import { type EventBuffer } from '@aesop/buffer'
import { endOfPeriodBytes } from '@aesop/event'
import { EventTotals, type HeldEvents, OnceATurn } from '@aesop/stats'

/** What the buffer of a relay has taken in, and what it holds. */
export class InboundEvents {
  readonly totals: EventTotals
  readonly #buffer: EventBuffer
  #events = 0
  #arrivedMs: number | undefined
  /** Of the last window with a row change. */
  #rowsArrivedMs: number | undefined

  constructor(buffer: EventBuffer) {
    this.#buffer = buffer
    const read = (): EventTotals['tally']['all'] => {
      const { events, eventBytes, payloadBytes, windows } = buffer
      const systemBytes = windows * endOfPeriodBytes(buffer.eventVersion)
      return {
        dataEvents: events,
        dataBytes: eventBytes - systemBytes,
        payloadBytes,
        systemEvents: windows,
        systemBytes,
      }
    }
    this.totals = new EventTotals('total', read, Date.now())
  }

  /** To be called for every window. */
  readonly windowClosed = (): void => {
    this.#arrived.due()
  }

  readonly #arrived = new OnceATurn(() => {
    this.#arrivedMs = Date.now()
    if (this.#events === this.#buffer.events) return
    this.#events = this.#buffer.events
    this.#rowsArrivedMs = this.#arrivedMs
  })

  toJson(nowMs: number): Readonly<Record<string, unknown>> {
    return this.totals.toJson(this.held(), nowMs)
  }

  /** An empty window has the commit time of the row before it; where no row ever came, times are not known. */
  held(): HeldEvents {
    this.#arrived.settle()
    const { minScn, lastScn, prevScn, maxBytes, heldBytes, oldestNanos, newestNanos } = this.#buffer
    const newestMs = commitMs(newestNanos)
    return {
      minScn: atLeastZero(minScn),
      maxScn: newestNanos === undefined ? undefined : lastScn,
      prevScn: atLeastZero(prevScn),
      freeBytes: Math.max(0, maxBytes - heldBytes),
      oldestMs: commitMs(oldestNanos),
      newestMs,
      arrivedMs: this.#arrivedMs,
      lagMs: lag(newestMs, this.#rowsArrivedMs),
    }
  }
}

/** Undefined where nothing is, or no row ever came. */
function commitMs(nanos: bigint | undefined): number | undefined {
  return nanos === undefined || nanos === 0n ? undefined : Number(nanos / 1_000_000n)
}

/** The clock of the server may be ahead of ours: then it came at once. */
function lag(committedMs: number | undefined, arrivedMs: number | undefined): number | undefined {
  return committedMs === undefined || arrivedMs === undefined ? undefined : Math.max(0, arrivedMs - committedMs)
}

function atLeastZero(scn: bigint): bigint | undefined {
  return scn < 0n ? undefined : scn
}
