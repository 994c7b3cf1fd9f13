import { type MaxScn } from '@aesop/checkpoint'
import { backoffMs, type BeanContext, type Health, invariant, messageOf, type Metric, sleep } from '@aesop/kernel'
import {
  type EventProducer,
  type PhysicalSourceConfig,
  type ProducerContext,
  type ProducerStatus,
  type WindowSink,
} from '@aesop/producer'
import { BinlogDecoder, type BinlogDecoderOptions, type WindowPosition } from './binlog-decoder.ts'
import { isAnew, underNewScns } from './begin-anew.ts'
import { type BinLogEventMapper } from './binlog-event-mapper.ts'
import { type BinLogEventProcessor } from './binlog-event-processor.ts'
import { type BinlogOrigin, type SettledPoint } from './binlog-origin.ts'
import { BinlogSession } from './binlog-session.ts'
import { BufferReread } from './buffer-reread.ts'
import { type GtidPosition, gtidsBefore } from './gtid-position.ts'
import { byNumber, type NumberedBeans } from './numbered-beans.ts'
import { MysqlEventChecksumError, MysqlLogResetError } from './live-errors.ts'
import { MysqlPlaceFinder } from './mysql-place-finder.ts'
import { guestServerId, originOf } from './origin-of-uri.ts'
import { DAMAGED_READS_MAX, isFinal, RECONNECT } from './reconnect-policy.ts'
import { ResumeKeeper } from './resume-keeper.ts'
import { fromMaxScn, resumeAfter, type ResumePoint, resumeAtScn } from './resume-point.ts'
import { NopSchemaChangeEventProcessor, type SchemaChangeEventProcessor } from './schema-change.ts'
import { parseStartFrom } from './start-from.ts'

export interface MysqlEventProducerOptions {
  readonly physicalSourceConfig: PhysicalSourceConfig
  /** Binary log event type → processor; left out: the standard ones. */
  readonly eventsMap?: NumberedBeans<BinLogEventProcessor>
  /** Logical source id → mapper; left out: the compiled one. */
  readonly binLogEventMappers?: NumberedBeans<BinLogEventMapper>
  readonly schemaChangeEventProcessor?: SchemaChangeEventProcessor
  /** How often an idle server tells that it is there; silence of three times that is a broken connection. */
  readonly heartbeatMs?: number
}

/**
 * The change stream of a MySQL or MariaDB server, or of its log files (`mysql:` and `binlog:` URIs), as windows in a sink.
 * After the first successful start it reconnects for ever, except when an error says that trying again can't help.
 */
export class MysqlEventProducer implements EventProducer {
  readonly name: string
  private readonly options: MysqlEventProducerOptions
  private readonly bean: BeanContext
  private readonly stopping = new AbortController()
  private readonly reread = new BufferReread()
  private context: ProducerContext | undefined
  private origin: BinlogOrigin | undefined
  private keeper: ResumeKeeper | undefined
  private point: ResumePoint | undefined
  private gtids: GtidPosition | undefined
  private decoder: { generation: number; handler: BinlogDecoder } | undefined
  private session: BinlogSession | undefined
  private running: Promise<void> | undefined
  private state: ProducerStatus['state'] = 'stopped'
  private detail: string | undefined
  private serverIdentity: string | undefined
  private held = false
  private describesTables = false
  private lastWindowSeconds = 0
  private log: { readonly file: string; readonly begunSeconds: number } | undefined
  private windows = 0
  private reconnects = 0

  constructor(options: MysqlEventProducerOptions, context: BeanContext) {
    this.options = options
    this.bean = context
    this.name = options.physicalSourceConfig.name
  }

