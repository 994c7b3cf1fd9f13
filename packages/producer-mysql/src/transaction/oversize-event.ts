import { type BinLogEvent, MySQLConstants } from '../log/binlog-event.ts'
import { type EventLimits } from '../log/event-limits.ts'
import { ROWS_TYPES } from '../log/rows-event.ts'
import { LoggedRowTooLargeError } from '../error/size-errors.ts'
import { type TableCache } from '../shape/table-cache.ts'

/**
 * Refuses an event that is too large to be held, from its head alone, unless nobody would look at it: rows of a table that
 * nobody captures, and the text that a statement had.
 *
 * @param head has the header and the table id
 * @throws LoggedRowTooLargeError
 */
export function refuseOversize(
  head: BinLogEvent,
  bytes: number,
  { tables, limits }: { readonly tables: TableCache; readonly limits: EventLimits },
): void {
  const { type } = head
  if (type === MySQLConstants.ROWS_QUERY_EVENT) return
  const table = ROWS_TYPES.has(type) ? tables.get(head.tableId) : undefined
  if (table === null) return
  throw new LoggedRowTooLargeError('an event', table?.name, bytes, limits.loggedBytesMax)
}
