import { BinlogEventCorruptError } from '../error/errors.ts'

/**
 * Reads little-endian fields of one event in order, and never beyond its end. It is for the small events and for what
 * is read once per table; rows have compiled readers.
 */
export class PacketReader {
  readonly bytes: Buffer
  at: number
  readonly end: number
  private readonly what: string

  constructor(bytes: Buffer, at: number, end: number, what: string) {
    this.bytes = bytes
    this.at = at
    this.end = end
    this.what = what
  }

  get left(): number {
    return this.end - this.at
  }

  /** Moves on by `count` bytes and returns where they begin. @throws BinlogEventCorruptError beyond the end */
  take(count: number): number {
    const at = this.at
    if (!(count >= 0 && at + count <= this.end)) {
      throw new BinlogEventCorruptError(`${this.what} ends after ${this.end - at} of ${count} bytes`)
    }
    this.at = at + count
    return at
  }

  uint8(): number {
    return this.bytes[this.take(1)] as number
  }

  /** 1–6 bytes. */
  uint(count: number): number {
    return uintAt(this.bytes, this.take(count), count)
  }

  uint64(): bigint {
    return this.bytes.readBigUInt64LE(this.take(8))
  }

  /** A number where it fits: bigints cost much. */
  smallUint64(): number | bigint {
    const at = this.take(8)
    const high = uintAt(this.bytes, at + 4, 4)
    return high > 0x1fffff ? this.bytes.readBigUInt64LE(at) : high * 0x100000000 + uintAt(this.bytes, at, 4)
  }

  /** A length-encoded integer. */
  lengthEncoded(): number {
    const first = this.uint8()
    if (first < 0xfb) return first
    if (first === 0xfc) return this.uint(2)
    if (first === 0xfd) return this.uint(3)
    if (first === 0xfe) return Number(this.uint64())
    throw new BinlogEventCorruptError(`${this.what}: ${first} does not begin a length-encoded integer`)
  }

  /** A view, valid as long as the event. */
  view(count: number): Buffer {
    const at = this.take(count)
    return this.bytes.subarray(at, at + count)
  }

  text(count: number): string {
    return this.view(count).toString('utf8')
  }
}

/** Whoever asks knows that the bytes are there. */
function uintAt(bytes: Buffer, at: number, count: number): number {
  let value = 0
  for (let i = at + count - 1; i >= at; i--) value = value * 0x100 + (bytes[i] as number)
  return value
}
