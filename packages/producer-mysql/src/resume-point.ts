import { type MaxScn } from '@aesop/checkpoint'
import { parseBinlogScn } from './binlog-scn.ts'
import { MysqlStoredPositionError } from './live-errors.ts'

/** Where to go on: the end of the last window that a sink has. Stored as one record. */
export interface ResumePoint {
  readonly scn: bigint
  /** Undefined when only the GTID is known, or only the SCN: its file number and position hold then. */
  readonly file: string | undefined
  readonly position: number
  /** All transactions read, in the server's form; undefined when they are not known. */
  readonly gtid: string | undefined
  /** Whose log it was; undefined before the first connection. */
  readonly serverIdentity: string | undefined
  /** When that log file was begun, in seconds since 1970: tells it from one of the same name after a reset. */
  readonly logBegunSeconds?: number | undefined
  /** 0–2047: how often the server has been replaced by another. */
  readonly generation: number
}

/** The place that an SCN itself names. */
export function resumeAtScn(scn: bigint): ResumePoint {
  const { generation, position } = parseBinlogScn(scn)
  return { scn, file: undefined, position, gtid: undefined, serverIdentity: undefined, generation }
}

/** The place of an SCN later than what was stored: of the same server, unless its generation says otherwise. */
export function resumeAfter(stored: ResumePoint, scn: bigint): ResumePoint {
  const point = resumeAtScn(scn)
  return point.generation === stored.generation ? { ...point, serverIdentity: stored.serverIdentity } : point
}

/** What is stored of a point, and of the place from which the buffer can be filled again (see RereadMarks). */
export function toMaxScn(point: ResumePoint, savedAtMs: number, reread?: ResumePoint): MaxScn {
  const { scn, ...place } = point
  return { scn, savedAtMs, position: reread === undefined ? place : { ...place, reread } }
}

/** The place from which the buffer can be filled again; undefined when none is stored. @throws MysqlStoredPositionError */
export function rereadOf(stored: MaxScn): ResumePoint | undefined {
  const reread = (stored.position as { reread?: { scn?: unknown } } | null | undefined)?.reread
  if (reread === undefined) return undefined
  const { scn } = reread
  if (typeof scn !== 'bigint' && !Number.isSafeInteger(scn))
    throw new MysqlStoredPositionError('its position.reread has no SCN')
  return fromMaxScn({ scn: BigInt(scn as number | bigint), savedAtMs: stored.savedAtMs, position: reread })
}

/** @throws MysqlStoredPositionError when coordinates are there and can not be read: never "begin anywhere" */
export function fromMaxScn(stored: MaxScn): ResumePoint {
  const { scn, position: place } = stored
  if (place === undefined || place === null) return resumeAtScn(scn)
  if (typeof place !== 'object') throw new MysqlStoredPositionError(`its position is ${typeof place}, not a record`)
  const record = place as Record<string, unknown>
  const { position, generation } = record
  if (typeof position !== 'number' || !Number.isSafeInteger(position) || position < 0) {
    throw new MysqlStoredPositionError(`its position.position is no offset in a log file`)
  }
  if (typeof generation !== 'number' || !Number.isInteger(generation)) {
    throw new MysqlStoredPositionError(`its position.generation is no number`)
  }
  const { logBegunSeconds } = record
  return {
    scn,
    ...(typeof logBegunSeconds === 'number' ? { logBegunSeconds } : {}),
    file: textIn(record, 'file'),
    position,
    gtid: textIn(record, 'gtid'),
    serverIdentity: textIn(record, 'serverIdentity'),
    generation,
  }
}

function textIn(record: Record<string, unknown>, name: string): string | undefined {
  const value = record[name]
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw new MysqlStoredPositionError(`its position.${name} is no text`)
  return value
}
