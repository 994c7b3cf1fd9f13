/**
 * Reads Avro binary from a buffer, one value after the other. It does not check bounds while it reads: past the end it
 * sees zeros or throws RangeError, and whoever used it compares `at` with the end that he knows.
 */
export class AvroCursor {
  bytes: Buffer = Buffer.alloc(0)
  at = 0

  boolean(): boolean {
    return this.#byte() !== 0
  }

  /** An int, or the branch of a union: a zigzag varint of at most 32 bits. */
  int(): number {
    let byte = this.#byte()
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1)
    let bits = byte & 0x7f
    for (let shift = 7; byte >= 0x80 && shift < 35; shift += 7) {
      byte = this.#byte()
      bits |= (byte & 0x7f) << shift
    }
    return (bits >>> 1) ^ -(bits & 1)
  }

  /** A long of which it is known that a number holds it exactly. */
  longAsNumber(): number {
    const low = this.#group()
    if (this.#isWhole()) return unzigzag(low)
    const high = this.#group()
    return unzigzag(low + high * 0x10000000)
  }

  long(): bigint {
    const low = this.#group()
    if (this.#isWhole()) return BigInt(unzigzag(low))
    const middle = this.#group()
    if (this.#isWhole() && middle < 0x2000000) return BigInt(unzigzag(low + middle * 0x10000000))
    const high = this.#isWhole() ? 0 : this.#group()
    const bits = (BigInt(high & 0xff) << 56n) | (BigInt(middle) << 28n) | BigInt(low)
    return (bits >> 1n) ^ -(bits & 1n)
  }

  /** A long whose 64 bits are an unsigned integer. */
  unsignedLong(): bigint {
    const value = this.long()
    return value < 0n ? BigInt.asUintN(64, value) : value
  }

  float(): number {
    this.at += 4
    return this.bytes.readFloatLE(this.at - 4)
  }

  double(): number {
    this.at += 8
    return this.bytes.readDoubleLE(this.at - 8)
  }

  string(): string {
    const length = this.#length()
    const from = this.at
    this.at += length
    const short = length <= SHORT_TEXT_BYTES_MAX ? asciiText(this.bytes, from, length) : undefined
    return short ?? this.bytes.toString('utf8', from, this.at)
  }

  /** A copy: rows outlive the buffer that they came in. */
  byteString(): Uint8Array {
    const length = this.#length()
    this.at += length
    return new Uint8Array(this.bytes.subarray(this.at - length, this.at))
  }

  /** The same of a length that the schema says. */
  byteStringOf(length: number): Uint8Array {
    if (length > this.bytes.length - this.at) throw new RangeError(`a length of ${length} bytes`)
    this.at += length
    return new Uint8Array(this.bytes.subarray(this.at - length, this.at))
  }

  #length(): number {
    const length = this.longAsNumber()
    if (length < 0 || length > this.bytes.length - this.at) throw new RangeError(`a length of ${length} bytes`)
    return length
  }

  #ended = true

  /** Whether the last group of four bytes was also the last of its varint. */
  #isWhole(): boolean {
    return this.#ended
  }

  /** Up to four bytes of a varint: 28 bits. */
  #group(): number {
    let bits = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte()
      bits |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.#ended = true
        return bits
      }
    }
    this.#ended = false
    return bits
  }

  #byte(): number {
    // Undefined past the end counts as 0; the reader of the whole value notices that `at` went too far.
    return this.bytes[this.at++] ?? 0
  }
}

/** Up to this length a text is made here faster than by a call out of JavaScript. */
const SHORT_TEXT_BYTES_MAX = 12
/** One list for each length. */
const CODES = Array.from({ length: SHORT_TEXT_BYTES_MAX + 1 }, (_unused, length) => new Array<number>(length).fill(0))

/** Undefined: not all of it is ASCII. */
function asciiText(bytes: Buffer, from: number, length: number): string | undefined {
  const codes = CODES[length] as number[]
  let all = 0
  for (let i = 0; i < length; i++) all |= codes[i] = bytes[from + i] as number
  return all < 0x80 ? String.fromCharCode(...codes) : undefined
}

function unzigzag(bits: number): number {
  return bits % 2 === 0 ? bits / 2 : -(bits + 1) / 2
}
