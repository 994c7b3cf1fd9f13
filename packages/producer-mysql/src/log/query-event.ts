import { type BinLogEvent, MySQLConstants } from './binlog-event.ts'
import { uncompressEvent } from './mariadb-compression.ts'
import { PacketReader } from './packet-reader.ts'
import { LoggedRowTooLargeError } from '../error/size-errors.ts'

/** What looks for the verb of a statement alone needs no more. */
const STATEMENT_BYTES_MAX = 1024 * 1024

/** A statement in the log. */
export interface BinlogQuery {
  /** The default database of its session. */
  readonly database: string
  readonly sql: string
}

export function isStatement({ type }: BinLogEvent): boolean {
  return type === MySQLConstants.QUERY_EVENT || type === MySQLConstants.MARIADB_QUERY_COMPRESSED_EVENT
}

/**
 * Reads a query event.
 *
 * | bytes | what                                      |
 * |-------|-------------------------------------------|
 * | 4     | thread id                                 |
 * | 4     | seconds that it took                      |
 * | 1     | length of the database name               |
 * | 2     | error code                                |
 * | 2     | length of the status variables            |
 * | …     | status variables, database, 0, statement (compressed in event 165) |
 *
 * @throws BinlogEventCorruptError, LoggedRowTooLargeError
 */
export function parseQuery(event: BinLogEvent, inflatedBytesMax = STATEMENT_BYTES_MAX): BinlogQuery {
  const reader = new PacketReader(event.bytes, event.body, event.end, 'query event')
  reader.take(8)
  const databaseBytes = reader.uint8()
  reader.take(2)
  reader.take(reader.uint(2))
  const database = reader.text(databaseBytes)
  reader.take(1)
  const statement = reader.view(reader.left)
  const compressed = event.type === MySQLConstants.MARIADB_QUERY_COMPRESSED_EVENT
  return { database, sql: (compressed ? inflated(statement, inflatedBytesMax) : statement).toString('utf8') }
}

function inflated(statement: Buffer, bytesMax: number): Buffer {
  return uncompressEvent(statement, bytesMax, (bytes) => {
    throw new LoggedRowTooLargeError('a compressed statement', undefined, bytes, bytesMax)
  })
}
