import { StoreSilentError } from './errors.ts'
import { isPromise } from './is-promise.ts'

export interface NewestSaverOptions<Value> {
  /** Puts a value into the store; see `CheckpointStore.save`. */
  readonly save: (value: Value) => void | Promise<void>
  /** Names the store in errors. */
  readonly keptIn: string
  /** Least time between the beginnings of two saves, in milliseconds. */
  readonly intervalMs: number
  /** Whether the first value after a while waits for the interval, too, instead of being saved where it is wanted. */
  readonly waitsAlways?: boolean
  /** A save has come to its end. */
  readonly onStored?: (value: Value) => void
  /** A save has failed; the first of a row, if `isNews`. It is tried again. */
  readonly onFailed?: (error: Error, isNews: boolean) => void
  /** Whether trying again can't help: nothing more is saved. Default: never. */
  readonly isFinal?: (error: Error) => boolean
  /** The first save that succeeds after some that did not. */
  readonly onRecovered?: (value: Value) => void
}

const NOTHING = Symbol('nothing')
/** How long a store that failed is left alone, in milliseconds. */
const RETRY_MS = 1000
/** From when on a save that has not come to its end is a fault, in milliseconds. */
const SLOW_MS = 5000
/** What the last saves may take where the limit of the waiting is over before, in milliseconds: a disk takes less. */
const LAST_MS = 1000

/**
 * Brings the newest of many values to a store: one save is under way at a time, and what was wanted last meanwhile follows
 * it. What is stored is old or new, and was wanted. A store that answers at once costs no promise. SPEC.md has the table.
 */
export class NewestSaver<Value> {
  readonly #options: NewestSaverOptions<Value>
  /** What is to be stored next. */
  #wanted: Value | typeof NOTHING = NOTHING
  #underWay: Promise<void> | undefined
  /** How many wait for the save that is under way, to do something else with the store. */
  #waiting = 0
  #beganMs = -Infinity
  #timer: NodeJS.Timeout | undefined
  #fault: Error | undefined
  #isClosed = false

  constructor(options: NewestSaverOptions<Value>) {
    this.#options = options
  }

