import { type BinlogHandler } from '../log/binlog-stream.ts'
import { byteAt } from '../log/byte-at.ts'
import { GTID_EVENTS } from '../log/gtid-event.ts'
import { type EventPlace } from './log-examination.ts'

const AT_TYPE = 4

/**
 * Stands between a stream that a server begins by GTID and its handler, where the server may begin inside a log beyond 4 GiB:
 * the 32 bits of the first position say neither how often they have wrapped nor how many transactions ended there. The stream is
 * held while the log is read up to its first event; then the handler gets the true place, and everything.
 *
 * Contract: test/same-bytes.test.ts.
 */
export class GtidGate implements BinlogHandler {
  readonly #handler: BinlogHandler
  /** Names of the logs that lie beyond 4 GiB − 1 MiB. */
  readonly #large: ReadonlySet<string>
  readonly #find: (file: string, event: Buffer) => Promise<EventPlace>
  #file = ''
  #open = false

  constructor(
    handler: BinlogHandler,
    large: ReadonlySet<string>,
    find: (file: string, event: Buffer) => Promise<EventPlace>,
  ) {
    this.#handler = handler
    this.#large = large
    this.#find = find
  }

  onRotate(file: string, position: number, ended?: number): void {
    this.#file = file
    this.#handler.onRotate(file, position, ended)
  }

  onEvent(bytes: Buffer, offset: number, end: number): Promise<void> | undefined {
    if (this.#open) return this.#handler.onEvent(bytes, offset, end)
    // What a server sends before the first transaction, it may have made up.
    if (!GTID_EVENTS.has(byteAt(bytes, offset + AT_TYPE))) return this.#handler.onEvent(bytes, offset, end)
    this.#open = true
    if (!this.#large.has(this.#file)) return this.#handler.onEvent(bytes, offset, end)
    // The stream reuses its bytes.
    return this.#place(Buffer.from(bytes.subarray(offset, end)))
  }

  onCaughtUp(): void {
    this.#handler.onCaughtUp?.()
  }

  async #place(event: Buffer): Promise<void> {
    const { position, ended } = await this.#find(this.#file, event)
    this.#handler.onRotate(this.#file, position, ended)
    await this.#handler.onEvent(event, 0, event.length)
  }
}
