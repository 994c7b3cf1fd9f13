import { SegmentDamagedError } from '@aesop/buffer'
import { EventCorruptError } from '@aesop/event'
import { AesopError, sleep } from '@aesop/kernel'
import { type CopySink, type ReadingAttempt, WindowCopy } from '@aesop/producer'
import { type ReadStep, type WindowReader } from '@aesop/reading'
import { type LogView, type NothingLogged, type SegmentLog } from '@aesop/segment-files'
import { EventLogGapError, EventLogSpaceError, EventLogUnreadableError } from './event-log-errors.ts'
import { type LoggedSchemas } from './event-log-schemas.ts'

const PIECE_BYTES = 256 * 1024
/** How often the folder is looked at for more. */
const FOLLOW_MS = 100

export interface EventLogReadingOptions {
  readonly folder: string
  readonly log: SegmentLog
  readonly afterScn: bigint
  readonly scnSpace: string | undefined
  readonly sink: CopySink
  readonly schemas: LoggedSchemas
  /** Called when windows up to this SCN are in the sink; `windows` is how many this attempt has copied. */
  readonly copied: (scn: bigint, windows: number) => void
}

/** Copies the windows of an event log after an SCN, and those that come to it, until it is closed or a fault ends it. */
export class EventLogReading implements ReadingAttempt {
  readonly ended: Promise<Error | undefined>
  readonly #options: EventLogReadingOptions
  readonly #copy: WindowCopy
  readonly #closing = new AbortController()
  #scn: bigint
  /** Number of the file that the newest window ends in. */
  #number = 0
  #resumed: { promise: Promise<void>; resolve: () => void } | undefined

  constructor(options: EventLogReadingOptions) {
    this.#options = options
    this.#scn = options.afterScn
    this.#copy = new WindowCopy(options.sink)
    this.ended = this.#run().then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    )
  }

  pause(): void {
    if (this.#resumed !== undefined) return
    let resolve: () => void = () => undefined
    const promise = new Promise<void>((done) => (resolve = done))
    this.#resumed = { promise, resolve }
  }

  resume(): void {
    this.#resumed?.resolve()
    this.#resumed = undefined
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.resume()
    await this.ended
  }

  async #run(): Promise<void> {
    const { log, schemas } = this.#options
    try {
      while (!this.#isClosing()) {
        const view = await this.#look()
        if (view !== undefined) await this.#copyAll(view)
        while (!this.#isClosing() && !(await this.#reading(() => log.hasChanged()))) {
          // A version may come before its first event.
          schemas.bringNew()
          await sleep(FOLLOW_MS, this.#closing.signal)
        }
      }
    } finally {
      this.#copy.giveUp()
    }
  }

  /** @returns undefined: nothing follows, for now @throws EventLogGapError, EventLogSpaceError, EventLogUnreadableError */
  async #look(): Promise<LogView | undefined> {
    const { folder, scnSpace } = this.#options
    const view = await this.#lookFrom(this.#number)
    if ('aside' in view) return undefined
    if (view.scnSpace !== scnSpace) {
      await view.close()
      throw new EventLogSpaceError(folder, view.scnSpace, scnSpace ?? '(not known)')
    }
    if (view.prevScn > this.#scn) {
      await view.close()
      throw new EventLogGapError(folder, this.#scn, view.prevScn, view.damage)
    }
    return view
  }

  /** A log that begins anew counts its files from 0: what does not follow there may lie in a file of a lower number. */
  async #lookFrom(number: number): Promise<LogView | NothingLogged> {
    const view = await this.#reading(() => this.#options.log.look(number))
    const follows = !('aside' in view) && view.prevScn <= this.#scn
    if (follows || number === 0) return view
    if (!('aside' in view)) await view.close()
    this.#number = 0
    return this.#lookFrom(0)
  }

  async #copyAll(view: LogView): Promise<void> {
    const reader = view.openReader()
    try {
      const place = await reader.seek(this.#scn, -1)
      // Its process lost the newest windows to a power cut, and reads them again.
      if (place.kind === 'found') await this.#copyFrom(reader, view)
      this.#number = view.lastNumber
    } catch (error) {
      this.#copy.giveUp()
      if (!(error instanceof SegmentDamagedError || error instanceof EventCorruptError)) throw error
      throw new EventLogGapError(this.#options.folder, this.#scn, view.prevScn, error.message, error)
    } finally {
      reader.close()
      await view.close()
    }
  }

  async #copyFrom(reader: WindowReader, view: LogView): Promise<void> {
    const { folder, schemas, sink } = this.#options
    for (let wantedBytes = PIECE_BYTES; !this.#isClosing();) {
      const step: ReadStep = await reader.next(wantedBytes, true)
      wantedBytes = PIECE_BYTES
      if (step.kind === 'tooSmall') wantedBytes = step.pendingEventBytes
      else if (step.kind === 'chunk') {
        schemas.bring(step.bytes)
        this.#copy.take(step.bytes)
        step.release()
        if (this.#copy.isOpen) await sink.whenSpilled?.()
        else await this.#windowsEnd(step.scn)
      } else if (step.kind === 'caughtUp') return
      else
        throw new EventLogGapError(
          folder,
          this.#scn,
          view.prevScn,
          view.damage ?? 'it was taken away while it was read',
        )
    }
  }

  async #windowsEnd(scn: bigint): Promise<void> {
    this.#scn = scn
    this.#options.copied(scn, this.#copy.windows)
    await this.#options.sink.whenWritable()
    await this.#resumed?.promise
  }

  async #reading<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (error) {
      throw error instanceof AesopError ? error : new EventLogUnreadableError(this.#options.folder, error)
    }
  }

  #isClosing(): boolean {
    return this.#closing.signal.aborted
  }
}
