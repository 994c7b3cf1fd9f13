import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as setTimeoutPromise } from 'node:timers/promises'

interface Pair {
  readonly near: Socket
  readonly far: Socket
}

/**
 * Stands between a client and a server on this host and does what networks do: cuts connections, lets them go silent
 * (half-open: neither side learns of it), or delays what the server sends.
 */
export class FaultProxy {
  private targetPort: number
  private readonly pairs = new Set<Pair>()
  private readonly server: Server
  private stalled = false
  private refusing = false
  private delayMs = 0
  private truncatesBytes = 0
  private loses: ((asked: Buffer) => boolean) | undefined
  private damages: { text: Buffer; other: Buffer; times: number } | undefined
  /** Connections taken so far. */
  accepted = 0

  private constructor(targetPort: number) {
    this.targetPort = targetPort
    this.server = createServer((near) => {
      this.join(near)
    })
  }

  static async start(targetPort: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(targetPort)
    await new Promise<void>((resolve) => {
      proxy.server.listen(0, '127.0.0.1', resolve)
    })
    return proxy
  }

  get port(): number {
    const address = this.server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  /** Damages what the server sends: each `text` becomes `other`, which must be as long; `times` at most. */
  damage(text: string, other: string, times: number): void {
    this.damages = { text: Buffer.from(text), other: Buffer.from(other), times }
  }

  /** Of the next bytes that a server sends the last ones are lost, and then the connection is reset. */
  truncate(bytes: number): void {
    this.truncatesBytes = bytes
  }

  /** What a client asks next, of what `isIt` knows, comes to the server; before the answer the connection is reset. */
  loseAnswerTo(isIt: (asked: Buffer) => boolean): void {
    this.loses = isIt
  }

  /** New connections go to another server from now on. */
  retarget(port: number): void {
    this.targetPort = port
  }

  /** Resets every connection. */
  cut(): void {
    for (const { near, far } of this.pairs) {
      near.resetAndDestroy()
      far.destroy()
    }
    this.pairs.clear()
  }

  /** From now on nothing passes any more on the connections that are there; new ones work. */
  stall(): void {
    for (const { near, far } of this.pairs) {
      for (const socket of [near, far]) {
        socket.removeAllListeners('data')
        socket.removeAllListeners('close')
        socket.pause()
      }
    }
  }

  /** New connections are taken and stay silent, until `heal`. */
  stallNew(): void {
    this.stalled = true
  }

  /** New connections are reset at once, until `heal`. */
  refuse(): void {
    this.refusing = true
  }

  /** Everything that the server sends comes this much later. */
  delay(ms: number): void {
    this.delayMs = ms
  }

  heal(): void {
    this.stalled = false
    this.refusing = false
    this.delayMs = 0
    this.damages = undefined
    this.loses = undefined
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise<void>((resolve) => {
      this.server.close(() => {
        resolve()
      })
    })
  }

  private join(near: Socket): void {
    this.accepted++
    if (this.refusing) {
      near.resetAndDestroy()
      return
    }
    const far = connect(this.targetPort, '127.0.0.1')
    const pair = { near, far }
    this.pairs.add(pair)
    const end = (): void => {
      near.destroy()
      far.destroy()
      this.pairs.delete(pair)
    }
    for (const socket of [near, far]) socket.on('error', end).on('close', end)
    if (this.stalled) return
    let isLosing = false
    near.on('data', (chunk) => {
      far.write(chunk)
      if (this.loses?.(chunk) !== true) return
      this.loses = undefined
      isLosing = true
    })
    // Bytes stay in order, as everywhere: what comes after the delay has ended waits for what came before.
    let late = Promise.resolve()
    let waiting = 0
    far.on('data', (chunk) => {
      if (isLosing) {
        near.resetAndDestroy()
        far.destroy()
        return
      }
      this.damageIn(chunk)
      if (this.truncatesBytes > 0) {
        near.end(chunk.subarray(0, -this.truncatesBytes))
        far.destroy()
        this.truncatesBytes = 0
        return
      }
      if (this.delayMs === 0 && waiting === 0) {
        near.write(chunk)
        return
      }
      const due = setTimeoutPromise(this.delayMs)
      waiting++
      late = late
        .then(() => due)
        .then(() => {
          waiting--
          if (!near.destroyed) near.write(chunk)
        })
    })
  }

  private damageIn(chunk: Buffer): void {
    const { damages } = this
    const at = damages === undefined || damages.times === 0 ? -1 : chunk.indexOf(damages.text)
    if (damages === undefined || at < 0) return
    damages.other.copy(chunk, at)
    damages.times--
  }
}