  /** @throws AesopError of the URI, of the stored position, or of the server when it must be asked where to begin */
  async prepare(context: ProducerContext): Promise<bigint> {
    this.context = context
    this.origin = originOf(context.physicalSource, this.bean, { heartbeatMs: this.options.heartbeatMs })
    this.keeper = new ResumeKeeper(context.maxScn, (error) => {
      this.fail(error)
    })
    const stored = context.maxScn.load()
    if (stored !== undefined && isAnew(stored)) this.point = await this.anew(stored, this.origin, context)
    else if (stored !== undefined) this.point = await this.beginning(stored, this.origin, context)
    else if (context.initialScn !== undefined) this.point = resumeAtScn(context.initialScn)
    else await this.locate(this.origin, context)
    invariant(this.point !== undefined, 'a prepared source knows its place')
    return this.point.scn
  }

  async start(sinceScn: bigint, sink: WindowSink): Promise<void> {
    invariant(this.point !== undefined && this.context !== undefined, 'start comes after prepare')
    const { context, keeper } = this
    if (keeper !== undefined) keeper.reread = () => this.reread.markFor(sink, context.readersSinceScn?.())
    // The sink may keep more than what was stored, when the process was killed between a window and its save.
    if (sinceScn > this.point.scn) this.point = resumeAfter(this.point, sinceScn)
    this.state = 'connecting'
    const session = await this.firstly(this.context, () => this.connect(sink))
    this.running = this.run(session, sink)
  }

  placeFinder(physicalSource: PhysicalSourceConfig): MysqlPlaceFinder {
    const { heartbeatMs } = this.options
    return new MysqlPlaceFinder(originOf(physicalSource, this.bean, { heartbeatMs, serverId: guestServerId() }))
  }

  pause(): void {
    this.held = true
    this.session?.pause()
    if (this.state === 'running') this.state = 'paused'
  }

  resume(): void {
    this.held = false
    this.session?.resume()
    if (this.state === 'paused') this.state = 'running'
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    await this.session?.close()
    await this.running
    this.keeper?.flush()
    await this.origin?.release()
    if (this.state !== 'failed') this.state = 'stopped'
  }

  status(): ProducerStatus {
    const rereadUntilScn = this.reread.until(this.point?.scn ?? -1n)
    return {
      state: this.state,
      scn: this.windows === 0 ? -1n : this.currentPoint().scn,
      ...(this.detail === undefined ? {} : { detail: this.detail }),
      ...(this.windows === 0 ? {} : { lastEventMs: this.lastWindowSeconds * 1000 }),
      ...(rereadUntilScn === undefined ? {} : { rereadUntilScn }),
    }
  }

  health(): Health {
    const status = { running: 'up', paused: 'up', stopped: 'down', failed: 'down' } as const
    const known = this.state in status ? status[this.state as keyof typeof status] : 'degraded'
    return { status: known, ...(this.detail === undefined ? {} : { detail: this.detail }) }
  }

  metrics(): readonly Metric[] {
    return [
      { name: 'producer_windows', help: 'Windows handed to the buffer.', type: 'counter', value: this.windows },
      {
        name: 'producer_reconnects',
        help: 'Connections made after the first.',
        type: 'counter',
        value: this.reconnects,
      },
    ]
  }

  private beginning(stored: MaxScn, origin: BinlogOrigin, context: ProducerContext): Promise<ResumePoint> {
    const reached = fromMaxScn(stored)
    return this.firstly(context, () =>
      this.reread.begin(stored, reached, (point) => origin.settle(point), this.bean.log, context.readersSinceScn?.()),
    )
  }

  /** Somebody took the stored place away: the configuration decides, and SCNs go on above those that were there. */
  private async anew(stored: MaxScn, origin: BinlogOrigin, context: ProducerContext): Promise<ResumePoint> {
    const { startFrom } = context.physicalSource
    const named = context.initialScn === undefined ? undefined : { kind: 'scn' as const, scn: context.initialScn }
    const start = named ?? (startFrom === undefined ? origin.defaultStart : parseStartFrom(startFrom))
    const found = await this.firstly(context, async () => {
      const point = await origin.locate(start)
      // An SCN names its file, which no other SCN does.
      return start.kind === 'scn' ? origin.settle(point) : point
    })
    const point = underNewScns(found, stored)
    this.keeper?.note(() => point)
    this.keeper?.flush()
    return point
  }

