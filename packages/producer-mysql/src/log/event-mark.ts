import { type BinLogEvent, MySQLConstants } from './binlog-event.ts'
import { crcOf } from './event-checksum.ts'
import { type EventFingerprint } from './place-proof.ts'

const CHECKSUM_BYTES = 4
const Field = { TIMESTAMP: 0, SERVER_ID: 1, LENGTH: 2, END: 3, CRC: 4, COUNT: 5 } as const

/** What no transaction ends with: not worth the time that a mark takes. */
const INSIDE = [
  MySQLConstants.INTVAR_EVENT,
  MySQLConstants.RAND_EVENT,
  MySQLConstants.USER_VAR_EVENT,
  MySQLConstants.TABLE_MAP_EVENT,
  MySQLConstants.WRITE_ROWS_EVENT,
  MySQLConstants.UPDATE_ROWS_EVENT,
  MySQLConstants.DELETE_ROWS_EVENT,
  MySQLConstants.ROWS_QUERY_EVENT,
  MySQLConstants.WRITE_ROWS_EVENT_V2,
  MySQLConstants.UPDATE_ROWS_EVENT_V2,
  MySQLConstants.DELETE_ROWS_EVENT_V2,
  MySQLConstants.GTID_EVENT,
  MySQLConstants.ANONYMOUS_GTID_EVENT,
  MySQLConstants.GTID_TAGGED_EVENT,
  MySQLConstants.PARTIAL_UPDATE_ROWS_EVENT,
  MySQLConstants.MARIADB_ANNOTATE_ROWS_EVENT,
  MySQLConstants.MARIADB_GTID_EVENT,
  MySQLConstants.MARIADB_WRITE_ROWS_COMPRESSED_EVENT_V1,
  MySQLConstants.MARIADB_UPDATE_ROWS_COMPRESSED_EVENT_V1,
  MySQLConstants.MARIADB_DELETE_ROWS_COMPRESSED_EVENT_V1,
  MySQLConstants.MARIADB_WRITE_ROWS_COMPRESSED_EVENT,
  MySQLConstants.MARIADB_UPDATE_ROWS_COMPRESSED_EVENT,
  MySQLConstants.MARIADB_DELETE_ROWS_COMPRESSED_EVENT,
]
const isInside = new Uint8Array(256)
for (const type of INSIDE) isInside[type] = 1

/** The fingerprint of one event at one place, kept as numbers: a transaction costs no object. */
export class EventMark {
  /** True offset of the end of the event; −1: none is marked. */
  private position = -1
  private readonly numbers = new Uint32Array(Field.COUNT)

  /** Marks an event that ends at `position`. A format description has no fingerprint: the server changes it. */
  take(event: BinLogEvent, position: number): void {
    const { type } = event
    if (isInside[type] === 1) return
    if (type === MySQLConstants.FORMAT_DESCRIPTION_EVENT) {
      this.forget()
      return
    }
    const { numbers } = this
    this.position = position
    numbers[Field.TIMESTAMP] = event.timestamp
    numbers[Field.SERVER_ID] = event.serverId
    numbers[Field.LENGTH] = event.length
    numbers[Field.END] = event.nextPosition
    numbers[Field.CRC] = crcOfEvent(event)
  }

  forget(): void {
    this.position = -1
  }

  copy(from: EventMark): void {
    this.position = from.position
    // For five numbers a loop is faster than `set`, and every transaction copies two marks.
    for (let i = 0; i < Field.COUNT; i++) this.numbers[i] = from.numbers[i] as number
  }

  /** Of the event that ends at this offset; undefined when none is known. */
  at(position: number): EventFingerprint | undefined {
    if (position !== this.position) return undefined
    const [timestamp = 0, serverId = 0, length = 0, endPosition = 0, crc = 0] = this.numbers
    return { timestamp, serverId, length, endPosition, crc }
  }
}

/** The checksum behind the event has been verified, so it is taken where it is; a log without checksums costs the sum. */
function crcOfEvent(event: BinLogEvent): number {
  const { bytes, offset, end } = event
  const hasChecksum = event.length - (end - offset) === CHECKSUM_BYTES && end + CHECKSUM_BYTES <= bytes.length
  return hasChecksum ? bytes.readUInt32LE(end) : crcOf(bytes, offset, end)
}
