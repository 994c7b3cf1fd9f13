import {
  type LeftSegments,
  type Segment,
  SegmentDamagedError,
  type SegmentHold,
  type SegmentStart,
  type SegmentStore,
} from '@aesop/buffer'
import { type EventVersion } from '@aesop/event'
import { type Logger, openFilesMax, systemCodeOf } from '@aesop/kernel'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { SegmentFolderError, SegmentFolderHeldError, SegmentsUnwritableError } from './errors.ts'
import { FolderConcern } from './folder-concern.ts'
import { FolderRecovery, type FormerSegments, type Recovery } from './folder-recovery.ts'
import { HeldFiles } from './held-files.ts'
import { JobQueue } from './job-queue.ts'
import { NearSegments } from './near-segments.ts'
import { handlesMax, OpenHandles } from './open-handles.ts'
import { PieceMemory } from './piece-memory.ts'
import { readSegment } from './read-segment.ts'
import { SafetyWaits } from './safety-waits.ts'
import { type SegmentDisk } from './segment-disk.ts'
import { SegmentFile } from './segment-file.ts'
import { configurationMark } from './segment-header.ts'
import { DAMAGED, numberOf, OF_OTHERS } from './segment-name.ts'

export interface FileSegmentsOptions {
  readonly disk: SegmentDisk
  readonly physicalPartition: number
  /** Layout of the events. Default 1. Files of another one are set aside. */
  readonly eventVersion?: EventVersion
  /**
   * What of the configuration of the source decides over the bytes of its windows, as it is now, as text: files of another one are set aside
   * by `open`, and the next window begins a file when it changes. Left out: not known, and files of all of them are one.
   */
  readonly configuration?: () => string
  /** Capacity of a usual segment, in bytes. */
  readonly segmentBytes: number
  /** Bytes of the newest segments that stay in memory: at least two segments. */
  readonly residentBytes: number
  /** How often what was written is made safe from a power cut, in milliseconds. Default 1,000. */
  readonly syncIntervalMs?: number
  /** Whether what a former process left is taken up; else it is removed. Default true. */
  readonly restores?: boolean
  /** How long a write that failed waits before it is tried again, in milliseconds. Default 1,000. */
  readonly retryMs?: number
  /** A clock that only goes on, in milliseconds. Default: that of the process. */
  readonly nowMs?: () => number
  /** What the segments are of, for people. Default `event buffer`. */
  readonly what?: string
  readonly log: Logger
}

const SYNC_INTERVAL_MS = 1_000
const RETRY_MS = 1_000
const OTHER_CONFIGURATION =
  'its source had another configuration (tables, ids, keys, hand-written schemas) then, and is read on behind it. Remove these files when nobody needs them, or reset the buffer to hear no more of them'
/** How much a writer closes at most before the writes that are on their way get a turn of the loop. */
const TURN_BYTES = 64 * 1024

/** Segments as files of one folder; SPEC.md has the format, and what is kept when a process or the power ends. */
export class FileSegments implements SegmentStore {
  readonly segmentBytes: number
  readonly spills = true
  readonly #options: FileSegmentsOptions
  readonly #disk: SegmentDisk
  readonly #handles: OpenHandles
  readonly #queue: JobQueue
  readonly #near: NearSegments
  readonly #concern: FolderConcern
  readonly #held: HeldFiles
  readonly #memory = new PieceMemory()
  readonly #files = new Map<Segment, SegmentFile>()
  /** Those in use that are written to or were, oldest first. */
  readonly #order: SegmentFile[] = []
  readonly #disowned = new WeakSet<SegmentFile>()
  #scnSpace = ''
  #recovery: Recovery | undefined
  /** The configuration that was seen last, and its mark. */
  #configured: { readonly text: string; readonly mark: string } | undefined
  #nextNumber = 0
  #waiting: (() => void)[] = []
  readonly #safety = new SafetyWaits()
  #isFolderUnsynced = false
  /** Where the writer was when it was last asked to give the loop a turn. */
  #turnOf: Segment | undefined
  #turnEnd = 0
  #timer: NodeJS.Timeout | undefined
  /** Lets others have the folder. */
  #release: (() => Promise<void>) | undefined

