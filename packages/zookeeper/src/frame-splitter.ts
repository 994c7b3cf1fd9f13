import { ReplyMalformedError } from './errors.ts'

const LENGTH_BYTES = 4

/** The largest packet of a server that is read: children of a node with some 100,000 names. */
export const FRAME_BYTES_MAX = 4 * 1024 * 1024

/** Cuts the bytes of one socket into packets, however they arrive. A new socket has a new one: half a packet does not outlive it. */
export class FrameSplitter {
  #chunks: Buffer[] = []
  #bytes = 0
  /** Of the packet that is arriving, its length included; until that is known, the bytes of the length. */
  #wanted = LENGTH_BYTES

  /** The packets that are whole now, without their lengths. @throws ReplyMalformedError for a length that no packet has */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes < this.#wanted) return []
    return this.#split(this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks))
  }

  #split(all: Buffer): Buffer[] {
    const frames: Buffer[] = []
    let at = 0
    this.#wanted = wantedAt(all, at)
    while (all.length - at >= this.#wanted && this.#wanted > LENGTH_BYTES) {
      frames.push(all.subarray(at + LENGTH_BYTES, at + this.#wanted))
      at += this.#wanted
      this.#wanted = wantedAt(all, at)
    }
    this.#chunks = at < all.length ? [all.subarray(at)] : []
    this.#bytes = all.length - at
    return frames
  }
}

/** Length and body of the packet that begins there; without its length, only that of the length. */
function wantedAt(all: Buffer, at: number): number {
  if (all.length - at < LENGTH_BYTES) return LENGTH_BYTES
  const length = all.readInt32BE(at)
  if (length <= 0 || length > FRAME_BYTES_MAX) {
    throw ReplyMalformedError.of('a packet', `${length} bytes long, expected 1 to ${FRAME_BYTES_MAX}`)
  }
  return LENGTH_BYTES + length
}
