import { EventTruncatedError, RemoteErrorTextError } from './errors.ts'
import { checkedLength, checkEvent, lengthKnownBytes } from './event-check.ts'
import { EventView } from './event-view.ts'

const REMOTE_TEXT_CHARS_MAX = 512
/** The first byte of a JSON error text where an event was expected: no version of an event. */
const JSON_TEXT_MARK = 0x7b
const EMPTY = Buffer.alloc(0)

/**
 * Cuts a byte stream, split anywhere, into events. Each event is proven against its length and both checksums before
 * it is handed out; an event longer than `eventBytesMax` is refused before anything is allocated for it.
 *
 * Use: `push` a chunk, then call `next` until it returns undefined. The view that `next` returns is moved by the
 * following call; its bytes stay valid for as long as somebody refers to them.
 */
export class EventDecoder {
  readonly #eventBytesMax: number
  readonly #view = new EventView()
  #bytes: Buffer = EMPTY
  #at = 0
  /** Chunks that wait until the next event is whole, so that a long one is joined once. */
  #waiting: Buffer[] = []
  #waitingBytes = 0

  constructor(eventBytesMax: number) {
    this.#eventBytesMax = eventBytesMax
  }

  /** Bytes that are held and not yet handed out as events. */
  get pendingBytes(): number {
    return this.#bytes.length - this.#at + this.#waitingBytes
  }

  push(chunk: Buffer): void {
    if (this.pendingBytes === 0) {
      this.#bytes = chunk
      this.#at = 0
      return
    }
    this.#waiting.push(chunk)
    this.#waitingBytes += chunk.length
  }

  #join(): void {
    this.#bytes = Buffer.concat([this.#bytes.subarray(this.#at), ...this.#waiting])
    this.#at = 0
    this.#waiting = []
    this.#waitingBytes = 0
  }

  /**
   * The next whole event, or undefined when more bytes are needed.
   * @throws EventCorruptError, EventUnsupportedError, EventTooLargeError, RemoteErrorTextError
   */
  next(): EventView | undefined {
    const held = this.#bytes.length - this.#at
    const wanted = held === 0 ? 1 : lengthKnownBytes(this.#bytes, this.#at)
    if (held < wanted) return this.#nextOf(wanted)
    this.#refuseText()
    const length = checkedLength(this.#bytes, this.#at, this.#eventBytesMax)
    if (held < length) return this.#nextOf(length)
    checkEvent(this.#bytes, this.#at, length)
    this.#view.moveTo(this.#bytes, this.#at)
    this.#at += length
    return this.#view
  }

  /** To be called when the stream is over. @throws EventTruncatedError when it ended inside an event */
  end(): void {
    if (this.pendingBytes > 0) throw new EventTruncatedError(this.pendingBytes)
  }

  /** The next event, when with the chunks that wait at least so many bytes are there. */
  #nextOf(bytes: number): EventView | undefined {
    if (this.pendingBytes < bytes) return undefined
    this.#join()
    return this.next()
  }

  #refuseText(): void {
    if (this.#bytes[this.#at] !== JSON_TEXT_MARK) return
    throw new RemoteErrorTextError(this.#bytes.toString('utf8', this.#at, this.#at + REMOTE_TEXT_CHARS_MAX))
  }
}
