import { AesopError, type Logger, ToldBefore } from '@aesop/kernel'
import { type RelayAddress, ScnInFutureError, ScnNotFoundError } from '@aesop/wire'
import { UpstreamBehindError, UpstreamFellOffError } from './errors.ts'
import { type UpstreamOptions, UpstreamRelay } from './upstream-relay.ts'

const TOLD_MAX = 100

export interface UpstreamRelaysOptions extends Omit<UpstreamOptions, 'relay'> {
  readonly relays: readonly RelayAddress[]
  readonly log: Logger
}

/** What one relay said. */
interface UpstreamFault {
  readonly address: string
  readonly error: AesopError
}

/** The relays that can be followed, one at a time: where one fails, the next one is asked. */
export class UpstreamRelays {
  readonly #options: UpstreamRelaysOptions
  readonly #told = new ToldBefore(TOLD_MAX)
  #next = 0

  constructor(options: UpstreamRelaysOptions) {
    this.#options = options
  }

  get addresses(): readonly string[] {
    return this.#options.relays.map(({ host, port }) => `${host}:${port}`)
  }

  /** The one in use broke: the next one is asked first. */
  moveOn(): void {
    this.#next = (this.#next + 1) % this.#options.relays.length
  }

  /**
   * What the first relay answers that can; the connection is closed, unless `keeps`.
   *
   * | what the relays say                        | then                                       |
   * |--------------------------------------------|--------------------------------------------|
   * | one of them answers                        | its answer; it is asked first from now on  |
   * | one of them may answer later               | what it said, which can be tried again     |
   * | none has what follows the SCN              | UpstreamFellOffError                       |
   * | all refuse                                 | the first refusal                          |
   */
  async ask<Answer>(
    question: (upstream: UpstreamRelay) => Promise<Answer>,
    { signal, sinceScn = -1n, keeps = false }: { signal: AbortSignal; sinceScn?: bigint; keeps?: boolean },
  ): Promise<Answer> {
    const faults: UpstreamFault[] = []
    for (let i = 0; i < this.#options.relays.length; i++) {
      try {
        return await this.#askNext(question, signal, keeps)
      } catch (error) {
        if (signal.aborted || !(error instanceof AesopError)) throw error
        faults.push({ address: this.addresses[this.#next] ?? '', error })
        this.moveOn()
      }
    }
    throw this.#verdict(faults, sinceScn)
  }

  async #askNext<Answer>(
    question: (upstream: UpstreamRelay) => Promise<Answer>,
    signal: AbortSignal,
    keeps: boolean,
  ): Promise<Answer> {
    const relay = this.#options.relays[this.#next] as RelayAddress
    const upstream = await UpstreamRelay.connect({ ...this.#options, relay }, signal)
    let isKept = false
    try {
      const answer = await question(upstream)
      isKept = keeps
      return answer
    } finally {
      if (!isKept) upstream.close()
    }
  }

  #verdict(faults: readonly UpstreamFault[], sinceScn: bigint): unknown {
    const later = faults.find(({ error }) => mayAnswerLater(error))
    if (later === undefined && faults.every(({ error }) => error instanceof ScnNotFoundError))
      return new UpstreamFellOffError(
        sinceScn,
        faults.map(({ address, error }) => `${address}: ${error.message}`),
      )
    const refused = faults.filter(({ error }) => !mayAnswerLater(error))
    if (later === undefined) return refused.find(({ error }) => !(error instanceof ScnNotFoundError))?.error
    for (const { address, error } of refused) this.#tell(address, error)
    const { address, error } = later
    return error instanceof ScnInFutureError ? new UpstreamBehindError(address, error) : error
  }

  /** One that refuses while others may answer later is said once. */
  #tell(address: string, { code, message }: AesopError): void {
    if (this.#told.has(address, code)) return
    this.#options.log.warn(`the relay at ${address} can not be followed: ${message}`, { code })
  }
}

function mayAnswerLater(error: AesopError): boolean {
  return error instanceof ScnInFutureError || error.canRetry
}
