import { type ReadStep, type SeekStep, type WindowChunk } from '@aesop/reading'
import { OffsetNotFoundError, type StreamOutput, type StreamRequest } from '@aesop/wire'
import { type StreamFilter, type StreamWindows } from './stream-windows.ts'
import { type TurnGate } from './turn-gate.ts'

/** Most bytes of windows that are asked for at a time; one event may be larger. */
export const CHUNK_BYTES_MAX = 512 * 1024
/** Most bytes whose events are looked at, or made into text, in one turn of the event loop; one event may be larger. */
const LOOK_BYTES_MAX = 128 * 1024
const TEXT_BYTES_MAX = 48 * 1024
/**
 * Of events in files: readers at one place share the memory that is read into, and all of it proves its checksums in the turn in which it
 * comes. A larger event has a larger piece, and so have those after it.
 */
const FILE_BYTES = 64 * 1024

/** Whole events that are to be sent: they stay as they are until `release`, and until the next ones are asked for. */
export interface Sendable {
  readonly bytes: Buffer
  /** What holds them; released already where they were copied. */
  readonly chunk: WindowChunk
}

export interface ReadingOptions {
  /** What is read, from its place on. */
  readonly windows: StreamWindows
  readonly request: StreamRequest
  readonly gate: TurnGate
  /** Whether each look takes its turn at the gate, also without a filter: what is read is worked on in this process. */
  readonly takesTurns?: boolean
  /** Whether nothing may be read any more, because who reads can't understand it; asked before each look. */
  readonly isOutdated: () => boolean
  /** Called before the wait for a window. */
  readonly onWait: () => void
}

/** Reads what one answer to `/stream` is to bring, whoever takes it: from its place on, filtered, until the request is satisfied. */
export class StreamReading {
  /** Bytes of events that were handed out. */
  sentBytes = 0
  /** Set when the next event has more bytes than may still be sent. */
  pendingEventBytes: number | undefined
  /** Whether it ended because `isOutdated` said so. */
  wasOutdated = false
  readonly #options: ReadingOptions
  readonly #filter: StreamFilter | undefined
  readonly #takesTurns: boolean
  readonly #chunkBytesMax: number
  readonly #reader: StreamWindows['reader']
  /** An event that is larger than a chunk: its bytes, which are asked for then. */
  #largeBytes = 0
  /** Bytes that are asked for at a time where they lie in files. */
  #fileBytes = FILE_BYTES
  /** Set when it is to end at the next end of a window. */
  #ending = false
  #closed = false
  /** Ends the wait for a window. */
  #wake: (() => void) | undefined
  /** Ends the wait for a disk or a network. */
  #leave: (() => void) | undefined

  constructor(options: ReadingOptions) {
    const { windows, request, takesTurns = false } = options
    this.#options = options
    this.#reader = windows.reader
    this.#filter = windows.filter
    this.#takesTurns = takesTurns || this.#filter !== undefined
    this.#chunkBytesMax = chunkBytesMax(this.#filter, this.#takesTurns, request.output)
  }

  /** @throws ScnNotFoundError, ScnInFutureError, ScnSpaceForeignError, InvalidRequestError */
  async begin(): Promise<void> {
    const { windows } = this.#options
    const sent = windows.begin()
    const step = sent instanceof Promise ? await this.#unlessClosed(sent) : sent
    if (step !== undefined) windows.checkPlace(step)
  }

  /** The SCN before the first window, for a reader that began without a place: it can come back there. */
  get previousScn(): bigint | undefined {
    return this.#options.windows.previousScn
  }

  /** Asks it to end at the next end of a window. */
  stop(): void {
    this.#ending = true
    this.#wake?.()
  }

  /** Ends it at once: nothing is waited for, and what comes late is let go. Twice is harmless. */
  close(): void {
    this.#closed = true
    this.#wake?.()
    this.#leave?.()
    this.#reader.close()
  }

