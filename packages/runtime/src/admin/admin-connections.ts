import { type Server } from 'node:http'
import { type Socket } from 'node:net'
import { descriptorOf, fileReserve, type Logger, type Metric, openFilesMax } from '@aesop/kernel'

const CONNECTIONS_MAX = 64
/** A server that is full is full for a while: it says so once in this time. */
const TELL_MS = 60_000

/**
 * Bounds the connections of the admin server. Whoever reaches it can open some, token or not: they must not take the files that
 * the process needs for its database. Of what relays leave to others it takes half at most, so that it answers where they are full.
 */
export class AdminConnections {
  refused = 0
  #open = 0
  #toldAtMs = -Infinity
  readonly #log: Logger
  /** The first number of a descriptor that is left to others. */
  readonly #descriptors: number

  constructor(log: Logger, openFiles: number | undefined = openFilesMax()) {
    this.#log = log
    this.#descriptors = openFiles === undefined ? Infinity : openFiles - Math.ceil(fileReserve(openFiles) / 2)
  }

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      if (this.#open >= CONNECTIONS_MAX || descriptorOf(socket) >= this.#descriptors) this.#refuse(socket)
      else this.#count(socket)
    })
  }

  metrics(): Metric[] {
    return [
      { name: 'aesop_admin_connections', help: 'Open connections.', type: 'gauge', value: this.#open },
      {
        name: 'aesop_admin_refused_connections_total',
        help: 'Connections that were closed because there were too many.',
        type: 'counter',
        value: this.refused,
      },
    ]
  }

  #count(socket: Socket): void {
    this.#open++
    socket.once('close', () => {
      this.#open--
    })
  }

  #refuse(socket: Socket): void {
    this.refused++
    socket.destroy()
    const nowMs = performance.now()
    if (nowMs - this.#toldAtMs < TELL_MS) return
    this.#toldAtMs = nowMs
    this.#log.warn(`more than ${this.#open} connections: new ones are closed`, { refused: this.refused })
  }
}
