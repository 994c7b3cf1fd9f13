import { join } from 'node:path'
import { type MaxScn, ScnSpaceKeeper } from '@aesop/checkpoint'
import { type BeanContext, type Health, invariant, type Metric, namedPath } from '@aesop/kernel'
import {
  type EventProducer,
  type PhysicalSourceConfig,
  type ProducerContext,
  type ProducerStatus,
  scnSpaceOfSource,
  SourceRunner,
  type WindowSink,
} from '@aesop/producer'
import { type FoundStart, type LateReading, type SnapshotReader, type StartFrom } from '@aesop/reading'
import { type SchemaRegistry } from '@aesop/schema'
import { type BinLogEventProcessor } from './decoder/binlog-event-processor.ts'
import { type LateReaders } from './late/late-readers.ts'
import { LiveLag } from './late/live-lag.ts'
import { lateReadersOf } from './late/late-readers-of-source.ts'
import { noteReaders, type PlaceFacts, readersStart } from './late/readers-start.ts'
import { byNumber, type NumberedBeans } from './numbered-beans.ts'
import { type BinlogOrigin } from './origin/binlog-origin.ts'
import { originOf } from './origin/origin-of-uri.ts'
import { isUnread, unreadRecord } from './place/begin-anew.ts'
import { configurationOf } from './place/configuration-hash.ts'
import { PlaceIndex } from './place/place-index.ts'
import { PlaceIndexFile } from './place/place-index-file.ts'
import { type BinLogEventMapper } from './row/binlog-event-mapper.ts'
import { guestServerId } from './server/guest-server-id.ts'
import { KeptPlace, type PlaceMarks } from './session/kept-place.ts'
import { heldXaOf } from './session/held-xa-of-source.ts'
import { type DecoderExtras, LogReader } from './session/log-reader.ts'
import { MysqlPlaceFinder } from './session/mysql-place-finder.ts'
import { breaksOfLogMax } from './session/proven-stream.ts'
import { sourceBeginning } from './session/source-beginning.ts'
import { mysqlSettingsOf } from './settings/mysql-settings.ts'
import { NopSchemaChangeEventProcessor, type SchemaChangeEventProcessor } from './shape/schema-change.ts'
import { ShapeHistory } from './shape/shape-history.ts'
import { type MysqlSnapshotReader } from './snapshot/mysql-snapshot-reader.ts'
import { snapshotsOfSource } from './snapshot/snapshots-of-source.ts'
import { SourceTables } from './table/source-tables.ts'
import { clearHeldFiles } from './transaction/held-file.ts'
import { xaConcern, xaMetrics } from './transaction/waiting-xa.ts'

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
  private readonly runner: SourceRunner
  private context: ProducerContext | undefined
  private origin: BinlogOrigin | undefined
  private shapes: ShapeHistory | undefined
  private place: KeptPlace | undefined
  private reader: LogReader | undefined
  private late: LateReaders | undefined
  private snapshots: MysqlSnapshotReader | undefined
  private marks: PlaceMarks | undefined
  private lastWindowSeconds = 0

  constructor(options: MysqlEventProducerOptions, context: BeanContext) {
    this.options = options
    this.bean = context
    this.name = options.physicalSourceConfig.name
    this.runner = new SourceRunner({
      log: context.log,
      open: async (take) => this.reader?.open(take),
      release: async () => this.origin?.release(),
      onFailed: (error) => this.context?.fail(error),
      breaksMax: breaksOfLogMax,
    })
  }

  /** @throws AesopError of the URI, of the stored position, or of the server when it must be asked where to begin */
  async prepare(context: ProducerContext): Promise<bigint> {
    this.context = context
    const record = await context.maxScn.load()
    const stored = record === undefined || isUnread(record) ? undefined : record
    clearHeldFiles(heldXaOf(context.physicalSource, this.bean.stateDirectory).folder)
    const origin = this.openOrigin(context, stored !== undefined)
    const { startRetryMs } = context.physicalSource
    const store = await this.runner.firstly(startRetryMs, () => this.storeOf(context, record, origin))
    this.scnSpace = store.scnSpace
    const onFinalError = this.runner.fail.bind(this.runner)
    const quarantines = stored?.quarantines ?? []
    const marks = this.marksOf(context, stored !== undefined)
    this.marks = marks
    const place = new KeptPlace({ source: this.name, store, quarantines, bean: this.bean, marks, onFinalError })
    this.place = place
    const beginning = { stored, origin, context: this.setBack(context), reread: place.reread, log: this.bean.log }
    const { point, isNew } = await this.runner.firstly(startRetryMs, () => sourceBeginning(beginning))
    await place.begin(point, isNew)
    this.late = this.lateReaders(context, place, marks)
    this.snapshots = this.snapshotReaderOf(context, origin, place)
    if (this.late !== undefined) noteReaders(context.readersSinceScn?.(), this.placeFacts(context, place, marks))
    // What a client may learn of it has to be the same after a crash.
    if (!isNew && record?.scnSpace !== store.scnSpace) await store.save(record ?? unreadRecord(Date.now()))
    return point.scn
  }

  async start(sinceScn: bigint, sink: WindowSink): Promise<void> {
    const { context, origin, shapes, place, runner, bean } = this
    invariant(context !== undefined && origin !== undefined && shapes !== undefined, 'start comes after prepare')
    invariant(place?.isKnown === true, 'start comes after prepare')
    place.keepFor(sink, this.setBack(context).readersSinceScn)
    place.continueAfter(sinceScn)
    const onWindow = (lastEventSeconds: number): void => {
      this.lastWindowSeconds = lastEventSeconds
      runner.windows++
    }
    const read = { context, origin, place, shapes, sink, bean, onWindow, signal: runner.signal }
    this.reader = new LogReader({ ...read, extras: this.extras(context) })
    await runner.start(context.physicalSource.startRetryMs)
  }

  get lateReading(): LateReading | undefined {
    return this.late
  }

  get snapshotReader(): SnapshotReader | undefined {
    return this.snapshots
  }

  /** Who is late, and from where it is served. */
  describe(): object {
    return { lateReadings: this.late?.describe() ?? [] }
  }

  /** Readers of the process set the beginning back only where nothing is read late for them. */
  private setBack(context: ProducerContext): ProducerContext {
    const readsLate = mysqlSettingsOf(context.physicalSource).lateReaders.max > 0
    return readsLate ? { ...context, readersSinceScn: () => undefined } : context
  }

  private placeFacts(
    { physicalSource }: ProducerContext,
    place: KeptPlace,
    { index, configuration }: PlaceMarks,
  ): PlaceFacts {
    const { name: source } = physicalSource
    return { source, index, configuration: configuration(), current: place.current() }
  }

  get findStart(): ((from: Exclude<StartFrom, { kind: 'latest' }>) => Promise<FoundStart>) | undefined {
    const { context, place, marks } = this
    if (this.late === undefined || context === undefined || place === undefined || marks === undefined) return undefined
    return (from) =>
      readersStart(from, this.guestOrigin(context.physicalSource), this.placeFacts(context, place, marks))
  }

  configurationOf(physicalSource: PhysicalSourceConfig, schemas: SchemaRegistry): () => string {
    return configurationOf(physicalSource, schemas)
  }

  placeFinder(physicalSource: PhysicalSourceConfig): MysqlPlaceFinder {
    return new MysqlPlaceFinder(this.guestOrigin(physicalSource))
  }

  private guestOrigin(physicalSource: PhysicalSourceConfig): BinlogOrigin {
    const { heartbeatMs } = this.options
    return originOf(physicalSource, this.bean, { heartbeatMs, wasRead: true, serverId: guestServerId() })
  }

  pause(): void {
    this.runner.pause()
  }

  resume(): void {
    this.runner.resume()
  }

  async stop(): Promise<void> {
    this.snapshots?.end()
    await this.late?.end()
    return this.runner.stop(() => {
      const saved = this.place?.close()
      this.shapes?.flush()
      return saved
    })
  }

  status(): ProducerStatus {
    const { state, windows } = this.runner
    const scn = this.place?.isKnown === true ? this.place.scn : -1n
    const rereadUntilScn = this.place?.reread.reached(scn)?.scn
    const detail = this.runner.detail ?? this.origin?.remark
    return {
      state,
      scn: windows === 0 ? -1n : scn,
      ...(detail === undefined ? {} : { detail }),
      ...(this.concern === undefined ? {} : { concern: this.concern }),
      ...this.lastEvent(),
      ...(rereadUntilScn === undefined ? {} : { rereadUntilScn }),
    }
  }

  private lastEvent(): Pick<ProducerStatus, 'lastEventMs' | 'logLastsUntilMs'> {
    if (this.runner.windows === 0) return {}
    const lastEventMs = this.lastWindowSeconds * 1000
    const keptSeconds = this.origin?.logKeptSeconds
    return keptSeconds === undefined
      ? { lastEventMs }
      : { lastEventMs, logLastsUntilMs: lastEventMs + keptSeconds * 1000 }
  }

  /** What keeps changes, or its place, from being kept although it runs. */
  private get concern(): string | undefined {
    return this.place?.concern ?? this.origin?.concern ?? this.xaConcern
  }

  private get xaConcern(): string | undefined {
    const waiting = this.reader?.waitingXa
    return waiting && xaConcern(waiting, { source: this.name, reached: this.reader?.reached, nowMs: Date.now() })
  }

  health(): Health {
    return this.runner.health(this.concern, this.origin?.remark)
  }

  metrics(): readonly Metric[] {
    const xa = xaMetrics(this.reader?.waitingXa, Date.now())
    return [...this.runner.metrics(), ...(this.late?.metrics() ?? []), ...xa]
  }

  /** The log, and what is known of the shapes of its tables; SCNs that say nothing any more are forgotten. */
  private openOrigin({ physicalSource, schemas }: ProducerContext, wasRead: boolean): BinlogOrigin {
    const { log, stateDirectory } = this.bean
    // SCNs of another log, or of this one before it was given up, say nothing of what comes now.
    if (!wasRead) for (const { name } of physicalSource.sources) schemas.forgetHistory(name)
    const { heartbeatMs } = this.options
    const origin = originOf(physicalSource, this.bean, { heartbeatMs, wasRead })
    this.origin = origin
    if (origin.remark !== undefined) log.warn(origin.remark, { remedy: TRUST_REMEDY })
    const path = namedPath(join(stateDirectory, 'tables'), physicalSource.name, '.json')
    const captured = (origin.sourceTables ?? new SourceTables(physicalSource.sources)).all
    this.shapes = new ShapeHistory(path, !wasRead, captured, log)
    return origin
  }

  /** Places of the log, of a source that was read before those that it had. */
  private marksOf({ physicalSource, schemas }: ProducerContext, wasRead: boolean): PlaceMarks {
    const { log, stateDirectory } = this.bean
    const file = new PlaceIndexFile(namedPath(join(stateDirectory, 'places'), physicalSource.name), log)
    return { index: new PlaceIndex(file, !wasRead), configuration: configurationOf(physicalSource, schemas) }
  }

  private lateReaders(context: ProducerContext, place: KeptPlace, marks: PlaceMarks): LateReaders | undefined {
    const { shapes, bean } = this
    invariant(shapes !== undefined, 'a prepared source knows its shapes')
    const { heartbeatMs } = this.options
    const lag = new LiveLag(
      () => this.runner.windows,
      () => this.lastWindowSeconds * 1000,
    )
    const logKeptSeconds = (): number | undefined => this.origin?.logKeptSeconds
    const extras = this.extras(context)
    return lateReadersOf({ context, place, marks, shapes, bean, heartbeatMs, lag, logKeptSeconds, extras })
  }

  private snapshotReaderOf(
    context: ProducerContext,
    { account, sourceTables }: BinlogOrigin,
    place: KeptPlace,
  ): MysqlSnapshotReader | undefined {
    const { shapes, bean } = this
    if (account === undefined || sourceTables === undefined || shapes === undefined) return undefined
    const { mappers = new Map() } = this.extras(context)
    const server = { ...account, sourceTables }
    return snapshotsOfSource({ context, server, place, shapes, mappers, log: bean.log, reader: () => this.reader })
  }

  private extras({ physicalSource }: ProducerContext): DecoderExtras {
    const { eventsMap, binLogEventMappers, schemaChangeEventProcessor } = this.options
    return {
      heldXa: heldXaOf(physicalSource, this.bean.stateDirectory),
      ...(eventsMap === undefined ? {} : { eventsMap: byNumber(eventsMap) }),
      ...(binLogEventMappers === undefined ? {} : { mappers: byNumber(binLogEventMappers) }),
      schemaChangeEventProcessor:
        schemaChangeEventProcessor ?? new NopSchemaChangeEventProcessor({}, { log: this.bean.log }),
    }
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
}
