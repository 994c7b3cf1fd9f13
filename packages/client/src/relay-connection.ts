import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import { messageOf } from '@aesop/kernel'
import { headers, parseError, ResponseMalformedError } from '@aesop/wire'
import { RelayConnectionLostError, RelaySilentError, RelayUnreachableError } from './errors.ts'

/** Where a relay listens. */
export interface RelayAddress {
  readonly host: string
  readonly port: number
}

/** Longest text that a relay may answer with: schemas, not events. */
const TEXT_BYTES_MAX = 256 * 1024 * 1024
const CONNECT_MS_MAX = 10_000

/**
 * One client's connection to one relay: requests go one after the other over one socket that is kept open. Every
 * failure is one of ours, and says by `canRetry` whether trying again makes sense.
 */
export class RelayConnection {
  readonly address: string
  readonly relay: RelayAddress
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  readonly #headers: Readonly<Record<string, string>>

  constructor(relay: RelayAddress, clientService: string) {
    this.relay = relay
    this.address = `${relay.host}:${relay.port}`
    this.#headers = { [headers.clientService]: clientService.replace(/[^\x20-\x7e]/g, '?') }
  }

  /** The whole text of an answer. @throws AesopError */
  async text(path: string, silenceMsMax: number, signal: AbortSignal): Promise<string> {
    const response = await this.open(path, silenceMsMax, signal)
    return this.#readText(response, silenceMsMax, TEXT_BYTES_MAX)
  }

  /** An answer whose body is still to be read with `chunks`. @throws AesopError what the relay or the network says */
  async open(path: string, silenceMsMax: number, signal: AbortSignal): Promise<IncomingMessage> {
    const response = await this.#send(path, silenceMsMax, signal)
    if (response.statusCode === 200 && response.headers[headers.error] === undefined) return response
    const body = await this.#readText(response, silenceMsMax, 65_536)
    throw (
      parseError(errorHeaders(response.headers), body) ??
      new ResponseMalformedError(`the relay at ${this.address} answered with status ${String(response.statusCode)}`)
    )
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
      if (waiting) response.destroy(new RelaySilentError(this.address, silenceMsMax))
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
      const silence = setTimeout(() => sent.destroy(new RelaySilentError(this.address, silenceMsMax)), silenceMsMax)
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
        reject(error instanceof RelaySilentError ? error : new RelayUnreachableError(this.address, error))
      })
      sent.end()
    })
  }

  async #readText(response: IncomingMessage, silenceMsMax: number, bytesMax: number): Promise<string> {
    const parts: Buffer[] = []
    let bytes = 0
    for await (const chunk of this.chunks(response, silenceMsMax)) {
      bytes += chunk.length
      if (bytes > bytesMax) {
        throw new ResponseMalformedError(
          `the relay at ${this.address} answers with more than ${bytesMax} bytes of text`,
        )
      }
      parts.push(chunk)
    }
    return Buffer.concat(parts).toString('utf8')
  }

  #lost(error: unknown): Error {
    if (error instanceof RelaySilentError) return error
    return new RelayConnectionLostError(this.address, error instanceof Error ? error : messageOf(error))
  }
}

function errorHeaders(
  received: IncomingHttpHeaders | NodeJS.Dict<string>,
): Record<string, string | string[] | undefined> {
  return received
}
