import { type MaxScn, type MaxScnStore, type Quarantine } from '@aesop/checkpoint'
import { type Logger, messageOf } from '@aesop/kernel'
import { isFinal } from './reconnect-policy.ts'

/** How long a store that failed is left alone, in milliseconds. */
const RETRY_MS = 1000

export interface ResumeKeeperOptions<Point> {
  readonly store: MaxScnStore
  /** What is stored of a point, and of the one from which the buffer can be filled again. */
  readonly recordOf: (point: Point, savedAtMs: number, reread?: Point) => MaxScn
  readonly log: Logger
  /** Called with an error that trying again can't help. */
  readonly onFinalError: (error: unknown) => void
  /** What is left out by now; default: nothing. */
  readonly quarantines?: () => readonly Quarantine[]
  /** Least time between two saves, in milliseconds. Default 100. */
  readonly intervalMs?: number
}

/**
 * Saves how far a source has come, at most once per interval and in any case on `flush`: a save costs an fsync. A point
 * is noted only when its window is in the sink, so what is stored never runs ahead; after a crash the windows since the
 * last save come again. A full disk makes that more windows, and ends nothing: the save is tried until it succeeds.
 */
export class ResumeKeeper<Point> {
  /** Set once the sink is known: where its oldest windows can be read again. */
  reread: () => Point | undefined = () => undefined
  private readonly options: ResumeKeeperOptions<Point>
  private pending: (() => Point) | undefined
  private timer: NodeJS.Timeout | undefined
  private failure: unknown

  constructor(options: ResumeKeeperOptions<Point>) {
    this.options = options
  }

  /** Why the last save failed, for people; undefined when it did not. */
  get fault(): string | undefined {
    return this.failure === undefined ? undefined : messageOf(this.failure)
  }

  /** Takes the place of what was noted before; `point` is asked when it is saved. */
  note(point: () => Point): void {
    this.pending = point
    if (this.timer === undefined) this.saveIn(this.options.intervalMs ?? 100)
  }

  /** Saves what is pending, now. @throws what the store throws */
  flush(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const point = this.pending
    if (point === undefined) return
    const { store, recordOf } = this.options
    store.save({ ...recordOf(point(), Date.now(), this.reread()), ...this.leftOut() })
    this.pending = undefined
    if (this.failure !== undefined) this.options.log.info('the place in the log can be saved again')
    this.failure = undefined
  }

  /**
   * Saves at once what is left out, beside the place that is stored already, or beside the one given where none is: the place
   * itself must not run ahead of the windows. @throws what the store throws
   */
  saveQuarantines(quarantines: readonly Quarantine[], point: () => Point): void {
    const { store, recordOf } = this.options
    store.save({ ...(store.load() ?? recordOf(point(), Date.now())), quarantines })
  }

  private leftOut(): { quarantines?: readonly Quarantine[] } {
    const quarantines = this.options.quarantines?.() ?? []
    return quarantines.length === 0 ? {} : { quarantines }
  }

  private saveIn(ms: number): void {
    this.timer = setTimeout(() => {
      try {
        this.flush()
      } catch (error) {
        this.failed(error)
      }
    }, ms)
  }

  private failed(error: unknown): void {
    if (isFinal(error)) {
      this.options.onFinalError(error)
      return
    }
    if (this.failure === undefined) this.options.log.error('the place in the log could not be saved', { error })
    this.failure = error
    this.saveIn(RETRY_MS)
  }
}
