import { type TrafficCounts } from '@aesop/stats'
import { type Server } from 'node:http'
import { type Socket } from 'node:net'

/** Counts the connections of a server and what it writes to them, at no cost per byte. */
export class Connections {
  readonly #open = new Set<Socket>()
  #opened = 0
  #bytesOfClosed = 0

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      this.#opened++
      this.#open.add(socket)
      socket.once('close', () => {
        this.#open.delete(socket)
        this.#bytesOfClosed += socket.bytesWritten
      })
    })
  }

  get open(): number {
    return this.#open.size
  }

  readonly counts = (): TrafficCounts => {
    let bytes = this.#bytesOfClosed
    for (const socket of this.#open) bytes += socket.bytesWritten
    return { bytes, opened: this.#opened, closed: this.#opened - this.#open.size }
  }
}
