import { type MaxScn } from '@aesop/checkpoint'
import { type Logger } from '@aesop/kernel'
import { type BufferReread } from '@aesop/producer'
import { type SettledPoint } from '../origin/binlog-origin.ts'
import { MysqlRereadInterruptedError } from '../error/live-errors.ts'
import { readersPlace } from '../place/readers-place.ts'
import { type ResumePoint } from '../place/resume-point.ts'
import { rereadOf } from '../place/stored-point.ts'

export interface LogRereadOptions {
  readonly stored: MaxScn
  readonly reached: ResumePoint
  readonly settle: (point: ResumePoint) => Promise<SettledPoint>
  readonly log: Logger
  readonly readersSinceScn?: bigint | undefined
  /** SCN of the newest window that the buffer has from a former process. */
  readonly restoredScn?: bigint | undefined
  /** SCN before the oldest one. */
  readonly restoredAfterScn?: bigint | undefined
}

/**
 * The place of the log to begin at: that of the readers or the stored mark, whichever is older and there, else where the
 * source had come, as where the buffer has it all from a former process. @throws AesopError
 */
export function beginInLog(reread: BufferReread<ResumePoint>, options: LogRereadOptions): Promise<ResumePoint> {
  const { stored, reached, settle, log, readersSinceScn } = options
  if (isRestored(options)) return Promise.resolve(reached)
  const mark = rereadOf(stored)
  // What stood in the log of a server before a fail-over can't be read from the one after it.
  const own = mark !== undefined && isOfOneServer(mark, reached) ? mark : undefined
  const isThere = async (place: ResumePoint): Promise<boolean> => {
    const settled = await settle(place)
    return !settled.byGtid && (place === own || settled.describesTables)
  }
  return reread.begin({ reached, wanted: [readersPlace(readersSinceScn, own, reached), own], isThere, log })
}

/** @throws MysqlRereadInterruptedError when the server was replaced before everything was read again */
export function openedInLog(reread: BufferReread<ResumePoint>, point: SettledPoint, nowMs: number): void {
  const { byGtid, generation, scn } = point
  const reached = reread.reached(scn)
  if (byGtid && reached !== undefined) throw new MysqlRereadInterruptedError(reached.scn)
  // Found by GTID, the place has no coordinates, and earlier marks are places of the old server's log.
  reread.opened({ begin: byGtid ? undefined : point, history: generation }, nowMs)
}

/** Whether the buffer has all from a former process that its readers need, up to where the source had come. */
function isRestored({
  restoredScn,
  restoredAfterScn,
  reached,
  readersSinceScn = reached.scn,
}: LogRereadOptions): boolean {
  if (restoredScn === undefined || restoredAfterScn === undefined) return false
  return restoredAfterScn <= reached.scn && restoredAfterScn <= readersSinceScn && restoredScn >= reached.scn
}

function isOfOneServer(mark: ResumePoint, reached: ResumePoint): boolean {
  return mark.generation === reached.generation && mark.serverIdentity === reached.serverIdentity
}
