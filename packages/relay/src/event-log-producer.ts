import { type MaxScn } from '@aesop/checkpoint'
import { SCHEMA_CHANGE_SOURCE } from '@aesop/event'
import { AesopError, type BeanContext } from '@aesop/kernel'
import {
  type CopySink,
  type EventProducer,
  parseStartPlace,
  type PhysicalSourceConfig,
  type ProducerContext,
  type ProducerStatus,
  ResumeKeeper,
  SourceConfigInvalidError,
  SourceRunner,
  takesCopies,
  type WindowSink,
} from '@aesop/producer'
import { type LateReading } from '@aesop/reading'
import { type LogView, NodeDisk, SegmentLog } from '@aesop/segment-files'
import {
  EventLogEmptyError,
  EventLogGapError,
  EventLogSinkError,
  EventLogSpaceError,
  EventLogUnreadableError,
} from './event-log-errors.ts'
import { EventLogLate } from './event-log-late.ts'
import { EventLogReading } from './event-log-reading.ts'
import { LoggedSchemas } from './event-log-schemas.ts'

export interface EventLogProducerOptions {
  readonly folder: string
  /** Its id and version of events have to be those of the log. */
  readonly physicalSource: Pick<PhysicalSourceConfig, 'id' | 'eventVersion'>
  readonly context: BeanContext
}

interface Prepared {
  readonly context: ProducerContext
  readonly keeper: ResumeKeeper<bigint>
}

/**
 * Replays an event log: the windows, schemas and SCNs that another relay had, byte for byte, and those that it still writes. It begins with
 * the oldest, unless `startFrom` or a stored place says otherwise, and goes on for as long as it runs.
 */
export class EventLogProducer implements EventProducer {
  readonly name = 'event log'
  readonly #options: EventLogProducerOptions
  readonly #log: SegmentLog
  readonly #runner: SourceRunner
  #prepared: Prepared | undefined
  #late: LateReading | undefined
  #scnSpace: string | undefined
  #scn = -1n
  #lastEventMs: number | undefined
  #sink: CopySink | undefined

