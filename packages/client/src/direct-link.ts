import { type LogicalSource } from '@aesop/event'
import {
  type AnswerBounds,
  type AnswerHead,
  type EventRun,
  type ListedPhysicalSource,
  type LocalAnswer,
  type LocalConnection,
  type LocalRelay,
  type RelayAnswer,
  RelayConnectionLostError,
  type RelayLink,
  RelaySilentError,
  type SourceSchema,
  type StartFrom,
  type StartPlace,
  type StreamRequest,
} from '@aesop/wire'
import { InterruptedError } from './answer-reader.ts'
import { WholeEvents } from './whole-events.ts'

/** A relay of this process: its windows are read from where they are. */
export class DirectLink implements RelayLink {
  readonly transport = 'direct'
  readonly address: string
  readonly #relay: LocalRelay
  readonly #client: string
  readonly #connection: LocalConnection

  constructor(relay: LocalRelay, client: string) {
    this.#relay = relay
    this.#client = client
    this.#connection = relay.connect(client)
    this.address = `${relay.host}:${relay.port}`
  }

  async sources(): Promise<readonly LogicalSource[]> {
    return Promise.resolve(this.#connection.sources())
  }

  async physicalSources(): Promise<readonly ListedPhysicalSource[]> {
    return Promise.resolve(this.#connection.physicalSources())
  }

  async schemas(sourceIds: readonly number[]): Promise<readonly SourceSchema[]> {
    return Promise.resolve(this.#connection.schemas(sourceIds))
  }

  /** Who stops does not wait for a long log to be looked through. @throws InterruptedError */
  startPlace(sourceIds: readonly number[], from: StartFrom, signal: AbortSignal): Promise<StartPlace> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        reject(new InterruptedError())
      }
      signal.addEventListener('abort', end)
      if (signal.aborted) end()
      const found = this.#connection.startPlace(sourceIds, from)
      void found.then(resolve, reject).finally(() => {
        signal.removeEventListener('abort', end)
      })
    })
  }

  async stream(request: StreamRequest, bounds: AnswerBounds, signal: AbortSignal): Promise<RelayAnswer> {
    return new DirectAnswer(await this.#connection.stream(request, signal), this.address, bounds, signal)
  }

  beside(): DirectLink {
    return new DirectLink(this.#relay, this.#client)
  }

  close(): void {
    this.#connection.close()
  }
}

class DirectAnswer implements RelayAnswer {
  readonly head: AnswerHead
  readonly #answer: LocalAnswer
  readonly #bounds: AnswerBounds
  readonly #signal: AbortSignal
  readonly #events: WholeEvents
  readonly #silence: NodeJS.Timeout
  /** While the consumer works the relay may be silent. */
  #isWaiting = false
  #isSilent = false

  constructor(answer: LocalAnswer, address: string, bounds: AnswerBounds, signal: AbortSignal) {
    const { previousScn, scnSpace } = answer
    this.head = { address, previousScn, scnSpace }
    this.#answer = answer
    this.#bounds = bounds
    this.#signal = signal
    this.#events = new WholeEvents(bounds.eventBytesMax)
    this.#silence = setTimeout(() => {
      this.#isSilent = this.#isWaiting
      if (this.#isWaiting) answer.close()
    }, bounds.silenceMs)
  }

  get pendingBytes(): number {
    return this.#answer.pendingEventBytes
  }

  async next(): Promise<EventRun | undefined> {
    this.#silence.refresh()
    this.#isWaiting = true
    const bytes = await this.#answer.next()
    this.#isWaiting = false
    if (bytes !== undefined) return this.#events.over(bytes)
    this.#checkEnd()
    return undefined
  }

  close(): void {
    clearTimeout(this.#silence)
    this.#answer.close()
  }

  /** @throws RelaySilentError, InterruptedError, RelayConnectionLostError */
  #checkEnd(): void {
    const { address } = this.head
    if (this.#isSilent) throw new RelaySilentError(`relay at ${address}`, this.#bounds.silenceMs)
    if (this.#signal.aborted) throw new InterruptedError()
    if (this.#answer.wasCut)
      throw new RelayConnectionLostError(`relay at ${address}`, 'it could not wait until its window ended')
  }
}
