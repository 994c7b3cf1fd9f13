import { formatError, headers, type StreamRequest } from '@aesop/wire'
import { type ServerResponse } from 'node:http'
import { ResponseWriter, type SharedWork } from './response-writer.ts'
import { CHUNK_BYTES_MAX, type Sendable, StreamReading } from './stream-reading.ts'
import { type StreamWindows } from './stream-windows.ts'

/** One answer to `/stream`: reads windows and writes, one chunk at a time, until the request is satisfied. */
export class StreamResponse {
  /** Why it ended after its first byte and before its end; undefined: it did not. */
  failure: unknown
  readonly #request: StreamRequest
  readonly #response: ServerResponse
  readonly #writer: ResponseWriter
  readonly #reading: StreamReading
  #closed = false
  #overrun = false

  /**
   * @param shared what all answers of the server have together
   * @param isOutdated whether the connection is older than a schema of what is asked for; it then carries no more events,
   *   unless it follows
   */
  constructor(
    windows: StreamWindows,
    request: StreamRequest,
    response: ServerResponse,
    shared: SharedWork,
    isOutdated: () => boolean,
  ) {
    this.#request = request
    this.#response = response
    this.#writer = new ResponseWriter(response, shared, CHUNK_BYTES_MAX)
    this.#reading = new StreamReading({
      windows,
      request,
      gate: shared.gate,
      isOutdated: request.followMs > 0 ? () => false : isOutdated,
      onWait: () => {
        if (!response.headersSent) response.flushHeaders()
      },
    })
  }

  /** Bytes of events that were written. */
  get sentBytes(): number {
    return this.#reading.sentBytes
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
      this.#writer.close()
      this.#reading.close()
    }
    socket.once('close', closed)
    try {
      await this.#reading.begin()
      this.#tellPreviousScn()
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
      this.#reading.close()
    }
  }

  /** True when the connection was cut because the buffer needed the bytes back. */
  get wasOverrun(): boolean {
    return this.#overrun
  }

  /** Asks the response to end at the next end of a window. */
  stop(): void {
    this.#reading.stop()
  }

  /** Ends the connection at once. */
  cut(): void {
    this.#response.req.socket.destroy()
  }

  /** A client without a place learns where its answer begins, so that it can come back there. */
  #tellPreviousScn(): void {
    const { previousScn } = this.#reading
    if (previousScn !== undefined) this.#response.setHeader(headers.previousScn, previousScn.toString())
  }

  async #pump(): Promise<void> {
    const reading = this.#reading
    for (let given = await reading.next(); given !== undefined; given = await reading.next()) await this.#send(given)
    const { pendingEventBytes, wasOutdated } = reading
    if (wasOutdated) this.#endConnection()
    if (pendingEventBytes !== undefined && !this.#response.headersSent)
      this.#response.setHeader(headers.pendingEventSize, pendingEventBytes)
  }

  async #send({ bytes, chunk }: Sendable): Promise<void> {
    chunk.onOverrun = () => {
      this.#overrun = true
      this.cut()
    }
    await this.#writer.write(bytes, this.#request.output)
    chunk.release()
  }

  /** The connection ends with this answer. */
  #endConnection(): void {
    const response = this.#response
    if (!response.headersSent) response.setHeader('Connection', 'close')
    else response.once('finish', () => response.req.socket.end())
  }
}
