import {
  DOWN_CONVERTED_LESS_BYTES,
  downConvert,
  downConvertedBytesAt,
  endAt,
  isEndOfPeriodAt,
  scnAt,
} from '@aesop/event'
import { type ReadsFrom, type ReadStep, type SeekStep, type WindowChunk, type WindowReader } from '@aesop/reading'

/** An event of so few bytes may be one without a payload, which takes more of them in version 1. */
const SMALL_BYTES = 128
const NOTHING = Buffer.alloc(0)
const CAUGHT_UP = { kind: 'caughtUp' } as const

/**
 * Reads windows of events of version 2 as events of version 1. Most take fewer bytes so, ends of windows more: what was read
 * and has no room is kept for the next call. Its chunks have bytes of their own, and nothing of the source is held by them.
 */
export class DownConvertedReader implements WindowReader {
  readonly #reader: WindowReader
  /** Events that were read and not given yet. */
  #rest: Buffer = NOTHING
  /** What was given last; undefined: nothing since the place was sought. */
  #last: WindowChunk | undefined
  #isClosed = false

  constructor(reader: WindowReader) {
    this.#reader = reader
  }

  get scn(): bigint {
    return this.#last?.scn ?? this.#reader.scn
  }
  get readsFrom(): ReadsFrom {
    return this.#reader.readsFrom ?? 'memory'
  }
  get atWindowEnd(): boolean {
    return this.#last?.endsWindow ?? this.#reader.atWindowEnd
  }

  seek(scn: bigint, windowOffset: number): SeekStep | Promise<SeekStep> {
    this.#forget()
    return this.#reader.seek(scn, windowOffset)
  }

  seekLatest(): SeekStep | Promise<SeekStep> {
    this.#forget()
    return this.#reader.seekLatest()
  }

  next(maxBytes: number, toWindowEnd = false): ReadStep | Promise<ReadStep> {
    const restBytes = this.#rest.length
    if (restBytes >= maxBytes) return this.#give(maxBytes, toWindowEnd)
    return this.#read(maxBytes - restBytes, maxBytes, toWindowEnd)
  }

  close(): void {
    this.#isClosed = true
    this.#rest = NOTHING
    this.#reader.close()
  }

  /** @param askedBytes of version 2 */
  #read(askedBytes: number, maxBytes: number, toWindowEnd: boolean): ReadStep | Promise<ReadStep> {
    const take = (step: ReadStep): ReadStep | Promise<ReadStep> => {
      if (step.kind === 'chunk') return this.#take(step, maxBytes, toWindowEnd)
      if (this.#rest.length > 0) return this.#give(maxBytes, toWindowEnd)
      if (step.kind !== 'tooSmall' || this.#isClosed) return step
      // An event that has no room may have it as one of version 1, and a small one is looked at.
      const { pendingEventBytes } = step
      if (pendingEventBytes <= Math.max(SMALL_BYTES, maxBytes + DOWN_CONVERTED_LESS_BYTES))
        return this.#read(pendingEventBytes, maxBytes, toWindowEnd)
      return { kind: 'tooSmall', pendingEventBytes: pendingEventBytes - DOWN_CONVERTED_LESS_BYTES }
    }
    const asked = this.#reader.next(askedBytes, toWindowEnd)
    return asked instanceof Promise ? asked.then(take) : take(asked)
  }

  #take(chunk: WindowChunk, maxBytes: number, toWindowEnd: boolean): ReadStep {
    try {
      if (this.#isClosed) return CAUGHT_UP
      const converted = downConverted(chunk.bytes)
      this.#rest = this.#rest.length === 0 ? converted : Buffer.concat([this.#rest, converted])
    } finally {
      chunk.release()
    }
    return this.#give(maxBytes, toWindowEnd)
  }

  #give(maxBytes: number, toWindowEnd: boolean): ReadStep {
    const rest = this.#rest
    const last = lastEventOf(rest, maxBytes, toWindowEnd)
    if (last < 0) return { kind: 'tooSmall', pendingEventBytes: endAt(rest, 0) }
    const end = endAt(rest, last)
    this.#rest = rest.subarray(end)
    this.#last = {
      kind: 'chunk',
      bytes: rest.subarray(0, end),
      scn: scnAt(rest, last),
      endsWindow: isEndOfPeriodAt(rest, last),
      onOverrun: undefined,
      release: () => undefined,
    }
    return this.#last
  }

  #forget(): void {
    this.#rest = NOTHING
    this.#last = undefined
  }
}

function downConverted(bytes: Buffer): Buffer {
  let length = 0
  for (let at = 0; at < bytes.length; at = endAt(bytes, at)) length += downConvertedBytesAt(bytes, at)
  const converted = Buffer.allocUnsafeSlow(length)
  let end = 0
  for (let at = 0; at < bytes.length; at = endAt(bytes, at)) end = downConvert(bytes, at, converted, end)
  return converted
}

/** Offset of the event to end a chunk with; −1: the first has more than `maxBytes`. */
function lastEventOf(bytes: Buffer, maxBytes: number, toWindowEnd: boolean): number {
  let last = -1
  let lastEndOfPeriod = -1
  for (let at = 0; at < bytes.length; at = endAt(bytes, at)) {
    if (endAt(bytes, at) > maxBytes) break
    last = at
    if (isEndOfPeriodAt(bytes, at)) lastEndOfPeriod = at
  }
  return toWindowEnd && lastEndOfPeriod >= 0 ? lastEndOfPeriod : last
}
