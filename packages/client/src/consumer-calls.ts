import { ConsumerCallbackResult, type Result } from './consumer.ts'
import {
  type CallbackPlace,
  ConsumerFailedError,
  ConsumerFatalError,
  ConsumerOverdueError,
  ConsumerTimeBudgetError,
} from './errors.ts'

export type Verdict = ConsumerCallbackResult | undefined

interface OverdueCall {
  readonly place: CallbackPlace
  /** Fulfilled when it has settled, and what was put off until then is done. */
  settled: Promise<void>
}

/**
 * The calls of one consumer, which come one at a time, and their time budget:
 *
 *   called ── settled within the budget ──► its verdict
 *     └─ budget over: the signal fires ── settled within a second budget ──► failed, whatever its verdict
 *                                             └─ second budget over ──► overdue until it settles
 *
 * While a call is overdue nothing else may be given to the consumer: `whenSettled` waits for it.
 */
export class ConsumerCalls {
  /** The last argument of every callback: one object for many calls, replaced only after it has fired. */
  signal: AbortSignal
  readonly #budgetMs: number
  #abort = new AbortController()
  #overdue: OverdueCall | undefined

  /** @param budgetMs 0 or less: unlimited */
  constructor(budgetMs: number) {
    this.#budgetMs = budgetMs
    this.signal = this.#abort.signal
  }

  /** The call that did not settle within two budgets. */
  get overdue(): CallbackPlace | undefined {
    return this.#overdue?.place
  }

  /** Tells the call that runs that its verdict is not waited for any more. */
  fire(reason: Error): void {
    this.#abort.abort(reason)
    this.#abort = new AbortController()
    this.signal = this.#abort.signal
  }

  /** Resolves when no call is overdue, or when the signal aborts. */
  async whenSettled(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        resolve()
      })
    })
    while (this.#overdue !== undefined && !signal.aborted) await Promise.race([this.#overdue.settled, aborted])
  }

  /** Puts a call off until the overdue one has settled; before that nobody is let on by `whenSettled`. */
  putOff(call: () => Promise<void>): void {
    if (this.#overdue !== undefined) this.#overdue.settled = this.#overdue.settled.then(call)
  }

  /**
   * What a callback returned, as nothing (a success) or a promise of it. A callback that returns no promise costs none.
   * @throws ConsumerFailedError, ConsumerFatalError, ConsumerOverdueError: at once, or as the rejection of the promise
   */
  settle(result: Result, place: () => CallbackPlace): Promise<void> | undefined {
    if (isPromise(result)) {
      return this.verdictOf(result, place).then((verdict) => {
        judge(verdict, place)
      })
    }
    judge(result as Verdict, place)
    return undefined
  }

  /** @throws ConsumerFailedError when the promise rejects or is late, ConsumerOverdueError when it is later still */
  async verdictOf(promise: Promise<Verdict>, place: () => CallbackPlace): Promise<Verdict> {
    let late: ConsumerTimeBudgetError | undefined
    let timer: NodeJS.Timeout | undefined
    const over = new Promise<never>((_resolve, reject) => {
      if (this.#budgetMs <= 0) return
      timer = setTimeout(() => {
        late = new ConsumerTimeBudgetError(this.#budgetMs)
        this.fire(late)
        timer = setTimeout(() => {
          reject(this.#toOverdue(promise, place()))
        }, this.#budgetMs)
      }, this.#budgetMs)
    })
    try {
      const verdict = await Promise.race([promise, over])
      if (late === undefined) return verdict
    } catch (cause) {
      if (cause instanceof ConsumerOverdueError) throw cause
      if (late === undefined) throw new ConsumerFailedError(place(), cause ?? new Error('rejected without a reason'))
    } finally {
      clearTimeout(timer)
    }
    throw new ConsumerFailedError(place(), late)
  }

  #toOverdue(promise: Promise<Verdict>, place: CallbackPlace): ConsumerOverdueError {
    const done = (): void => undefined
    this.#overdue = { place, settled: promise.then(done, done) }
    void this.#forget(this.#overdue)
    return new ConsumerOverdueError(place, 2 * this.#budgetMs)
  }

  async #forget(call: OverdueCall): Promise<void> {
    for (let awaited: Promise<void> | undefined; awaited !== call.settled;) {
      awaited = call.settled
      await awaited
    }
    if (this.#overdue === call) this.#overdue = undefined
  }
}

export function isPromise(result: Result): result is Promise<Verdict> {
  return typeof result === 'object' && (result as object | null) !== null && typeof result.then === 'function'
}

/** Databus' three successes and two failures; anything else is a mistake that must not pass for a success. */
function judge(verdict: Verdict, place: () => CallbackPlace): void {
  switch (verdict) {
    case undefined:
    case ConsumerCallbackResult.SUCCESS:
    case ConsumerCallbackResult.CHECKPOINT:
    case ConsumerCallbackResult.SKIP_CHECKPOINT:
      return
    case ConsumerCallbackResult.ERROR:
      throw new ConsumerFailedError(place())
    case ConsumerCallbackResult.ERROR_FATAL:
      throw new ConsumerFatalError(place())
    default:
      throw new ConsumerFailedError(place(), new Error(`it returned ${String(verdict)}, which is no result`))
  }
}

/** Goes on with `then` when `first` is over; at once when it was no promise. */
export function chain(
  first: Promise<void> | undefined,
  then: () => Promise<void> | undefined,
): Promise<void> | undefined {
  return first === undefined ? then() : first.then(then)
}
