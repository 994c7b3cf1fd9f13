import { ConsumerCallbackResult, type Result } from './consumer.ts'
import { type CallbackPlace, ConsumerFailedError, ConsumerFatalError, ConsumerTimeBudgetError } from './errors.ts'

export type Verdict = ConsumerCallbackResult | undefined

/**
 * What a callback returned, as nothing (a success) or a promise of it. A callback that returns no promise costs none.
 * @throws ConsumerFailedError, ConsumerFatalError: at once, or as the rejection of the promise
 */
export function settle(result: Result, budgetMs: number, place: () => CallbackPlace): Promise<void> | undefined {
  if (isPromise(result)) {
    return withBudget(result, budgetMs).then(
      (verdict) => {
        judge(verdict, place)
      },
      (cause: unknown) => {
        throw new ConsumerFailedError(place(), cause ?? new Error('rejected without a reason'))
      },
    )
  }
  judge(result as Verdict, place)
  return undefined
}

export function isPromise(result: Result): result is Promise<Verdict> {
  return typeof result === 'object'
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

/** Rejects when the promise has not settled in time; 0 or less means all the time there is. */
export function withBudget<T>(promise: Promise<T>, budgetMs: number): Promise<T> {
  if (budgetMs <= 0) return promise
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new ConsumerTimeBudgetError(budgetMs))
    }, budgetMs)
  })
  return Promise.race([promise, over]).finally(() => {
    clearTimeout(timer)
  })
}

/** Goes on with `then` when `first` is over; at once when it was no promise. */
export function chain(
  first: Promise<void> | undefined,
  then: () => Promise<void> | undefined,
): Promise<void> | undefined {
  return first === undefined ? then() : first.then(then)
}
