import { type MaxScn } from '@aesop/checkpoint'
import { AesopError, type Logger } from '@aesop/kernel'
import { type WindowSink } from '@aesop/producer'
import { type SettledPoint } from '../origin/binlog-origin.ts'
import { MysqlRereadInterruptedError } from '../error/live-errors.ts'
import { readersPlace } from '../place/readers-place.ts'
import { RereadMarks } from '../place/reread-marks.ts'
import { type ResumePoint } from '../place/resume-point.ts'
import { rereadOf } from '../place/stored-point.ts'

const WINDOWS_PER_CLOCK = 16

/**
 * Fills the buffer again after a restart, by beginning where its oldest windows stood in the log instead of where the
 * source had come. Windows read again have the SCNs that they had, so a consumer that was behind goes on without a gap.
 */
export class BufferReread {
  /** How far the source had come before the restart; undefined when nothing is read again. */
  #reached: ResumePoint | undefined
  #marks: RereadMarks | undefined
  #windowsToClock = 0
  #generation: number | undefined

  /**
   * The place to begin at: that of the readers or the stored mark, whichever is older and there, else where the source had
   * come. @throws AesopError
   */
  async begin(
    stored: MaxScn,
    reached: ResumePoint,
    settle: (point: ResumePoint) => Promise<SettledPoint>,
    log: Logger,
    readersSinceScn?: bigint,
  ): Promise<ResumePoint> {
    const mark = rereadOf(stored)
    // What stood in the log of a server before a fail-over can't be read from the one after it.
    const own = mark !== undefined && isOfOneServer(mark, reached) ? mark : undefined
    for (const place of [readersPlace(readersSinceScn, own, reached), own]) {
      if (place === undefined || place.scn >= reached.scn) continue
      try {
        const settled = await settle(place)
        if (settled.byGtid || (place !== own && !settled.describesTables)) continue
        this.#reached = reached
        return place
      } catch (error) {
        if (!(error instanceof AesopError) || error.canRetry) throw error
        log.warn(`reading can not begin again at SCN ${place.scn}: ${error.message}`, { code: error.code })
      }
    }
    return reached
  }

  /** @throws MysqlRereadInterruptedError when the server was replaced before everything was read again */
  opened(point: SettledPoint, nowMs: number): void {
    const reached = this.#reached
    if (point.byGtid && reached !== undefined && point.scn < reached.scn)
      throw new MysqlRereadInterruptedError(reached.scn)
    if (!point.byGtid) this.#marks ??= new RereadMarks(point, nowMs)
    // The marks are places of the old server's log: the first window of the new one makes the oldest mark.
    else if (point.generation !== this.#generation) this.#marks = new RereadMarks(undefined, nowMs)
    this.#generation = point.generation
  }

  /** Where the source had come, while it is read again up to there; undefined when that is over. */
  reached(scn: bigint): ResumePoint | undefined {
    return this.#reached !== undefined && scn < this.#reached.scn ? this.#reached : undefined
  }

  /** Offers the end of a window as a mark; the clock is asked once in so many, because it costs as much as the rest. */
  closedWindow(point: () => ResumePoint, clock: { now(): number }): void {
    if (--this.#windowsToClock > 0) return
    this.#windowsToClock = WINDOWS_PER_CLOCK
    this.#marks?.note(point, clock.now())
  }

  /** Where the oldest windows of the sink can be read again, and what readers still need. */
  markFor(sink: WindowSink, readersSinceScn?: bigint): ResumePoint | undefined {
    return sink.prevScn === undefined ? undefined : this.#marks?.before(sink.prevScn, readersSinceScn)
  }
}

function isOfOneServer(mark: ResumePoint, reached: ResumePoint): boolean {
  return mark.generation === reached.generation && mark.serverIdentity === reached.serverIdentity
}
