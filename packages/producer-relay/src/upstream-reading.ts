import { type EventView } from '@aesop/event'
import { AesopError, sleep } from '@aesop/kernel'
import { type ReadingAttempt } from '@aesop/producer'
import { type RelayAnswer, ScnNotFoundError } from '@aesop/wire'
import { UpstreamRefusedError } from './errors.ts'
import { UpstreamCopy, type UpstreamCopyOptions } from './upstream-copy.ts'
import { type UpstreamRelay } from './upstream-relay.ts'
import { type UpstreamRelays } from './upstream-relays.ts'

/** Between two answers that brought nothing, and did not wait for anything. */
const POLL_MS = 200

export interface UpstreamReadingOptions extends Omit<UpstreamCopyOptions, 'learn' | 'address'> {
  readonly relays: UpstreamRelays
  readonly scnSpace: string
  /** SCN of the last window that the sink has. */
  readonly reachedScn: () => bigint
}

/** One attempt to follow a relay: connects to the first that answers, and copies its windows until that breaks. */
export class UpstreamReading implements ReadingAttempt {
  readonly ended: Promise<Error | undefined>
  readonly #options: UpstreamReadingOptions
  readonly #abort = new AbortController()
  #end: (error: Error | undefined) => void = () => undefined
  #upstream: UpstreamRelay | undefined
  #running: Promise<void> = Promise.resolve()
  /** Resolves when it is held no more; undefined: it is not. */
  #held: Promise<void> | undefined
  #release: () => void = () => undefined

  constructor(options: UpstreamReadingOptions) {
    this.#options = options
    this.ended = new Promise((resolve) => (this.#end = resolve))
  }

  /** The relay that is followed. */
  get address(): string | undefined {
    return this.#upstream?.address
  }

  /** @throws what `UpstreamRelays.ask` throws */
  async connect(): Promise<void> {
    const { relays, scnSpace, reachedScn } = this.#options
    const { signal } = this.#abort
    const sinceScn = reachedScn()
    const connect = async (upstream: UpstreamRelay): Promise<readonly [UpstreamRelay, RelayAnswer]> => [
      upstream,
      await upstream.windowsAfter(sinceScn, scnSpace, signal),
    ]
    const [upstream, answer] = await relays.ask(connect, { signal, sinceScn, keeps: true })
    // It was closed as the relay answered.
    if (signal.aborted) {
      await answer.close()
      upstream.close()
      return
    }
    this.#upstream = upstream
    this.#running = this.#run(upstream, answer)
  }

  pause(): void {
    this.#held ??= new Promise((resolve) => (this.#release = resolve))
  }

  resume(): void {
    this.#held = undefined
    this.#release()
  }

  async close(): Promise<void> {
    this.#abort.abort()
    this.#release()
    await this.#running
    this.#upstream?.close()
    this.#end(undefined)
  }

  async #run(upstream: UpstreamRelay, first: RelayAnswer): Promise<void> {
    const { sink, relays } = this.#options
    const { signal } = this.#abort
    try {
      for (let answer = first; ; answer = await this.#next(upstream)) {
        const beganMs = performance.now()
        const end = await this.#copy(upstream, answer)
        if (signal.aborted) break
        const hasWaited = performance.now() - beganMs >= upstream.followMs / 2
        const isInVain = end === 'within a window' ? !upstream.doubleFetch() : end === 'nothing' && !hasWaited
        if (isInVain && !upstream.growFetch(answer.pendingBytes)) await sleep(POLL_MS, signal)
        await this.#held
      }
      this.#end(undefined)
    } catch (error) {
      if (!signal.aborted) relays.moveOn()
      this.#end(signal.aborted ? undefined : (error as Error))
    } finally {
      sink.rollbackWindow()
    }
  }

  /** What one relay refuses another one may give: the next attempt asks all of them, and their verdict counts. */
  async #next(upstream: UpstreamRelay): Promise<RelayAnswer> {
    const { scnSpace, reachedScn } = this.#options
    try {
      return await upstream.windowsAfter(reachedScn(), scnSpace, this.#abort.signal)
    } catch (error) {
      if (error instanceof AesopError && !error.canRetry) throw new UpstreamRefusedError(upstream.address, error)
      throw error
    }
  }

  /** @returns what it ended with; within a window, when an event had no room, which is not told once an answer has begun */
  async #copy(upstream: UpstreamRelay, answer: RelayAnswer): Promise<'windows' | 'within a window' | 'nothing'> {
    const { signal } = this.#abort
    const learn = (view: EventView): Promise<void> => upstream.learn(view.sourceId, signal)
    const copy = new UpstreamCopy({ ...this.#options, learn, address: upstream.address })
    let hasBrought = false
    try {
      for (let run = await answer.next(); run !== undefined; run = await answer.next()) {
        for (let view = run.next(); view !== undefined; view = run.next()) {
          hasBrought = true
          const wait = copy.take(view)
          if (wait !== undefined) await wait
          if (signal.aborted) return 'nothing'
          if (this.#held !== undefined && !copy.isOpen) await this.#held
        }
      }
      if (copy.isOpen) return 'within a window'
      return hasBrought ? 'windows' : 'nothing'
    } catch (error) {
      // Said once the answer had begun.
      if (error instanceof ScnNotFoundError) throw new UpstreamRefusedError(upstream.address, error)
      throw error
    } finally {
      this.#options.sink.rollbackWindow()
      await answer.close()
    }
  }
}
