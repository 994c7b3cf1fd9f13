import { parseError } from '@aesop/wire'

/** Who takes what comes over one connection. */
export interface AnswerTaker {
  /** A part of a body, where it lies: it is overwritten after the call. */
  body(bytes: Buffer, from: number, to: number): void
  /** The answer is whole; `error`: what its trailers say that it ended by. */
  ended(error: string | undefined): void
}

/**
 * Reads chunked answers of one connection, one after the other, and copies nothing of them: what such a reader costs is what the
 * system takes to hand the bytes over, and what is done with them.
 */
export class ChunkedAnswers {
  readonly #taker: AnswerTaker
  #expects: 'status' | 'head' | 'size' | 'chunk' | 'chunkEnd' | 'trailers' = 'status'
  #status = ''
  /** Of the head, and then of the trailers. */
  #headers: Record<string, string> = {}
  /** The begin of a line whose end has not come. */
  #line = ''
  #chunkLeft = 0

  constructor(taker: AnswerTaker) {
    this.#taker = taker
  }

  /** The first `length` bytes. @throws Error of an answer that is no stream */
  take(bytes: Buffer, length: number): void {
    let at = 0
    while (at < length)
      at = this.#expects === 'chunk' ? this.#handOver(bytes, at, length) : this.#read(bytes, at, length)
  }

  #handOver(bytes: Buffer, at: number, length: number): number {
    const end = Math.min(at + this.#chunkLeft, length)
    this.#chunkLeft -= end - at
    if (this.#chunkLeft === 0) this.#expects = 'chunkEnd'
    this.#taker.body(bytes, at, end)
    return end
  }

  #read(bytes: Buffer, at: number, length: number): number {
    const end = bytes.indexOf('\n', at)
    // Behind `length` is what came before.
    if (end < 0 || end >= length) {
      this.#line += bytes.toString('latin1', at, length)
      return length
    }
    const line = (this.#line + bytes.toString('latin1', at, end)).trimEnd()
    this.#line = ''
    this.#understand(line)
    return end + 1
  }

  #understand(line: string): void {
    switch (this.#expects) {
      case 'status':
        this.#status = line
        this.#expects = 'head'
        return
      case 'head':
        if (line === '') this.#begin()
        else this.#note(line)
        return
      case 'size':
        this.#chunkLeft = Number.parseInt(line, 16)
        this.#expects = this.#chunkLeft === 0 ? 'trailers' : 'chunk'
        return
      case 'trailers':
        if (line === '') this.#end()
        else this.#note(line)
        return
      default:
        this.#expects = 'size'
    }
  }

  #note(line: string): void {
    const colon = line.indexOf(':')
    this.#headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }

  #begin(): void {
    const error = this.#error
    if (error !== undefined || !this.#status.includes(' 200 '))
      throw new Error(`expected a stream, got ${this.#status}: ${error ?? 'no error is named'}`)
    if (this.#headers['transfer-encoding'] !== 'chunked')
      throw new Error('expected a stream, got an answer without chunks')
    this.#headers = {}
    this.#expects = 'size'
  }

  #end(): void {
    const error = this.#error
    this.#headers = {}
    this.#expects = 'status'
    this.#taker.ended(error)
  }

  get #error(): string | undefined {
    const error = parseError(this.#headers)
    return error === undefined ? undefined : `${error.code}: ${error.message}`
  }
}
