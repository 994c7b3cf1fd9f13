import { join } from 'node:path'
import { type MaxScn, ScnSpaceKeeper } from '@aesop/checkpoint'
import {
  backoffMs,
  type BeanContext,
  type Health,
  invariant,
  messageOf,
  type Metric,
  namedPath,
  sleep,
} from '@aesop/kernel'
import {
  type EventProducer,
  type PhysicalSourceConfig,
  type ProducerContext,
  type ProducerStatus,
  scnSpaceOfSource,
  type WindowSink,
} from '@aesop/producer'
import { isUnread, unreadRecord } from './place/begin-anew.ts'
import { BinlogDecoder, type BinlogDecoderOptions } from './decoder/binlog-decoder.ts'
import { type BinLogEventMapper } from './row/binlog-event-mapper.ts'
import { type BinLogEventProcessor } from './decoder/binlog-event-processor.ts'
import { type BinlogOrigin, type SettledPoint } from './origin/binlog-origin.ts'
import { BinlogSession } from './session/binlog-session.ts'
import { fileNumberOf, formatBinlogScn, scnPosition } from './log/binlog-scn.ts'
import { BufferReread } from './session/buffer-reread.ts'
import { registerDescribed } from './shape/described-schema.ts'
import { byNumber, type NumberedBeans } from './numbered-beans.ts'
import { MysqlEventChecksumError } from './error/live-errors.ts'
import { MysqlPlaceFinder } from './session/mysql-place-finder.ts'
import { guestServerId } from './server/guest-server-id.ts'
import { originOf } from './origin/origin-of-uri.ts'
import { proveLog } from './session/proven-stream.ts'
import { QuarantineRecord, quarantineRemedy, quarantineText } from './transaction/quarantine-record.ts'
import { ReadingPlace } from './session/reading-place.ts'
import { DAMAGED_READS_MAX, isFinal, RECONNECT } from './place/reconnect-policy.ts'
import { ResumeKeeper } from './place/resume-keeper.ts'
import { resumeAfter, type ResumePoint } from './place/resume-point.ts'
import { NopSchemaChangeEventProcessor, type SchemaChangeEventProcessor } from './shape/schema-change.ts'
import { SourceTables } from './table/source-tables.ts'
import { sourceBeginning } from './session/source-beginning.ts'
import { ShapeHistory } from './shape/shape-history.ts'
import { type WindowPosition } from './log/window-position.ts'

