import { type BootstrapPlace, bootstrapCheckpoint, bootstrapPlaceOf, Checkpoint } from '@aesop/checkpoint'
import { EventDecoder, type EventView, SOURCE_ID_CHECKPOINT } from '@aesop/event'
import {
  answerLimits,
  BootstrapElsewhereError,
  BootstrapOutdatedError,
  formatBootstrapRequest,
  formatStartScnRequest,
  formatTargetScnRequest,
  headers,
  type KeyFilter,
  parseScn,
  type RelayAddress,
  RelayConnection,
  ResponseMalformedError,
} from '@aesop/wire'
import { type IncomingMessage } from 'node:http'
import { EventOrderError } from '../errors.ts'
import { TurnTime } from '../turn-time.ts'
import { type BootstrapBatch } from './bootstrap-state.ts'

/** `/startSCN` waits for a store that is behind, for up to a minute. */
const START_MS_MAX = 75_000
const SILENCE_MS_MAX = 15_000

export interface BatchRequest {
  readonly place: BootstrapPlace
  readonly batchBytes: number
  /** Upper bound of one event, in bytes. */
  readonly eventBytesMax: number
  /** Of the source that is read. */
  readonly filter?: KeyFilter | undefined
}

export interface StartScn {
  readonly scn: bigint
  /** What the server calls itself. */
  readonly server: string
  /** Undefined: a server of Databus, whose stores have no ids. */
  readonly storeId: string | undefined
}

/** Takes an event, whose view stays where it is until the promise, if there is one, is fulfilled. */
export type TakeEvent = (view: EventView) => Promise<void> | undefined

/** What one registration asks one bootstrap server. Nothing of what it sends is believed before it is proven. */
export class BootstrapLink {
  readonly #connection: RelayConnection
  readonly #sources: readonly string[]
  readonly #turn = new TurnTime()

  /** @throws RelayTokenUnreadableError */
  constructor(server: RelayAddress, sources: readonly string[], clientService: string) {
    this.#connection = new RelayConnection(server, clientService, 'bootstrap server')
    this.#sources = sources
  }

  /** `host:port`, for people. */
  get address(): string {
    return this.#connection.address
  }

  /** From where a snapshot is consistent with the log, and what the server calls itself. @throws AesopError */
  async startScn(place: BootstrapPlace, signal: AbortSignal): Promise<StartScn> {
    const path = formatStartScnRequest(this.#sources, bootstrapCheckpoint(place))
    const response = await this.#connection.open(path, START_MS_MAX, signal)
    return { server: serverOf(response), storeId: storeIdOf(response), scn: await this.#scn(response) }
  }

  /** Up to where the logs are to be read. @throws AesopError */
  async targetScn(place: BootstrapPlace, signal: AbortSignal): Promise<bigint> {
    const path = formatTargetScnRequest(place.snapshotSource, bootstrapCheckpoint(place))
    return this.#scn(await this.#openOwn(path, place, signal))
  }

  /**
   * Gives the next events of the snapshot or the log, one after the other, each when the one before is done with.
   * @throws AesopError what server or network say, or `take` throws
   */
  async read(request: BatchRequest, take: TakeEvent, signal: AbortSignal): Promise<BootstrapBatch> {
    const { place, batchBytes, filter, eventBytesMax } = request
    const path = formatBootstrapRequest(this.#sources, bootstrapCheckpoint(place), batchBytes, filter)
    const response = await this.#openOwn(path, place, signal)
    const decoder = new EventDecoder(eventBytesMax)
    const batch = new BatchReader(place, take)
    this.#turn.begin()
    for await (const chunk of this.#connection.chunks(response, SILENCE_MS_MAX)) {
      decoder.push(chunk)
      for (let view = decoder.next(); view !== undefined; view = decoder.next()) {
        const pending = batch.take(view) ?? this.#turn.spend()
        if (pending !== undefined) await pending
        signal.throwIfAborted()
      }
    }
    decoder.end()
    return batch.end(response)
  }

  close(): void {
    this.#connection.close()
  }

  /** An answer of the server and the store that the place is of: ids of rows and of events are those of one store. */
  async #openOwn(path: string, place: BootstrapPlace, signal: AbortSignal): Promise<IncomingMessage> {
    const response = await this.#connection.open(path, SILENCE_MS_MAX, signal)
    const server = serverOf(response)
    const storeId = storeIdOf(response)
    if (server === place.server && storeId === place.storeId) return response
    response.destroy()
    if (server === place.server)
      throw new BootstrapOutdatedError(
        `the bootstrap server ${server} has the store ${String(storeId)}, and the place is of ${String(place.storeId)}`,
      )
    throw new BootstrapElsewhereError(
      `the bootstrap server at ${this.address} calls itself ${server}, and the place is of ${String(place.server)}`,
    )
  }

  async #scn(response: IncomingMessage): Promise<bigint> {
    return parseScn(await this.#connection.textOf(response, answerLimits.sources.bytes, SILENCE_MS_MAX))
  }
}

/** The events of one batch, up to the place that ends it. */
class BatchReader {
  readonly #asked: BootstrapPlace
  readonly #take: TakeEvent
  #place: BootstrapPlace | undefined
  #lastScn: bigint

  constructor(asked: BootstrapPlace, take: TakeEvent) {
    this.#asked = asked
    this.#take = take
    this.#lastScn = asked.sinceScn
  }

  take(view: EventView): Promise<void> | undefined {
    if (view.sourceId === SOURCE_ID_CHECKPOINT) {
      this.#place = bootstrapPlaceOf(Checkpoint.parse(view.value.toString()))
      return undefined
    }
    if (this.#place !== undefined) throw new ResponseMalformedError('an event of a bootstrap came after its place')
    if (view.sourceId < 0) return undefined
    this.#prove(view.scn)
    return this.#take(view)
  }

  end({ headers: received, trailers }: IncomingMessage): BootstrapBatch {
    const isPhaseCompleted = [received, trailers].some((some) => some[headers.phaseCompleted] === 'TRUE')
    const pending = Number(received[headers.pendingEventSize] ?? 0)
    if (!Number.isSafeInteger(pending) || pending < 0)
      throw new ResponseMalformedError(`${headers.pendingEventSize} is ${pending}, expected a number of bytes`)
    return { place: this.#place, isPhaseCompleted, pendingBytes: pending }
  }

  /** A log is in order, and ends at its target SCN. */
  #prove(scn: bigint): void {
    const { phase, targetScn } = this.#asked
    if (phase === 'snapshot') return
    if (scn > targetScn) throw new EventOrderError(`an event of SCN ${scn} in a log up to SCN ${targetScn}`)
    if (scn < this.#lastScn) throw new EventOrderError(`an event of SCN ${scn} after SCN ${this.#lastScn}`)
    this.#lastScn = scn
  }
}

function storeIdOf({ headers: received }: IncomingMessage): string | undefined {
  const id = received[headers.bootstrapStore]
  return typeof id === 'string' && id !== '' ? id : undefined
}

function serverOf({ headers: received }: IncomingMessage): string {
  const server = received[headers.bootstrapServer]
  if (typeof server === 'string' && server !== '') return server
  throw new ResponseMalformedError(`a bootstrap server does not say who it is (${headers.bootstrapServer})`)
}
