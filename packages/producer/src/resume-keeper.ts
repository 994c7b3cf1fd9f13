import { isPromise, type MaxScn, type MaxScnStore, NewestSaver, type Quarantine } from '@aesop/checkpoint'
import { type Logger, messageOf } from '@aesop/kernel'
import { isFinal } from './reconnect-policy.ts'

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
  /** Set with it: until what is in the sink outlasts a power cut. */
  durable: () => Promise<void> | undefined = () => undefined
  private readonly options: ResumeKeeperOptions<Point>
  private readonly saver: NewestSaver<() => Point>

  constructor(options: ResumeKeeperOptions<Point>) {
    this.options = options
    const { store, recordOf, log } = options
    this.saver = new NewestSaver({
      keptIn: 'the place in the log',
      intervalMs: options.intervalMs ?? 100,
      waitsAlways: true,
      save: (noted) => {
        const point = noted()
        const save = (): void | Promise<void> =>
          store.save({ ...recordOf(point, Date.now(), this.reread()), ...this.leftOut() })
        const durable = this.durable()
        return durable === undefined ? save() : durable.then(save)
      },
      isFinal,
      onFailed: (error, isNews) => {
        if (isFinal(error)) options.onFinalError(error)
        else if (isNews) log.error('the place in the log could not be saved', { error })
      },
      onRecovered: () => {
        log.info('the place in the log can be saved again')
      },
    })
  }

  /** Why the last save failed, for people; undefined when it did not. */
  get fault(): string | undefined {
    const { fault } = this.saver
    return fault === undefined ? undefined : messageOf(fault)
  }

  /** Takes the place of what was noted before; `point` is asked when it is saved. */
  note(point: () => Point): void {
    this.saver.want(point)
  }

  /** Saves what is pending, now. @throws what the store throws, at once or as a rejection */
  flush(): Promise<void> | undefined {
    return this.saver.settle()
  }

  /** Saves the place where a source begins. @throws what the store throws, as a rejection; it is not tried again */
  async begin(point: Point): Promise<void> {
    try {
      await this.saver.store(() => point)
    } catch (error) {
      this.saver.end()
      throw error
    }
  }

  /** The last save, which is not tried again. @throws what the store throws, as a rejection */
  close(): Promise<void> {
    return this.saver.close()
  }

  /**
   * Saves at once what is left out, beside the place that is stored already, or beside the one given where none is: the place
   * itself must not run ahead of the windows. @throws what the store throws, at once or as a rejection
   */
  saveQuarantines(quarantines: readonly Quarantine[], point: () => Point): Promise<void> | undefined {
    const { store, recordOf } = this.options
    const beside = (stored: MaxScn | undefined): void | Promise<void> => {
      if (stored !== undefined) return store.save({ ...stored, quarantines })
      const reached = point()
      const save = (): void | Promise<void> => store.save({ ...recordOf(reached, Date.now()), quarantines })
      const durable = this.durable()
      return durable === undefined ? save() : durable.then(save)
    }
    return this.saver.between(() => {
      const stored = store.load()
      return isPromise(stored) ? stored.then(beside) : beside(stored)
    })
  }

  private leftOut(): { quarantines?: readonly Quarantine[] } {
    const quarantines = this.options.quarantines?.() ?? []
    return quarantines.length === 0 ? {} : { quarantines }
  }
}
