import { EventBuffer, type SegmentStore } from '@aesop/buffer'
import { type EventVersion } from '@aesop/event'
import { type Alert, type Logger, sleep } from '@aesop/kernel'
import { type ProducerStatus } from '@aesop/producer'
import { type FileSegments } from '@aesop/segment-files'
import { BlockWatch } from './block-watch.ts'
import { BufferScrub } from './buffer-scrub.ts'
import { FallWatch } from './fall-watch.ts'
import { type EventLogWriter } from './event-log-writer.ts'
import { type Awaited, OwnReaders, type OwnReadersOptions } from './own-readers.ts'
import { type SourceSettings } from './source-settings.ts'
import { type WatchedReader, watchedReaders } from './watched-readers.ts'

const EXPIRE_EVERY_MS = 1_000
/** How often a reset looks whether the window that was open has ended. */
const RESET_LOOK_MS = 10

/** Windows of a former process: those after the one SCN, up to the other. */
export interface LeftWindows {
  readonly prevScn: bigint
  readonly lastScn: bigint
}

export interface SourceBufferOptions {
  /** Of the physical source. */
  readonly name: string
  readonly settings: SourceSettings
  readonly physicalPartition: number
  readonly eventVersion: EventVersion
  readonly readers: OwnReadersOptions
  /** In the place of files or memory. */
  readonly store: SegmentStore | undefined
  /** Undefined: memory. */
  readonly files: FileSegments | undefined
  /** Undefined: none is written. */
  readonly eventLog: EventLogWriter | undefined
  readonly status: () => ProducerStatus
  /** Whether what the buffer loses can be read late. Asked while it is full. */
  readonly servesLate: () => boolean
  /** Who reads it over a stream, or did. */
  readonly knownReaders: () => readonly WatchedReader[]
  /** Tells people of a reader that falls off. */
  readonly publish: (alert: Alert) => void
  readonly log: Logger
}

/** The event buffer of a physical source, and the readers of this process that its writer waits for. */
export class SourceBuffer {
  readonly events: EventBuffer
  readonly readers: OwnReaders
  readonly #options: SourceBufferOptions
  readonly #watch: BlockWatch
  readonly falls: FallWatch
  readonly #files: FileSegments | undefined
  #expiring: NodeJS.Timeout | undefined
  readonly #scrub: BufferScrub | undefined
  #unlisten: (() => void) | undefined

  constructor(options: SourceBufferOptions) {
    const { settings, physicalPartition, eventVersion, log, files, eventLog } = options
    this.#options = options
    this.#files = files
    const store = options.store ?? files
    this.readers = new OwnReaders(options.readers)
    this.events = new EventBuffer({
      maxBytes: settings.bufferBytes,
      physicalPartition,
      eventVersion,
      ...(store === undefined ? {} : { store }),
      ...(settings.waitsForOwnReaders || eventLog !== undefined
        ? { neededAfterScn: () => this.#neededAfterScn() }
        : {}),
      ...(eventLog === undefined ? {} : { durableBeside: () => eventLog.whenDurable(this.events.lastScn) }),
    })
    const mbPerSecond = settings.files?.scrubMBPerSecond ?? 0
    if (this.#files !== undefined && mbPerSecond > 0) this.#scrub = new BufferScrub(this.events, mbPerSecond, log)
    this.#watch = new BlockWatch({
      isBlocked: () => {
        this.events.recheck()
        return this.events.isBlocked
      },
      reason: () => this.#waitText(),
      log,
    })
    this.falls = new FallWatch({
      name: options.name,
      alarmMs: settings.fallsOffAlarmMs,
      retentionMs: settings.retentionMs,
      readers: () => watchedReaders(options.knownReaders(), this.readers.all(), this.#awaits()),
      roomAfter: (scn) => this.events.roomAfter(scn),
      servesLate: options.servesLate,
      publish: options.publish,
      log,
    })
  }

  get #awaited(): Awaited | undefined {
    return this.readers.awaited(this.events, this.#options.servesLate())
  }

  /** For whom a full buffer waits: nothing of what they need leaves. */
  #awaits(): (id: string) => boolean {
    const { settings, servesLate } = this.#options
    if (!settings.waitsForOwnReaders) return () => false
    if (servesLate()) {
      const furthest = this.#awaited?.reader.id
      return (id) => id === furthest
    }
    const running = new Set(this.readers.all().flatMap(({ id, isRunning }) => (isRunning ? [id] : [])))
    return (id) => running.has(id)
  }

  /** What health says of a disk that is at fault, of a writer that waits for long, or of a reader that loses something soon; undefined: nothing. */
  get concern(): string | undefined {
    const ofLog = this.#options.eventLog?.concern
    const all = [this.#files?.concern, ofLog, this.#watch.detail, this.falls.concern].filter(
      (each) => each !== undefined,
    )
    return all.length === 0 ? undefined : all.join('; ')
  }

