import { type LogicalSource } from '@aesop/event'
import { type AesopError, cutText, type Logger, messageOf, OWN_ERROR_BYTES_MAX } from '@aesop/kernel'
import { ConsumerCalls, isPromise, type Verdict } from './consumer-calls.ts'
import { ConsumerCallbackResult, type Result } from './consumer.ts'
import { type CallbackKey, type DeliveryCallbacks } from './delivery-callbacks.ts'
import { afterCallback, type CallbackRole } from './delivery-policy.ts'
import { type CallbackPlace, ConsumerOverdueError, consumerText } from './errors.ts'

export interface CallerOptions {
  readonly callbacks: DeliveryCallbacks
  /** How long a promise of a callback may take before its signal fires, in milliseconds; 0 or less: unlimited. */
  readonly timeBudgetMs: number
  /** Where a call of this callback happens, for errors. */
  readonly placeOf: (callback: string) => CallbackPlace
  /** The consumer agrees to come back to the end of a window; a promise holds back what comes next. */
  readonly agreed: (scn: bigint, timestampNanos: bigint) => Promise<void> | undefined
  /** It has failed to say so: the checkpoint stays where it was. */
  readonly refused: (scn: bigint, reason: string) => void
  readonly log: Logger
}

/** What the callbacks of every window are about. */
interface AboutWindow {
  readonly startSequence: bigint
  readonly endSequence: bigint
  readonly startSource: LogicalSource
  readonly endSource: LogicalSource
}
type WindowCallbacks = { readonly [Key in keyof AboutWindow]: (what: AboutWindow[Key], signal: AbortSignal) => Result }

/** Calls the callbacks of one consumer, and does with a failure what the policy says of the callback's role. */
export class Caller {
  readonly callbacks: DeliveryCallbacks
  readonly calls: ConsumerCalls
  readonly #options: CallerOptions

  constructor(options: CallerOptions) {
    this.callbacks = options.callbacks
    this.calls = new ConsumerCalls(options.timeBudgetMs)
    this.#options = options
  }

  /**
   * A callback about rows, whose failure breaks the window off.
   * @throws ConsumerFailedError, ConsumerFatalError, ConsumerOverdueError: at once or as a rejection
   */
  data(key: CallbackKey, invoke: () => Result, place = () => this.#placeOf(key)): Promise<void> | undefined {
    return this.calls.settle(called(invoke), place)
  }

  /** The same for those of every window: nothing is made for a callback that answers at once. */
  about<Key extends keyof AboutWindow>(key: Key, what: AboutWindow[Key]): Promise<void> | undefined {
    const callbacks: WindowCallbacks = this.callbacks
    let result: Result
    try {
      result = callbacks[key](what, this.calls.signal)
    } catch (error) {
      result = rejection(error)
    }
    return result === undefined ? undefined : this.#settleOf(key, result)
  }

  /** Apart from `about`, which would make room for what the closure holds at every call. */
  #settleOf(key: CallbackKey, result: Result): Promise<void> | undefined {
    return this.calls.settle(result, () => this.#placeOf(key))
  }

  /** @throws ConsumerFailedError, ConsumerFatalError, ConsumerOverdueError, as a rejection */
  start(): Promise<void> {
    return this.#inRole('start', () => this.callbacks.start(this.calls.signal))
  }

  /** The consumer's last callback. @throws ConsumerFailedError, ConsumerFatalError, ConsumerOverdueError, as a rejection */
  stop(): Promise<void> {
    return this.#inRole('stop', () => this.callbacks.stop(this.calls.signal))
  }

  /** @throws ConsumerOverdueError, as a rejection */
  rollback(scn: bigint): Promise<void> {
    return this.#inRole('rollback', () => this.callbacks.rollback(scn, this.calls.signal))
  }

  /** Tells the consumer why nothing comes any more; one that is still busy hears it when it is done. */
  async tell(error: AesopError): Promise<void> {
    const tell = async (): Promise<void> => {
      try {
        await this.#inRole('error', () => this.callbacks.error(error, this.calls.signal))
      } catch (overdue) {
        this.#note('error', overdue)
      }
    }
    if (this.calls.overdue === undefined) await tell()
    else this.calls.putOff(tell)
  }

  /**
   * Asks whether the end of a window is a place to come back to. A consumer that does not agree goes on without it.
   * @throws ConsumerOverdueError, as a rejection
   */
  checkpoint(scn: bigint, timestampNanos: bigint): Promise<void> | undefined {
    let result: Result
    try {
      result = this.callbacks.checkpoint(scn, this.calls.signal)
    } catch (error) {
      this.#after('checkpoint', error, scn)
      return undefined
    }
    return isPromise(result)
      ? this.#answeredLater(scn, timestampNanos, result)
      : this.#answered(scn, timestampNanos, result as Verdict)
  }

  #answeredLater(scn: bigint, timestampNanos: bigint, result: Promise<Verdict>): Promise<void> {
    return this.calls
      .verdictOf(result, () => this.#placeOf('checkpoint'))
      .then(
        (verdict) => this.#answered(scn, timestampNanos, verdict),
        (error: unknown) => {
          this.#after('checkpoint', error, scn)
        },
      )
  }

  #answered(scn: bigint, timestampNanos: bigint, verdict: Verdict): Promise<void> | undefined {
    const { SUCCESS, CHECKPOINT, SKIP_CHECKPOINT } = ConsumerCallbackResult
    if (verdict === undefined || verdict === SUCCESS || verdict === CHECKPOINT) {
      return this.#options.agreed(scn, timestampNanos)
    }
    if (verdict !== SKIP_CHECKPOINT) this.#after('checkpoint', new Error(`it returned ${verdict}`), scn)
    return undefined
  }

  async #inRole(role: CallbackRole & CallbackKey, invoke: () => Result): Promise<void> {
    try {
      await this.data(role, invoke)
    } catch (error) {
      this.#after(role, error)
    }
  }

  #after(role: CallbackRole & CallbackKey, error: unknown, scn = -1n): void {
    if (error instanceof ConsumerOverdueError) throw error
    switch (afterCallback[role]) {
      case 'again':
      case 'tell':
        throw error
      case 'keep-old':
        this.#options.refused(scn, failureText(error))
        return
      case 'note':
        this.#note(role, error)
    }
  }

  #note(key: CallbackKey, error: unknown): void {
    const what = key === 'rollback' ? 'failed; the rows come again all the same' : 'failed'
    this.#options.log.warn(`${this.callbacks.names[key]} ${what}`, { error: failureText(error) })
  }

  #placeOf(key: CallbackKey): CallbackPlace {
    return this.#options.placeOf(this.callbacks.names[key])
  }
}

/** What a callback returned; what it threw is a rejection. */
function called(invoke: () => Result): Result {
  try {
    return invoke()
  } catch (error) {
    return rejection(error)
  }
}

function rejection(error: unknown): Promise<never> {
  return Promise.reject(error instanceof Error ? error : new Error(String(error)))
}

/** What went wrong in a callback whose failure changes nothing, in the words of whoever knows them. */
function failureText(error: unknown): string {
  return consumerText(error) ?? cutText(messageOf(error), OWN_ERROR_BYTES_MAX)
}
