import { type MaxScn } from '@aesop/checkpoint'
import { AesopError, type Logger } from '@aesop/kernel'
import { type WindowSink } from '@aesop/producer'
import { type SettledPoint } from './binlog-origin.ts'
import { MysqlRereadInterruptedError } from './live-errors.ts'
import { readersPlace } from './readers-place.ts'
import { RereadMarks } from './reread-marks.ts'
import { rereadOf, type ResumePoint } from './resume-point.ts'

const WINDOWS_PER_CLOCK = 16

/**
 * Fills the buffer again after a restart, by beginning where its oldest windows stood in the log instead of where the
 * source had come. Windows read again have the SCNs that they had, so a consumer that was behind goes on without a gap.
 */
export class BufferReread {
  /** How far the source had come before the restart. */
  #reachedScn = -1n
  #marks: RereadMarks | undefined
  #windowsToClock = 0

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
    const older = [readersPlace(readersSinceScn, mark, reached), mark]
    for (const place of older) {
      if (place === undefined || place.scn >= reached.scn) continue
      try {
        const settled = await settle(place)
        if (settled.byGtid || (place !== mark && !settled.describesTables)) continue
        this.#reachedScn = reached.scn
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
    if (point.byGtid && point.scn < this.#reachedScn) throw new MysqlRereadInterruptedError(this.#reachedScn)
    this.#marks ??= new RereadMarks(point, nowMs)
  }

  /** The SCN up to which is still being read again; undefined when that is over. */
  until(scn: bigint): bigint | undefined {
    return scn < this.#reachedScn ? this.#reachedScn : undefined
  }

  /** Offers the end of a window as a mark; the clock is asked once in so many, because it costs as much as the rest. */
  closedWindow(point: () => ResumePoint, clock: { now(): number }): void {
    if (--this.#windowsToClock > 0) return
    this.#windowsToClock = WINDOWS_PER_CLOCK
    this.#marks?.note(point, clock.now())
  }

  tableChanged(): void {
    this.#marks?.forget()
    this.#windowsToClock = 0
  }

  /** Where the oldest windows of the sink can be read again, and what readers still need. */
  markFor(sink: WindowSink, readersSinceScn?: bigint): ResumePoint | undefined {
    return sink.prevScn === undefined ? undefined : this.#marks?.before(sink.prevScn, readersSinceScn)
  }
}
