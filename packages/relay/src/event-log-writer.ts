import { EventBuffer } from '@aesop/buffer'
import { type EventVersion } from '@aesop/event'
import { AesopError, type Logger, sleep } from '@aesop/kernel'
import { WindowCopy } from '@aesop/producer'
import { type WindowChunk, type WindowReader, type WindowSource } from '@aesop/reading'
import { FileSegments, NodeDisk, type SegmentDisk } from '@aesop/segment-files'
import { SchemaRegistryUnwritableError } from '@aesop/schema'
import { EventLogClosedError } from './event-log-errors.ts'
import { type KeptSchemas } from './event-log-schemas.ts'
import { type EventLogWriterSettings } from './source-settings.ts'

const SEGMENT_BYTES_MAX = 64 * 1024 * 1024
const EXPIRE_EVERY_MS = 1_000
/** How long it waits at most before it looks again whether there is something to do. */
const LOOK_MS = 1_000

export interface EventLogWriterOptions {
  readonly settings: EventLogWriterSettings
  readonly folder: string
  /** Left out: that folder. */
  readonly disk?: SegmentDisk
  readonly physicalPartition: number
  /** Left out: 1. */
  readonly eventVersion?: EventVersion
  readonly schemas: KeptSchemas
  /** Called when something was written. */
  readonly progressed: () => void
  readonly fail: (error: Error) => void
  readonly log: Logger
}

/**
 * Writes the windows of an event buffer to segment files of their own, beside it: it reads the buffer as any reader does, and keeps what it
 * has not read yet from leaving. While its disk is slow or full the buffer fills up, and its writer waits. EVENT-LOG.md has the clauses.
 */
export class EventLogWriter {
  readonly #options: EventLogWriterOptions
  #files: FileSegments
  #events: EventBuffer
  #source: WindowSource | undefined
  #scnSpace: string | undefined
  #beganAfterScn = -1n
  #reader: WindowReader | undefined
  #running: Promise<void> | undefined
  #unlisten: (() => void) | undefined
  #expiring: NodeJS.Timeout | undefined
  /** It is to write what is there, and no more. */
  #isEnding = false
  /** What ended it before it was closed. */
  #failure: Error | undefined
  /** Why the schemas of what comes can't be kept beside it now. */
  #schemasFault: string | undefined
  /** Why its source can't be read now. */
  #sourceFault: string | undefined
  #waiting: (() => void)[] = []
  #wakeUp: () => void = () => undefined
  #isWoken = false

