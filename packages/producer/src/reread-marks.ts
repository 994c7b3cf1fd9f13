/** Where reading can begin: after the window of this SCN, and what else its source needs to find it. */
export interface MarkedPoint {
  readonly scn: bigint
}

const EVERY_MS = 250
const MARKS_MAX = 1024

/**
 * Places where reading can begin again. A buffer in memory dies with its process, while the log is still there: what is
 * stored of a source includes the newest place from which everything that the buffer held can be read once more, so
 * that a consumer that was behind finds its windows after a crash of the relay.
 *
 * A mark is taken every so often, not per window; the windows between a mark and the buffer's oldest are read for
 * nothing, which is little.
 */
export class RereadMarks<Point extends MarkedPoint> {
  #marks: Point[]
  #everyMs = EVERY_MS
  #lastMs: number
  #forgetful = false

  /** Without a first mark the end of the next window becomes it. */
  constructor(first: Point | undefined, nowMs: number) {
    this.#marks = first === undefined ? [] : [first]
    this.#forgetful = first === undefined
    this.#lastMs = nowMs
  }

  /** Offers the end of a window; `point` is asked only when a mark is due. */
  note(point: () => Point, nowMs: number): void {
    if (this.#forgetful) this.#marks = []
    else if (nowMs - this.#lastMs < this.#everyMs) return
    this.#forgetful = false
    this.#lastMs = nowMs
    this.#marks.push(point())
    if (this.#marks.length > MARKS_MAX) this.#thinOut()
  }

  /**
   * The mark to begin at so that no window after `prevScn` is missed, and none after `readersScn` as far as marks reach
   * back; undefined: there is none that old.
   */
  before(prevScn: bigint, readersScn = prevScn): Point | undefined {
    const wanted = readersScn < prevScn ? readersScn : prevScn
    let newest = 0
    while ((this.#marks[newest + 1]?.scn ?? wanted + 1n) <= wanted) newest++
    if (newest > 0) this.#marks.splice(0, newest)
    const oldest = this.#marks[0]
    return oldest !== undefined && oldest.scn <= prevScn ? oldest : undefined
  }

  /** A quiet source fills its buffer over days: fewer marks then, further apart. */
  #thinOut(): void {
    this.#marks = this.#marks.filter((_, i) => i % 2 === 0)
    this.#everyMs *= 2
  }
}