  /** Why what is wanted is not stored: the last save failed, or one is silent for long. Undefined: all is well. */
  get fault(): Error | undefined {
    if (this.#fault !== undefined || this.#underWay === undefined) return this.#fault
    const silentMs = performance.now() - this.#beganMs
    return silentMs < SLOW_MS ? undefined : new StoreSilentError(this.#options.keptIn, silentMs)
  }

  /** Takes the place of what was wanted before; it is saved now, or when the interval, the save under way or a retry is over. */
  want(value: Value): void {
    this.#wanted = value
    if (this.#underWay !== undefined || this.#timer !== undefined || this.#isClosed) return
    const { intervalMs, waitsAlways } = this.#options
    const waitMs = waitsAlways === true ? intervalMs : this.#beganMs + intervalMs - performance.now()
    if (waitMs <= 0) this.#save()
    else this.#saveIn(waitMs)
  }

  /** Saves what is wanted without a wait; where a save is under way, behind it. */
  flush(): void {
    if (this.#underWay === undefined) this.#save()
  }

  /**
   * Saves what is wanted without a wait, and behind what is under way.
   * @returns a promise of the end where the store does not answer at once
   * @throws what the store says, at once or as a rejection; it is tried again all the same
   */
  store(value: Value): Promise<void> | undefined {
    this.#wanted = value
    return this.settle()
  }

  /** The same for what is wanted already. @throws as `store` */
  settle(): Promise<void> | undefined {
    this.flush()
    if (this.#underWay !== undefined) return this.#stored()
    if (this.#fault !== undefined) throw this.#fault
    return undefined
  }

  async #stored(): Promise<void> {
    while (this.#underWay !== undefined) {
      await this.#underWay
      if (this.#fault === undefined && this.#wanted !== NOTHING) this.flush()
    }
    if (this.#fault !== undefined) throw this.#fault
  }

  /**
   * Does something else with the store while no save is under way, and lets none begin before it is done.
   * @returns a promise where it, or the save before it, does not answer at once @throws what it throws
   */
  between(work: () => void | Promise<void>): Promise<void> | undefined {
    if (this.#underWay !== undefined) {
      this.#waiting++
      return this.#underWay.then(() => {
        this.#waiting--
        return this.between(work)
      })
    }
    const working = work()
    if (!isPromise(working)) return undefined
    const done = (): void => {
      this.#underWay = undefined
      if (this.#wanted !== NOTHING) this.want(this.#wanted)
    }
    this.#beganMs = performance.now()
    this.#underWay = working.then(done, done)
    return working
  }

  /** Saves nothing more by itself, and waits for nothing. */
  end(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /**
   * The last saves: what is under way comes to its end, and what is wanted is stored. What fails now is not tried again.
   * @param limit ends the waiting, once it has taken a second
   * @throws what the store says, StoreSilentError when the limit is over, as a rejection
   */
  async close(limit?: AbortSignal): Promise<void> {
    this.end()
    const began = performance.now()
    const isLater = this.#underWay !== undefined
    if (!isLater) this.#save()
    // A store that has answered at once is in time, however late it is.
    const isInTime = this.#underWay === undefined || (await before(limit, this.#last(isLater)))
    if (!isInTime) throw new StoreSilentError(this.#options.keptIn, performance.now() - began)
    if (this.#fault !== undefined) throw this.#fault
  }

  async #last(isLater: boolean): Promise<void> {
    await this.#idle()
    if (isLater) this.#save()
    await this.#idle()
  }

  /** Nothing is under way, and nobody waits for that. */
  async #idle(): Promise<void> {
    while (this.#underWay !== undefined || this.#waiting > 0) await this.#underWay
  }

  #saveIn(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.flush()
    }, ms)
  }

  #save(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const value = this.#wanted
    if (value === NOTHING) return
    this.#wanted = NOTHING
    this.#beganMs = performance.now()
    let saving: void | Promise<void>
    try {
      saving = this.#options.save(value)
    } catch (error) {
      this.#failed(error, value)
      return
    }
    if (isPromise(saving)) this.#underWay = this.#end(saving, value)
    else this.#succeeded(value)
  }

  /** Never rejects: what went wrong is told by `fault`. */
  #end(saving: Promise<void>, value: Value): Promise<void> {
    return saving.then(
      () => {
        this.#underWay = undefined
        this.#succeeded(value)
      },
      (error: unknown) => {
        this.#underWay = undefined
        this.#failed(error, value)
      },
    )
  }

  #succeeded(value: Value): void {
    const hadFault = this.#fault !== undefined
    this.#fault = undefined
    if (hadFault) this.#options.onRecovered?.(value)
    this.#options.onStored?.(value)
    if (this.#wanted !== NOTHING) this.want(this.#wanted)
  }

  #failed(cause: unknown, value: Value): void {
    const error = cause instanceof Error ? cause : new Error(String(cause))
    const isNews = this.#fault === undefined
    this.#fault = error
    if (this.#wanted === NOTHING) this.#wanted = value
    if (this.#options.isFinal?.(error) === true) this.end()
    if (!this.#isClosed) this.#saveIn(RETRY_MS)
    this.#options.onFailed?.(error, isNews)
  }
}

/** Whether the work has ended before the limit was over. */
async function before(limit: AbortSignal | undefined, work: Promise<void>): Promise<boolean> {
  if (limit === undefined) return work.then(() => true)
  let end = (): void => undefined
  const over = new Promise<boolean>((resolve) => {
    end = () => {
      resolve(false)
    }
  })
  const timer = setTimeout(() => {
    limit.addEventListener('abort', end)
    if (limit.aborted) end()
  }, LAST_MS)
  try {
    return await Promise.race([work.then(() => true), over])
  } finally {
    clearTimeout(timer)
    limit.removeEventListener('abort', end)
  }
}