  /** Asks the source where to begin, and saves the answer at once: a restart must not begin later. */
  private async locate(origin: BinlogOrigin, context: ProducerContext): Promise<void> {
    const { startFrom } = context.physicalSource
    const start = startFrom === undefined ? origin.defaultStart : parseStartFrom(startFrom)
    const point = await this.firstly(context, () => origin.locate(start))
    this.point = point
    this.keeper?.note(() => point)
    this.keeper?.flush()
  }

  /** Tries until `startRetryMs` is over; an error that trying again can't help ends it at once. */
  private async firstly<Result>(context: ProducerContext, attempt: () => Promise<Result>): Promise<Result> {
    const deadline = performance.now() + context.physicalSource.startRetryMs
    for (let tried = 0; ; tried++) {
      try {
        return await attempt()
      } catch (error) {
        const waitMs = backoffMs(RECONNECT, tried, Math.random())
        if (isFinal(error) || performance.now() + waitMs > deadline || this.isStopping()) {
          this.state = 'failed'
          this.detail = messageOf(error)
          await this.origin?.release()
          throw error
        }
        this.wait(error, waitMs)
        await sleep(waitMs, this.stopping.signal)
        if (this.isStopping()) throw error
      }
    }
  }

  private async run(first: BinlogSession, sink: WindowSink): Promise<void> {
    let session: BinlogSession | undefined = first
    let tried = 0
    while (session !== undefined) {
      const [windows, openedMs] = [this.windows, performance.now()]
      const error = await session.ended
      await session.close()
      if (error === undefined || this.isStopping()) return
      // A connection that brought nothing and broke at once counts as one more failed try.
      const wasGood = this.windows > windows || performance.now() - openedMs > RECONNECT.maxSleepMs
      tried = wasGood ? 0 : tried + 1
      if (error instanceof MysqlEventChecksumError && tried >= DAMAGED_READS_MAX) {
        this.fail(error)
        return
      }
      session = await this.reconnect(error, sink, tried)
    }
  }

  /** A new session, or undefined when there will be none. */
  private async reconnect(broken: unknown, sink: WindowSink, before: number): Promise<BinlogSession | undefined> {
    let error = broken
    for (let tried = before; !isFinal(error); tried++) {
      const waitMs = backoffMs(RECONNECT, tried, Math.random())
      this.wait(error, waitMs)
      await sleep(waitMs, this.stopping.signal)
      if (this.isStopping()) return undefined
      try {
        const session = await this.connect(sink)
        this.reconnects++
        return session
      } catch (thrown) {
        error = thrown
      }
    }
    this.fail(error)
    return undefined
  }

  private async connect(sink: WindowSink): Promise<BinlogSession> {
    invariant(this.origin !== undefined && this.point !== undefined, 'connect comes after prepare')
    const session = new BinlogSession({
      origin: this.origin,
      from: this.currentPoint(),
      handlerFor: (point) => this.handlerFor(point, sink),
    })
    this.session = session
    if (this.held) session.pause()
    await session.open()
    if (this.isStopping()) return session
    this.state = this.held ? 'paused' : 'running'
    this.detail = undefined
    this.bean.log.info('reading the binary log', { source: this.origin.name, after: String(this.point.scn) })
    return session
  }

  /** One decoder serves all sessions of a generation, so that it keeps what it has compiled. */
  private handlerFor(point: SettledPoint, sink: WindowSink): BinlogDecoder {
    this.reread.opened(point, performance.now())
    this.describesTables = point.describesTables
    // Found by GTID, the place has no coordinates yet: the old point stays until the first window brings them.
    if (!point.byGtid) this.point = point
    else if (this.point !== undefined) this.point = { ...this.point, logBegunSeconds: undefined }
    this.serverIdentity = point.serverIdentity
    this.gtids = gtidsBefore(point)
    const { generation } = point
    if (this.decoder?.generation !== generation) {
      this.decoder = { generation, handler: this.newDecoder(generation, sink) }
    }
    return this.decoder.handler
  }

