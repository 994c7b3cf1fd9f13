import { Segment } from '@aesop/buffer'
import { checkEvent, headerBytesWanted, isEndOfPeriodAt, lengthAt, scnAt, timestampNanosAt } from '@aesop/event'
import { AesopError } from '@aesop/kernel'
import { type FoundSegment } from './found-segment.ts'
import { type SegmentHeader } from './segment-header.ts'

/** Finds out what a footer would say, by a look at each event: of a file that has none, or whose footer says too much. */
export class SegmentScan {
  readonly #header: SegmentHeader
  readonly #segment: Segment
  #isInside: boolean
  /** Where the window begins that the scan is in; −1: before this file. */
  #windowOffset = -1
  #windowNanos = 0n
  #continuedScn: bigint | undefined

  constructor(header: SegmentHeader) {
    this.#header = header
    this.#segment = Segment.of(emptySummary(header))
    this.#isInside = header.continues
  }

  /** Offset after the last event that was seen. */
  get end(): number {
    return this.#segment.writeEnd
  }

  /**
   * Looks at the events of a piece of the file, which begins where the last one ended.
   * @returns bytes that it needs to see one more event; 0: what comes is no event that proves its checksums
   */
  feed(bytes: Buffer): number {
    let at = 0
    let wanted = headerBytesWanted(bytes, at, bytes.length - at)
    while (wanted <= bytes.length - at) {
      const length = lengthAt(bytes, at)
      if (length <= 0 || length > this.#header.capacityBytes - this.end) return 0
      if (length > bytes.length - at) return length
      try {
        checkEvent(bytes, at, length)
      } catch (error) {
        if (error instanceof AesopError) return 0
        throw error
      }
      this.#note(bytes, at, length)
      at += length
      wanted = headerBytesWanted(bytes, at, bytes.length - at)
    }
    return wanted
  }

  found(): FoundSegment {
    const openNanos = this.#isInside ? this.#windowNanos : 0n
    return { header: this.#header, segment: this.#segment, openNanos, continuedScn: this.#continuedScn }
  }

  #note(bytes: Buffer, at: number, length: number): void {
    const segment = this.#segment
    const nanos = timestampNanosAt(bytes, at)
    if (!this.#isInside) {
      this.#isInside = true
      this.#windowOffset = segment.writeEnd
      this.#windowNanos = nanos
    }
    segment.lastWrittenOffset = segment.writeEnd
    segment.writeEnd += length
    segment.writtenEvents += 1
    if (isEndOfPeriodAt(bytes, at)) this.#close(scnAt(bytes, at), nanos)
  }

  #close(scn: bigint, nanos: bigint): void {
    this.#segment.publish(nanos, true)
    if (this.#windowOffset < 0) this.#continuedScn = scn
    else this.#segment.addWindow(scn, this.#windowOffset, this.#windowNanos)
    this.#isInside = false
  }
}

function emptySummary({ number, capacityBytes }: SegmentHeader): Parameters<typeof Segment.of>[0] {
  return {
    number,
    capacityBytes,
    visibleEnd: 0,
    visibleEvents: 0,
    writeEnd: 0,
    writtenEvents: 0,
    lastWrittenOffset: -1,
    firstWindowOffset: -1,
    lastWindowOffset: -1,
    lastWindowScn: -1n,
    lastEventOffset: -1,
    endsWithWindow: false,
    firstWindowNanos: 0n,
    lastNanos: 0n,
    unsealed: undefined,
    indexScns: [],
    indexOffsets: [],
  }
}
