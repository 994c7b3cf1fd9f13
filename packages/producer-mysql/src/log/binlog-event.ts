import { BinlogEventCorruptError } from '../error/errors.ts'

/** The types of binary log events, under the names that descriptors use. */
export const MySQLConstants = {
  UNKNOWN_EVENT: 0,
  START_EVENT_V3: 1,
  QUERY_EVENT: 2,
  STOP_EVENT: 3,
  ROTATE_EVENT: 4,
  INTVAR_EVENT: 5,
  RAND_EVENT: 13,
  USER_VAR_EVENT: 14,
  FORMAT_DESCRIPTION_EVENT: 15,
  XID_EVENT: 16,
  TABLE_MAP_EVENT: 19,
  WRITE_ROWS_EVENT: 23,
  UPDATE_ROWS_EVENT: 24,
  DELETE_ROWS_EVENT: 25,
  INCIDENT_EVENT: 26,
  HEARTBEAT_EVENT: 27,
  ROWS_QUERY_EVENT: 29,
  WRITE_ROWS_EVENT_V2: 30,
  UPDATE_ROWS_EVENT_V2: 31,
  DELETE_ROWS_EVENT_V2: 32,
  GTID_EVENT: 33,
  ANONYMOUS_GTID_EVENT: 34,
  PREVIOUS_GTIDS_EVENT: 35,
  XA_PREPARE_EVENT: 38,
  PARTIAL_UPDATE_ROWS_EVENT: 39,
  TRANSACTION_PAYLOAD_EVENT: 40,
  HEARTBEAT_EVENT_V2: 41,
  GTID_TAGGED_EVENT: 42,
  MARIADB_ANNOTATE_ROWS_EVENT: 160,
  MARIADB_BINLOG_CHECKPOINT_EVENT: 161,
  MARIADB_GTID_EVENT: 162,
  MARIADB_GTID_LIST_EVENT: 163,
  MARIADB_START_ENCRYPTION_EVENT: 164,
  MARIADB_QUERY_COMPRESSED_EVENT: 165,
  MARIADB_WRITE_ROWS_COMPRESSED_EVENT_V1: 166,
  MARIADB_UPDATE_ROWS_COMPRESSED_EVENT_V1: 167,
  MARIADB_DELETE_ROWS_COMPRESSED_EVENT_V1: 168,
  MARIADB_WRITE_ROWS_COMPRESSED_EVENT: 169,
  MARIADB_UPDATE_ROWS_COMPRESSED_EVENT: 170,
  MARIADB_DELETE_ROWS_COMPRESSED_EVENT: 171,
} as const

/** Bytes of the header that every event has; its own body begins after it. */
export const EVENT_HEADER_BYTES = 19

/** An event that the server made up for this connection: it stands in no file. */
export const FLAG_ARTIFICIAL = 0x20

/**
 * One event as processors see it. The object and its bytes are valid during `process` only: the decoder reuses both.
 * All numbers are little-endian.
 *
 * | at | bytes | what                                                        |
 * |----|-------|-------------------------------------------------------------|
 * | 0  | 4     | seconds since 1970 when the statement began                 |
 * | 4  | 1     | type                                                        |
 * | 5  | 4     | server id                                                   |
 * | 9  | 4     | length, header and checksum included                        |
 * | 13 | 4     | end position in its file; 0 inside MariaDB ≥ 11.4 transactions |
 * | 17 | 2     | flags                                                       |
 * | 19 | …     | body                                                        |
 */
export class BinLogEvent {
  bytes: Buffer = Buffer.alloc(0)
  /** Offset of the header in `bytes`. */
  offset = 0
  /** Offset after the last byte; the checksum has been cut off. */
  end = 0
  /** On `bytes`, made once for the many events of one chunk. */
  private view: DataView = new DataView(new ArrayBuffer(0))

  /** Points at another event. @throws BinlogEventCorruptError when not even a header is there */
  set(bytes: Buffer, offset: number, end: number): this {
    if (end - offset < EVENT_HEADER_BYTES || end > bytes.length) {
      throw new BinlogEventCorruptError(`it has ${end - offset} bytes, expected ${EVENT_HEADER_BYTES} at least`)
    }
    if (bytes !== this.bytes) {
      this.bytes = bytes
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    }
    this.offset = offset
    this.end = end
    return this
  }

  get type(): number {
    return this.bytes[this.offset + 4] ?? 0
  }

  /** Seconds since 1970. */
  get timestamp(): number {
    return this.view.getUint32(this.offset, true)
  }

  get serverId(): number {
    return this.view.getUint32(this.offset + 5, true)
  }

  /** Bytes in the log, header and checksum included. */
  get length(): number {
    return this.view.getUint32(this.offset + 9, true)
  }

  /** End position in the file. */
  get nextPosition(): number {
    return this.view.getUint32(this.offset + 13, true)
  }

  get flags(): number {
    return this.view.getUint16(this.offset + 17, true)
  }

  /** The six bytes at the beginning of the body: the id in table maps and rows events. */
  get tableId(): number {
    return this.view.getUint32(this.body, true) + this.view.getUint16(this.body + 4, true) * 0x100000000
  }

  /** Whether the body is these bytes. */
  bodyEquals(body: DataView): boolean {
    const { view, body: from } = this
    const { byteLength } = body
    if (this.end - from !== byteLength) return false
    let i = 0
    for (; i + 4 <= byteLength; i += 4) if (view.getInt32(from + i) !== body.getInt32(i)) return false
    for (; i < byteLength; i++) if (view.getInt8(from + i) !== body.getInt8(i)) return false
    return true
  }

  /** Offset of the body in `bytes`. */
  get body(): number {
    return this.offset + EVENT_HEADER_BYTES
  }
}
