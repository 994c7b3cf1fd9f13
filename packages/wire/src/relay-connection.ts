import { Agent, type IncomingHttpHeaders, type IncomingMessage, maxHeaderSize, request } from 'node:http'
import { type Socket } from 'node:net'
import { messageOf, type SecretText, systemCodeOf } from '@aesop/kernel'
import { parseError } from './error-response.ts'
import { ResponseMalformedError, ResponseTooLargeError } from './errors.ts'
import { headers } from './paths.ts'
import { RelayConnectionLostError, RelaySilentError, RelayUnreachableError } from './relay-link-errors.ts'
import { tokenHeader } from './relay-token.ts'

/** Where a relay listens. */
export interface RelayAddress {
  readonly host: string
  readonly port: number
  /** Left out: the relay asks for none. */
  readonly token?: SecretText | undefined
}

/** Of the body of an error the beginning is read: what failed stands in its headers, too. */
const ERROR_BYTES_MAX = 65_536
const CONNECT_MS_MAX = 10_000

/**
 * One client's connection to one relay: requests go one after the other over one socket that is kept open. Every
 * failure is one of ours, and says by `canRetry` whether trying again makes sense.
 */
export class RelayConnection {
  readonly address: string
  readonly relay: RelayAddress
  /** What errors name, such as `relay at host:port`. */
  readonly #peer: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #headers: Readonly<Record<string, string>>

  /** @throws RelayTokenUnreadableError */
  constructor(relay: RelayAddress, clientService: string, kind: 'relay' | 'bootstrap server' = 'relay') {
    this.relay = relay
    this.address = `${relay.host}:${relay.port}`
    this.#peer = `${kind} at ${this.address}`
    this.#headers = {
      [headers.clientService]: clientService.replace(/[^\x20-\x7e]/g, '?'),
      ...tokenHeader(relay.token, this.#peer),
    }
  }

  /** The whole text of an answer, of at most so many bytes. @throws AesopError */
  async text(path: string, bytesMax: number, silenceMsMax: number, signal: AbortSignal): Promise<string> {
    return this.textOf(await this.open(path, silenceMsMax, signal), bytesMax, silenceMsMax)
  }

  /** The same of an answer that `open` has returned. @throws AesopError */
  async textOf(response: IncomingMessage, bytesMax: number, silenceMsMax: number): Promise<string> {
    const { text, isCut } = await this.#readText(response, silenceMsMax, bytesMax)
    if (isCut) throw ResponseTooLargeError.of(`an answer of the ${this.#peer}`, bytesMax, 'bytes')
    return text
  }

  /** An answer whose body is still to be read with `chunks`. @throws AesopError what the relay or the network says */
  async open(path: string, silenceMsMax: number, signal: AbortSignal): Promise<IncomingMessage> {
    const response = await this.#send(path, silenceMsMax, signal)
    if (response.statusCode === 200 && response.headers[headers.error] === undefined) return response
    const { text, isCut } = await this.#readText(response, silenceMsMax, ERROR_BYTES_MAX)
    throw parseError(errorHeaders(response.headers), isCut ? undefined : text) ?? this.#statusFault(response)
  }

  /**
   * The chunks of a body; the next one is read when it is asked for, so that a slow consumer slows the relay. An
   * answer that was broken off, or failed after its first byte, ends with the error.
   * @throws AesopError
   */
  async *chunks(response: IncomingMessage, silenceMsMax: number): AsyncGenerator<Buffer, void> {
    // While the consumer works the relay may be silent: the timer counts only while a chunk is waited for.
    let waiting = true
    const silence = setTimeout(() => {
      if (waiting) response.destroy(new RelaySilentError(this.#peer, silenceMsMax))
    }, silenceMsMax)
    const iterator = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>
    try {
      for (;;) {
        silence.refresh()
        waiting = true
        const step = await iterator.next()
        if (step.done === true) break
        waiting = false
        yield step.value
      }
    } catch (error) {
      throw this.#lost(error)
    } finally {
      clearTimeout(silence)
      if (!response.complete) response.destroy()
    }
    const fault = parseError(errorHeaders(response.trailers))
    if (fault !== undefined) throw fault
    if (!response.complete) throw this.#lost(new Error('it ended too early'))
  }

  close(): void {
    this.#agent.destroy()
  }

  #send(path: string, silenceMsMax: number, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const { host, port } = this.relay
      const sent = request({ host, port, path, agent: this.#agent, headers: this.#headers, signal }, (response) => {
        clearTimeout(silence)
        resolve(response)
      })
      const silence = setTimeout(() => sent.destroy(new RelaySilentError(this.#peer, silenceMsMax)), silenceMsMax)
      sent.once('socket', (socket) => {
        if (!socket.connecting) return
        // Between the end of an answer and its return to the agent nobody listens: an abort then must end nothing.
        socket.on('error', () => undefined)
        const connecting = setTimeout(() => sent.destroy(new Error('no connection in time')), CONNECT_MS_MAX)
        socket.once('connect', () => {
          clearTimeout(connecting)
        })
        socket.once('close', () => {
          clearTimeout(connecting)
        })
      })
      // An error may come more than once, also after the answer began: none of them may go unheard.
      sent.on('error', (error) => {
        clearTimeout(silence)
        reject(this.#unanswered(error))
      })
      // Node hands the socket over, and ends the request without an error where nobody takes it.
      sent.on('upgrade', (response: IncomingMessage, socket: Socket) => {
        clearTimeout(silence)
        socket.destroy()
        reject(this.#statusFault(response))
      })
      sent.end()
    })
  }

  /** Text up to so many bytes; the rest is not read. */
  async #readText(
    response: IncomingMessage,
    silenceMsMax: number,
    bytesMax: number,
  ): Promise<{ readonly text: string; readonly isCut: boolean }> {
    const parts: Buffer[] = []
    let bytes = 0
    for await (const chunk of this.chunks(response, silenceMsMax)) {
      bytes += chunk.length
      if (bytes > bytesMax) return { text: '', isCut: true }
      parts.push(chunk)
    }
    return { text: Buffer.concat(parts).toString('utf8'), isCut: false }
  }

  #statusFault({ statusCode }: IncomingMessage): Error {
    return new ResponseMalformedError(`the ${this.#peer} answered with status ${String(statusCode)}`)
  }

  #unanswered(error: Error): Error {
    if (error instanceof RelaySilentError) return error
    if (systemCodeOf(error) === 'HPE_HEADER_OVERFLOW')
      return ResponseTooLargeError.of(`the head of an answer of the ${this.#peer}`, maxHeaderSize, 'bytes')
    return new RelayUnreachableError(this.#peer, error)
  }

  #lost(error: unknown): Error {
    if (error instanceof RelaySilentError) return error
    return new RelayConnectionLostError(this.#peer, error instanceof Error ? error : messageOf(error))
  }
}

function errorHeaders(
  received: IncomingHttpHeaders | NodeJS.Dict<string>,
): Record<string, string | string[] | undefined> {
  return received
}
