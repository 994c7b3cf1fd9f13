const INT_BYTES = 4
const LONG_BYTES = 8
const FIRST_BYTES = 256

/** Writes a packet as ZooKeeper reads it, behind its length. */
export class JuteWriter {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES)
  #at = INT_BYTES

  int(value: number): this {
    const at = this.#room(INT_BYTES)
    this.#bytes.writeInt32BE(value, at)
    return this
  }

  long(value: bigint): this {
    const at = this.#room(LONG_BYTES)
    this.#bytes.writeBigInt64BE(value, at)
    return this
  }

  bool(value: boolean): this {
    const at = this.#room(1)
    this.#bytes[at] = value ? 1 : 0
    return this
  }

  buffer(value: Uint8Array): this {
    this.int(value.length)
    const at = this.#room(value.length)
    this.#bytes.set(value, at)
    return this
  }

  text(value: string): this {
    const bytes = Buffer.byteLength(value)
    this.int(bytes)
    const at = this.#room(bytes)
    this.#bytes.write(value, at)
    return this
  }

  vector<Item>(items: readonly Item[], write: (item: Item) => void): this {
    this.int(items.length)
    for (const item of items) write(item)
    return this
  }

  /** The packet, its length in front. */
  packet(): Buffer {
    this.#bytes.writeInt32BE(this.#at - INT_BYTES, 0)
    return this.#bytes.subarray(0, this.#at)
  }

  #room(bytes: number): number {
    const at = this.#at
    this.#at += bytes
    if (this.#at > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(this.#at, 2 * this.#bytes.length))
      this.#bytes.copy(grown, 0, 0, at)
      this.#bytes = grown
    }
    return at
  }
}
