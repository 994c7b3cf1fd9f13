import { type BinLogEvent, MySQLConstants } from './binlog-event.ts'
import { BinlogEventCorruptError } from '../error/errors.ts'
import { uncompressEvent } from './mariadb-compression.ts'
import { PacketReader } from './packet-reader.ts'
import { LoggedRowTooLargeError } from '../error/size-errors.ts'

const ROWS = /^(MARIADB_)?(WRITE|UPDATE|DELETE|PARTIAL_UPDATE)_ROWS/

/** The types of events that carry rows. */
export const ROWS_TYPES: ReadonlySet<number> = new Set(
  Object.entries(MySQLConstants).flatMap(([name, type]) => (ROWS.test(name) ? [type] : [])),
)

/** The three kinds of row changes. */
export type RowsKind = 'insert' | 'update' | 'delete'

/**
 * The frame of a rows event; the images lie in `bytes` from `images` to `end`. One object serves all events of a decoder,
 * and points at bitmaps instead of cutting them out: a transaction of one row costs little more than its row.
 */
export class RowsEvent {
  tableId = 0
  /** Where the bitmaps lie: the event itself, even when the images have been uncompressed elsewhere. */
  frame: Buffer = Buffer.alloc(0)
  bitmapBytes = 0
  /** Offset of the bitmap of the columns that the images carry: of an update, the images before. */
  present = 0
  /** The same for the images after an update. */
  presentAfter = 0
  bytes: Buffer = Buffer.alloc(0)
  images = 0
  end = 0
  /** What images may have when they are inflated. */
  readonly inflatedBytesMax: number

  constructor(inflatedBytesMax: number) {
    this.inflatedBytesMax = inflatedBytesMax
  }
}

/** The id of the event that ends a statement without changes; a real table has it, too, when the server has counted so far. */
const NO_TABLE_ID = 0xffffff

/** Whether a rows event only ends a statement: it has no columns, and no table map goes before it. */
export function endsStatementOnly(event: BinLogEvent): boolean {
  return event.tableId === NO_TABLE_ID && columnsFrom(event).lengthEncoded() === 0
}

/** Behind what goes before the number of columns. */
function columnsFrom(event: BinLogEvent): PacketReader {
  const reader = new PacketReader(event.bytes, event.body, event.end, 'rows event')
  reader.take(8)
  if (hasExtraData(event.type)) reader.take(Math.max(0, reader.uint(2) - 2))
  return reader
}

/**
 * Reads the frame of a rows event.
 *
 * | bytes   | what                                                        |
 * |---------|-------------------------------------------------------------|
 * | 6       | table id                                                    |
 * | 2       | flags                                                       |
 * | 2 + n   | version 2 only: length (itself included) and extra data     |
 * | lenenc  | number of columns                                           |
 * | ⌈n/8⌉   | columns in the images; of an update twice: before, after    |
 * | …       | images, of an update in pairs; compressed in events 166–171 |
 *
 * @param table for messages
 * @throws BinlogEventCorruptError, LoggedRowTooLargeError
 */
export function parseRowsEvent(event: BinLogEvent, kind: RowsKind, rows: RowsEvent, table: string): RowsEvent {
  const reader = columnsFrom(event)
  rows.tableId = event.tableId
  rows.bitmapBytes = (reader.lengthEncoded() + 7) >> 3
  rows.frame = event.bytes
  rows.present = reader.take(rows.bitmapBytes)
  rows.presentAfter = kind === 'update' ? reader.take(rows.bitmapBytes) : rows.present
  rows.bytes = isCompressed(event.type) ? inflated(reader, rows.inflatedBytesMax, table) : event.bytes
  rows.images = isCompressed(event.type) ? 0 : reader.at
  rows.end = isCompressed(event.type) ? rows.bytes.length : event.end
  return rows
}

function inflated(reader: PacketReader, bytesMax: number, table: string): Buffer {
  return uncompressEvent(reader.view(reader.left), bytesMax, (bytes) => {
    throw new LoggedRowTooLargeError('compressed rows', table, bytes, bytesMax)
  })
}

function hasExtraData(type: number): boolean {
  const second = type >= MySQLConstants.WRITE_ROWS_EVENT_V2 && type <= MySQLConstants.DELETE_ROWS_EVENT_V2
  return second || type >= MySQLConstants.MARIADB_WRITE_ROWS_COMPRESSED_EVENT
}

function isCompressed(type: number): boolean {
  return type >= MySQLConstants.MARIADB_WRITE_ROWS_COMPRESSED_EVENT_V1
}

/** The table id of a rows event, without reading more. */
export function tableIdOf(event: BinLogEvent): number {
  if (event.end - event.body < 8) throw new BinlogEventCorruptError(`a rows event of ${event.end - event.offset} bytes`)
  return event.tableId
}
