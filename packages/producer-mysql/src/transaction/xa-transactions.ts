import { type BinLogEvent, MySQLConstants } from '../log/binlog-event.ts'
import { type EventMark } from '../log/event-mark.ts'
import { type LogCursor } from '../log/log-cursor.ts'
import { PacketReader } from '../log/packet-reader.ts'
import { parseQuery } from '../log/query-event.ts'
import { withoutComments } from '../shape/schema-change.ts'
import { type WindowPosition } from '../log/window-position.ts'

/** An XA transaction whose rows have been read, or are being read. */
export interface XaTransaction {
  /** Where its group begins: resuming there reads its rows again. */
  readonly from: WindowPosition
  readonly gtid: string | undefined
}

/** A statement that begins or ends an XA transaction, with the identifier as the server writes it: `X'6162',X'',1`. */
export function xaStatement(sql: string): { verb: 'START' | 'COMMIT' | 'ROLLBACK'; xid: string } | undefined {
  const [, verb, xid] = /^XA\s+(START|COMMIT|ROLLBACK)\s+(.+?)(?:\s+ONE\s+PHASE)?\s*$/is.exec(sql) ?? []
  if (verb === undefined || xid === undefined) return undefined
  const known = verb.toUpperCase() as 'START' | 'COMMIT' | 'ROLLBACK'
  return { verb: known, xid: xid.replaceAll(' ', '').toLowerCase() }
}

/** The identifier in an XA_PREPARE event: one phase (1), format (4), lengths (4 + 4), both parts. */
export function xidOfPrepare(event: BinLogEvent): { xid: string; onePhase: boolean } {
  const reader = new PacketReader(event.bytes, event.body, event.end, 'XA prepare event')
  const onePhase = reader.uint8() !== 0
  const format = reader.uint(4)
  const globalBytes = reader.uint(4)
  const branchBytes = reader.uint(4)
  const global = reader.view(globalBytes).toString('hex')
  return { xid: `x'${global}',x'${reader.view(branchBytes).toString('hex')}',${format}`, onePhase }
}

/** Which XA transaction a statement ends; undefined when it ends none, or can't be read. */
export function xidOfVerdict(event: BinLogEvent): string | undefined {
  try {
    const xa =
      event.type === MySQLConstants.QUERY_EVENT ? xaStatement(withoutComments(parseQuery(event).sql)) : undefined
    return xa?.verb === 'COMMIT' || xa?.verb === 'ROLLBACK' ? xa.xid : undefined
  } catch {
    return undefined
  }
}

/** One that begins at a position of the log that is read; `before`: the event that ends there. */
export function xaFrom(
  { file, log, ended }: LogCursor,
  position: number,
  before: EventMark,
  gtid: string | undefined,
): XaTransaction {
  return { from: { file, position, ended, log, event: before.at(position) }, gtid }
}
