import { type BinlogPosition } from '../log/binlog-stream.ts'

/** Heartbeats in a row from one place, after which the server is asked whether its log ends there. */
export const QUIET_BEATS = 3
/** Further ones after an answer that contradicts, before it is asked again. */
export const DOUBT_BEATS = 2

export interface IdleWatchOptions {
  /** Distance of heartbeats. */
  readonly heartbeatMs: number
  /** What contradicts that the server's log ends at this place, for people; undefined: nothing does. It may fail. */
  readonly ask: (place: BinlogPosition) => Promise<string | undefined>
  /** Called at the second contradiction in a row. */
  readonly onAstray: (place: BinlogPosition, found: string) => void
}

/**
 * Notices that a connection which brings nothing but heartbeats no longer brings the server's log: the log was reset under it,
 * say, and the server's thread stays in a file that was deleted. Heartbeats tell where that thread stands; what the server says
 * of its log on another connection tells where it should.
 *
 * | what comes                                        | what is known then                                                |
 * |---------------------------------------------------|-------------------------------------------------------------------|
 * | a heartbeat from another place                    | events came: all begins anew                                      |
 * | a heartbeat soon after the last one               | it waited on the way, while nobody took: it counts for nothing    |
 * | `QUIET_BEATS` from one place                      | the stream is quiet: the server is asked                          |
 * | an answer that agrees                             | all begins anew                                                   |
 * | an answer that contradicts                        | a doubt: what was written just now may still be on the way        |
 * | `DOUBT_BEATS` after it, and a second such answer  | nothing is on the way: `onAstray`                                 |
 * | no answer                                         | nothing: it is asked again after as many heartbeats               |
 * | `forget`, as when nobody has taken for a while    | all begins anew, and an answer that is awaited counts for nothing |
 *
 * Contract: test/idle-watch.test.ts.
 */
export class IdleWatch {
  readonly #options: IdleWatchOptions
  #place: BinlogPosition | undefined
  #beats = 0
  #beatMs = 0
  #isInDoubt = false
  #isAsking = false
  /** Another one each time that all begins anew. */
  #round = 0

  constructor(options: IdleWatchOptions) {
    this.#options = options
  }

  /** @param nowMs of a clock that only goes forward */
  heartbeat(place: BinlogPosition, nowMs: number): void {
    const last = this.#place
    if (last?.file !== place.file || last.position !== place.position) {
      this.forget()
      this.#place = place
      this.#beatMs = nowMs
      return
    }
    if (nowMs - this.#beatMs < this.#options.heartbeatMs / 2) return
    this.#beatMs = nowMs
    this.#beats++
    if (this.#isAsking || this.#beats < (this.#isInDoubt ? DOUBT_BEATS : QUIET_BEATS)) return
    this.#beats = 0
    void this.#ask(place)
  }

  forget(): void {
    this.#place = undefined
    this.#beats = 0
    this.#isInDoubt = false
    this.#round++
  }

  async #ask(place: BinlogPosition): Promise<void> {
    const round = this.#round
    this.#isAsking = true
    const answer = await this.#options.ask(place).then(
      (found) => ({ found }),
      () => undefined,
    )
    this.#isAsking = false
    if (round !== this.#round) return
    this.#beats = 0
    if (answer === undefined) return
    const { found } = answer
    if (found !== undefined && this.#isInDoubt) this.#options.onAstray(place, found)
    this.#isInDoubt = found !== undefined
  }
}
