import { type StreamRequest } from '@aesop/wire'
import { StreamReading } from './stream-reading.ts'
import { type StreamWindows } from './stream-windows.ts'
import { type TurnGate } from './turn-gate.ts'

/** What is kept for the next events; one that is larger has bytes of its own. */
const OWN_BYTES = 128 * 1024

/**
 * A stream that is read in this process. Events are copied out of their chunk, which is released at once: whoever works on them may
 * take any time, and holds nothing of the buffer meanwhile.
 */
export class LocalStream {
  /** Why it ended before its end; undefined: it did not. */
  failure: unknown
  /** Nothing of the buffer is held for long enough to be needed back. */
  readonly wasOverrun = false
  wasCut = false
  readonly scnSpace: string | undefined
  /** Fulfilled when it has ended, however that came. */
  readonly ended: Promise<void>
  readonly #reading: StreamReading
  readonly #followMs: number
  #end: () => void = () => undefined
  #timer: NodeJS.Timeout | undefined
  #own = Buffer.alloc(0)

  /** @param scnSpace that of the windows; undefined: not known, or not one for all */
  constructor(windows: StreamWindows, request: StreamRequest, gate: TurnGate, scnSpace: string | undefined) {
    this.scnSpace = scnSpace
    this.#followMs = request.followMs
    this.#reading = new StreamReading({
      windows,
      request,
      gate,
      takesTurns: true,
      // A client of this process learns new schemas as it meets them.
      isOutdated: () => false,
      onWait: () => undefined,
    })
    this.ended = new Promise((resolve) => (this.#end = resolve))
  }

  get sentBytes(): number {
    return this.#reading.sentBytes
  }
  get previousScn(): bigint | undefined {
    return this.#reading.previousScn
  }
  get pendingEventBytes(): number {
    return this.#reading.pendingEventBytes ?? 0
  }

  /** Finds its place. @throws ScnNotFoundError, ScnInFutureError, ScnSpaceForeignError */
  async begin(): Promise<void> {
    if (this.#followMs > 0) {
      this.#timer = setTimeout(() => {
        this.stop()
      }, this.#followMs)
    }
    try {
      await this.#reading.begin()
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** The next events, which stay until the next call; undefined: it has ended. @throws what StreamReading throws */
  async next(): Promise<Buffer | undefined> {
    try {
      const given = await this.#reading.next()
      if (given === undefined) {
        this.close()
        return undefined
      }
      const bytes = given.bytes === given.chunk.bytes ? this.#copyOf(given.bytes) : given.bytes
      given.chunk.release()
      return bytes
    } catch (error) {
      this.failure = error
      this.close()
      throw error
    }
  }

  /** Asks it to end at the next end of a window. */
  stop(): void {
    this.#reading.stop()
  }

  /** Ends it at once, as a connection that breaks. */
  cut(): void {
    this.wasCut = true
    this.close()
  }

  /** Ends it at once. Twice is harmless. */
  close(): void {
    clearTimeout(this.#timer)
    this.#reading.close()
    this.#end()
  }

  #copyOf(bytes: Buffer): Buffer {
    if (bytes.length > OWN_BYTES) return Buffer.from(bytes)
    if (this.#own.length === 0) this.#own = Buffer.allocUnsafeSlow(OWN_BYTES)
    bytes.copy(this.#own)
    return this.#own.subarray(0, bytes.length)
  }
}
