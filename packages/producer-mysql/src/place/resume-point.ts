import { type MaxScn } from '@aesop/checkpoint'
import { parseBinlogScn, POSITION_BOUND, SATURATED_POSITION } from '../log/binlog-scn.ts'
import { type PlaceProof } from '../log/place-proof.ts'

/** Where to go on: the end of the last window that a sink has. Stored as one record, and all of it is of one server. */
export interface ResumePoint extends PlaceProof {
  readonly scn: bigint
  /** Undefined when only the GTID is known, or only the SCN: its file number and position hold then. */
  readonly file: string | undefined
  /** True offset in the file. Undefined: `ended` tells the place, by reading the file from its beginning. */
  readonly position: number | undefined
  /** Transactions of the file that ended at or beyond `POSITION_BOUND`; undefined: not known, 0 below it. */
  readonly ended?: number | undefined
  /** All transactions read, in the server's form; undefined when they are not known. */
  readonly gtid: string | undefined
  /** Whose log it was; undefined before the first connection. */
  readonly serverIdentity: string | undefined
  /** 0–2047: how often the server has been replaced by another. */
  readonly generation: number
}

const LOG_START = 4

/**
 * The place that an SCN itself names. A saturated one, of a version that counted no transactions beyond 4 GiB, names its log
 * alone: it is read from the beginning, under the next generation, so that what comes again is above what was delivered.
 */
export function resumeAtScn(scn: bigint): ResumePoint {
  const { generation, position } = parseBinlogScn(scn)
  const point = { scn, file: undefined, gtid: undefined, serverIdentity: undefined, generation }
  if (position < POSITION_BOUND) return { ...point, position }
  if (position === SATURATED_POSITION) return { ...point, position: LOG_START, generation: generation + 1 }
  return { ...point, position: undefined, ended: position - POSITION_BOUND + 1 }
}

/** The place of an SCN later than what was stored: of the same server, unless its generation says otherwise. */
export function resumeAfter(stored: ResumePoint, scn: bigint): ResumePoint {
  const point = resumeAtScn(scn)
  return point.generation === stored.generation ? { ...point, serverIdentity: stored.serverIdentity } : point
}

/** What is stored of a point, and of the place from which the buffer can be filled again (see RereadMarks). */
export function toMaxScn(point: ResumePoint, savedAtMs: number, reread?: ResumePoint): MaxScn {
  const mark = reread === undefined ? {} : { reread: { scn: reread.scn, ...recordOf(reread) } }
  return { scn: point.scn, savedAtMs, position: { ...recordOf(point), ...mark } }
}

/** A point may have more about it than is stored. */
function recordOf(point: ResumePoint): Omit<ResumePoint, 'scn'> {
  const { file, position, ended, log, event, gtid, serverIdentity, generation } = point
  return { file, position, ended, log, event, gtid, serverIdentity, generation }
}

/** Whether a record is of a version that did not count transactions beyond `POSITION_BOUND`, and lies there. */
export function isUncounted({ scn, ended }: Pick<ResumePoint, 'scn' | 'ended'>): boolean {
  return ended === undefined && parseBinlogScn(scn).position >= POSITION_BOUND
}
