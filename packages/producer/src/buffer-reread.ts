import { AesopError, type Logger } from '@aesop/kernel'
import { type MarkedPoint, RereadMarks } from './reread-marks.ts'
import { type WindowSink } from './window-sink.ts'

const WINDOWS_PER_CLOCK = 16

export interface RereadBeginning<Point> {
  /** Where the source had come. */
  readonly reached: Point
  /** Earlier places, the one that is wanted most first; undefined: there is none. */
  readonly wanted: readonly (Point | undefined)[]
  /** Whether reading can begin there. @throws AesopError when that place is gone, or the source can't be asked now */
  readonly isThere: (point: Point) => Promise<boolean>
  readonly log: Logger
}

/** An attempt to read has found its place. */
export interface OpenedPlace<Point> {
  /** Where it begins; undefined: the end of the next window is the first place that is known. */
  readonly begin: Point | undefined
  /** Of which history of the source: places of another one can't be gone back to. */
  readonly history: number
}

/**
 * Fills the buffer again after a restart, by beginning where its oldest windows stood in the source instead of where it had
 * come. Windows read again have the SCNs that they had, so a consumer that was behind goes on without a gap.
 */
export class BufferReread<Point extends MarkedPoint> {
  /** How far the source had come before the restart; undefined when nothing is read again. */
  #reached: Point | undefined
  #marks: RereadMarks<Point> | undefined
  #windowsToClock = 0
  #history: number | undefined

  /** The first of the wanted places that is there, else where the source had come. @throws AesopError that can be retried */
  async begin({ reached, wanted, isThere, log }: RereadBeginning<Point>): Promise<Point> {
    for (const place of wanted) {
      if (place === undefined || place.scn >= reached.scn) continue
      try {
        if (!(await isThere(place))) continue
        this.#reached = reached
        return place
      } catch (error) {
        if (!(error instanceof AesopError) || error.canRetry) throw error
        log.warn(`reading can not begin again at SCN ${place.scn}: ${error.message}`, { code: error.code })
      }
    }
    return reached
  }

  opened({ begin, history }: OpenedPlace<Point>, nowMs: number): void {
    if (begin !== undefined) this.#marks ??= new RereadMarks(begin, nowMs)
    else if (history !== this.#history) this.#marks = new RereadMarks<Point>(undefined, nowMs)
    this.#history = history
  }

  /** Where the source had come, while it is read again up to there; undefined when that is over. */
  reached(scn: bigint): Point | undefined {
    return this.#reached !== undefined && scn < this.#reached.scn ? this.#reached : undefined
  }

  /** Offers the end of a window as a mark; the clock is asked once in so many, because it costs as much as the rest. */
  closedWindow(point: () => Point, clock: { now(): number }): void {
    if (--this.#windowsToClock > 0) return
    this.#windowsToClock = WINDOWS_PER_CLOCK
    this.#marks?.note(point, clock.now())
  }

  /** Where the oldest windows of the sink can be read again, and what readers still need. */
  markFor(sink: WindowSink, readersSinceScn?: bigint): Point | undefined {
    return sink.prevScn === undefined ? undefined : this.#marks?.before(sink.prevScn, readersSinceScn)
  }
}
