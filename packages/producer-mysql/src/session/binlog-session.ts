import { type BinlogHandler, type BinlogPosition, type BinlogStream } from '../log/binlog-stream.ts'
import { type BinlogOrigin, type SettledPoint } from '../origin/binlog-origin.ts'
import { GtidGate } from '../origin/gtid-gate.ts'
import { findEvent } from '../origin/log-examination.ts'
import { failClosed, openProven } from './proven-stream.ts'
import { type GateFinding } from '../place/resume-gate.ts'
import { type ResumePoint } from '../place/resume-point.ts'

/** A handler that can forget the transaction it is in, as `BinlogDecoder` does. */
export interface ResettableHandler extends BinlogHandler {
  resetTransaction(between?: boolean): void
}

export interface BinlogSessionOptions {
  readonly origin: BinlogOrigin
  readonly from: ResumePoint
  /** The handler for windows from this point on; called once, before the first event. */
  readonly handlerFor: (point: SettledPoint) => ResettableHandler
  /** The log is the one that was read, up to this place; called before the first event that follows. */
  readonly onProven: (finding: GateFinding) => void
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

  /** Resolves once the log has proven itself and events come. @throws AesopError, and the session is over then */
  async open(): Promise<void> {
    const { origin, from, handlerFor } = this.options
    try {
      const point = await origin.settle(from)
      if (this.isClosed()) failClosed(origin)
      this.handler = handlerFor(point)
      // A stored place lies between two transactions. What an SCN alone names may not, and what a GTID names is known when
      // the first transaction has come: before that, the server may stand anywhere in front of it.
      this.handler.resetTransaction(!point.byGtid && from.file !== undefined)
      await this.openStream(origin, point, this.handler)
    } catch (error) {
      await this.close()
      throw error
    }
  }

  private async openStream(origin: BinlogOrigin, point: SettledPoint, handler: BinlogHandler): Promise<void> {
    const onBroken = (error: Error): void => {
      this.settleEnded(error)
    }
    if (point.byGtid) {
      const gate = new GtidGate(handler, point.largeLogs, (file, event) => findEvent(origin, file, event))
      await this.take(origin.stream(point)).open(beginOf(point), gate, onBroken)
      return
    }
    const { onProven } = this.options
    const take = (stream: BinlogStream): BinlogStream => this.take(stream)
    await openProven({ origin, point, handler, onProven, onBroken, take, closed: this.ended })
  }

  /** Keeps a stream as the one to be held and closed. */
  private take(stream: BinlogStream): BinlogStream {
    this.stream = stream
    if (this.held) stream.pause()
    return stream
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
    this.settleEnded(undefined)
    const closing = this.stream?.close()
    // The stream delivers no more, but waits for the event that is in hand: it ends where everything has been forgotten.
    this.handler?.resetTransaction()
    await closing
    this.handler?.resetTransaction()
    await this.options.origin.release()
  }

  private isClosed(): boolean {
    return this.closed
  }
}

/** A server that is asked by GTID finds the place itself. */
function beginOf({ file, position }: SettledPoint): BinlogPosition {
  return { file, position: position ?? 4 }
}
