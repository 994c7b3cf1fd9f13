import { type BinlogDecoderOptions } from '../src/decoder/binlog-decoder.ts'
import { ROWS_TYPES } from '../src/log/rows-event.ts'
import { decoderOf, type RecordingSink } from './recorded-log.ts'
import { recordedEvents, type RecordedEvent, shifted } from './recorded-origin.ts'

const HEADER_BYTES = 19
const AT_TYPE = 4
const AT_LENGTH = 9
const AT_END_POSITION = 13
const AT_FLAGS = 17
/** Thread, seconds, length of the database, error, length of the variables. */
const QUERY_HEAD_BYTES = 13
const CHECKSUM_BYTES = 4
const QUERY = 2
const ANNOTATE_ROWS = 160

/** A statement that stands in the log behind the first rows that hold the text, or behind the text of their statement. */
export interface Inserted {
  readonly after: string
  readonly behind?: 'rows' | 'text'
  readonly sql: string
}

/** Everything that a recording gives into which statements were put, in a sink. */
export async function decodeMade(
  recording: string,
  uris: readonly string[],
  inserted: readonly Inserted[],
  options: Partial<BinlogDecoderOptions> = {},
): Promise<RecordingSink> {
  const { sink, decoder } = decoderOf(recording, uris, options)
  decoder.onRotate('mysql-bin.000001', 4)
  for (const { bytes } of inserted.reduce(withStatement, recordedEvents(recording))) {
    await decoder.onEvent(bytes, 0, bytes.length - CHECKSUM_BYTES)
  }
  return sink
}

function withStatement(events: RecordedEvent[], { after, behind = 'rows', sql }: Inserted): RecordedEvent[] {
  const at = events.findIndex(({ bytes }) => isOf(bytes, behind) && bytes.includes(after)) + 1
  const before = events[at - 1]
  if (before === undefined) throw new Error(`no event of the recording holds "${after}"`)
  const from = before.from + before.bytes.length
  const bytes = queryEvent(before.bytes, from, sql)
  return [...events.slice(0, at), { bytes, from }, ...shifted(events, at, bytes.length).slice(at)]
}

function isOf(bytes: Buffer, what: 'rows' | 'text'): boolean {
  const type = bytes[AT_TYPE] ?? 0
  return what === 'text' ? type === ANNOTATE_ROWS : ROWS_TYPES.has(type)
}

/** As the server writes one, with the time and the server of another event; its checksum is left out. */
function queryEvent(like: Buffer, from: number, sql: string): Buffer {
  const length = HEADER_BYTES + QUERY_HEAD_BYTES + 1 + Buffer.byteLength(sql) + CHECKSUM_BYTES
  const bytes = Buffer.alloc(length)
  like.copy(bytes, 0, 0, HEADER_BYTES)
  bytes[AT_TYPE] = QUERY
  bytes.writeUInt32LE(length, AT_LENGTH)
  bytes.writeUInt32LE(from + length, AT_END_POSITION)
  bytes.writeUInt16LE(0, AT_FLAGS)
  bytes.write(sql, HEADER_BYTES + QUERY_HEAD_BYTES + 1)
  return bytes
}