  /**
   * The next events; undefined: there are no more. Who takes them releases their chunk.
   * @throws OffsetNotFoundError, ScnNotFoundError, ScnInFutureError where nothing will come
   * @throws InvalidRequestError of an event that the filter can not judge, after every event before it
   */
  async next(): Promise<Sendable | undefined> {
    const { gate, isOutdated } = this.#options
    while (!this.#closed) {
      this.#refuseUnfiltered()
      if (this.#ending && this.#reader.atWindowEnd) return undefined
      const isFar = this.#reader.readsFrom === 'files'
      if ((isFar || this.#takesTurns) && !gate.isOpen && !(await this.#comesIn())) return undefined
      // A schema is there before the first event of it: what is read in this turn has none that came later.
      this.wasOutdated = isOutdated()
      if (this.wasOutdated) return undefined
      const bytesToAsk = this.#bytesToAsk(isFar)
      const asked = this.#reader.next(bytesToAsk, this.#ending)
      // What another reader has read and proved is there at once.
      if (isFar && asked instanceof Promise) gate.spend(bytesToAsk)
      const step = asked instanceof Promise ? await this.#arrived(asked) : asked
      if (step === undefined) return undefined
      if (step.kind === 'chunk') {
        const sendable = this.#sendable(step)
        if (sendable === undefined || sendable.bytes.length > 0) return sendable
      } else if (step.kind === 'tooSmall') {
        if (this.#isFull(step.pendingEventBytes)) return undefined
      } else {
        this.#checkStep(step)
        if (this.#options.request.followMs === 0 || this.#ending) return undefined
        await this.#nextWindow()
      }
    }
    return undefined
  }

  /** @returns whether it was not closed until its turn came */
  async #comesIn(): Promise<boolean> {
    await this.#options.gate.opens()
    return !this.#closed
  }

  /** What was waited for; undefined: it came too late, and the answer ends. */
  async #arrived(asked: Promise<ReadStep>): Promise<ReadStep | undefined> {
    const step = await this.#unlessClosed(asked)
    // A schema may have come meanwhile, and an event of it after it.
    this.wasOutdated = step?.kind === 'chunk' && this.#options.isOutdated()
    if (!this.wasOutdated || step === undefined) return step
    letGo(step)
    return undefined
  }

  /** Waits for a disk or a network, but not longer than who reads; what comes after that is let go. */
  #unlessClosed<Step extends SeekStep | ReadStep>(asked: Promise<Step>): Promise<Step | undefined> {
    return new Promise((resolve, reject) => {
      const settle = (step: Step | undefined): void => {
        this.#leave = undefined
        resolve(step)
      }
      this.#leave = () => {
        settle(undefined)
      }
      asked.then((step) => {
        if (!this.#closed) settle(step)
        else letGo(step)
      }, reject)
    })
  }

  /** Bytes of events that may still be sent, at a time. */
  get #room(): number {
    const { followMs, sizeBytes } = this.#options.request
    return followMs > 0 ? sizeBytes : sizeBytes - this.sentBytes
  }

  #bytesToAsk(isFar: boolean): number {
    const piece = isFar ? Math.min(this.#fileBytes, this.#chunkBytesMax) : this.#chunkBytesMax
    return Math.max(this.#largeBytes, Math.min(this.#room, piece))
  }

  /** An event of more bytes than were asked for: a larger write, or with a filter a look at whether the event is sent at all. */
  #isFull(eventBytes: number): boolean {
    if (eventBytes <= this.#room || this.#filter !== undefined) {
      this.#largeBytes = eventBytes
      this.#fileBytes = Math.max(this.#fileBytes, eventBytes)
      return false
    }
    this.pendingEventBytes = eventBytes
    return true
  }

  /** @throws OffsetNotFoundError, ScnNotFoundError, ScnInFutureError where nothing will come */
  #checkStep(step: Exclude<ReadStep, WindowChunk>): void {
    if (step.kind === 'overrun')
      throw new OffsetNotFoundError(`the reader was overrun: what follows SCN ${step.scn} is gone`)
    this.#options.windows.checkPlace(step)
  }

  /** @returns undefined when the answer is full */
  #sendable(chunk: WindowChunk): Sendable | undefined {
    this.#largeBytes = 0
    const bytes = this.#filtered(chunk.bytes)
    if (bytes !== chunk.bytes) chunk.release()
    if (bytes.length > this.#room) {
      chunk.release()
      this.pendingEventBytes = bytes.length
      return undefined
    }
    this.sentBytes += bytes.length
    return { bytes, chunk }
  }

  /** A chunk of the most bytes costs as much as any other look, however many alternatives the filter has. */
  #filtered(bytes: Buffer): Buffer {
    if (this.#takesTurns) this.#options.gate.spend((bytes.length * LOOK_BYTES_MAX) / this.#chunkBytesMax)
    return this.#filter === undefined ? bytes : this.#filter.apply(bytes)
  }

  /** An event that the filter can't judge ends the answer, after everything before it. @throws InvalidRequestError */
  #refuseUnfiltered(): void {
    const failure = this.#filter?.failure
    if (failure !== undefined) throw failure
  }

  async #nextWindow(): Promise<void> {
    this.#options.onWait()
    let forget: (() => void) | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      forget = this.#options.windows.wait(resolve)
    })
    forget?.()
  }
}

function letGo(step: SeekStep | ReadStep): void {
  if (step.kind === 'chunk') step.release()
}

/** Each event that is looked at costs as much as the alternatives of its filter, some ten of which are as much as the rest. */
function chunkBytesMax(filter: StreamFilter | undefined, takesTurns: boolean, output: StreamOutput): number {
  const alternatives = filter?.alternatives ?? 0
  const looks = takesTurns ? LOOK_BYTES_MAX / (1 + Math.floor(alternatives / 10)) : CHUNK_BYTES_MAX
  return output === 'binary' ? Math.ceil(looks) : Math.ceil(Math.min(looks, TEXT_BYTES_MAX))
}
