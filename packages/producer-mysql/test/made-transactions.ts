import { type Logger } from '@aesop/kernel'
import { type BinlogDecoderOptions } from '../src/decoder/binlog-decoder.ts'
import { MySQLConstants } from '../src/log/binlog-event.ts'
import { decoderFor, eventsOf } from './fed-decoder.ts'
import { type RecordingSink } from './recorded-log.ts'

const HEADER_BYTES = 19
export const FILE = 'mysql-bin.000001'
export const ITEM = ['shop.item']
const XID = Buffer.from('ab')
export const XA = "X'6162',X'',1"
/** Of MariaDB: a single statement; rows of an XA transaction that waits. */
const [STANDALONE, PREPARED] = [1, 64]
/** In a second byte of flags: an ALTER that begins, and one that is done. */
const [START_ALTER, COMMIT_ALTER] = [2, 4]
const { FORMAT_DESCRIPTION_EVENT, TABLE_MAP_EVENT, WRITE_ROWS_EVENT } = MySQLConstants

/** One event of a made log, or the statement that it has. */
export type Part =
  | 'format'
  | 'gtid'
  | 'standalone'
  | 'prepared'
  | 'startAlter'
  | 'commitAlter'
  | 'mysqlGtid'
  | 'map'
  | 'insert'
  | 'endOfStatement'
  | 'xid'
  | 'prepare'
  | 'prepareOnePhase'
  | { readonly sql: string }

const recorded = eventsOf('shapes')
const firstOf = (type: number): Buffer => recorded.find((event) => event[4] === type) ?? Buffer.alloc(0)
export const sql = (text: string): Part => ({ sql: text })
/** Three rows of `shop.item`, with their table map. */
export const rows: readonly Part[] = ['map', 'insert']

function eventOf(type: number, body: Buffer): Buffer {
  const event = Buffer.concat([Buffer.alloc(HEADER_BYTES), body])
  event.writeUInt32LE(7, 0)
  event[4] = type
  return event
}

function mariadbGtid(sequence: number, flags: number, moreFlags = 0): Buffer {
  const body = Buffer.alloc(19)
  body.writeBigUInt64LE(BigInt(sequence), 0)
  body[12] = flags
  body[13] = moreFlags
  return eventOf(MySQLConstants.MARIADB_GTID_EVENT, body)
}

function mysqlGtid(sequence: number): Buffer {
  const body = Buffer.alloc(25)
  body.fill(0xaa, 1, 17)
  body.writeBigUInt64LE(BigInt(sequence), 17)
  return eventOf(MySQLConstants.GTID_EVENT, body)
}

function prepare(onePhase: boolean): Buffer {
  const head = Buffer.alloc(13)
  head[0] = Number(onePhase)
  head.writeUInt32LE(1, 1)
  head.writeUInt32LE(XID.length, 5)
  return eventOf(MySQLConstants.XA_PREPARE_EVENT, Buffer.concat([head, XID]))
}

function query(text: string): Buffer {
  const head = Buffer.alloc(13)
  head[8] = 'shop'.length
  return eventOf(MySQLConstants.QUERY_EVENT, Buffer.concat([head, Buffer.from(`shop\0${text}`)]))
}

function bytesOf(part: Part, sequence: number): Buffer {
  if (typeof part === 'object') return query(part.sql)
  switch (part) {
    case 'format':
      return Buffer.from(firstOf(FORMAT_DESCRIPTION_EVENT))
    case 'map':
      return Buffer.from(firstOf(TABLE_MAP_EVENT))
    case 'insert':
      return Buffer.from(firstOf(WRITE_ROWS_EVENT))
    case 'endOfStatement':
      // Rows of the id that no table has, without columns.
      return eventOf(WRITE_ROWS_EVENT, Buffer.from('ffffff0000000100'.padEnd(18, '0'), 'hex'))
    case 'startAlter':
      return mariadbGtid(sequence, STANDALONE, START_ALTER)
    case 'commitAlter':
      return mariadbGtid(sequence, STANDALONE, COMMIT_ALTER)
    case 'xid':
      return eventOf(MySQLConstants.XID_EVENT, Buffer.alloc(8))
    case 'mysqlGtid':
      return mysqlGtid(sequence)
    case 'prepare':
    case 'prepareOnePhase':
      return prepare(part === 'prepareOnePhase')
    default:
      return mariadbGtid(sequence, { gtid: 0, standalone: STANDALONE, prepared: PREPARED }[part])
  }
}

interface Read {
  readonly sink: RecordingSink
  /** What the log was told to be read beyond, in order. */
  readonly story: string[]
  /** Offset at which each event ends. */
  readonly ends: number[]
  readonly alarms: string[]
}

export interface Log extends Read {
  /** Reads on. */
  add(...parts: readonly Part[]): Promise<void>
  caughtUp(): void
  reset(between?: boolean): void
}

/** A log of MariaDB of which only its description has been read. */
export async function logOf(options: Partial<BinlogDecoderOptions> = {}): Promise<Log> {
  const story: string[] = []
  const ends: number[] = []
  const alarms: string[] = []
  const quiet = (): undefined => undefined
  const log: Logger = { debug: quiet, info: quiet, warn: quiet, error: (message) => void alarms.push(message) }
  const { decoder, sink } = decoderFor(ITEM, {
    log,
    onWindow: (scn, { position, gtid }) => {
      const { changes = [] } = sink.windows.at(-1) ?? {}
      story.push(`window ${Number(scn & 0xffffffffn)} of ${changes.length} from ${position} ${gtid ?? 'none'}`)
    },
    onPassed: (gtid) => story.push(`passed ${gtid}`),
    onMoved: ({ file, position, gtid }) => story.push(`moved ${file}:${position} ${gtid ?? 'none'}`),
    ...options,
  })
  let [end, sequence] = [4, 0]
  const add = async (...parts: readonly Part[]): Promise<void> => {
    for (const part of parts) {
      const bytes = bytesOf(part, ++sequence)
      bytes.writeUInt32LE(bytes.length, 9)
      bytes.writeUInt32LE(end + bytes.length, 13)
      await decoder.onEvent(bytes, 0, bytes.length)
      end += bytes.length
      ends.push(end)
    }
  }
  await add('format')
  return {
    sink,
    story,
    ends,
    alarms,
    add,
    caughtUp: () => {
      decoder.onCaughtUp()
    },
    reset: (between) => {
      decoder.resetTransaction(between)
      decoder.onRotate(FILE, end)
    },
  }
}