const TRUST_REMEDY = 'Give the source sslCa or sslFingerprint, which prove the server and encrypt the connection.'

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
  scnSpace: string | undefined
  private readonly options: MysqlEventProducerOptions
  private readonly bean: BeanContext
  private readonly stopping = new AbortController()
  private readonly reread = new BufferReread()
  private context: ProducerContext | undefined
  private origin: BinlogOrigin | undefined
  private shapes: ShapeHistory | undefined
  private keeper: ResumeKeeper | undefined
  private place: ReadingPlace | undefined
  private quarantines: QuarantineRecord | undefined
  private decoder: { generation: number; handler: BinlogDecoder } | undefined
  private session: BinlogSession | undefined
  private running: Promise<void> | undefined
  private state: ProducerStatus['state'] = 'stopped'
  private detail: string | undefined
  private held = false
  private lastWindowSeconds = 0
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
    const record = context.maxScn.load()
    const stored = record === undefined || isUnread(record) ? undefined : record
    const wasRead = stored !== undefined
    // SCNs of another log, or of this one before it was given up, say nothing of what comes now.
    if (!wasRead) for (const { name } of context.physicalSource.sources) context.schemas.forgetHistory(name)
    const { heartbeatMs } = this.options
    const origin = originOf(context.physicalSource, this.bean, { heartbeatMs, wasRead })
    this.origin = origin
    if (origin.remark !== undefined) this.bean.log.warn(origin.remark, { remedy: TRUST_REMEDY })
    const path = namedPath(join(this.bean.stateDirectory, 'tables'), context.physicalSource.name, '.json')
    const captured = (origin.sourceTables ?? new SourceTables(context.physicalSource.sources)).all
    this.shapes = new ShapeHistory(path, !wasRead, captured, this.bean.log)
    const quarantines = this.quarantineRecord(stored)
    this.quarantines = quarantines
    const store = await this.firstly(context, () => this.storeOf(context, record, origin))
    this.scnSpace = store.scnSpace
    this.keeper = new ResumeKeeper({
      quarantines: () => quarantines.list,
      store,
      log: this.bean.log,
      onFinalError: (error) => {
        this.fail(error)
      },
    })
    const { reread } = this
    const beginning = { stored, origin, context, reread, log: this.bean.log }
    const { point, isNew } = await this.firstly(context, () => sourceBeginning(beginning))
    if (isNew) {
      this.keeper.note(() => point)
      this.keeper.flush()
    } else if (record?.scnSpace !== store.scnSpace) {
      // What a client may learn of it has to be the same after a crash.
      store.save(record ?? unreadRecord(Date.now()))
    }
    this.place = new ReadingPlace(point)
    return point.scn
  }

  async start(sinceScn: bigint, sink: WindowSink): Promise<void> {
    invariant(this.place !== undefined && this.context !== undefined, 'start comes after prepare')
    const { context, keeper } = this
    if (keeper !== undefined) keeper.reread = () => this.reread.markFor(sink, context.readersSinceScn?.())
    // The sink may keep more than what was stored, when the process was killed between a window and its save.
    if (sinceScn > this.place.scn) this.place = new ReadingPlace(resumeAfter(this.place.current(), sinceScn))
    this.state = 'connecting'
    const session = await this.firstly(this.context, () => this.connect(sink))
    this.running = this.run(session, sink)
  }

  placeFinder(physicalSource: PhysicalSourceConfig): MysqlPlaceFinder {
    const { heartbeatMs } = this.options
    return new MysqlPlaceFinder(
      originOf(physicalSource, this.bean, { heartbeatMs, wasRead: true, serverId: guestServerId() }),
    )
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
    // Nothing that the event at hand asks for is waited for.
    await this.origin?.release()
    await this.session?.close()
    await this.running
    this.keeper?.flush()
    this.shapes?.flush()
    await this.origin?.release()
    if (this.state !== 'failed') this.state = 'stopped'
  }

  status(): ProducerStatus {
    const scn = this.place?.scn ?? -1n
    const rereadUntilScn = this.reread.reached(scn)?.scn
    const detail = this.detail ?? this.origin?.remark
    return {
      state: this.state,
      scn: this.windows === 0 ? -1n : scn,
      ...(detail === undefined ? {} : { detail }),
      ...(this.concern === undefined ? {} : { concern: this.concern }),
      ...this.lastEvent(),
      ...(rereadUntilScn === undefined ? {} : { rereadUntilScn }),
    }
  }

  private lastEvent(): Pick<ProducerStatus, 'lastEventMs' | 'logLastsUntilMs'> {
    if (this.windows === 0) return {}
    const lastEventMs = this.lastWindowSeconds * 1000
    const keptSeconds = this.origin?.logKeptSeconds
    return keptSeconds === undefined
      ? { lastEventMs }
      : { lastEventMs, logLastsUntilMs: lastEventMs + keptSeconds * 1000 }
  }

  /** What keeps changes, or its place, from being kept although it runs. */
  private get concern(): string | undefined {
    return this.keeper?.fault ?? this.quarantines?.concern ?? this.origin?.concern
  }

  health(): Health {
    const status = { running: 'up', paused: 'up', stopped: 'down', failed: 'down' } as const
    const known = this.state in status ? status[this.state as keyof typeof status] : 'degraded'
    const concern = known === 'up' ? this.concern : undefined
    if (concern !== undefined) return { status: 'degraded', detail: concern }
    const { detail } = this.status()
    return { status: known, ...(detail === undefined ? {} : { detail }) }
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
    const { origin, place } = this
    invariant(origin !== undefined && place !== undefined, 'connect comes after prepare')
    const from = place.current()
    await this.proveReached(origin, place.scn)
    const session = new BinlogSession({
      origin,
      from,
      handlerFor: (point) => this.handlerFor(point, place, sink),
      onProven: (finding) => {
        place.proven(finding)
        this.notePlace(place)
      },
    })
    this.session = session
    if (this.held) session.pause()
    await session.open()
    await this.registerDescribed(place.current().generation)
    if (this.isStopping()) return session
    this.state = this.held ? 'paused' : 'running'
    this.detail = undefined
    this.bean.log.info('reading the binary log', { source: origin.name, after: String(place.scn) })
    return session
  }

  /** While the log is read again, the place from which it will go on has to be there, too. */
  private async proveReached(origin: BinlogOrigin, scn: bigint): Promise<void> {
    const reached = this.reread.reached(scn)
    if (reached === undefined) return
    const settled = await origin.settle(reached)
    const stopped = new Promise((resolve) => {
      this.stopping.signal.addEventListener('abort', resolve, { once: true })
    })
    if (!settled.byGtid) await proveLog(origin, settled, stopped)
  }

  /** One decoder serves all sessions of a generation, so that it keeps what it has compiled. */
  private handlerFor(point: SettledPoint, place: ReadingPlace, sink: WindowSink): BinlogDecoder {
    this.reread.opened(point, performance.now())
    place.settled(point)
    const { generation } = point
    if (this.decoder?.generation !== generation) {
      this.decoder = { generation, handler: this.newDecoder(generation, place, sink) }
    }
    return this.decoder.handler
  }

  /** A table has a schema before it has a row. */
  private async registerDescribed(generation: number): Promise<void> {
    const { origin, context } = this
    const { catalogue, sourceTables, describedAfter } = origin ?? {}
    if (context === undefined || catalogue === undefined || describedAfter === undefined) return
    const { file, position } = describedAfter
    const sinceScn = formatBinlogScn(generation, fileNumberOf(file), scnPosition(position, 0)) + 1n
    const { physicalSource, schemas } = context
    const named = sourceTables === undefined ? {} : { sourceTables }
    const described = { physicalSource, schemas, catalogue, ...named, sinceScn, log: this.bean.log }
    await registerDescribed({ ...described, stopped: this.stopping.signal })
  }

  private newDecoder(generation: number, place: ReadingPlace, sink: WindowSink): BinlogDecoder {
    invariant(this.context !== undefined, 'a decoder comes after prepare')
    const { eventsMap, binLogEventMappers } = this.options
    const schemaChanges =
      this.options.schemaChangeEventProcessor ?? new NopSchemaChangeEventProcessor({}, { log: this.bean.log })
    return new BinlogDecoder({
      physicalSource: this.context.physicalSource,
      schemas: this.context.schemas,
      sink,
      generation,
      sinceScn: place.scn,
      reachScn: this.reread.reached(place.scn)?.scn ?? -1n,
      log: this.bean.log,
      onWindow: (scn, position) => {
        this.onWindow(scn, position, place)
      },
      onMoved: (position) => {
        place.moved(position)
        this.notePlace(place)
      },
      ...(this.quarantines === undefined ? {} : { quarantineRecord: this.quarantines }),
      ...passOverOptions(this.context),
      onPassed: (gtid) => {
        place.passed(gtid)
      },
      ...(this.origin?.catalogue === undefined ? {} : { catalogue: this.origin.catalogue }),
      ...(this.origin?.sourceTables === undefined ? {} : { sourceTables: this.origin.sourceTables }),
      ...(this.shapes === undefined ? {} : { shapes: this.shapes }),
      ...(this.origin?.ahead === undefined ? {} : { ahead: this.origin.ahead }),
      ...(eventsMap === undefined ? {} : { eventsMap: byNumber(eventsMap) }),
      ...(binLogEventMappers === undefined ? {} : { mappers: byNumber(binLogEventMappers) }),
      schemaChangeEventProcessor: schemaChanges,
    })
  }

  private onWindow(scn: bigint, end: WindowPosition, place: ReadingPlace): void {
    place.window(scn, end)
    this.lastWindowSeconds = this.decoder?.handler.lastEventSeconds ?? 0
    this.windows++
    this.reread.closedWindow(this.currentPoint, performance)
    this.notePlace(place)
  }

  /** What was reached before a restart stays stored until it has been read again. */
  private notePlace(place: ReadingPlace): void {
    if (this.reread.reached(place.scn) === undefined) this.keeper?.note(this.currentPoint)
  }

  private readonly currentPoint = (): ResumePoint => {
    invariant(this.place !== undefined, 'a prepared source knows its place')
    return this.place.current()
  }

  private async storeOf(
    { physicalSource, maxScn }: ProducerContext,
    stored: MaxScn | undefined,
    origin: BinlogOrigin,
  ): Promise<ScnSpaceKeeper> {
    const told = origin.scnSpace?.bind(origin)
    const { log } = this.bean
    const scnSpace = await scnSpaceOfSource({ physicalSource, stored, log, ...(told === undefined ? {} : { told }) })
    return new ScnSpaceKeeper(maxScn, scnSpace)
  }

  private quarantineRecord(stored: MaxScn | undefined): QuarantineRecord {
    return new QuarantineRecord(
      stored?.quarantines ?? [],
      (list) => {
        this.keeper?.saveQuarantines(list, this.currentPoint)
      },
      (interval) => {
        const { source, scn, code } = interval
        const message = quarantineText(interval)
        const remedy = quarantineRemedy(this.name, source)
        this.bean.log.error(message, { source, scn, code, remedy })
        this.bean.publish?.({ type: 'alert', severity: 'error', message })
      },
    )
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