  /** SCN space of what a former process left. */
  get restoredScnSpace(): string | undefined {
    return this.#files?.leftScnSpace ?? (this.#files?.former?.scnSpace || undefined)
  }

  /**
   * Takes up what a former process left. Where all of it was read under another configuration, it says what that was, all the same: the source
   * is to go on behind it, and not to make it again.
   */
  async open(): Promise<LeftWindows | undefined> {
    const lastScn = await this.events.open()
    return lastScn === undefined ? this.#files?.former?.scns : { prevScn: this.events.prevScn, lastScn }
  }

  /**
   * Says where the source begins, and in which SCN space. What a former process left is served on when the source goes on within
   * it or right after it; of another space it is set aside.
   */
  start(beganAfterScn: bigint, scnSpace: string | undefined): void {
    const { events } = this
    const files = this.#files
    const { log } = this.#options
    const left = { firstScn: events.minScn, lastScn: events.lastScn }
    files?.begin(scnSpace)
    const isOfOthers = files?.leftScnSpace !== undefined && files.leftScnSpace !== scnSpace
    if (isOfOthers) events.forget()
    events.start(beganAfterScn)
    if (files === undefined || left.firstScn === -1n) return
    if (events.minScn === left.firstScn)
      log.info('the event buffer goes on with segment files of a former process', left)
    else
      log.warn('segment files of a former process are not served: the source goes on elsewhere', {
        ...left,
        beganAfterScn,
        isOfOthers,
      })
  }

  /**
   * Empties the buffer, which begins anew where the source is, and says no more of files that were set aside. Who had not read all is
   * told as when a buffer is full: overrun, and the SCN not found, unless the source can be read again from there.
   */
  async reset(): Promise<void> {
    const { events } = this
    const { eventLog } = this.#options
    // Nothing goes that the log has not; who writes waits for that meanwhile, else it would never have all.
    events.reset(() => eventLog === undefined || eventLog.lastScn >= events.lastScn)
    while (events.isResetting) {
      await eventLog?.whenWritten(events.lastScn)
      events.recheck()
      await sleep(RESET_LOOK_MS)
    }
    this.#files?.acknowledge()
    eventLog?.acknowledge()
    this.#options.log.info('the event buffer was emptied, and begins anew', { prevScn: events.prevScn })
  }

  /** Looks after a writer that waits, from now on. */
  watch(): void {
    // A reader tells of each window; the buffer is looked at once for all that it processed in one turn.
    let isDue = false
    const lookOnce = (): void => {
      if (isDue || !this.events.isBlocked) return
      isDue = true
      setImmediate(() => {
        isDue = false
        this.events.recheck()
      })
    }
    this.#unlisten = this.#options.readers.readers.listen(lookOnce)
    this.#watch.start()
    this.falls.start()
    this.#scrub?.start()
    const { retentionMs } = this.#options.settings
    if (retentionMs === undefined) return
    this.#expiring = setInterval(() => {
      this.events.expire(BigInt(Date.now() - retentionMs) * 1_000_000n)
    }, EXPIRE_EVERY_MS)
    this.#expiring.unref()
  }

  /** The SCN after which the source is to begin, if it can: what registrations of this process need, or the event log. */
  neededSinceScn(): bigint | undefined {
    const ofReaders = this.readers.oldestScn()
    const ofLog = this.#options.eventLog?.leftScn
    return ofReaders === undefined || (ofLog !== undefined && ofLog < ofReaders) ? ofLog : ofReaders
  }

  /** The SCN after which somebody of this process needs windows. */
  #neededAfterScn(): bigint | undefined {
    const { settings, eventLog } = this.#options
    const ofReaders = settings.waitsForOwnReaders ? this.#awaited?.afterScn : undefined
    const ofLog = eventLog?.neededAfterScn(this.events)
    return ofReaders === undefined || (ofLog !== undefined && ofLog < ofReaders) ? ofLog : ofReaders
  }

  #waitText(): string {
    const { eventLog, status } = this.#options
    const awaited = this.#awaited
    const ofLog = eventLog?.neededAfterScn(this.events)
    if (ofLog === undefined || (awaited !== undefined && awaited.afterScn < ofLog))
      return waitText(awaited, status().logLastsUntilMs)
    return `the source waits for its event log, which stands at SCN ${ofLog}`
  }

  async unwatch(): Promise<void> {
    await this.#scrub?.end()
    this.#watch.stop()
    this.falls.stop()
    clearInterval(this.#expiring)
    this.#unlisten?.()
  }
}

function waitText(awaited: Awaited | undefined, logLastsUntilMs: number | undefined): string {
  if (awaited === undefined) return 'the source goes on'
  const waits = `the source waits for the registration "${awaited.reader.id}", which stands at SCN ${awaited.afterScn}`
  if (logLastsUntilMs === undefined) return waits
  return `${waits}; from ${new Date(logLastsUntilMs).toISOString()} on its server may purge what comes next`
}
