import { AesopError, invariant } from '@aesop/kernel'
import { type Gone, type ReadStep, type SeekStep, type WindowReader } from '@aesop/reading'
import { ScnNotFoundError } from '@aesop/wire'
import { UpstreamFellOffError } from './errors.ts'
import { type LatePlace } from './late-events.ts'
import { type LateSession } from './late-session.ts'
import { type LateUpstreams } from './late-upstreams.ts'

const FOUND = { kind: 'found' } as const
const CAUGHT_UP = { kind: 'caughtUp' } as const

/** Reads old windows from the relays that are followed, over a connection that it has in its turn. */
export class LateUpstreamReader implements WindowReader {
  readonly #upstreams: LateUpstreams
  #place: LatePlace
  #session: LateSession | undefined
  #isClosed = false

  constructor(upstreams: LateUpstreams, scn: bigint) {
    this.#upstreams = upstreams
    this.#place = { scn, windowOffset: -1 }
  }

  get scn(): bigint {
    return this.#place.scn
  }
  get atWindowEnd(): boolean {
    return this.#place.windowOffset < 0
  }

  async seek(scn: bigint, windowOffset: number): Promise<SeekStep> {
    invariant(!this.#isClosed, 'a closed reader reads no more')
    this.#leave()
    this.#place = { scn, windowOffset }
    const session = this.#claim()
    try {
      await session?.open()
      return FOUND
    } catch (error) {
      return (await this.#failed(session as LateSession, error)) ?? FOUND
    }
  }

  seekLatest(): never {
    throw new Error('what is read late has no newest window')
  }

  async next(maxBytes: number, toWindowEnd = false): Promise<ReadStep> {
    invariant(!this.#isClosed, 'a closed reader reads no more')
    const session = this.#claim()
    if (session === undefined) return CAUGHT_UP
    try {
      const step = await session.next(maxBytes, toWindowEnd)
      this.#place = session.place
      return step
    } catch (error) {
      return (await this.#failed(session, error)) ?? CAUGHT_UP
    }
  }

  close(): void {
    this.#isClosed = true
    this.#leave()
  }

  /** Undefined: it is another one's turn. */
  #claim(): LateSession | undefined {
    // One that nobody asked for long was given back.
    if (this.#session?.isClosed !== false)
      this.#session = this.#isClosed ? undefined : this.#upstreams.claim(this.#place)
    if (this.#session !== undefined) this.#session.askedMs = performance.now()
    return this.#session
  }

  /** Undefined: it is tried again. @throws what can not be tried again */
  async #failed(session: LateSession, error: unknown): Promise<Gone | undefined> {
    const wasLeft = session.isClosed
    this.#session = undefined
    this.#upstreams.failed(session)
    if (error instanceof UpstreamFellOffError) return this.#upstreams.gone(error)
    if (wasLeft || !(error instanceof AesopError) || error.canRetry || error instanceof ScnNotFoundError)
      return undefined
    throw error
  }

  #leave(): void {
    const session = this.#session
    this.#session = undefined
    if (session !== undefined) this.#upstreams.park(session)
  }
}
