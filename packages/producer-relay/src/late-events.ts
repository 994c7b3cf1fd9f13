import { endAt, scnAt } from '@aesop/event'
import { type CopySink } from '@aesop/producer'
import { type ReadStep } from '@aesop/reading'

/** Whose windows are read: after the window `scn`, or after its first `windowOffset` events, where that is not below 0. */
export interface LatePlace {
  readonly scn: bigint
  readonly windowOffset: number
}

interface HeldEvent {
  readonly bytes: Buffer
  readonly endsWindow: boolean
}

/**
 * Events that have come and were not given yet. An answer may break off anywhere: what is read again and was given, is left
 * out, so that what is given is one stream.
 */
export class LateEvents implements CopySink {
  readonly #held: HeldEvent[] = []
  #scn: bigint
  #windowOffset: number
  /** SCN of the last window that has come whole. */
  #wholeScn: bigint
  /** Events of the first window to come that were given before. */
  #skips: number

  constructor({ scn, windowOffset }: LatePlace) {
    this.#scn = scn
    this.#windowOffset = windowOffset
    this.#wholeScn = windowOffset < 0 ? scn : scn - 1n
    this.#skips = windowOffset
  }

  /** Behind what was given. */
  get place(): LatePlace {
    return { scn: this.#scn, windowOffset: this.#windowOffset }
  }

  /** After which window what comes next is to be asked for. */
  get wholeScn(): bigint {
    return this.#wholeScn
  }

  /** The next whole events, as `WindowReader.next` gives them; undefined: none has come. */
  give(maxBytes: number, toWindowEnd: boolean): ReadStep | undefined {
    const [first] = this.#held
    if (first === undefined) return undefined
    if (first.bytes.length > maxBytes) return { kind: 'tooSmall', pendingEventBytes: first.bytes.length }
    const given = this.#held.splice(0, this.#count(maxBytes, toWindowEnd))
    const bytes = Buffer.concat(given.map((event) => event.bytes))
    const endsWindow = given.at(-1)?.endsWindow === true
    this.#moveOver(given)
    return { kind: 'chunk', bytes, scn: this.#scn, endsWindow, onOverrun: undefined, release: () => undefined }
  }

  /** How many events have so many bytes; up to the last end of a window among them, if there is one and that is wanted. */
  #count(maxBytes: number, toWindowEnd: boolean): number {
    let [count, ended, sum] = [0, 0, 0]
    for (const { bytes, endsWindow } of this.#held) {
      sum += bytes.length
      if (sum > maxBytes) break
      count++
      if (endsWindow) ended = count
    }
    return toWindowEnd && ended > 0 ? ended : count
  }

  #moveOver(given: readonly HeldEvent[]): void {
    for (const { bytes, endsWindow } of given) {
      this.#scn = scnAt(bytes, 0)
      this.#windowOffset = endsWindow ? -1 : Math.max(this.#windowOffset, 0) + 1
    }
  }

  beginWindow(): void {
    // It begins with its first event.
  }

  appendCopy(bytes: Buffer, at: number, length: number): void {
    if (this.#skips > 0 && scnAt(bytes, at) === this.#scn) this.#skips--
    else this.#held.push({ bytes: bytes.subarray(at, at + length), endsWindow: false })
  }

  endWindowCopy(bytes: Buffer, at: number): void {
    this.#held.push({ bytes: bytes.subarray(at, endAt(bytes, at)), endsWindow: true })
    this.#wholeScn = scnAt(bytes, at)
    this.#skips = 0
  }

  /** What has come of a window without its end is read again, but for what was given. */
  rollbackWindow(): void {
    this.#held.length = this.#held.findLastIndex(({ endsWindow }) => endsWindow) + 1
    this.#skips = this.#held.length > 0 ? 0 : this.#windowOffset
  }

  append(): never {
    throw new Error('what is read late is copied')
  }

  endWindow(): never {
    throw new Error('what is read late is copied')
  }

  whenWritable(): undefined {
    return undefined
  }
}
