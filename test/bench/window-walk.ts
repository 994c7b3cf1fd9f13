import { headerBytesWanted, isEndOfPeriodAt, lengthAt, scnAt, timestampNanosAt } from '@aesop/event'

/** No event of any version is shorter, and so many bytes tell its length. */
const EVENT_BYTES_MIN = headerBytesWanted(Buffer.alloc(0), 0, 0)
const TAIL_BYTES = 512

export interface WalkOptions {
  /** The window before the first; left out: whichever comes is the first. */
  readonly afterScn?: number
  /** Whether SCNs count one by one; otherwise they only grow. */
  readonly isGapless: boolean
  /** A window has ended that was committed then, in milliseconds since 1970. */
  readonly windowEnded: (committedMs: number) => void
}

/**
 * Walks the events of a stream where they lie, split anywhere, and proves that its windows follow each other without a gap and without a
 * repetition. Events are not decoded, and only one that has not wholly come is copied. SCNs are plain numbers, which is proven of each.
 */
export class WindowWalk {
  rows = 0
  /** −1: no window has come. */
  firstScn = -1
  /** −1: none is known. */
  lastScn: number
  readonly #options: WalkOptions
  /** The begin of an event that goes on with what comes. */
  #tail = Buffer.allocUnsafeSlow(TAIL_BYTES)
  #tailBytes = 0

  constructor(options: WalkOptions) {
    this.#options = options
    this.lastScn = options.afterScn ?? -1
  }

  /** Whether all events have wholly come. */
  get isWhole(): boolean {
    return this.#tailBytes === 0
  }

  /** Whichever window comes is the first again. */
  beginAnew(): void {
    this.firstScn = this.lastScn = -1
    this.#tailBytes = 0
  }

  /** @throws Error of a window that does not follow the one before */
  walk(bytes: Buffer, from: number, to: number): void {
    let at = this.#tailBytes === 0 ? from : this.#finishTail(bytes, from, to)
    while (to - at >= EVENT_BYTES_MIN) {
      const end = at + knownLengthAt(bytes, at)
      if (end > to) break
      this.#event(bytes, at)
      at = end
    }
    this.#keep(bytes, at, to, to - at)
  }

  /** @returns where the next event begins, or the end of what came when the tail is still not whole */
  #finishTail(bytes: Buffer, from: number, to: number): number {
    const at = this.#keep(bytes, from, to, EVENT_BYTES_MIN - this.#tailBytes)
    if (this.#tailBytes < EVENT_BYTES_MIN) return at
    const length = knownLengthAt(this.#tail, 0)
    const end = this.#keep(bytes, at, to, length - this.#tailBytes)
    if (this.#tailBytes < length) return end
    this.#event(this.#tail, 0)
    this.#tailBytes = 0
    return end
  }

  /** Adds so many bytes to the tail, as far as they have come. @returns where what follows them begins */
  #keep(bytes: Buffer, from: number, to: number, wanted: number): number {
    const taken = Math.max(0, Math.min(wanted, to - from))
    if (taken === 0) return from
    if (this.#tailBytes + taken > this.#tail.length) this.#tail = grown(this.#tail, this.#tailBytes + taken)
    bytes.copy(this.#tail, this.#tailBytes, from, from + taken)
    this.#tailBytes += taken
    return from + taken
  }

  #event(bytes: Buffer, at: number): void {
    if (!isEndOfPeriodAt(bytes, at)) {
      this.rows++
      return
    }
    const { isGapless, windowEnded } = this.#options
    const [scn, last] = [numberOf(scnAt(bytes, at)), this.lastScn]
    if (last >= 0 && (isGapless ? scn !== last + 1 : scn <= last)) throw new Error(`window ${scn} after ${last}`)
    if (this.firstScn < 0) this.firstScn = scn
    this.lastScn = scn
    windowEnded(Number(timestampNanosAt(bytes, at)) / 1e6)
  }
}

function knownLengthAt(bytes: Buffer, at: number): number {
  const length = lengthAt(bytes, at)
  if (length < EVENT_BYTES_MIN) throw new Error(`an event of ${length} bytes, expected ${EVENT_BYTES_MIN} at least`)
  return length
}

function numberOf(scn: bigint): number {
  const number = Number(scn)
  if (!Number.isSafeInteger(number)) throw new Error(`SCN ${scn} is too large for a plain number`)
  return number
}

function grown(bytes: Buffer, length: number): Buffer<ArrayBuffer> {
  const larger = Buffer.allocUnsafeSlow(Math.max(2 * bytes.length, length))
  bytes.copy(larger)
  return larger
}
