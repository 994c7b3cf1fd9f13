import { type MaxScnStore } from '@aesop/checkpoint'
import { type ResumePoint, toMaxScn } from './resume-point.ts'

/**
 * Saves how far a source has come, at most once per interval and in any case on `flush`: a save costs an fsync. A point
 * is noted only when its window is in the sink, so what is stored never runs ahead; after a crash up to an interval of
 * windows comes again.
 */
export class ResumeKeeper {
  /** Set once the sink is known: where its oldest windows can be read again. */
  reread: () => ResumePoint | undefined = () => undefined
  private readonly store: MaxScnStore
  private readonly intervalMs: number
  private readonly onError: (error: unknown) => void
  private pending: (() => ResumePoint) | undefined
  private timer: NodeJS.Timeout | undefined

  constructor(store: MaxScnStore, onError: (error: unknown) => void, intervalMs = 100) {
    this.store = store
    this.onError = onError
    this.intervalMs = intervalMs
  }

  /** Takes the place of what was noted before; `point` is asked when it is saved. */
  note(point: () => ResumePoint): void {
    this.pending = point
    this.timer ??= setTimeout(() => {
      try {
        this.flush()
      } catch (error) {
        this.onError(error)
      }
    }, this.intervalMs)
  }

  /** Saves what is pending, now. @throws what the store throws */
  flush(): void {
    clearTimeout(this.timer)
    this.timer = undefined
    const point = this.pending
    this.pending = undefined
    if (point !== undefined) this.store.save(toMaxScn(point(), Date.now(), this.reread()))
  }
}
