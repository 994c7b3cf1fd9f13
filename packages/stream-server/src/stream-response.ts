import { type ReadStep, type SeekStep, type WindowChunk, type WindowReader } from '@aesop/reading'
import { formatError, headers, OffsetNotFoundError, type StreamOutput, type StreamRequest } from '@aesop/wire'
import { type ServerResponse } from 'node:http'
import { EventFilter } from './event-filter.ts'
import { checkPlace, sendToPlace } from './request-place.ts'
import { ResponseWriter, type SharedWork } from './response-writer.ts'
import { type StreamSource } from './stream-source.ts'

/** Most bytes that a connection holds of the windows; one event may be larger. */
const CHUNK_BYTES_MAX = 512 * 1024
/** Most bytes whose events are looked at, or made into text, in one turn of the event loop; one event may be larger. */
const LOOK_BYTES_MAX = 128 * 1024
const TEXT_BYTES_MAX = 48 * 1024

/** One answer to `/stream`: reads windows and writes, one chunk at a time, until the request is satisfied. */
export class StreamResponse {
  /** Bytes of events that were written. */
  sentBytes = 0
  /** Why it ended after its first byte and before its end; undefined: it did not. */
  failure: unknown
  readonly #source: StreamSource
  readonly #request: StreamRequest
  readonly #response: ServerResponse
  readonly #filter: EventFilter | undefined
  readonly #chunkBytesMax: number
  readonly #shared: SharedWork
  readonly #writer: ResponseWriter
  readonly #isOutdated: () => boolean
  readonly #reader: WindowReader
  /** An event that is larger than a chunk: its bytes, which are asked for then. */
  #largeBytes = 0
  /** Set when the response is to end at the next end of a window. */
  #ending = false
  #closed = false
  #overrun = false
  /** Ends the wait for a window. */
  #wake: (() => void) | undefined
  /** Ends the wait for a disk or a network. */
  #leave: (() => void) | undefined

  /**
   * @param shared what all answers of the server have together
   * @param isOutdated whether the connection is older than a schema of what is asked for; it then carries no more events,
   *   unless it follows
   */
  constructor(
    source: StreamSource,
    request: StreamRequest,
    response: ServerResponse,
    shared: SharedWork,
    isOutdated: () => boolean,
  ) {
    this.#source = source
    this.#reader = source.served.windows.openReader()
    this.#request = request
    this.#response = response
    this.#filter = filterFor(source, request)
    this.#chunkBytesMax = chunkBytesMax(this.#filter, request.output)
    this.#shared = shared
    this.#writer = new ResponseWriter(response, shared, CHUNK_BYTES_MAX)
    this.#isOutdated = request.followMs > 0 ? () => false : isOutdated
  }