  constructor(options: EventLogWriterOptions) {
    this.#options = options
    ;[this.#files, this.#events] = this.#made()
  }

  /** SCN of the newest window that it has. */
  get lastScn(): bigint {
    return this.#events.lastScn
  }

  /** The same; undefined while it has none. */
  get leftScn(): bigint | undefined {
    return this.#events.minScn === -1n ? undefined : this.lastScn
  }

  /** What is wrong with its disk, or was set aside there, for people. */
  get concern(): string | undefined {
    const all = [this.#files.concern, this.#schemasFault, this.#sourceFault].filter((each) => each !== undefined)
    return all.length === 0 ? undefined : all.join('; ')
  }

  /** Somebody has seen what was set aside: it is told no more. */
  acknowledge(): void {
    this.#files.acknowledge()
  }

  /** Takes the folder, and up what a former process left there. @throws SegmentFolderHeldError, SegmentFolderError */
  async open(): Promise<void> {
    await this.#events.open()
  }

  /** The SCN after which a buffer has to keep its windows; undefined: this one needs none of them, or they are gone. */
  neededAfterScn({ prevScn, lastScn }: { prevScn: bigint; lastScn: bigint }): bigint | undefined {
    return this.lastScn >= prevScn && this.lastScn < lastScn ? this.lastScn : undefined
  }

  /**
   * Begins to write, after what was left where that can be read on from there; what lies behind a hole is set aside. To be called before
   * the first window comes: from now on the buffer keeps what this one needs.
   */
  begin(source: WindowSource, scnSpace: string | undefined, beganAfterScn: bigint): void {
    this.#source = source
    this.#scnSpace = scnSpace
    this.#beganAfterScn = beganAfterScn
    const isLeft = this.#events.minScn !== -1n
    const { leftScnSpace } = this.#files
    if (!isLeft) this.#start(beganAfterScn)
    else if (leftScnSpace === scnSpace) this.#start(this.lastScn)
    else
      this.#start(
        beganAfterScn,
        `its SCN space is ${shownSpace(leftScnSpace)}, the source's is ${shownSpace(scnSpace)}`,
      )
    this.#unlisten = source.subscribe(() => {
      this.#wake()
    })
    this.#expire()
    this.#running = this.#run().catch((error: unknown) => {
      this.#options.fail(this.#failed(error))
    })
  }

  /** Who waits for it is told, and not left to wait. */
  #failed(error: unknown): Error {
    this.#failure = error instanceof Error ? error : new Error(String(error))
    this.#tellProgress()
    return this.#failure
  }

  /** A promise until it has all windows up to this SCN, safe from a power cut; undefined: it has. */
  whenDurable(scn: bigint): Promise<void> | undefined {
    // A place where the source began was stored before.
    if (scn <= this.#beganAfterScn) return undefined
    return this.lastScn >= scn ? this.#events.whenDurable() : this.#durableUpTo(scn)
  }

  /** Resolves when it has this window. @throws EventLogClosedError when it ends without it, and what ended it */
  async whenWritten(scn: bigint): Promise<void> {
    while (this.lastScn < scn) {
      this.#checkGoingOn(scn)
      await this.#nextProgress()
    }
  }

  /** Writes what is there, unless its disk is at fault, and lets the folder go. */
  async close(): Promise<void> {
    this.#isEnding = true
    this.#events.stopWaiting()
    this.#wake()
    this.#tellProgress()
    await this.#running
    clearInterval(this.#expiring)
    this.#unlisten?.()
    this.#reader?.close()
    await this.#events.close()
  }

  async #durableUpTo(scn: bigint): Promise<void> {
    for (;;) {
      // Asked first: what comes while that is waited for is not safe yet.
      const hasAll = this.lastScn >= scn
      // Rejected while the disk is at fault: who asks is not to wait for that.
      await this.#events.whenDurable()
      if (hasAll) return
      this.#checkGoingOn(scn)
      if (this.lastScn < scn) await this.#nextProgress()
    }
  }

  #checkGoingOn(wantedScn: bigint): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#isEnding) throw new EventLogClosedError(this.#options.folder, this.lastScn, wantedScn)
  }

  /** @param whyOther why what is there is not to be followed by what comes; left out: it is */
  #start(prevScn: bigint, whyOther?: string): void {
    this.#files.begin(this.#scnSpace)
    if (whyOther !== undefined) {
      this.#files.disown(whyOther)
      this.#events.forget()
      this.#options.schemas.setAside()
    }
    this.#events.start(prevScn)
  }

  /** Goes where reading goes on; begins anew where that is gone, in the source too. @returns false: the source could not be read now */
  async #seek(): Promise<boolean> {
    const { folder, log } = this.#options
    this.#reader ??= this.#source?.openReader()
    const place = await this.#asked(() => this.#reader?.seek(this.lastScn, -1))
    if (place?.kind !== 'gone') return place !== undefined
    const told = { hasUpToScn: this.lastScn, beginsAfterScn: place.prevScn }
    log.error(
      `the event log ${folder} begins anew: the source has not what follows; what was there becomes .other`,
      told,
    )
    await this.#events.close()
    ;[this.#files, this.#events] = this.#made()
    await this.#events.open()
    this.#start(place.prevScn, `the source has not what follows SCN ${told.hasUpToScn}`)
    return this.#seek()
  }

  async #run(): Promise<void> {
    for (;;) {
      if (!(await this.#seek())) {
        if (this.#isEnding) return
        await this.#nextWake()
        continue
      }
      const copy = new WindowCopy(this.#events)
      const isDone = await this.#copyAll(copy)
      copy.giveUp()
      if (isDone) return
    }
  }

  /** @returns whether it is to end; else what it was to read next has left the source */
  async #copyAll(copy: WindowCopy): Promise<boolean> {
    const { batchBytes } = this.#options.settings
    for (let wantedBytes = batchBytes; ;) {
      const step = await this.#asked(() => this.#reader?.next(wantedBytes, true))
      wantedBytes = batchBytes
      if (step?.kind === 'gone' || step?.kind === 'overrun') return false
      if (step?.kind === 'chunk') {
        if (!(await this.#write(step, copy))) return this.#isEnding
      } else if (step?.kind === 'tooSmall') wantedBytes = step.pendingEventBytes
      else if (this.#isEnding) return true
      else await this.#nextWake()
      this.#keepsSchemas()
      // What waits for a disk at fault comes again from the source.
      if (this.#isEnding && this.#files.isFaulty) return true
    }
  }

  /** @returns whether it was written; else its schemas could not be kept: it waited, and reads again */
  async #write(chunk: WindowChunk, copy: WindowCopy): Promise<boolean> {
    try {
      // Those of an event before the event.
      if (!this.#keepsSchemas()) {
        await this.#nextProgress()
        return false
      }
      copy.take(chunk.bytes)
    } finally {
      chunk.release()
    }
    this.#tellProgress()
    this.#options.progressed()
    await (copy.isOpen ? this.#events.whenSpilled() : this.#events.whenWritable())
    return true
  }

  /** A disk that is full may have room later. */
  #keepsSchemas(): boolean {
    try {
      this.#options.schemas.keepNew()
      this.#schemasFault = undefined
      return true
    } catch (error) {
      if (!(error instanceof SchemaRegistryUnwritableError)) throw error
      const fault = `the event log waits: ${error.message}`
      if (this.#schemasFault !== fault) this.#options.log.error(fault)
      this.#schemasFault = fault
      return false
    }
  }

  /** Undefined: the source could not be read now. */
  async #asked<Answer>(question: () => Answer | Promise<Answer>): Promise<Answer | undefined> {
    try {
      const answer = await question()
      this.#sourceFault = undefined
      return answer
    } catch (error) {
      if (!(error instanceof AesopError)) throw error
      const fault = `the event log waits: its source can not be read now: ${error.message}`
      if (this.#sourceFault !== fault) this.#options.log.warn(fault, { code: error.code })
      this.#sourceFault = fault
      return undefined
    }
  }

  #made(): [FileSegments, EventBuffer] {
    const { settings, folder, disk = new NodeDisk(folder), physicalPartition, eventVersion = 1, log } = this.#options
    const segmentBytes = Math.min(settings.fileBytes, SEGMENT_BYTES_MAX)
    const files = new FileSegments({
      disk,
      physicalPartition,
      eventVersion,
      segmentBytes,
      residentBytes: 2 * segmentBytes,
      syncIntervalMs: settings.syncIntervalMs,
      what: 'event log',
      log,
    })
    return [files, new EventBuffer({ maxBytes: settings.maxBytes, physicalPartition, eventVersion, store: files })]
  }

  #expire(): void {
    const { retentionMs } = this.#options.settings
    if (retentionMs === undefined) return
    this.#expiring = setInterval(() => {
      this.#events.expire(BigInt(Date.now() - retentionMs) * 1_000_000n)
    }, EXPIRE_EVERY_MS)
    this.#expiring.unref()
  }

  #wake(): void {
    this.#isWoken = true
    this.#wakeUp()
  }

  async #nextWake(): Promise<void> {
    if (!this.#isWoken) {
      const stop = new AbortController()
      this.#wakeUp = () => {
        stop.abort()
      }
      await sleep(LOOK_MS, stop.signal)
    }
    this.#isWoken = false
  }

  #tellProgress(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async #nextProgress(): Promise<void> {
    const stop = new AbortController()
    this.#waiting.push(() => {
      stop.abort()
    })
    await sleep(LOOK_MS, stop.signal)
  }
}

function shownSpace(scnSpace: string | undefined): string {
  return scnSpace ?? '(not known)'
}
