import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type Socket } from 'node:net'

/** How many requests of one connection may wait for the one that is answered. */
const WAITING_MAX = 16

/** The requests of one connection that have no whole answer yet. */
interface Line {
  unanswered: number
  /** When the last of them has been answered. */
  ended: Promise<void>
}

/**
 * One request of a connection at a time. Answers leave in the order of their requests: one that is made early would wait in
 * memory, and a single connection could have any number of streams.
 */
export class RequestOrder {
  readonly #lines = new WeakMap<Socket, Line>()

  /**
   * To be called once for each request, in the order in which they came.
   * @returns undefined when it may be answered at once, or else whether it may, once the ones before it have their answers:
   *   not when the connection has ended
   */
  turn(request: IncomingMessage, response: ServerResponse): Promise<boolean> | undefined {
    const { socket } = request
    const line = this.#lineOf(socket)
    const before = line.unanswered === 0 ? undefined : line.ended
    line.unanswered++
    line.ended = new Promise((resolve) => {
      response.once('close', () => {
        line.unanswered--
        resolve()
      })
    })
    if (line.unanswered > 1 + WAITING_MAX) socket.destroy()
    return before?.then(() => !socket.destroyed)
  }

  #lineOf(socket: Socket): Line {
    const line = this.#lines.get(socket) ?? { unanswered: 0, ended: Promise.resolve() }
    this.#lines.set(socket, line)
    return line
  }
}
