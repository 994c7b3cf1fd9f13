import { EventMark } from '../log/event-mark.ts'
import { GTID_EVENTS, type GtidGroup } from '../log/gtid-event.ts'
import { type LogCursor } from '../log/log-cursor.ts'
import { TransactionTime } from './transaction-time.ts'
import { xaFrom, type XaTransaction } from './xa-transactions.ts'

interface LogPlace {
  readonly file: string
  readonly position: number
}

/** Where the transaction at hand begins in its log, which one it is, and when it was committed. */
export class TransactionBegin {
  /** What its log says of it; undefined: it has no identifier. */
  group: GtidGroup | undefined
  readonly time = new TransactionTime()
  /** Offset of its first event. */
  from = 4
  /** Where the event begins that closed the last transaction. */
  #closedBy = -1
  readonly #before = new EventMark()
  readonly #cursor: LogCursor

  constructor(cursor: LogCursor) {
    this.#cursor = cursor
  }

  get gtid(): string | undefined {
    return this.group?.gtid
  }

  /** The event at hand is its first one. @param committedMicros 0: the log does not say */
  mark(committedMicros: number): void {
    this.time.committedMicros = committedMicros
    this.from = this.#cursor.eventFrom
    // MariaDB says in its GTID that the rows of an XA transaction follow, when the event before it is still the last one.
    if (this.group?.mariadb !== true) this.#before.copy(this.#cursor.last)
  }

  /** The event at hand closes it. */
  closes(): void {
    this.#closedBy = this.#cursor.eventFrom
  }

  /** Its rows are those of an XA transaction. */
  xa(): XaTransaction {
    const before = this.group?.mariadb === true ? this.#cursor.last : this.#before
    return xaFrom(this.#cursor, this.from, before, this.gtid)
  }

  get place(): LogPlace {
    return { file: this.#cursor.file, position: this.from }
  }

  /** Where the transaction begins that an event of this type has failed in, open or closed just now, or would have begun. */
  faultPlace(isOpen: boolean, type: number): LogPlace | undefined {
    const { file, eventFrom } = this.#cursor
    if (isOpen || this.#closedBy === eventFrom) return this.place
    return GTID_EVENTS.has(type) ? { file, position: eventFrom } : undefined
  }
}
