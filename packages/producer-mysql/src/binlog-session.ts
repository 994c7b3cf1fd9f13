import { type BinlogHandler, type BinlogStream } from './binlog-stream.ts'
import { type BinlogOrigin, type SettledPoint } from './binlog-origin.ts'
import { type ResumePoint } from './resume-point.ts'

/** A handler that can forget the transaction it is in, as `BinlogDecoder` does. */
export interface ResettableHandler extends BinlogHandler {
  resetTransaction(): void
}

export interface BinlogSessionOptions {
  readonly origin: BinlogOrigin
  readonly from: ResumePoint
  /** The handler for windows from this point on; called once, before the first event. */
  readonly handlerFor: (point: SettledPoint) => ResettableHandler
}

/**
 * One attempt to read a log: check, connect, deliver until it breaks. Whatever its end, the handler has forgotten the open
 * transaction, so the next attempt begins at the last complete window.
 */
export class BinlogSession {
  /** Resolves with what broke the stream, or with undefined after `close`. */
  readonly ended: Promise<Error | undefined>
  private readonly options: BinlogSessionOptions
  private settleEnded: (error: Error | undefined) => void = () => undefined
  private stream: BinlogStream | undefined
  private handler: ResettableHandler | undefined
  private closed = false
  private held = false

  constructor(options: BinlogSessionOptions) {
    this.options = options
    this.ended = new Promise((resolve) => {
      this.settleEnded = resolve
    })
  }

  /** Resolves once events come. @throws AesopError, and the session is over then */
  async open(): Promise<void> {
    const { origin, from, handlerFor } = this.options
    try {
      const point = await origin.settle(from)
      if (this.isClosed()) return
      this.handler = handlerFor(point)
      this.handler.resetTransaction()
      this.stream = origin.stream(point)
      if (this.held) this.stream.pause()
      await this.stream.open(point, this.handler, (error) => {
        this.settleEnded(error)
      })
    } catch (error) {
      await this.close()
      throw error
    }
  }

  pause(): void {
    this.held = true
    this.stream?.pause()
  }

  resume(): void {
    this.held = false
    this.stream?.resume()
  }

  /** Resolves when nothing more will reach the handler; twice is harmless. */
  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    await this.stream?.close()
    this.handler?.resetTransaction()
    await this.options.origin.release()
    this.settleEnded(undefined)
  }

  private isClosed(): boolean {
    return this.closed
  }
}