  constructor(options: EventLogProducerOptions) {
    this.#options = options
    this.#log = this.#newLog()
    this.#runner = new SourceRunner({
      log: options.context.log,
      open: (take) => {
        take(this.#reading())
        return Promise.resolve()
      },
      release: () => Promise.resolve(),
      onFailed: (error) => this.#prepared?.context.fail(error),
    })
  }

  get scnSpace(): string | undefined {
    return this.#scnSpace
  }
  get lateReading(): LateReading | undefined {
    return this.#late
  }

  async prepare(context: ProducerContext): Promise<bigint> {
    const { folder, context: bean } = this.#options
    const view = await this.#look()
    await view.close()
    const stored = await context.maxScn.load()
    const expected = context.physicalSource.scnSpace ?? stored?.scnSpace
    if (expected !== undefined && expected !== view.scnSpace)
      throw new EventLogSpaceError(folder, view.scnSpace, expected)
    this.#scnSpace = view.scnSpace
    const keeper = new ResumeKeeper<bigint>({
      store: context.maxScn,
      recordOf: (scn, savedAtMs) => ({
        scn,
        savedAtMs,
        ...(view.scnSpace === undefined ? {} : { scnSpace: view.scnSpace }),
      }),
      log: bean.log,
      onFinalError: (error) => {
        this.#runner.fail(error)
      },
    })
    this.#prepared = { context, keeper }
    this.#late = new EventLogLate({
      folder,
      log: () => this.#newLog(),
      schemas: () => this.#loggedSchemas(context),
      scnSpace: view.scnSpace,
      reachedScn: () => this.#scn,
    })
    this.#scn = restoredIn(view, context, stored) ?? stored?.scn ?? context.initialScn ?? firstScn(view, context)
    if (this.#scn < view.prevScn) throw new EventLogGapError(folder, this.#scn, view.prevScn, view.damage)
    return this.#scn
  }

  async start(_sinceScn: bigint, sink: WindowSink): Promise<void> {
    if (!takesCopies(sink)) throw new EventLogSinkError(this.#options.folder)
    this.#sink = sink
    const { keeper } = this.#mustBePrepared()
    keeper.durable = () => sink.whenDurable?.()
    await keeper.begin(this.#scn)
    await this.#runner.start(0)
  }

  pause(): void {
    this.#runner.pause()
  }

  resume(): void {
    this.#runner.resume()
  }

  async stop(): Promise<void> {
    await this.#runner.stop(() => this.#prepared?.keeper.close())
  }

  status(): ProducerStatus {
    const { state, detail } = this.#runner
    const concern = this.#prepared?.keeper.fault
    return {
      state,
      scn: this.#scn,
      ...(detail === undefined ? {} : { detail }),
      ...(concern === undefined ? {} : { concern }),
      ...(this.#lastEventMs === undefined ? {} : { lastEventMs: this.#lastEventMs }),
    }
  }

  describe(): object {
    return { eventLog: this.#options.folder }
  }

  #reading(): EventLogReading {
    const { windows: before } = this.#runner
    const { context, keeper } = this.#mustBePrepared()
    const { folder } = this.#options
    return new EventLogReading({
      folder,
      log: this.#log,
      afterScn: this.#scn,
      scnSpace: this.#scnSpace,
      sink: this.#sink as CopySink,
      schemas: this.#loggedSchemas(context),
      copied: (scn, windows) => {
        this.#scn = scn
        this.#runner.windows = before + windows
        this.#lastEventMs = Date.now()
        keeper.note(() => this.#scn)
      },
    })
  }

  #newLog(): SegmentLog {
    const { folder, physicalSource } = this.#options
    return new SegmentLog(new NodeDisk(folder), physicalSource.id, physicalSource.eventVersion)
  }

  #loggedSchemas({ schemas, physicalSource }: ProducerContext): LoggedSchemas {
    const names = physicalSource.servedSources.filter(({ name }) => name !== SCHEMA_CHANGE_SOURCE)
    return new LoggedSchemas(this.#options.folder, schemas, new Map(names.map(({ id, name }) => [id, name])))
  }

  async #look(): Promise<LogView> {
    const { folder } = this.#options
    try {
      const view = await this.#log.look()
      if ('aside' in view) throw new EventLogEmptyError(folder, view.aside)
      return view
    } catch (error) {
      throw error instanceof AesopError ? error : new EventLogUnreadableError(folder, error)
    }
  }

  #mustBePrepared(): Prepared {
    if (this.#prepared === undefined) throw new Error('an event log is started before it is prepared')
    return this.#prepared
  }
}

/** What the buffer has, if it is of this log: after a reset of the place it may be of another one, or lie before its gap. */
function restoredIn(
  { scnSpace, prevScn }: LogView,
  { restoredScn, restoredScnSpace }: ProducerContext,
  stored: MaxScn | undefined,
): bigint | undefined {
  if (restoredScn === undefined || restoredScnSpace !== scnSpace) return undefined
  return stored === undefined && restoredScn < prevScn ? undefined : restoredScn
}

/** Where `startFrom` says; without it, before the oldest window. @throws SourceConfigInvalidError */
function firstScn(
  { prevScn, lastScn }: LogView,
  { physicalSource: { name, startFrom = 'earliest' } }: ProducerContext,
): bigint {
  const refuse = (): never => {
    const expected = 'earliest, latest or scn:<n>: an event log is not searched by time'
    throw new SourceConfigInvalidError(`physical source ${name}`, 'startFrom', startFrom, expected)
  }
  const place = parseStartPlace(startFrom, refuse)
  if (place?.kind === 'scn') return place.scn
  if (place?.kind === 'latest') return lastScn
  return place?.kind === 'earliest' ? prevScn : refuse()
}
