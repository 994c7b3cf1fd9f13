import { type EventView } from '@aesop/event'
import { sleep } from '@aesop/kernel'
import { type ReadStep } from '@aesop/reading'
import { type RelayAnswer } from '@aesop/wire'
import { LateEvents, type LatePlace } from './late-events.ts'
import { UpstreamCopy } from './upstream-copy.ts'
import { type UpstreamRelay } from './upstream-relay.ts'
import { type UpstreamRelays } from './upstream-relays.ts'
import { type UpstreamSchemas } from './upstream-schemas.ts'

/** How long an answer waits for the relay; one that has nothing then is asked for again. */
const WAIT_MS = 500
/** Between two answers that brought nothing, and did not wait for anything. */
const POLL_MS = 200

export interface LateSessionOptions {
  readonly relays: UpstreamRelays
  readonly schemas: UpstreamSchemas
  readonly scnSpace: string
  /** Id of the physical source: what events carry. */
  readonly physicalPartition: number
}

/** One connection to a relay that is asked for old windows, beside the one that follows it; it holds no more than a piece of an answer. */
export class LateSession {
  /** When somebody asked it last, in milliseconds. */
  askedMs = 0
  isClosed = false
  readonly #options: LateSessionOptions
  readonly #events: LateEvents
  readonly #abort = new AbortController()
  readonly #tell: () => void
  #upstream: UpstreamRelay | undefined
  #answer: RelayAnswer | undefined
  #copy: UpstreamCopy | undefined
  #coming: Promise<void> | undefined
  #fault: Error | undefined

  /** @param tell called when there may be something for who was told that there is nothing */
  constructor(options: LateSessionOptions, place: LatePlace, tell: () => void) {
    this.#options = options
    this.#events = new LateEvents(place)
    this.#tell = tell
  }

  /** Behind what it has given. */
  get place(): LatePlace {
    return this.#events.place
  }
  /** The relay that is asked; undefined: none has answered yet. */
  get address(): string | undefined {
    return this.#upstream?.address
  }

  /** Waits for a moment until a relay has answered. @throws what `UpstreamRelays.ask` throws */
  async open(): Promise<void> {
    if (this.#upstream !== undefined) return
    this.#coming ??= this.#more()
    await Promise.race([this.#coming, sleep(WAIT_MS, this.#abort.signal)])
    if (this.#fault !== undefined) throw this.#fault
  }

  /** @throws what `UpstreamRelays.ask` throws, and what breaks a connection; it is of no use then */
  async next(maxBytes: number, toWindowEnd: boolean): Promise<ReadStep> {
    const deadline = performance.now() + WAIT_MS
    for (;;) {
      const step = this.#events.give(maxBytes, toWindowEnd)
      if (step !== undefined) return step
      if (this.#fault !== undefined) throw this.#fault
      const left = deadline - performance.now()
      if (left <= 0 || this.isClosed) return this.#owe()
      this.#coming ??= this.#more()
      await Promise.race([this.#coming, sleep(left, this.#abort.signal)])
    }
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#abort.abort()
    this.#upstream?.close()
  }

  #owe(): ReadStep {
    void this.#coming?.then(this.#tell)
    return { kind: 'caughtUp' }
  }

  /** Brings the next piece of an answer; a fault of it is kept for who asks next. */
  async #more(): Promise<void> {
    try {
      if (this.#answer === undefined) await this.#ask()
      else await this.#take(this.#answer)
    } catch (error) {
      this.#fault = error instanceof Error ? error : new Error(String(error))
      this.#events.rollbackWindow()
    } finally {
      this.#coming = undefined
    }
  }

  async #ask(): Promise<void> {
    const { relays, scnSpace } = this.#options
    const { signal } = this.#abort
    const sinceScn = this.#events.wholeScn
    const windows = (upstream: UpstreamRelay): Promise<RelayAnswer> => upstream.windowsAfter(sinceScn, scnSpace, signal)
    if (this.#upstream !== undefined) {
      this.#begin(this.#upstream, await windows(this.#upstream))
      return
    }
    const connect = async (upstream: UpstreamRelay): Promise<readonly [UpstreamRelay, RelayAnswer]> => [
      upstream,
      await windows(upstream),
    ]
    const [upstream, answer] = await relays.ask(connect, { signal, sinceScn, keeps: true })
    this.#upstream = upstream
    if (this.isClosed) upstream.close()
    this.#begin(upstream, answer)
  }

  #begin(upstream: UpstreamRelay, answer: RelayAnswer): void {
    const { schemas, physicalPartition } = this.#options
    this.#answer = answer
    this.#copy = new UpstreamCopy({
      address: upstream.address,
      sink: this.#events,
      schemas,
      physicalPartition,
      reachedScn: () => this.#events.wholeScn,
      learn: (view) => upstream.learn(view.sourceId, this.#abort.signal),
      onWindow: () => undefined,
    })
  }

  async #take(answer: RelayAnswer): Promise<void> {
    const copy = this.#copy as UpstreamCopy
    const run = await answer.next()
    if (run === undefined) return this.#end(answer, copy)
    for (let view: EventView | undefined = run.next(); view !== undefined; view = run.next()) {
      const wait = copy.take(view)
      if (wait !== undefined) await wait
    }
  }

  /** An answer has ended: the next one takes more where an event had no room in it. */
  async #end(answer: RelayAnswer, copy: UpstreamCopy): Promise<void> {
    this.#answer = undefined
    const isWithin = copy.isOpen
    this.#events.rollbackWindow()
    await answer.close()
    const upstream = this.#upstream as UpstreamRelay
    const grows = isWithin ? upstream.doubleFetch() : upstream.growFetch(answer.pendingBytes)
    if (!grows) await sleep(POLL_MS, this.#abort.signal)
  }
}