  private newDecoder(generation: number, sink: WindowSink): BinlogDecoder {
    invariant(this.context !== undefined, 'a decoder comes after prepare')
    const { eventsMap, binLogEventMappers } = this.options
    const schemaChanges =
      this.options.schemaChangeEventProcessor ?? new NopSchemaChangeEventProcessor({}, { log: this.bean.log })
    return new BinlogDecoder({
      physicalSource: this.context.physicalSource,
      schemas: this.context.schemas,
      sink,
      generation,
      sinceScn: this.currentPoint().scn,
      log: this.bean.log,
      onWindow: (scn, position) => {
        this.onWindow(scn, position, generation)
      },
      onLog: (file, begunSeconds) => {
        this.onLog(file, begunSeconds)
      },
      ...passOverOptions(this.context),
      onPassed: (gtid) => {
        this.gtids?.add(gtid)
      },
      ...(this.origin?.catalogue === undefined ? {} : { catalogue: this.origin.catalogue }),
      ...(eventsMap === undefined ? {} : { eventsMap: byNumber(eventsMap) }),
      ...(binLogEventMappers === undefined ? {} : { mappers: byNumber(binLogEventMappers) }),
      schemaChangeEventProcessor: {
        process: (change) => {
          if (!this.describesTables) this.reread.tableChanged()
          return schemaChanges.process(change)
        },
      },
    })
  }

  /**
   * A log that was reset has files of the same names again, which may have grown beyond the place where reading goes on:
   * only the time at which the file was begun tells it from the one that was read.
   */
  private onLog(file: string, begunSeconds: number): void {
    const before = this.point?.file === file ? this.point.logBegunSeconds : undefined
    if (before !== undefined && begunSeconds !== 0 && before !== begunSeconds) {
      const log = (seconds: number): string => `in ${file}, begun ${new Date(seconds * 1000).toISOString()}`
      throw new MysqlLogResetError(this.origin?.name ?? this.name, log(before), log(begunSeconds))
    }
    this.log = begunSeconds === 0 ? undefined : { file, begunSeconds }
  }

  private onWindow(scn: bigint, end: WindowPosition, generation: number): void {
    const { file, position } = end
    this.gtids?.note(end)
    const { serverIdentity } = this
    const logBegunSeconds = this.log?.file === file ? this.log.begunSeconds : undefined
    this.point = { scn, file, position, gtid: undefined, serverIdentity, logBegunSeconds, generation }
    this.lastWindowSeconds = this.decoder?.handler.lastEventSeconds ?? 0
    this.windows++
    this.reread.closedWindow(this.currentPoint, performance)
    // What was reached before a restart stays stored until it has been read again.
    if (this.reread.until(scn) === undefined) this.keeper?.note(this.currentPoint)
  }

  /** The end of the last window, with the GTIDs up to there. */
  private readonly currentPoint = (): ResumePoint => {
    invariant(this.point !== undefined, 'a prepared source knows its place')
    return { ...this.point, gtid: this.point.gtid ?? this.gtids?.toString() }
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted
  }

  private wait(error: unknown, waitMs: number): void {
    this.state = 'waiting'
    this.detail = messageOf(error)
    this.bean.log.warn(`the source can not be read now: ${messageOf(error)}`, { waitMs: Math.round(waitMs) })
  }

  private fail(error: unknown): void {
    if (this.isStopping()) return
    this.state = 'failed'
    this.detail = messageOf(error)
    this.context?.fail(error instanceof Error ? error : new Error(messageOf(error)))
  }
}

function passOverOptions({ passOvers, passedOver }: ProducerContext): Partial<BinlogDecoderOptions> {
  return { ...(passOvers === undefined ? {} : { passOvers }), ...(passedOver === undefined ? {} : { passedOver }) }
}
