import { parseBinlogScn } from '../log/binlog-scn.ts'
import { type ResumePoint, resumeAtScn } from './resume-point.ts'

const LOG_START = 4

/**
 * The place of readers that are older than the stored mark: the beginning of the log that their SCN names, whose windows
 * up to it are dropped. Not the SCN's own position, because nothing proves that an event begins there, and rows of an XA
 * transaction may wait before it. Undefined: the mark serves them, or they stand in the log of another server.
 */
export function readersPlace(
  readersSinceScn: bigint | undefined,
  mark: ResumePoint | undefined,
  reached: ResumePoint,
): ResumePoint | undefined {
  if (readersSinceScn === undefined || readersSinceScn >= (mark ?? reached).scn) return undefined
  if (parseBinlogScn(readersSinceScn).generation !== reached.generation) return undefined
  const { serverIdentity, gtid, generation } = reached
  const point = { ...resumeAtScn(readersSinceScn), position: LOG_START, ended: 0, serverIdentity, generation }
  // A set of MySQL grows by what is read once more to what it was; a position of MariaDB is asked for.
  return gtid?.includes(':') === true ? { ...point, gtid } : point
}
