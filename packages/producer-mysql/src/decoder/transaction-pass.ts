import { crc32 } from 'node:zlib'
import { type PassedOver, type PassOver, type TableName, textOfTable } from '@aesop/producer'
import { type BinLogEvent, MySQLConstants } from '../log/binlog-event.ts'
import { GTID_EVENTS, type GtidGroup } from '../log/gtid-event.ts'
import { parseQuery } from '../log/query-event.ts'
import { endsStatementOnly, ROWS_TYPES, tableIdOf } from '../log/rows-event.ts'
import { withoutComments } from '../shape/schema-change.ts'
import { parseTableName } from '../log/table-map.ts'

/** They stand behind a transaction, never in it. */
const OUTSIDE: ReadonlySet<number> = new Set([
  ...GTID_EVENTS,
  MySQLConstants.ROTATE_EVENT,
  MySQLConstants.STOP_EVENT,
  MySQLConstants.FORMAT_DESCRIPTION_EVENT,
])
const LAST: ReadonlySet<number> = new Set([
  MySQLConstants.XID_EVENT,
  MySQLConstants.XA_PREPARE_EVENT,
  MySQLConstants.TRANSACTION_PAYLOAD_EVENT,
])
/** What they hold, or what was lost at them, is not looked at. */
const UNREAD: ReadonlySet<number> = new Set([MySQLConstants.TRANSACTION_PAYLOAD_EVENT, MySQLConstants.INCIDENT_EVENT])
const QUERIES: ReadonlySet<number> = new Set([
  MySQLConstants.QUERY_EVENT,
  MySQLConstants.MARIADB_QUERY_COMPRESSED_EVENT,
])

/** What an event means to whoever goes past transactions. */
export type PassStep =
  /** It belongs to no transaction that is passed over: process it. */
  | 'process'
  /** It is the first event of one: process it, if it only names the transaction, and nothing after it. */
  | 'begin'
  /** It belongs to one, and is not looked at. */
  | 'skip'
  /** It is the last event of one: what it would have closed is empty. */
  | 'end'
  /** The one before has ended without saying so: forget it, then process this event. */
  | 'ended'

/** Whose rows a transaction held that was passed over. */
export interface PassedTables {
  readonly tables: readonly TableName[]
  /** False: it may have held rows of any table. */
  readonly isSure: boolean
}

interface Passing {
  readonly at: PassOver
  readonly tables: Map<number, TableName>
  readonly rowsEvents: Record<string, number>
  readonly withRows: Set<TableName>
  isSure: boolean
  /** Whether its BEGIN was read: from there on only a COMMIT or ROLLBACK ends it. */
  open: boolean
}

/**
 * Goes past the transactions that somebody asked to pass over. Of their events only the headers are read, and the names of
 * tables and statements as far as they can be: what makes a transaction impossible to capture must not stop this, too.
 */
export class TransactionPass {
  readonly #wanted: ReadonlyMap<string, PassOver>
  readonly #passed: (passed: PassedOver) => void
  #passing: Passing | undefined
  #last: PassedTables = { tables: [], isSure: true }

  constructor(wanted: readonly PassOver[], passed: (passed: PassedOver) => void) {
    this.#wanted = new Map(wanted.map((each) => [`${each.file}:${each.position}`, each]))
    this.#passed = passed
  }

  /** @param group what this event says of the transaction that it begins, where it does */
  step(event: BinLogEvent, file: string, position: number, group: () => GtidGroup | undefined): PassStep {
    if (this.#passing === undefined) return this.#begins(`${file}:${position}`, event, group)
    if (OUTSIDE.has(event.type)) {
      this.#finish()
      return this.step(event, file, position, group) === 'begin' ? 'begin' : 'ended'
    }
    this.#count(event, this.#passing)
    if (!isLast(event, this.#passing)) return 'skip'
    this.#finish()
    return 'end'
  }

  /** Of the transaction that ended last. */
  get last(): PassedTables {
    return this.#last
  }

  /** The connection is gone: the transaction comes again from its beginning. */
  reset(): void {
    this.#passing = undefined
  }

  #begins(place: string, event: BinLogEvent, group: () => GtidGroup | undefined): PassStep {
    const at = this.#wanted.get(place)
    if (at === undefined) return 'process'
    const found = group()
    if (at.gtid !== undefined && found?.gtid !== undefined && at.gtid !== found.gtid) return 'process'
    if (at.crc !== undefined && at.crc !== crc32(event.bytes.subarray(event.offset, event.end))) return 'process'
    this.#passing = {
      at,
      tables: new Map(),
      rowsEvents: {},
      withRows: new Set(),
      isSure: true,
      open: found?.begins === true,
    }
    if (OUTSIDE.has(event.type)) return 'begin'
    this.#count(event, this.#passing)
    // A log without identifiers begins a transaction with its BEGIN.
    isLast(event, this.#passing)
    return 'skip'
  }

  #count(event: BinLogEvent, passing: Passing): void {
    const { tables, rowsEvents, withRows } = passing
    if (UNREAD.has(event.type)) passing.isSure = false
    try {
      if (event.type === MySQLConstants.TABLE_MAP_EVENT) tables.set(tableIdOf(event), parseTableName(event))
      if (!ROWS_TYPES.has(event.type) || endsStatementOnly(event)) return
      const name = tables.get(tableIdOf(event))
      if (name === undefined) passing.isSure = false
      else withRows.add(name)
      const table = name === undefined ? 'unknown' : textOfTable(name)
      rowsEvents[table] = (rowsEvents[table] ?? 0) + 1
    } catch {
      passing.isSure = false
      rowsEvents['unreadable'] = (rowsEvents['unreadable'] ?? 0) + 1
    }
  }

  #finish(): void {
    const passing = this.#passing
    this.#passing = undefined
    if (passing === undefined) return
    this.#last = { tables: [...passing.withRows], isSure: passing.isSure }
    this.#passed({ ...passing.at, rowsEvents: passing.rowsEvents })
  }
}

function isLast(event: BinLogEvent, passing: Passing): boolean {
  if (LAST.has(event.type)) return true
  if (!QUERIES.has(event.type)) return false
  try {
    return endsWith(withoutComments(parseQuery(event).sql), passing)
  } catch {
    // A statement that can't be read ends nothing: the next transaction does.
    return false
  }
}

/** Behind a BEGIN only COMMIT and ROLLBACK end a transaction; a statement without one is all of it. */
function endsWith(sql: string, passing: Passing): boolean {
  // The rows that XA COMMIT is about came before.
  if (/^XA\s+COMMIT\b/i.test(sql)) passing.isSure = false
  if (/^(COMMIT|XA\s+(COMMIT|ROLLBACK))\b/i.test(sql)) return true
  if (/^ROLLBACK\b/i.test(sql)) return !/^ROLLBACK\s+(WORK\s+)?TO\b/i.test(sql)
  const wasOpen = passing.open
  // MySQL creates a table from a SELECT in one transaction, which the statement opens.
  passing.open ||= /^(BEGIN|START\s+TRANSACTION|XA\s+START)\b|\bSTART\s+TRANSACTION\s*$/i.test(sql)
  return !wasOpen && !passing.open
}
