import { type BinLogEvent, MySQLConstants } from './binlog-event.ts'
import { BinlogEventCorruptError } from './errors.ts'
import { uncompressEvent } from './mariadb-compression.ts'
import { PacketReader } from './packet-reader.ts'

/** The three kinds of row changes. */
export type RowsKind = 'insert' | 'update' | 'delete'

/** The frame of a rows event; the images lie in `bytes` from `images` to `end`. */
export interface RowsEvent {
  readonly tableId: number
  /** Which columns the images carry: of an update, the images before. */
  readonly present: Uint8Array
  /** Which columns the images after an update carry. */
  readonly presentAfter: Uint8Array
  readonly bytes: Buffer
  readonly images: number
  readonly end: number
}

/** Stands for "no table": the server writes it to end a statement that changed no row. */
export const DUMMY_TABLE_ID = 0xffffff

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
 * @throws BinlogEventCorruptError
 */
export function parseRowsEvent(event: BinLogEvent, kind: RowsKind): RowsEvent {
  const reader = new PacketReader(event.bytes, event.body, event.end, 'rows event')
  const tableId = reader.uint(6)
  reader.take(2)
  if (hasExtraData(event.type)) reader.take(Math.max(0, reader.uint(2) - 2))
  const bitmapBytes = (reader.lengthEncoded() + 7) >> 3
  const present = reader.view(bitmapBytes)
  const presentAfter = kind === 'update' ? reader.view(bitmapBytes) : present
  const frame = { tableId, present, presentAfter }
  if (!isCompressed(event.type)) return { ...frame, bytes: event.bytes, images: reader.at, end: event.end }
  const bytes = uncompressEvent(reader.view(reader.left))
  return { ...frame, bytes, images: 0, end: bytes.length }
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
  return event.bytes.readUIntLE(event.body, 6)
}
