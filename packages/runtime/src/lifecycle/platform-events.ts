import { type Logger } from '@aesop/kernel'
import type { ContainerState } from './component-container.ts'

/** What happens in a process and concerns more than one bean. */
export type PlatformEvent =
  | { readonly type: 'bootstrap.started'; readonly application: string; readonly tookMs: number }
  | { readonly type: 'container.state'; readonly container: string; readonly state: ContainerState }
  | { readonly type: 'bean.failed'; readonly container: string; readonly bean: string; readonly error: Error }
  | {
      readonly type: 'alert'
      readonly severity: 'info' | 'warning' | 'error' | 'fatal'
      readonly message: string
      readonly container?: string
      readonly bean?: string
    }

/** A bean that has this method is told of every platform event, one after the other, in the order they happened. */
export interface PlatformEventListener {
  onPlatformEvent(event: PlatformEvent): void | Promise<void>
}

/** Events that wait for a slow listener; more than these are dropped, the newest first, and counted in a log line. */
const WAITING_MAX = 1000

/** Delivers platform events: after the publisher has gone on, to each listener in order, whatever the others do. */
export class PlatformEvents {
  readonly #subscriptions = new Set<Subscription>()

  /** Whatever the listener throws ends up in its log. The returned function ends the subscription. */
  listen(listener: PlatformEventListener, log: Logger): () => void {
    const subscription = new Subscription(listener, log)
    this.#subscriptions.add(subscription)
    return () => {
      this.#subscriptions.delete(subscription)
      subscription.end()
    }
  }

  publish(event: PlatformEvent): void {
    for (const each of this.#subscriptions) each.offer(event)
  }

  /** Resolves when every event published before has been handled. */
  async settled(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((each) => each.settled()))
  }
}

class Subscription {
  readonly #listener: PlatformEventListener
  readonly #log: Logger
  readonly #waiting: PlatformEvent[] = []
  #dropped = 0
  #delivering: Promise<void> | undefined

  constructor(listener: PlatformEventListener, log: Logger) {
    this.#listener = listener
    this.#log = log
  }

  offer(event: PlatformEvent): void {
    if (this.#waiting.length >= WAITING_MAX) this.#dropped++
    else this.#waiting.push(event)
    this.#delivering ??= this.#deliver()
  }

  end(): void {
    this.#waiting.length = 0
  }

  async settled(): Promise<void> {
    await this.#delivering
  }

  async #deliver(): Promise<void> {
    // The publisher goes on first.
    await Promise.resolve()
    for (let event = this.#waiting.shift(); event !== undefined; event = this.#waiting.shift()) {
      try {
        await this.#listener.onPlatformEvent(event)
      } catch (error) {
        this.#log.error(`the listener failed at the platform event ${event.type}`, { error })
      }
    }
    this.#delivering = undefined
    if (this.#dropped > 0) this.#log.warn('the listener is too slow: events were dropped', { dropped: this.#dropped })
    this.#dropped = 0
  }
}
