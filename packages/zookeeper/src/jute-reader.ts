import { ReplyMalformedError } from './errors.ts'

const INT_BYTES = 4
const LONG_BYTES = 8

/**
 * Reads what ZooKeeper writes: big-endian numbers, and texts, buffers and vectors behind their length. Everything is checked against the bytes
 * that are there before anything is made of it: a reply can be wrong, and then it is one error, by name.
 */
export class JuteReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  /** @throws ReplyMalformedError, as everything that reads */
  int(what: string): number {
    return this.#bytes.readInt32BE(this.#take(INT_BYTES, what))
  }

  long(what: string): bigint {
    return this.#bytes.readBigInt64BE(this.#take(LONG_BYTES, what))
  }

  bool(what: string): boolean {
    const byte = this.#bytes[this.#take(1, what)]
    if (byte !== 0 && byte !== 1) throw ReplyMalformedError.of(what, `${byte}, expected 0 or 1`)
    return byte === 1
  }

  /** Bytes of their own: the frame they came in can go. A buffer that is null is empty. */
  buffer(what: string): Buffer {
    const length = this.int(`the length of ${what}`)
    if (length === -1) return Buffer.alloc(0)
    if (length < 0) throw ReplyMalformedError.of(what, `${length} bytes long`)
    const from = this.#take(length, what)
    return Buffer.from(this.#bytes.subarray(from, from + length))
  }

  text(what: string): string {
    return this.buffer(what).toString('utf8')
  }

  /** @param itemBytesMin of the smallest item: a count that the bytes can't hold is refused before the first is read */
  vector<Item>(what: string, itemBytesMin: number, item: () => Item): Item[] {
    const count = this.int(`the count of ${what}`)
    if (count === -1) return []
    if (count < 0 || count > this.left / itemBytesMin) {
      throw ReplyMalformedError.of(what, `${count} items in ${this.left} bytes`)
    }
    return Array.from({ length: count }, item)
  }

  /** Bytes that are not read yet. */
  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** Nothing may follow. */
  end(what: string): void {
    if (this.left > 0) throw ReplyMalformedError.of(what, `${this.left} bytes too long`)
  }

  #take(bytes: number, what: string): number {
    if (bytes > this.left) throw ReplyMalformedError.of(what, `cut: ${bytes} bytes expected, ${this.left} there`)
    const at = this.#at
    this.#at += bytes
    return at
  }
}
