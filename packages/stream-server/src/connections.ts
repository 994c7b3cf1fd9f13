import { descriptorOf, type Logger } from '@aesop/kernel'
import { type TrafficCounts } from '@aesop/stats'
import { RelayBusyError } from '@aesop/wire'
import { type Server } from 'node:http'
import { type Socket } from 'node:net'
import { type ServerLimits } from './server-limits.ts'

/** How many connections may be told at a time that they are too many, and how long each has to ask and to read the answer. */
const REFUSED_MAX = 16
const REFUSED_MS_MAX = 2_000
/** A server that is full is full for a while: it says so once in this time. */
const TELL_MS = 60_000

/** Counts the connections of a server and what it writes to them, at no cost per byte, and bounds them. */
export class Connections {
  readonly #bounds: ServerLimits
  readonly #log: Logger
  readonly #open = new Set<Socket>()
  /** Too many: each is told so by the answer to its request, and closed. */
  readonly #refused = new Set<Socket>()
  #opened = 0
  /** Of clients of this process, which have no descriptor and are bounded by what is configured. */
  #localOpen = 0
  #localBytes = 0
  #bytesOfClosed = 0
  #toldAtMs = -Infinity
  refusedTotal = 0
  /** Connections that the system could not give us. */
  acceptFailures = 0

  constructor(bounds: ServerLimits, log: Logger) {
    this.#bounds = bounds
    this.#log = log
  }

  watch(server: Server): void {
    server.on('connection', (socket: Socket) => {
      if (this.#isTooMany(socket)) this.#refuse(socket)
      else this.#count(socket)
    })
  }

  /** An accept that failed once the server listens, for want of descriptors: the next one may do. */
  acceptFailed(error: Error): void {
    this.acceptFailures++
    this.#tell(`a connection could not be accepted: ${error.message}`)
  }

  get open(): number {
    return this.#open.size + this.#localOpen
  }

  /** @throws RelayBusyError when the connection is one too many */
  check(socket: Socket): void {
    if (this.#refused.has(socket))
      throw RelayBusyError.of('connections', this.#open.size, `${this.#bounds.settings.connections} (or ulimit -n)`)
  }

  readonly counts = (): TrafficCounts => {
    let bytes = this.#bytesOfClosed + this.#localBytes
    for (const socket of this.#open) bytes += socket.bytesWritten
    return { bytes, opened: this.#opened, closed: this.#opened - this.open }
  }

  /** A client of this process comes. @returns what counts the bytes that it gets, and that it leaves */
  enterLocal(): { readonly gets: (bytes: number) => void; readonly leaves: () => void } {
    this.#opened++
    this.#localOpen++
    return {
      gets: (bytes) => {
        this.#localBytes += bytes
      },
      leaves: () => {
        this.#localOpen--
      },
    }
  }

  #count(socket: Socket): void {
    this.#opened++
    this.#open.add(socket)
    socket.once('close', () => {
      this.#open.delete(socket)
      this.#bytesOfClosed += socket.bytesWritten
    })
  }

  #isTooMany(socket: Socket): boolean {
    return this.#open.size >= this.#bounds.connections || descriptorOf(socket) >= this.#bounds.descriptors
  }

  #refuse(socket: Socket): void {
    this.refusedTotal++
    this.#tell(`more than ${this.#open.size} connections: new ones are refused with 503`)
    if (this.#refused.size >= REFUSED_MAX) {
      socket.destroy()
      return
    }
    this.#refused.add(socket)
    const timer = setTimeout(() => socket.destroy(), REFUSED_MS_MAX)
    socket.once('close', () => {
      clearTimeout(timer)
      this.#refused.delete(socket)
    })
  }

  #tell(message: string): void {
    const nowMs = performance.now()
    if (nowMs - this.#toldAtMs < TELL_MS) return
    this.#toldAtMs = nowMs
    this.#log.warn(message, { refused: this.refusedTotal, acceptFailures: this.acceptFailures })
  }
}
