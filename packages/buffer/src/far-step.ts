import { checkEventHeader, EventCorruptError, headerBytesWanted, lengthAt } from '@aesop/event'
import { type Segment } from './segment.ts'

/** What a search or a skip reads at a time. */
export const FAR_STEP_BYTES = 64 * 1024

/**
 * What is looked for lies in a segment whose bytes are away: bytes of it are wanted, from an event on. Who asked reads them
 * (`SegmentStore.read`) and goes on with `resume`.
 */
export interface FarStep<Result> {
  readonly kind: 'far'
  readonly segment: Segment
  readonly from: number
  /** How many are wanted; fewer where the segment has no more. */
  readonly wantedBytes: number
  /** What is read becomes a piece that other readers may use (`ProvenPieces`). Left out: it is looked at once. */
  readonly isOfPiece?: true
  /** @throws EventCorruptError when they are not what was written */
  readonly resume: (bytes: Buffer) => Result | FarStep<Result>
}

export function isFar<Result>(step: Result | FarStep<Result>): step is FarStep<Result> {
  return (step as { readonly kind?: unknown } | null | undefined)?.kind === 'far'
}

/** A far step that goes on, once it has its result, with `then`. */
export function afterFar<First, Result>(
  step: First | FarStep<First>,
  then: (found: First) => Result | FarStep<Result>,
): Result | FarStep<Result> {
  if (!isFar(step)) return then(step)
  return { ...step, resume: (bytes) => afterFar(step.resume(bytes), then) }
}

/** What is said of bytes that should begin an event, and are fewer than its header. */
export function cutShort(headerBytes: number, available: number): EventCorruptError {
  return new EventCorruptError(`a header of ${headerBytes} bytes, of which ${available} are there`)
}

/** Bytes of a segment from an offset on: all of a segment in memory, a piece of one that is away. */
export class SegmentBytes {
  readonly bytes: Buffer
  readonly #base: number
  readonly #isFar: boolean

  private constructor(bytes: Buffer, base: number, isFar: boolean) {
    this.bytes = bytes
    this.#base = base
    this.#isFar = isFar
  }

  /** Nothing, while the segment is away. */
  static near(segment: Segment): SegmentBytes {
    return new SegmentBytes(segment.bytes, 0, segment.isAway)
  }

  static piece(bytes: Buffer, from: number): SegmentBytes {
    return new SegmentBytes(bytes, from, true)
  }

  /**
   * Where in `bytes` the event at an offset of the segment lies; −1: not even its header is here.
   * @throws EventCorruptError when the header is here and proves false
   */
  find(offset: number): number {
    const at = offset - this.#base
    if (!this.#isFar) return at
    const available = this.bytes.length - at
    if (at < 0 || available <= 0) return -1
    const headerBytes = headerBytesWanted(this.bytes, at, available)
    // A piece that begins with the event has its header, whatever the header is.
    if (available < headerBytes && at === 0) throw cutShort(headerBytes, available)
    if (available < headerBytes) return -1
    checkEventHeader(this.bytes, at, lengthAt(this.bytes, at))
    return at
  }
}
