/**
 * Reads chunked answers of one connection, one after the other, and keeps nothing of them: what such a reader costs is what the
 * system takes to hand the bytes over.
 */
export class DrainedAnswers {
  /** Bytes of the chunks of the answer that is read. */
  bytes = 0
  readonly #ended: (bytes: number) => void
  #expects: 'head' | 'size' | 'chunk' | 'chunkEnd' | 'trailers' = 'head'
  #line = ''
  #chunkLeft = 0

  /** @param ended hears of each answer that is whole, how many bytes its chunks had */
  constructor(ended: (bytes: number) => void) {
    this.#ended = ended
  }

  /** @throws Error of an answer that failed, or ended by one */
  take(bytes: Buffer): void {
    let at = 0
    while (at < bytes.length) at = this.#expects === 'chunk' ? this.#skip(bytes, at) : this.#readLine(bytes, at)
  }

  #skip(bytes: Buffer, at: number): number {
    const taken = Math.min(this.#chunkLeft, bytes.length - at)
    this.#chunkLeft -= taken
    this.bytes += taken
    if (this.#chunkLeft === 0) this.#expects = 'chunkEnd'
    return at + taken
  }

  #readLine(bytes: Buffer, at: number): number {
    const end = bytes.indexOf('\n', at)
    if (end < 0) {
      this.#line += bytes.toString('latin1', at)
      return bytes.length
    }
    const line = (this.#line + bytes.toString('latin1', at, end)).trimEnd()
    this.#line = ''
    this.#understand(line)
    return end + 1
  }

  #understand(line: string): void {
    switch (this.#expects) {
      case 'head':
        if (line.startsWith('HTTP/') && !line.includes(' 200 ')) throw new Error(`expected a stream, got ${line}`)
        if (line === '') this.#expects = 'size'
        return
      case 'size':
        this.#chunkLeft = Number.parseInt(line, 16)
        this.#expects = this.#chunkLeft === 0 ? 'trailers' : 'chunk'
        return
      case 'trailers':
        if (line !== '') throw new Error(`a stream was cut short: ${line}`)
        this.#expects = 'head'
        this.#end()
        return
      default:
        this.#expects = 'size'
    }
  }

  #end(): void {
    const { bytes } = this
    this.bytes = 0
    this.#ended(bytes)
  }
}
