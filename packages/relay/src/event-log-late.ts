import { AesopError, invariant } from '@aesop/kernel'
import { type Gone, type LateReading, type ReadStep, type SeekStep, type WindowReader } from '@aesop/reading'
import { type LogView, type SegmentLog } from '@aesop/segment-files'
import { EventLogSpaceError, EventLogUnreadableError } from './event-log-errors.ts'
import { type LoggedSchemas } from './event-log-schemas.ts'

const FOUND = { kind: 'found' } as const
const CAUGHT_UP = { kind: 'caughtUp' } as const

export interface EventLogLateOptions {
  readonly folder: string
  /** Looked at by nobody else. */
  readonly log: () => SegmentLog
  readonly schemas: () => LoggedSchemas
  readonly scnSpace: string | undefined
  /** SCN of the newest window that was replayed. */
  readonly reachedScn: () => bigint
}

/** Windows that the buffer of a replay has lost, read again from the event log. */
export class EventLogLate implements LateReading {
  readonly #options: EventLogLateOptions

  constructor(options: EventLogLateOptions) {
    this.#options = options
  }

  readFrom(scn: bigint): WindowReader {
    return new EventLogLateReader(this.#options, scn)
  }

  /** Where a reader has come to the end of the log, the replay that follows it tells of the next window. */
  subscribe(): () => void {
    return () => undefined
  }
}

/** What a log has at one moment, and who reads it. */
interface Part {
  readonly view: LogView
  readonly reader: WindowReader
}

/** Reads a log as it is at one moment, and where that ends as it is then. */
class EventLogLateReader implements WindowReader {
  readonly #options: EventLogLateOptions
  readonly #log: SegmentLog
  readonly #schemas: LoggedSchemas
  #scn: bigint
  #windowOffset = -1
  #isWithin = false
  #part: Part | undefined
  /** What is being asked: a view is closed when nothing is read of it any more. */
  #asked: Promise<unknown> = Promise.resolve()
  #isClosed = false

  constructor(options: EventLogLateOptions, scn: bigint) {
    this.#options = options
    this.#log = options.log()
    this.#schemas = options.schemas()
    this.#scn = scn
  }

  get scn(): bigint {
    return this.#scn
  }
  get atWindowEnd(): boolean {
    return this.#windowOffset < 0 && !this.#isWithin
  }

  seek(scn: bigint, windowOffset: number): Promise<SeekStep> {
    invariant(!this.#isClosed, 'a closed reader reads no more')
    this.#scn = scn
    this.#windowOffset = windowOffset
    this.#isWithin = false
    return this.#asking(async () => {
      await this.#leave()
      return this.#look(0)
    })
  }

  seekLatest(): never {
    throw new Error('what is read late has no newest window')
  }

  next(maxBytes: number, toWindowEnd = false): Promise<ReadStep> {
    invariant(!this.#isClosed, 'a closed reader reads no more')
    return this.#asking(() => this.#next(maxBytes, toWindowEnd))
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    void this.#asked.then(() => this.#leave())
  }

  async #next(maxBytes: number, toWindowEnd: boolean): Promise<ReadStep> {
    const gone = this.#part === undefined ? await this.#look(0) : FOUND
    if (gone.kind === 'gone') return gone
    const { reader, view } = this.#part as Part
    const step = await reader.next(maxBytes, toWindowEnd)
    switch (step.kind) {
      case 'chunk':
        return this.#took(step)
      case 'tooSmall':
        return step
      case 'overrun':
      case 'gone':
        // Its file was deleted: within a window nobody has counted how much of it was read.
        return this.#isWithin ? { kind: 'overrun', scn: this.#scn } : this.#nextOf(0, maxBytes, toWindowEnd)
      case 'caughtUp':
      case 'future':
        return this.atWindowEnd ? this.#nextOf(view.lastNumber, maxBytes, toWindowEnd) : CAUGHT_UP
    }
  }

  #took(step: ReadStep & { readonly kind: 'chunk' }): ReadStep {
    try {
      this.#schemas.bring(step.bytes)
    } catch (error) {
      step.release()
      throw error
    }
    this.#scn = step.scn
    this.#windowOffset = -1
    this.#isWithin = !step.endsWindow
    return step
  }

  /** Looks at the log anew, from one of its files on. */
  async #nextOf(fromNumber: number, maxBytes: number, toWindowEnd: boolean): Promise<ReadStep> {
    await this.#leave()
    const sought = await this.#look(fromNumber)
    if (sought.kind === 'gone') return sought
    const isMore = (this.#part?.view.lastScn ?? -1n) > this.#scn
    return isMore ? this.#next(maxBytes, toWindowEnd) : CAUGHT_UP
  }

  /** @returns found, also where the place lies ahead of the log: its process writes that again after a power cut */
  async #look(fromNumber: number): Promise<Gone | typeof FOUND> {
    const { folder, scnSpace, reachedScn } = this.#options
    const view = await this.#reading(() => this.#log.look(fromNumber))
    if ('aside' in view) {
      if (fromNumber > 0) return this.#look(0)
      return { kind: 'gone', prevScn: reachedScn(), reason: [...view.aside.values()].at(-1) ?? `${folder} is empty` }
    }
    if (view.scnSpace !== scnSpace) {
      await view.close()
      const error = new EventLogSpaceError(folder, view.scnSpace, scnSpace ?? '(not known)')
      return { kind: 'gone', prevScn: reachedScn(), reason: error.message }
    }
    const reader = view.openReader()
    this.#part = { view, reader }
    const sought = await this.#reading(async () => reader.seek(this.#scn, this.#windowOffset))
    if (sought.kind !== 'gone') return FOUND
    await this.#leave()
    if (fromNumber > 0) return this.#look(0)
    return view.damage === undefined ? sought : { ...sought, reason: view.damage }
  }

  async #leave(): Promise<void> {
    const part = this.#part
    this.#part = undefined
    part?.reader.close()
    await part?.view.close()
  }

  #asking<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    const asked = work()
    this.#asked = asked.catch(() => undefined)
    return asked
  }

  async #reading<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      throw error instanceof AesopError ? error : new EventLogUnreadableError(this.#options.folder, error)
    }
  }
}
