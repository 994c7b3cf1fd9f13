import { invariant } from '@aesop/kernel'
import { type Gone, type ReadStep, type SeekStep, type WindowReader } from '@aesop/reading'
import { type Joined, type LateReaders } from './late-readers.ts'

const FOUND = { kind: 'found' } as const
const CAUGHT_UP = { kind: 'caughtUp' } as const
/** How long an answer waits for the log; an answer that has nothing then is asked for again. */
const WAIT_MS = 500

/** Reads windows of a late reading, which it joins when it is asked for the first time, and again where it was left behind. */
export class LateReader implements WindowReader {
  readonly #readers: LateReaders
  #wantedScn: bigint
  #wantedOffset = -1
  #part: (Joined & { readonly reader: WindowReader }) | undefined
  /** Whether it has read from its reading. */
  #hasRead = false
  #isClosed = false

  constructor(readers: LateReaders, scn: bigint) {
    this.#readers = readers
    this.#wantedScn = scn
  }

  get scn(): bigint {
    return this.#hasRead && this.#part !== undefined ? this.#part.reader.scn : this.#wantedScn
  }
  get atWindowEnd(): boolean {
    return this.#hasRead && this.#part !== undefined ? this.#part.reader.atWindowEnd : this.#wantedOffset < 0
  }

  seek(scn: bigint, windowOffset: number): SeekStep {
    invariant(!this.#isClosed, 'a closed reader reads no more')
    this.#leave(false)
    this.#wantedScn = scn
    this.#wantedOffset = windowOffset
    const gone = this.#join()
    return gone ?? FOUND
  }

  seekLatest(): never {
    throw new Error('what is read late has no newest window')
  }

  next(maxBytes: number, toWindowEnd = false): ReadStep | Promise<ReadStep> {
    invariant(!this.#isClosed, 'a closed reader reads no more')
    return this.#next(maxBytes, toWindowEnd, true)
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#leave(true)
  }

  async #next(maxBytes: number, toWindowEnd: boolean, mayWait: boolean): Promise<ReadStep> {
    if (this.#isClosed) return CAUGHT_UP
    const gone = this.#isLeftAlone && !this.#isWithin ? this.#rejoin() : this.#join()
    if (gone !== undefined) return gone
    const part = this.#part
    if (part === undefined) return CAUGHT_UP
    if (this.#isLeftAlone) return { kind: 'overrun', scn: part.reader.scn }
    part.shared.asks(part.taker)
    const answer = part.reader.next(maxBytes, toWindowEnd)
    // Memory answers at once: no window may close between this answer and the wait for the next one.
    const step = answer instanceof Promise ? await answer : answer
    switch (step.kind) {
      case 'chunk':
        this.#took(part, step.bytes.length)
        return step
      case 'tooSmall':
        return step
      case 'overrun':
      case 'gone':
        // Its windows have left the reading.
        if (this.#isWithin) return { kind: 'overrun', scn: part.reader.scn }
        return this.#rejoin() ?? this.#next(maxBytes, toWindowEnd, mayWait)
      case 'caughtUp':
      case 'future':
        if (mayWait) return this.#wait(part, maxBytes, toWindowEnd)
        this.#readers.owes(part.shared)
        return CAUGHT_UP
    }
  }

  async #wait(part: Joined, maxBytes: number, toWindowEnd: boolean): Promise<ReadStep> {
    if (part.shared.failure !== undefined) return this.#failed(part, maxBytes, toWindowEnd)
    const { shared } = part
    const deadline = performance.now() + WAIT_MS
    for (let left = WAIT_MS; left > 0; left = deadline - performance.now()) {
      await shared.nextWindow(left)
      if (shared.ring.lastScn > this.#afterScn || shared.failure !== undefined || shared.isClosed) break
    }
    return this.#next(maxBytes, toWindowEnd, false)
  }

  #failed({ shared }: Joined, maxBytes: number, toWindowEnd: boolean): Gone | Promise<ReadStep> {
    this.#leaveHere()
    return this.#readers.failed(shared, this.#afterScn) ?? this.#next(maxBytes, toWindowEnd, true)
  }

  #took({ shared, taker }: Joined, bytes: number): void {
    this.#hasRead = true
    this.#readers.bytes += bytes
    shared.took(taker, this.#afterScn)
  }

  /** Whether its reading was given back meanwhile. */
  get #isLeftAlone(): boolean {
    const shared = this.#part?.shared
    return shared?.isClosed === true && shared.failure === undefined
  }

  /** Whether it has read a part of a window: how much of it, nobody has counted. */
  get #isWithin(): boolean {
    return this.#hasRead && this.#part?.reader.atWindowEnd === false
  }

  /** The SCN after which it needs windows: of one that it has seen a part of it needs the rest. */
  get #afterScn(): bigint {
    return this.atWindowEnd ? this.scn : this.scn - 1n
  }

  #join(): Gone | undefined {
    if (this.#part !== undefined) return undefined
    const joined = this.#readers.join(this.#afterScn)
    if (joined.kind === 'gone') return joined
    if (joined.kind === 'waits') return undefined
    const reader = joined.shared.ring.openReader()
    void reader.seek(this.#wantedScn, this.#wantedOffset)
    this.#part = { ...joined, reader }
    return undefined
  }

  /** From where it has come to. */
  #rejoin(): Gone | undefined {
    this.#leaveHere()
    return this.#join()
  }

  #leaveHere(): void {
    if (this.#hasRead) {
      this.#wantedScn = this.scn
      this.#wantedOffset = -1
    }
    this.#leave(false)
  }

  #leave(comesBack: boolean): void {
    const part = this.#part
    this.#part = undefined
    this.#hasRead = false
    part?.reader.close()
    part?.shared.leave(part.taker, comesBack)
  }
}