  /**
   * Resolves when the response has ended. An error after the first byte goes into the trailers.
   * @throws ScnNotFoundError, ScnInFutureError, ScnSpaceForeignError, InvalidRequestError before the first byte
   */
  async run(): Promise<void> {
    const response = this.#response
    const { followMs } = this.#request
    const timer =
      followMs > 0
        ? setTimeout(() => {
            this.stop()
          }, followMs)
        : undefined
    // A response that waits behind another one on its connection is not closed with it: only the socket tells.
    const { socket } = response.req
    const closed = (): void => {
      this.#closed = true
      this.#wake?.()
      this.#writer.close()
      this.#leave?.()
    }
    socket.once('close', closed)
    try {
      await this.#begin()
      await this.#pump()
      if (!this.#closed) response.end()
    } catch (error) {
      if (!response.headersSent) throw error
      this.failure = error
      const trailers = formatError(error).headers
      response.addTrailers({ ...trailers, [headers.responseCode]: '500' })
      response.end()
    } finally {
      clearTimeout(timer)
      socket.off('close', closed)
      this.#reader.close()
    }
  }

  /** True when the connection was cut because the buffer needed the bytes back. */
  get wasOverrun(): boolean {
    return this.#overrun
  }

  /** Asks the response to end at the next end of a window. */
  stop(): void {
    this.#ending = true
    this.#wake?.()
  }

  /** Ends the connection at once. */
  cut(): void {
    this.#response.req.socket.destroy()
  }

  /** @throws ScnNotFoundError, ScnInFutureError, ScnSpaceForeignError */
  async #begin(): Promise<void> {
    const { served } = this.#source
    const sent = sendToPlace(this.#reader, served, this.#request, this.#filter !== undefined)
    const step = sent instanceof Promise ? await this.#unlessClosed(sent) : sent
    if (step === undefined) return
    checkPlace(step, this.#request.checkpoint.windowScn, served)
    this.#tellPreviousScn()
  }

  /** A client without a place learns where its answer begins, so that it can come back there. */
  #tellPreviousScn(): void {
    const { checkpoint, fromLatestScn } = this.#request
    const { scn } = this.#reader
    if (!checkpoint.isFlexible || fromLatestScn || scn < 0n) return
    this.#response.setHeader(headers.previousScn, scn.toString())
  }

  async #pump(): Promise<void> {
    const { gate } = this.#shared
    while (!this.#closed) {
      if (this.#ending && this.#reader.atWindowEnd) return
      if (this.#filter !== undefined && !gate.isOpen) await gate.opens()
      // A schema is there before the first event of it: what is read in this turn has none that came later.
      if (this.#isOutdated()) {
        this.#endConnection()
        return
      }
      const asked = this.#reader.next(this.#bytesToAsk, this.#ending)
      const step = asked instanceof Promise ? await this.#arrived(asked) : asked
      if (step === undefined) return
      if (step.kind === 'chunk') {
        if (!(await this.#send(step))) return
      } else if (step.kind === 'tooSmall') {
        if (this.#isFull(step.pendingEventBytes)) return
      } else {
        this.#checkStep(step)
        if (this.#request.followMs === 0 || this.#ending) return
        await this.#nextWindow()
      }
    }
  }

  /** What was waited for; undefined: it came too late, and the answer ends. */
  async #arrived(asked: Promise<ReadStep>): Promise<ReadStep | undefined> {
    const step = await this.#unlessClosed(asked)
    // A schema may have come meanwhile, and an event of it after it.
    if (step?.kind !== 'chunk' || !this.#isOutdated()) return step
    step.release()
    this.#endConnection()
    return undefined
  }

  /** Waits for a disk or a network, but not longer than the connection lasts; what comes after that is let go. */
  #unlessClosed<Step extends SeekStep | ReadStep>(asked: Promise<Step>): Promise<Step | undefined> {
    return new Promise((resolve, reject) => {
      const settle = (step: Step | undefined): void => {
        this.#leave = undefined
        resolve(step)
      }
      this.#leave = () => {
        settle(undefined)
      }
      asked.then((step) => {
        if (!this.#closed) settle(step)
        else letGo(step)
      }, reject)
    })
  }

  /** The connection ends with this answer. */
  #endConnection(): void {
    const response = this.#response
    if (!response.headersSent) response.setHeader('Connection', 'close')
    else response.once('finish', () => response.req.socket.end())
  }

  /** Bytes of events that may still be written, in one write. */
  get #room(): number {
    const { followMs, sizeBytes } = this.#request
    return followMs > 0 ? sizeBytes : sizeBytes - this.sentBytes
  }

  get #bytesToAsk(): number {
    return Math.max(this.#largeBytes, Math.min(this.#room, this.#chunkBytesMax))
  }

  /** An event of more bytes than were asked for: a larger write, or with a filter a look at whether the event is sent at all. */
  #isFull(eventBytes: number): boolean {
    if (eventBytes <= this.#room || this.#filter !== undefined) {
      this.#largeBytes = eventBytes
      return false
    }
    this.#tellPending(eventBytes)
    return true
  }

  #tellPending(eventBytes: number): void {
    if (!this.#response.headersSent) this.#response.setHeader(headers.pendingEventSize, eventBytes)
  }

  /** @throws OffsetNotFoundError, ScnNotFoundError, ScnInFutureError where nothing will come */
  #checkStep(step: Exclude<ReadStep, WindowChunk>): void {
    if (step.kind === 'overrun')
      throw new OffsetNotFoundError(`the reader was overrun: what follows SCN ${step.scn} is gone`)
    checkPlace(step, this.#request.checkpoint.windowScn, this.#source.served)
  }

  /** @returns false when the answer is full */
  async #send(chunk: WindowChunk): Promise<boolean> {
    this.#largeBytes = 0
    const bytes = this.#filtered(chunk.bytes)
    if (bytes !== chunk.bytes) chunk.release()
    if (bytes.length > this.#room) {
      chunk.release()
      this.#tellPending(bytes.length)
      return false
    }
    this.sentBytes += bytes.length
    chunk.onOverrun = () => {
      this.#overrun = true
      this.cut()
    }
    if (bytes.length > 0) await this.#writer.write(bytes, this.#request.output)
    chunk.release()
    this.#refuseUnfiltered()
    return true
  }

  /** A chunk of the most bytes costs as much as any other look, however many alternatives the filter has. */
  #filtered(bytes: Buffer): Buffer {
    if (this.#filter === undefined) return bytes
    this.#shared.gate.spend((bytes.length * LOOK_BYTES_MAX) / this.#chunkBytesMax)
    return this.#filter.apply(bytes)
  }

  /** An event that the filter can't judge ends the answer, after everything before it. @throws InvalidRequestError */
  #refuseUnfiltered(): void {
    const failure = this.#filter?.failure
    if (failure !== undefined) throw failure
  }

  async #nextWindow(): Promise<void> {
    if (!this.#response.headersSent) this.#response.flushHeaders()
    let woken: () => void = () => undefined
    await new Promise<void>((resolve) => {
      woken = resolve
      this.#wake = resolve
      this.#source.signal.add(resolve)
    })
    this.#source.signal.remove(woken)
  }
}

function letGo(step: SeekStep | ReadStep): void {
  if (step.kind === 'chunk') step.release()
}

/** Each event that is looked at costs as much as the alternatives of its filter, some ten of which are as much as the rest. */
function chunkBytesMax(filter: EventFilter | undefined, output: StreamOutput): number {
  const looks = filter === undefined ? CHUNK_BYTES_MAX : LOOK_BYTES_MAX / (1 + Math.floor(filter.alternatives / 10))
  return output === 'binary' ? Math.ceil(looks) : Math.ceil(Math.min(looks, TEXT_BYTES_MAX))
}

function filterFor(source: StreamSource, request: StreamRequest): EventFilter | undefined {
  const wanted = request.sources === undefined ? source.tableIds : new Set(request.sources)
  const takesAll = [...source.ids].every((id) => wanted.has(id))
  const { checkpoint, filters, fromLatestScn } = request
  if (takesAll && filters.size === 0) return undefined
  // The newest window that is asked for by name is sent whole.
  const sent =
    checkpoint.isFullyConsumed || fromLatestScn
      ? undefined
      : { scn: checkpoint.windowScn, events: Number(checkpoint.windowOffset) }
  return new EventFilter({ sources: takesAll ? undefined : wanted, keys: filters, sent })
}
