import { isScnSpace, SCN_SPACE_FORM } from '@aesop/checkpoint'
import { EventDecoder, type LogicalSource } from '@aesop/event'
import { type AnswerLimits, answerLimits } from './answer-limits.ts'
import { ResponseMalformedError, UnknownCommandError } from './errors.ts'
import { headers, paths } from './paths.ts'
import { type ListedPhysicalSource, parsePhysicalSources } from './physical-sources.ts'
import { formatRegisterRequest, parseSchemas, type RegisterRequest, type SourceSchema } from './register.ts'
import { parseSources } from './source-list.ts'
import { formatStartPlaceRequest, parseStartPlace, type StartFrom, type StartPlace } from './start-place.ts'
import { formatStreamRequest, type StreamRequest } from './stream-request.ts'
import { type IncomingHttpHeaders } from 'node:http'
import { RelayConnection } from './relay-connection.ts'
import { type AnswerBounds, type AnswerHead, type EventRun, type RelayAnswer, type RelayLink } from './relay-link.ts'

/** How long an answer that is not the stream may stay silent, in milliseconds. */
const ANSWER_MS_MAX = 15_000
/** The same while a relay looks for a place to begin: it may have to look through a long log. */
const START_MS_MAX = 600_000

/** A relay anywhere: nothing of what it sends is believed before it is proven. */
export class HttpLink implements RelayLink {
  readonly transport = 'http'
  readonly #connection: RelayConnection
  readonly #clientService: string

  /** @throws RelayTokenUnreadableError */
  constructor(relay: RelayConnection['relay'], clientService: string) {
    this.#connection = new RelayConnection(relay, clientService)
    this.#clientService = clientService
  }

  get address(): string {
    return this.#connection.address
  }

  async sources(signal: AbortSignal): Promise<readonly LogicalSource[]> {
    return parseSources(await this.#text(`${paths.sources}?protocolVersion=2`, answerLimits.sources, signal))
  }

  async physicalSources(signal: AbortSignal): Promise<readonly ListedPhysicalSource[]> {
    try {
      return parsePhysicalSources(await this.#text(paths.physicalSources, answerLimits.sources, signal))
    } catch (error) {
      if (error instanceof UnknownCommandError) return []
      throw error
    }
  }

  async schemas(sourceIds: readonly number[], signal: AbortSignal): Promise<readonly SourceSchema[]> {
    const request: RegisterRequest = { sources: sourceIds, protocolVersion: 2, compress: true }
    return parseSchemas(await this.#text(formatRegisterRequest(request), answerLimits.register, signal), request)
  }

  async startPlace(sources: readonly number[], from: StartFrom, signal: AbortSignal): Promise<StartPlace> {
    const path = formatStartPlaceRequest({ sources, from })
    const place = parseStartPlace(await this.#connection.text(path, answerLimits.sources.bytes, START_MS_MAX, signal))
    return { ...place, scnSpace: scnSpaceOf(place.scnSpace) }
  }

  async stream(
    request: StreamRequest,
    { silenceMs, eventBytesMax }: AnswerBounds,
    signal: AbortSignal,
  ): Promise<RelayAnswer> {
    const response = await this.#connection.open(formatStreamRequest(request), silenceMs, signal)
    const chunks = this.#connection.chunks(response, silenceMs)
    return new HttpAnswer(this.address, response.headers, chunks, eventBytesMax)
  }

  /** The socket in use is busy with the stream. */
  beside(): HttpLink {
    return new HttpLink(this.#connection.relay, this.#clientService)
  }

  close(): void {
    this.#connection.close()
  }

  #text(path: string, { bytes }: AnswerLimits, signal: AbortSignal): Promise<string> {
    return this.#connection.text(path, bytes, ANSWER_MS_MAX, signal)
  }
}

class HttpAnswer implements RelayAnswer {
  readonly pendingBytes: number
  readonly #address: string
  readonly #headers: IncomingHttpHeaders
  readonly #chunks: AsyncGenerator<Buffer, void>
  readonly #decoder: EventDecoder

  constructor(
    address: string,
    received: IncomingHttpHeaders,
    chunks: AsyncGenerator<Buffer, void>,
    eventBytesMax: number,
  ) {
    this.#address = address
    this.#headers = received
    this.#chunks = chunks
    this.#decoder = new EventDecoder(eventBytesMax)
    this.pendingBytes = Number(received[headers.pendingEventSize] ?? 0)
  }

  /** @throws ResponseMalformedError */
  get head(): AnswerHead {
    return {
      address: this.#address,
      previousScn: previousScnOf(this.#headers[headers.previousScn]),
      scnSpace: scnSpaceOf(this.#headers[headers.scnSpace]),
    }
  }

  async next(): Promise<EventRun | undefined> {
    const step = await this.#chunks.next()
    if (step.done !== true) {
      this.#decoder.push(step.value)
      return this.#decoder
    }
    this.#decoder.end()
    return undefined
  }

  close(): Promise<void> {
    return this.#chunks.return().then(() => undefined)
  }
}

/** @throws ResponseMalformedError when what the relay says is no SCN */
function previousScnOf(text: string | string[] | undefined): bigint | undefined {
  if (text === undefined) return undefined
  if (typeof text === 'string' && /^\d{1,19}$/.test(text)) return BigInt(text)
  throw new ResponseMalformedError(`${headers.previousScn} is ${String(text)}, expected an SCN`)
}

/** @throws ResponseMalformedError when what the relay says names no SCN space */
function scnSpaceOf(text: string | string[] | undefined): string | undefined {
  if (text === undefined || isScnSpace(text)) return text
  throw new ResponseMalformedError(`${headers.scnSpace} is ${String(text)}, expected ${SCN_SPACE_FORM}`)
}
