import { type LateReading } from './late-reading.ts'
import { type Gone, type ReadsFrom, type ReadStep, type SeekStep, type WindowReader } from './window-reader.ts'

const FOUND = { kind: 'found' } as const
type Overrun = ReadStep & { readonly kind: 'overrun' }

/**
 * Reads what is held, and where that is gone what is read late, until the first window end that is held again: one stream,
 * without a gap and without a repetition, whatever leaves meanwhile. SPEC.md has its states.
 */
export class JoinedReader implements WindowReader {
  readonly #held: WindowReader
  readonly #late: LateReading
  readonly #pin: () => (() => void) | undefined
  /** Set from the change to what is held until that is read. */
  #unpin: (() => void) | undefined
  /** What is read now, where that is not what is held. */
  #far: WindowReader | undefined
  #wantedScn = -1n
  #wantedOffset = -1
  #isClosed = false

  /** @param pin keeps the beginning of what is held for a moment */
  constructor(held: WindowReader, late: LateReading, pin: () => (() => void) | undefined = () => undefined) {
    this.#held = held
    this.#late = late
    this.#pin = pin
  }

  get scn(): bigint {
    return (this.#far ?? this.#held).scn
  }
  get readsFrom(): ReadsFrom {
    return this.#far === undefined ? (this.#held.readsFrom ?? 'memory') : 'log'
  }
  get atWindowEnd(): boolean {
    return (this.#far ?? this.#held).atWindowEnd
  }

  seek(scn: bigint, windowOffset: number): SeekStep | Promise<SeekStep> {
    this.#letGo()
    this.#leaveFar()
    this.#wantedScn = scn
    this.#wantedOffset = windowOffset
    return following(this.#held.seek(scn, windowOffset), (step) => (step.kind === 'gone' ? this.#seekFar(step) : step))
  }

  seekLatest(): SeekStep | Promise<SeekStep> {
    this.#letGo()
    this.#leaveFar()
    return this.#held.seekLatest()
  }

  next(maxBytes: number, toWindowEnd = false): ReadStep | Promise<ReadStep> {
    const far = this.#far
    if (far !== undefined) return this.#nextLate(far, maxBytes, toWindowEnd)
    const step = this.#held.next(maxBytes, toWindowEnd)
    return following(step, (now) => {
      // Within a window the rest of it is still to be read.
      if (this.#held.atWindowEnd) this.#letGo()
      return this.#nextAfter(now, maxBytes)
    })
  }

  /** Only between windows it can change: its chunks end there where they can. */
  #nextLate(far: WindowReader, maxBytes: number, toWindowEnd: boolean): ReadStep | Promise<ReadStep> {
    if (!far.atWindowEnd) return following(far.next(maxBytes, true), (step) => this.#join(far, step))
    return following<SeekStep, ReadStep>(this.#held.seek(far.scn, -1), (step) => {
      if (this.#far !== far) return { kind: 'caughtUp' }
      if (step.kind !== 'found') return following(far.next(maxBytes, true), (late) => this.#join(far, late))
      this.#leaveFar()
      return this.next(maxBytes, toWindowEnd)
    })
  }

  /**
   * Changes to what is held with the chunk that reaches it, and not when it is asked again: a writer that is as fast as the reader would
   * have moved the beginning on by then, again and again.
   */
  #join(far: WindowReader, step: ReadStep): ReadStep | Promise<ReadStep> {
    if (step.kind !== 'chunk' || !step.endsWindow || this.#far !== far) return step
    const unpin = this.#pin()
    const joins = (sought: SeekStep): ReadStep => {
      if (sought.kind !== 'found' || this.#far !== far) {
        unpin?.()
        return step
      }
      this.#leaveFar()
      this.#letGo()
      this.#unpin = unpin
      return step
    }
    const sought = this.#held.seek(step.scn, -1)
    if (!(sought instanceof Promise)) return joins(sought)
    return sought.then(joins, (error: unknown) => {
      step.release()
      unpin?.()
      throw error
    })
  }

  close(): void {
    this.#isClosed = true
    this.#letGo()
    this.#held.close()
    this.#leaveFar()
  }

  /** What is held has answered: it may have lost the place. */
  #nextAfter(step: ReadStep, maxBytes: number): ReadStep | Promise<ReadStep> {
    if (step.kind === 'gone') {
      return following<SeekStep, ReadStep>(this.#seekFar(step), (sought) => this.#nextIfFar(sought, maxBytes))
    }
    // How far within its window it was, nobody has counted.
    if (step.kind !== 'overrun' || !this.#held.atWindowEnd) return step
    return this.#nextAfterOverrun(step, maxBytes)
  }

  #nextAfterOverrun(step: Overrun, maxBytes: number): ReadStep | Promise<ReadStep> {
    this.#wantedScn = step.scn
    this.#wantedOffset = -1
    const sought = this.#seekFar({ kind: 'gone', prevScn: step.scn })
    return following<SeekStep, ReadStep>(sought, (found) =>
      found.kind === 'found' ? this.#nextIfFar(found, maxBytes) : step,
    )
  }

  #nextIfFar(sought: SeekStep, maxBytes: number): ReadStep | Promise<ReadStep> {
    if (sought.kind !== 'found') return sought
    const far = this.#far
    if (far === undefined) return { kind: 'caughtUp' }
    return following(far.next(maxBytes, true), (step) => this.#join(far, step))
  }

  /** @param held what is said where late reading has less */
  #seekFar(held: Gone): SeekStep | Promise<SeekStep> {
    // What was held may have been waited for until nobody wants it any more.
    if (this.#isClosed) return held
    const [scn, offset] = [this.#wantedScn, this.#wantedOffset]
    // Its window is read again, too, where it was not seen whole.
    const far = this.#late.readFrom(offset < 0 ? scn : scn - 1n)
    this.#far = far
    return following(far.seek(scn, offset), (step) => {
      if (step.kind !== 'gone') return FOUND
      if (this.#far === far) this.#leaveFar()
      return step.prevScn < held.prevScn ? step : { ...step, prevScn: held.prevScn }
    })
  }

  #letGo(): void {
    this.#unpin?.()
    this.#unpin = undefined
  }

  #leaveFar(): void {
    const far = this.#far
    this.#far = undefined
    far?.close()
  }
}

/** Goes on at once where the answer is there. */
function following<Answer, Result>(
  answer: Answer | Promise<Answer>,
  then: (answer: Answer) => Result | Promise<Result>,
): Result | Promise<Result> {
  return answer instanceof Promise ? answer.then(then) : then(answer)
}
