import { BinLogEvent } from '../log/binlog-event.ts'
import { type BinlogHandler, type BinlogPosition, type BinlogStream } from '../log/binlog-stream.ts'
import { groupOf, GTID_EVENTS } from '../log/gtid-event.ts'
import { MysqlConnectionLostError } from '../error/live-errors.ts'
import { LogCursor } from '../log/log-cursor.ts'
import { comparePlaces, type LogPlace, placeOf } from '../log/log-place.ts'
import { isStatement, parseQuery } from '../log/query-event.ts'
import { tableStatement } from './table-changes.ts'
import { type TableName } from '../table/table-description.ts'

/** A place that a stream can begin at. */
export interface NamedPlace extends LogPlace {
  readonly file: string
}

/** A statement that changed, or may have changed, captured tables; it ends at `at`. */
interface ChangeAhead {
  readonly at: NamedPlace
  readonly tables: readonly TableName[]
}

/** How far a reading came, and what it met. */
interface Reading {
  /** As the log itself names it, so that a further reading can begin there. */
  readonly until: NamedPlace
  readonly changes: readonly ChangeAhead[]
}

/** A part of the log that has been looked at: behind `from`, up to and with `until`. */
interface LookedAt extends Reading {
  readonly from: NamedPlace
}

const LOG_START = 4
/** A statement is looked at for the names in it. */
const STATEMENT_BYTES_MAX = 64 * 1024 * 1024

/**
 * Looks for changes of captured tables in the part of the log that is still to be read: a second reading, of statements
 * alone, over a connection of its own. A part is read once, whichever table and row asks.
 */
export class LogAhead {
  private readonly open: (at: BinlogPosition) => BinlogStream
  private readonly captured: readonly TableName[]
  private readonly seekMax: number
  private known: LookedAt | undefined
  private giveUp: (() => void) | undefined

  /**
   * @param open gives a stream with a server id that nobody else has
   * @param seekMax a stream that is to begin behind this position of a file begins at the file's start; default: there is none
   */
  constructor(
    open: (at: BinlogPosition) => BinlogStream,
    captured: readonly TableName[],
    seekMax = Number.MAX_SAFE_INTEGER,
  ) {
    this.open = open
    this.captured = captured
    this.seekMax = seekMax
  }

  /** The first change of a table behind a place, up to and with another one. @throws AesopError of the connection */
  async changeBetween(table: TableName, from: NamedPlace, until: LogPlace): Promise<NamedPlace | undefined> {
    if (comparePlaces(from, until) >= 0) return undefined
    const { changes } = await this.lookAt(from, until)
    const isMeant = ({ at, tables }: ChangeAhead): boolean =>
      comparePlaces(at, from) > 0 &&
      comparePlaces(at, until) <= 0 &&
      tables.some((each) => each.database === table.database && each.table === table.table)
    return changes.find(isMeant)?.at
  }

  /** Ends a reading that is under way: whoever waits for it gets a retryable error. */
  close(): void {
    this.giveUp?.()
  }

  private async lookAt(from: NamedPlace, until: LogPlace): Promise<LookedAt> {
    const { known } = this
    const isWithin =
      known !== undefined && comparePlaces(known.from, from) <= 0 && comparePlaces(from, known.until) <= 0
    if (isWithin && comparePlaces(until, known.until) <= 0) return known
    const begin = isWithin ? known.until : from
    const more = await this.read(begin, until)
    const before = isWithin ? known.changes.filter(({ at }) => comparePlaces(at, from) > 0) : []
    this.known = { from, until: more.until, changes: [...before, ...more.changes] }
    return this.known
  }

  private async read(from: NamedPlace, until: LogPlace): Promise<Reading> {
    const begin = from.position > this.seekMax ? { ...from, position: LOG_START } : from
    const stream = this.open(begin)
    try {
      return await new Promise<Reading>((resolve, reject) => {
        this.giveUp = () => {
          reject(new MysqlConnectionLostError(`${from.file}:${from.position}`, 'the reading ahead was closed'))
        }
        stream.open(begin, new ChangeReader(this.captured, until, resolve), reject).catch(reject)
      })
    } finally {
      this.giveUp = undefined
      await stream.close()
    }
  }
}

class ChangeReader implements BinlogHandler {
  private readonly captured: readonly TableName[]
  private readonly until: LogPlace
  private readonly done: (reading: Reading) => void
  private readonly event = new BinLogEvent()
  private readonly cursor = new LogCursor()
  private readonly changes: ChangeAhead[] = []
  private changesNothing = false

  constructor(captured: readonly TableName[], until: LogPlace, done: (reading: Reading) => void) {
    this.captured = captured
    this.until = until
    this.done = done
  }

  onRotate(file: string, position: number): void {
    this.cursor.rotate(file, position)
    this.finishAtEnd()
  }

  onEvent(bytes: Buffer, offset: number, end: number): undefined {
    const event = this.event.set(bytes, offset, end)
    this.cursor.advance(event)
    if (GTID_EVENTS.has(event.type)) this.changesNothing = groupOf(event)?.changesNothing ?? false
    else if (isStatement(event)) this.take(event)
    this.finishAtEnd()
  }

  private take(event: BinLogEvent): void {
    const statement = this.changesNothing ? undefined : tableStatement(parseQuery(event, STATEMENT_BYTES_MAX))
    if (statement === undefined) return
    const tables = this.captured.filter((table) => statement.mayChange(table))
    if (tables.length > 0) this.changes.push({ at: this.place, tables })
  }

  private get place(): NamedPlace {
    return { ...placeOf(this.until.generation, this.cursor), file: this.cursor.file }
  }

  private finishAtEnd(): void {
    const { place, changes } = this
    if (comparePlaces(place, this.until) >= 0) this.done({ until: place, changes })
  }
}
