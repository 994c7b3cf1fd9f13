import { type MaxScnStore, type Quarantine } from '@aesop/checkpoint'
import { type BeanContext, invariant } from '@aesop/kernel'
import { BufferReread, QuarantineRecord, quarantineRemedy, quarantineText, ResumeKeeper } from '@aesop/producer'
import { type WindowSink } from '@aesop/producer'
import { type SettledPoint } from '../origin/binlog-origin.ts'
import { type WindowPosition } from '../log/window-position.ts'
import { type PlaceIndex } from '../place/place-index.ts'
import { type GateFinding } from '../place/resume-gate.ts'
import { resumeAfter, type ResumePoint, toMaxScn } from '../place/resume-point.ts'
import { openedInLog } from './log-reread.ts'
import { ReadingPlace } from './reading-place.ts'

/** Where places are kept for those who are late, and the configuration under which the source is read now. */
export interface PlaceMarks {
  readonly index: PlaceIndex
  /** Its hash, as it is now. */
  readonly configuration: () => string
}

export interface KeptPlaceOptions {
  /** Name of the physical source. */
  readonly source: string
  readonly store: MaxScnStore
  /** What is left out by now. */
  readonly quarantines: readonly Quarantine[]
  readonly bean: BeanContext
  /** Left out: nobody is late. */
  readonly marks?: PlaceMarks
  /** Called with an error of the store that trying again can't help. */
  readonly onFinalError: (error: unknown) => void
}

/** The place of one source: what is read moves it on, and it is stored, with what is left out, so that a restart finds it. */
export class KeptPlace {
  readonly reread = new BufferReread<ResumePoint>()
  readonly quarantines: QuarantineRecord
  readonly #keeper: ResumeKeeper<ResumePoint>
  readonly #marks: PlaceMarks | undefined
  #place: ReadingPlace | undefined

  constructor({ source, store, quarantines, bean, marks, onFinalError }: KeptPlaceOptions) {
    this.#marks = marks
    this.quarantines = new QuarantineRecord(
      quarantines,
      (list) => this.#keeper.saveQuarantines(list, this.current),
      (begun) => {
        tell(bean, source, begun)
      },
    )
    const leftOut = (): readonly Quarantine[] => this.quarantines.list
    this.#keeper = new ResumeKeeper({ store, recordOf: toMaxScn, log: bean.log, onFinalError, quarantines: leftOut })
  }

  get isKnown(): boolean {
    return this.#place !== undefined
  }

  /** SCN of the last window; before the first, the one after which reading begins. */
  get scn(): bigint {
    return this.reading.scn
  }

  get generation(): number {
    return this.reading.generation
  }

  readonly current = (): ResumePoint => this.reading.current()

  /** What keeps the place from being kept, or rows from being delivered, for people. */
  get concern(): string | undefined {
    return this.#keeper.fault ?? this.quarantines.concern
  }

  /** @param isNew the source was asked for it just now: it is stored at once. @throws what the store throws, as a rejection */
  async begin(point: ResumePoint, isNew: boolean): Promise<void> {
    this.#place = new ReadingPlace(point)
    if (isNew) await this.#keeper.begin(point)
  }

  /** The sink may keep more than what was stored, when the process was killed between a window and its save. */
  continueAfter(scn: bigint): void {
    if (scn > this.scn) this.#place = new ReadingPlace(resumeAfter(this.current(), scn))
  }

  /** From now on the place is stored together with the one from which this sink can be filled again. */
  keepFor(sink: WindowSink, readersSinceScn: (() => bigint | undefined) | undefined): void {
    this.#keeper.durable = () => sink.whenDurable?.()
    this.#keeper.reread = () => this.reread.markFor(sink, readersSinceScn?.())
  }

  /** A connection will go on here. @throws MysqlRereadInterruptedError */
  settled(point: SettledPoint): void {
    openedInLog(this.reread, point, performance.now())
    this.reading.settled(point)
    this.#marks?.index.opened(point.generation)
  }

  /** Places before this log can't be gone back to any more. */
  logsBeginAt(oldestLog: string): void {
    this.#marks?.index.dropBefore(oldestLog)
  }

  proven(finding: GateFinding): void {
    this.reading.proven(finding)
    this.#mark()
    this.#note()
  }

  /** A window is in the sink. */
  window(scn: bigint, end: WindowPosition): void {
    this.reading.window(scn, end)
    this.reread.closedWindow(this.current, performance)
    if (this.#marks?.index.isDue(end) === true) this.#mark()
    if (this.reread.reached(scn) === undefined) this.#keeper.note(this.current)
  }

  moved(end: WindowPosition): void {
    this.reading.moved(end)
    if (this.#marks?.index.isDue(end) === true) this.#mark()
    this.#note()
  }

  passed(gtid: string): void {
    this.reading.passed(gtid)
  }

  /** The last save. @throws what the store throws, as a rejection */
  close(): Promise<void> {
    return this.#keeper.close()
  }

  #mark(): void {
    this.#marks?.index.note(this.current(), this.#marks.configuration())
  }

  /** What was reached before a restart stays stored until it has been read again. */
  #note(): void {
    if (this.reread.reached(this.scn) === undefined) this.#keeper.note(this.current)
  }

  private get reading(): ReadingPlace {
    invariant(this.#place !== undefined, 'a prepared source knows its place')
    return this.#place
  }
}

function tell(bean: BeanContext, physicalSource: string, interval: Quarantine): void {
  const { source, scn, code } = interval
  const message = quarantineText(interval)
  bean.log.error(message, { source, scn, code, remedy: quarantineRemedy(physicalSource, source) })
  bean.publish?.({ type: 'alert', severity: 'error', message })
}
