import { type EventMark } from './event-mark.ts'
import { type GtidGroup } from './gtid-event.ts'
import { type LogCursor } from './log-cursor.ts'
import { type EventFingerprint, type LogIdentity, type PlaceProof } from './place-proof.ts'

/** Where the log stands after a window; `gtid` is the identifier of that transaction (`0-1-42`, `uuid:42`), if any. */
export interface WindowPosition extends PlaceProof {
  readonly file: string
  /** True offset, also beyond 4 GiB. */
  readonly position: number
  /** Transactions of that log that ended at or beyond `POSITION_BOUND`, up to here. */
  readonly ended: number
  readonly gtid?: string | undefined
  /** Of MariaDB's identifier. */
  readonly domain?: number
}

/** The place of a cursor. What costs time is made when it is asked for: of most windows nobody asks. */
export class PlaceEnd implements WindowPosition {
  readonly file: string
  readonly position: number
  readonly ended: number
  readonly log: LogIdentity | undefined
  private readonly mark: EventMark
  private readonly group: GtidGroup | undefined

  /** `mark` belongs to the newest place alone. */
  constructor(cursor: LogCursor, mark: EventMark, group: GtidGroup | undefined) {
    this.file = cursor.file
    this.position = cursor.position
    this.ended = cursor.ended
    this.log = cursor.log
    this.mark = mark
    this.group = group
  }

  get event(): EventFingerprint | undefined {
    return this.mark.at(this.position)
  }

  get gtid(): string | undefined {
    return this.group?.gtid
  }

  get domain(): number {
    return this.group?.domain ?? -1
  }
}