  constructor(options: FileSegmentsOptions) {
    const { disk, segmentBytes, residentBytes, retryMs = RETRY_MS } = options
    this.#options = options
    this.#disk = disk
    this.segmentBytes = segmentBytes
    this.#handles = new OpenHandles(disk, handlesMax(openFilesMax()))
    this.#near = new NearSegments(segmentBytes, residentBytes)
    this.#held = new HeldFiles(options.nowMs ?? (() => performance.now()), ({ name }) => {
      this.#handles.forget(name)
    })
    this.#concern = new FolderConcern(options.what ?? 'event buffer', disk.folder, options.log)
    this.#queue = new JobQueue({
      retryMs,
      onFault: (error) => {
        this.#failed(error)
      },
      onDone: () => {
        this.#worked()
      },
    })
  }

  /** What is wrong with the disk, for people; undefined: nothing. */
  get concern(): string | undefined {
    return this.#concern.text
  }

  /** Whether its disk can't be written to now. */
  get isFaulty(): boolean {
    return this.#concern.fault !== undefined
  }

  /**
   * What was left is of something else: it is set aside when the buffer gives it back, deleted by nobody, and told as damage is.
   * @param why for people
   */
  disown(why: string): void {
    for (const file of this.#order) this.#disowned.add(file)
    this.#concern.disowned(
      this.#order.map(({ name }) => name + OF_OTHERS),
      why,
    )
  }

  /** Somebody has seen what was set aside: it is told no more. */
  acknowledge(): void {
    this.#concern.acknowledge()
  }

  /** Bytes that have left their segments and are not in their files yet. */
  get leavingBytes(): number {
    return this.#near.leavingBytes
  }

  /** Identity of the SCN space of what was left; undefined: nothing was, or it has none. */
  get leftScnSpace(): string | undefined {
    return this.#recovery?.left === undefined ? undefined : this.#recovery.scnSpace || undefined
  }

  /** What was left of another configuration of the source, and is served to nobody; undefined: nothing was. */
  get former(): FormerSegments | undefined {
    return this.#recovery?.former
  }

  /** @throws SegmentFolderHeldError, SegmentFolderError */
  async open(): Promise<LeftSegments | undefined> {
    this.#recovery = await this.#recover()
    const { left, nextNumber, aside, headers, former } = this.#recovery
    this.#nextNumber = nextNumber
    for (const [name, why] of aside) {
      this.#concern.damaged(name, why)
      this.#concern.isThere(name)
    }
    if (former !== undefined) {
      this.#concern.disowned(former.names, OTHER_CONFIGURATION)
      for (const name of former.names) this.#concern.isThere(name)
    }
    for (const segment of left?.segments ?? []) {
      const header = headers.get(segment.number)
      if (header !== undefined) this.#add(new SegmentFile(header, segment, true))
    }
    const newest = this.#order.at(-1)
    if (newest === undefined) return left
    // A process that was killed has written it, and had perhaps not made it safe.
    newest.isUnsynced = true
    this.#safety.closedMore()
    return left
  }

  /** Says of which SCN space the windows are that come; to be called once it is known, before the first is written. */
  begin(scnSpace: string | undefined): void {
    this.#scnSpace = scnSpace ?? ''
    const { syncIntervalMs = SYNC_INTERVAL_MS } = this.#options
    this.#timer = setInterval(() => {
      void this.whenDurable()?.catch(saidBefore)
      this.#held.endUnread()
      if (this.#concern.hasAside) this.#queue.add(() => this.#lookAgain())
    }, syncIntervalMs)
    this.#timer.unref()
  }

  take(capacityBytes: number, number: number, start: SegmentStart): Segment {
    const previous = this.#order.at(-1)
    if (previous !== undefined && !previous.segment.isAway) {
      previous.endHere()
      if (previous.segment.writeEnd === previous.segment.visibleEnd) this.#finish(previous)
    }
    const segment = this.#near.take(capacityBytes)
    segment.reset(number)
    const header = {
      ...start,
      physicalPartition: this.#options.physicalPartition,
      eventVersion: this.#options.eventVersion ?? 1,
      number: this.#nextNumber++,
      previousNumber: previous?.header.number ?? -1,
      previousEnd: previous?.segment.writeEnd ?? 0,
      capacityBytes,
      scnSpace: this.#scnSpace,
      configuration: this.#mark(),
    }
    this.#add(new SegmentFile(header, segment, false))
    this.#leaveMemory()
    return segment
  }

  windowClosed(first: Segment): void {
    const current = this.#order.at(-1)
    if (current === undefined) return
    if (first === current.segment) {
      this.#flush(current)
      return
    }
    current.continuedScn ??= first.lastWindowScn
    for (let segment: Segment | undefined = first; segment !== undefined; segment = segment.next) {
      const file = this.#files.get(segment)
      if (file === current) this.#flush(file)
      else if (file !== undefined) this.#finish(file)
    }
  }

  hold(segment: Segment): SegmentHold | undefined {
    const file = this.#files.get(segment)
    return file && this.#held.hold(file)
  }

  giveBack(segment: Segment, isEvicted = false): void {
    const file = this.#drop(segment)
    if (file === undefined) return
    const { scnSpace } = file.header
    const isOfOthers = this.#disowned.has(file) || (scnSpace !== '' && scnSpace !== this.#scnSpace)
    if (isEvicted && !isOfOthers) this.#held.evict(file)
    else this.#held.end(file)
    this.#queue.add(async () => {
      await this.#letGoUnlessHeld(file)
      if (isOfOthers) {
        await this.#disk.rename(file.name, file.name + OF_OTHERS).catch(ignoreMissing)
        this.#concern.isThere(file.name + OF_OTHERS)
      } else await this.#disk.remove(file.name)
      this.#isFolderUnsynced = true
    })
  }

  setAside(segment: Segment, why: Error): void {
    const file = this.#drop(segment)
    if (file === undefined) return
    this.#held.end(file)
    this.#concern.damaged(file.name + DAMAGED, why.message)
    this.#queue.add(async () => {
      this.#handles.forget(file.name)
      await this.#disk.rename(file.name, file.name + DAMAGED).catch(ignoreMissing)
      this.#concern.isThere(file.name + DAMAGED)
      this.#isFolderUnsynced = true
    })
  }

  released(segment: Segment): void {
    this.#near.released(segment)
  }

  async read(segment: Segment, from: number, to: number): Promise<Buffer> {
    const file = this.#files.get(segment) ?? this.#held.fileOf(segment)
    if (file === undefined) throw new SegmentDamagedError(this.#disk.folder, 'it has left the buffer')
    // A copy: what is read is sealed in place.
    if (file.leaving !== undefined) return copied(file.leaving.subarray(from, to), this.#memory.take(to - from))
    const { name } = file
    const readable = { handles: this.#handles, name, path: join(this.#disk.folder, name), memory: this.#memory }
    return readSegment(readable, from, to)
  }

  takeBack(bytes: Buffer): void {
    this.#memory.giveBack(bytes)
  }

  whenRoom(): Promise<void> | undefined {
    if (this.#concern.fault === undefined && !this.#near.isCrowded) return this.#turnWhenDue()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** It is rejected with SegmentsUnwritableError while the disk can't be written to: to be asked again. */
  whenDurable(): Promise<void> | undefined {
    const { fault } = this.#concern
    if (fault !== undefined) return Promise.reject(new SegmentsUnwritableError(this.#disk.folder, fault))
    return this.#safety.wait((madeSafe) => {
      this.#queue.add(async () => {
        await this.#sync()
        madeSafe()
      })
    })
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    const current = this.#order.at(-1)
    if (current !== undefined && !current.segment.isAway) {
      current.endHere()
      this.#finish(current)
    }
    this.#queue.add(() => this.#sync())
    await this.#queue.end()
    this.#held.endEvicted()
    await this.#handles.closeAll()
    await this.#release?.()
  }

  /** What is written takes many steps, each of which begins in a turn: beside a writer that never waits the disk would stand still. */
  #turnWhenDue(): Promise<void> | undefined {
    const segment = this.#order.at(-1)?.segment
    if (segment === undefined) return undefined
    if (segment === this.#turnOf && segment.visibleEnd - this.#turnEnd < TURN_BYTES) return undefined
    this.#turnOf = segment
    this.#turnEnd = segment.visibleEnd
    return nextTurn()
  }

  async #recover(): Promise<Recovery> {
    const { folder } = this.#disk
    try {
      const taken = await this.#disk.take(`physical source ${this.#options.physicalPartition}`)
      if (typeof taken !== 'function') throw new SegmentFolderHeldError(folder, taken)
      this.#release = taken
      if (this.#options.restores === false) await removeAll(this.#disk)
      const { physicalPartition, eventVersion = 1 } = this.#options
      return await new FolderRecovery(this.#disk, physicalPartition, eventVersion, this.#mark()).run()
    } catch (error) {
      throw error instanceof SegmentFolderHeldError ? error : new SegmentFolderError(folder, error)
    }
  }

  #add(file: SegmentFile): void {
    this.#files.set(file.segment, file)
    this.#order.push(file)
  }

  /** @returns the file of a segment that is none of the buffer any more */
  #drop(segment: Segment): SegmentFile | undefined {
    const file = this.#files.get(segment)
    if (file === undefined) return undefined
    file.isGone = true
    this.#files.delete(segment)
    this.#order.splice(this.#order.indexOf(file), 1)
    this.#near.drop(segment)
    // Writes of these bytes may be on their way: they are used again only when the queue has come here.
    this.#queue.add(() => {
      if (file.leaving === undefined) this.#near.giveBack(segment, segment.bytes)
      this.#near.hasLeft(file)
      return Promise.resolve()
    })
    return file
  }

  /** Its name goes next: who holds it reads on through what is open. Where that can not be opened, nobody holds it. */
  async #letGoUnlessHeld(file: SegmentFile): Promise<void> {
    if (this.#held.isHeld(file)) {
      await this.#handles.keep(file.name).catch(() => {
        this.#held.end(file)
      })
    }
    if (!this.#held.isHeld(file)) this.#handles.forget(file.name)
  }

  #flush(file: SegmentFile): void {
    this.#safety.closedMore()
    if (file.isFlushWanted) return
    file.isFlushWanted = true
    // Nothing more is written to it: what comes is of another configuration.
    if (this.#mark() !== file.header.configuration) file.segment.writeLimit = file.segment.writeEnd
    this.#queue.add(() => file.flush(this.#disk, this.#handles))
  }

  /** Mark of the configuration as it is now; undefined: not known. */
  #mark(): string | undefined {
    const text = this.#options.configuration?.()
    if (text === undefined) return undefined
    if (this.#configured?.text !== text) this.#configured = { text, mark: configurationMark(text) }
    return this.#configured.mark
  }

  /** Its last bytes and its footer are written, once. */
  #finish(file: SegmentFile): void {
    if (file.isFinishing) return
    file.isFinishing = true
    this.#safety.closedMore()
    this.#queue.add(async () => {
      await file.finish(this.#disk, this.#handles)
      this.#near.hasLeft(file)
    })
  }

  /** What has left memory is kept until it is in its file. */
  #leaveMemory(): void {
    this.#near.leaveExcess((segment, bytes) => {
      const file = this.#files.get(segment)
      if (file === undefined || file.isFinished) {
        this.#near.giveBack(segment, bytes)
        return
      }
      this.#near.leaves(file, bytes)
      this.#finish(file)
    })
  }

  async #sync(): Promise<void> {
    for (const file of this.#order.filter(({ isUnsynced, isNew }) => isUnsynced || isNew)) {
      await file.sync(this.#disk, this.#handles)
      if (file.isNew) this.#isFolderUnsynced = true
      file.isNew = false
    }
    if (!this.#isFolderUnsynced) return
    await this.#disk.sync()
    this.#isFolderUnsynced = false
  }

  /** Whether what was set aside is there still. */
  async #lookAgain(): Promise<void> {
    this.#concern.look(await this.#disk.list())
  }

  #failed(error: unknown): void {
    this.#held.endEvicted()
    this.#concern.failed(error)
    this.#safety.failed(new SegmentsUnwritableError(this.#disk.folder, error))
  }

  #worked(): void {
    this.#concern.worked()
    if (this.#near.isCrowded) return
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

function copied(bytes: Buffer, into: Buffer): Buffer {
  bytes.copy(into)
  return into
}

async function removeAll(disk: SegmentDisk): Promise<void> {
  for (const name of await disk.list()) if (numberOf(name) !== undefined) await disk.remove(name)
}

/** The fault was logged when it came. */
function saidBefore(): void {
  // Nothing is to be done.
}

function ignoreMissing(error: unknown): void {
  if (systemCodeOf(error) !== 'ENOENT') throw error
}
