import { type BinLogEvent, MySQLConstants } from './binlog-event.ts'
import { PacketReader } from './packet-reader.ts'

/** What the event before a transaction says of it. */
export interface GtidGroup {
  /** `0-1-42` (MariaDB), `uuid:42` (MySQL); undefined for an anonymous one. */
  readonly gtid: string | undefined
  /** MariaDB: the event is the BEGIN of a transaction. MySQL writes a BEGIN of its own. */
  readonly begins: boolean
  readonly mariadb: boolean
  /** MariaDB: the rows that follow wait for the verdict of an XA transaction. MySQL says so in an XA START. */
  readonly preparesXa: boolean
}

const FLAG_STANDALONE = 1
const FLAG_PREPARED_XA = 64

/**
 * MariaDB: sequence number (8), domain (4), flags (1), then what depends on the flags. The server id stands in the
 * header. A standalone group is one statement without BEGIN and COMMIT.
 */
export function parseMariadbGtid(event: BinLogEvent): GtidGroup {
  const reader = new PacketReader(event.bytes, event.body, event.end, 'GTID event')
  const sequence = reader.smallUint64()
  const domain = reader.uint(4)
  const flags = reader.uint8()
  return {
    gtid: `${domain}-${event.serverId}-${sequence}`,
    begins: (flags & FLAG_STANDALONE) === 0,
    mariadb: true,
    preparesXa: (flags & FLAG_PREPARED_XA) !== 0,
  }
}

const MYSQL = { begins: false, mariadb: false, preparesXa: false } as const

/** MySQL: flags (1), uuid of the server (16), number (8). Tagged identifiers have another form and are left out. */
export function parseMysqlGtid(event: BinLogEvent): GtidGroup {
  if (event.type !== MySQLConstants.GTID_EVENT) return { ...MYSQL, gtid: undefined }
  const reader = new PacketReader(event.bytes, event.body, event.end, 'GTID event')
  reader.take(1)
  const uuid = reader
    .view(16)
    .toString('hex')
    .replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  return { ...MYSQL, gtid: `${uuid}:${reader.uint64()}` }
}
