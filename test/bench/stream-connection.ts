import { messageOf } from '@aesop/kernel'
import { connect, type Socket } from 'node:net'
import { type AnswerTaker, ChunkedAnswers } from './chunked-answers.ts'

const READ_BYTES = 256 * 1024
/** What all connections of the process read into, one read after the other: it costs more to make and collect a piece for each. */
const memory = Buffer.allocUnsafeSlow(READ_BYTES)

export interface StreamTaker extends AnswerTaker {
  /** Whether more is read now; who answers false calls `resume` when it is. */
  wantsMore(): boolean
  /** What came is no stream, or the connection ended before it was closed here; nothing comes after it. */
  failed(fault: string): void
}

/** A plain connection whose answers are streams, one for each question. */
export class StreamConnection {
  readonly #port: number
  readonly #socket: Socket
  #isClosed = false

  constructor(port: number, taker: StreamTaker) {
    const answers = new ChunkedAnswers(taker)
    const fail = (fault: string): void => {
      if (this.#isClosed) return
      this.close()
      taker.failed(fault)
    }
    const callback = (length: number): boolean => {
      try {
        answers.take(memory, length)
      } catch (error) {
        fail(messageOf(error))
      }
      return !this.#isClosed && taker.wantsMore()
    }
    this.#port = port
    this.#socket = connect({ host: '127.0.0.1', port, onread: { buffer: memory, callback } })
    this.#socket.on('error', ({ message }) => {
      fail(message)
    })
    this.#socket.on('close', () => {
      fail('the connection ended within an answer')
    })
  }

  /** @param path with its query */
  ask(path: string): void {
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${this.#port}\r\n\r\n`)
  }

  resume(): void {
    this.#socket.resume()
  }

  close(): void {
    this.#isClosed = true
    this.#socket.destroy()
  }
}
