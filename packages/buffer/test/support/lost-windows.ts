import { EventBuffer } from '@aesop/buffer'
import { JoinedSource, type LateReading, type ReadStep, type SeekStep, type WindowReader } from '@aesop/reading'
import { addWindow, type SimpleEvent } from '../../../../test/support/windows.ts'

/** How readers answer; a test changes it while it reads. */
export interface LateAnswers {
  /** Whether what is said has to be waited for, also of what is held. */
  later: boolean
  /** Whether late readers wait for their turn. */
  waits: boolean
}

/** A reader whose answers have to be waited for, where a test says so. */
class AnsweringReader implements WindowReader {
  readonly #reader: WindowReader
  readonly #answers: LateAnswers
  readonly #onClose: () => void
  #isClosed = false

  constructor(reader: WindowReader, answers: LateAnswers, onClose: () => void = () => undefined) {
    this.#reader = reader
    this.#answers = answers
    this.#onClose = onClose
  }

  get scn(): bigint {
    return this.#reader.scn
  }
  get atWindowEnd(): boolean {
    return this.#reader.atWindowEnd
  }
  seek(scn: bigint, windowOffset: number): SeekStep | Promise<SeekStep> {
    return this.#answer(this.#reader.seek(scn, windowOffset))
  }
  seekLatest(): SeekStep | Promise<SeekStep> {
    return this.#answer(this.#reader.seekLatest())
  }
  next(maxBytes: number, toWindowEnd = false): ReadStep | Promise<ReadStep> {
    return this.#answer(this.nextNow(maxBytes, toWindowEnd))
  }
  protected nextNow(maxBytes: number, toWindowEnd: boolean): ReadStep | Promise<ReadStep> {
    return this.#reader.next(maxBytes, toWindowEnd)
  }
  close(): void {
    if (!this.#isClosed) this.#onClose()
    this.#isClosed = true
    this.#reader.close()
  }

  #answer<Step>(step: Step | Promise<Step>): Step | Promise<Step> {
    return this.#answers.later ? new Promise((resolve) => setImmediate(resolve, step)) : step
  }
}

class LateReader extends AnsweringReader {
  readonly #archive: Archive

  constructor(archive: Archive) {
    super(archive.events.openReader(), archive.answers, () => archive.closed++)
    this.#archive = archive
  }

  protected override nextNow(maxBytes: number, toWindowEnd: boolean): ReadStep | Promise<ReadStep> {
    return this.#archive.answers.waits ? { kind: 'caughtUp' } : super.nextNow(maxBytes, toWindowEnd)
  }
}

/** All windows ever, in the place of the log of a source. */
class Archive implements LateReading {
  readonly events: EventBuffer
  readonly answers: LateAnswers
  opened = 0
  closed = 0
  readonly #listeners = new Set<() => void>()

  constructor(events: EventBuffer, answers: LateAnswers) {
    this.events = events
    this.answers = answers
  }

  readFrom(): WindowReader {
    this.opened++
    return new LateReader(this)
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  goOn(): void {
    this.answers.waits = false
    for (const listener of this.#listeners) listener()
  }
}

/** A small buffer, and an archive of what left it. */
export class LostWindows {
  readonly held: EventBuffer
  readonly late: Archive
  readonly source: JoinedSource

  constructor(heldBytes: number, archiveBytes: number, answers: LateAnswers = { later: false, waits: false }) {
    this.held = new EventBuffer({ maxBytes: heldBytes, segmentBytes: 512, physicalPartition: 1 })
    const events = new EventBuffer({ maxBytes: archiveBytes, segmentBytes: 512, physicalPartition: 1 })
    this.held.start(100n)
    events.start(100n)
    this.late = new Archive(events, answers)
    const openReader = (): WindowReader => new AnsweringReader(this.held.openReader(), answers)
    const held = {
      openReader,
      pin: () => this.held.pin(),
      subscribe: (listener: () => void): (() => void) => this.held.subscribe(listener),
    }
    this.source = new JoinedSource(held, this.late)
  }

  readonly add = (scn: bigint, keys: readonly number[]): void => {
    const events: SimpleEvent[] = keys.map((key) => ({ key, valueBytes: 39 }))
    addWindow(this.late.events, scn, events)
    addWindow(this.held, scn, events)
  }

  /** Adds windows until the archive has lost the one with this SCN. */
  readonly forget = (scn: bigint): bigint => {
    const { events } = this.late
    while (events.prevScn < scn) this.add(events.lastScn + 1n, [1, 2, 3])
    return events.prevScn
  }
}
