import { type GtidPosition, gtidsBefore } from '../origin/gtid-position.ts'
import { type SettledPoint } from '../origin/binlog-origin.ts'
import { type GateFinding } from '../place/resume-gate.ts'
import { type ResumePoint } from '../place/resume-point.ts'
import { type WindowPosition } from '../log/window-position.ts'

/**
 * How far a source has come, as one record of one server: the point where reading began, until a window or the beginning of
 * another log has brought a later place. After a fail-over the old server's record stays whole until the new one has one.
 */
export class ReadingPlace {
  #begin: ResumePoint
  #scn: bigint
  #end: WindowPosition | undefined
  #generation: number
  #serverIdentity: string | undefined
  #gtids: GtidPosition | undefined

  constructor(begin: ResumePoint) {
    this.#begin = begin
    this.#scn = begin.scn
    this.#generation = begin.generation
    this.#serverIdentity = begin.serverIdentity
  }

  /** SCN of the last window; before the first, the one after which reading began. */
  get scn(): bigint {
    return this.#scn
  }

  /** 0–2047, of the log that is read. */
  get generation(): number {
    return this.#generation
  }

  /** A connection will go on here. Found by GTID, the place has no coordinates yet. */
  settled(point: SettledPoint): void {
    this.#begin = point.byGtid ? this.current() : point
    this.#end = undefined
    this.#generation = point.generation
    this.#serverIdentity = point.serverIdentity
    this.#gtids = gtidsBefore(point)
  }

  /** The log has proven that it is the one that was read. */
  proven({ position, ended, log, event }: GateFinding): void {
    this.#begin = { ...this.#begin, position, ended, log, event }
  }

  window(scn: bigint, end: WindowPosition): void {
    this.#gtids?.note(end)
    this.#scn = scn
    this.#end = end
  }

  /** Nothing that anybody captures stands between the last window and this place. */
  moved(end: WindowPosition): void {
    const isSame = end.file === this.#begin.file && end.position === this.#begin.position
    // At the beginning of a connection this is the place that was proven already.
    if (this.#end !== undefined || !isSame) this.#end = end
  }

  /** A transaction is over that gave no window. */
  passed(gtid: string): void {
    this.#gtids?.add(gtid)
  }

  current(): ResumePoint {
    const end = this.#end
    if (end === undefined) return { ...this.#begin, gtid: this.#begin.gtid ?? this.#gtids?.toString() }
    const { file, position, ended, log, event } = end
    return {
      scn: this.#scn,
      file,
      position,
      ended,
      log,
      event,
      gtid: this.#gtids?.toString(),
      serverIdentity: this.#serverIdentity,
      generation: this.#generation,
    }
  }
}
