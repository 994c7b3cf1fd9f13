import { WindowTooLargeError } from '@aesop/buffer'
import { silentLogger, type Logger } from '@aesop/kernel'
import { type PassOver, type PhysicalSourceConfig, QuarantineRecord, SourceRunner } from '@aesop/producer'
import { type SchemaRegistry } from '@aesop/schema'
import { BinlogDecoder } from '../decoder/binlog-decoder.ts'
import { LateGenerationError, LateWindowError } from '../error/late-errors.ts'
import { MysqlServerIdInUseError } from '../error/live-errors.ts'
import { type BinlogOrigin, type SettledPoint } from '../origin/binlog-origin.ts'
import { LateRing } from './late-ring.ts'
import { type MarkedPlace } from '../place/place-index.ts'
import { BinlogSession } from '../session/binlog-session.ts'
import { type DecoderExtras } from '../session/log-reader.ts'
import { breaksOfLogMax } from '../session/proven-stream.ts'
import { ReadingPlace } from '../session/reading-place.ts'
import { type ShapeHistory } from '../shape/shape-history.ts'

/** What all late readings of a source have together, and with its live one. */
export interface LateLogOptions {
  readonly physicalSource: PhysicalSourceConfig
  readonly schemas: SchemaRegistry
  readonly shapes: ShapeHistory
  readonly extras: DecoderExtras
  readonly passOvers: readonly PassOver[]
  /** What is left out, as the live reading keeps it. */
  readonly quarantines: QuarantineRecord
  /** A new one for each reading, under a server id of its own; `attempt` counts those that were in use. */
  readonly originOf: (slot: number, attempt: number) => BinlogOrigin
  /** Whether another server id may be tried where one is in use. */
  readonly triesServerIds: boolean
  /** Of the memory for windows; one window may need as much again. */
  readonly bufferBytes: number
  /** Among how many readings the part of all is divided while the live one is behind; 0: it is not. */
  readonly yieldsWith: () => number
  readonly log: Logger
}

const SERVER_IDS_TRIED = 8
/** What nobody captures moves a late reader on, too. */
const EMPTY_WINDOW_EVERY_MS = 1000

/** One temporary reading of a log, from a place that was kept to windows in memory: the same bytes under the same SCNs. */
export class LateLog {
  readonly ring: LateRing
  /** Why it has ended; undefined: it goes on. */
  failure: unknown
  readonly #options: LateLogOptions
  readonly #sinceScn: bigint
  readonly #generation: number
  readonly #slot: number
  readonly #place: ReadingPlace
  readonly #runner: SourceRunner
  readonly #quarantines: QuarantineRecord
  readonly #onFailed: () => void
  readonly #log: Logger
  #leftOut: QuarantineRecord['list']
  #origin: BinlogOrigin | undefined
  #decoder: BinlogDecoder | undefined
  #attempt = 0

  /** @param neededAfterScn after which windows are still to be taken @param onFailed called once, when it can't go on */
  constructor(
    options: LateLogOptions,
    { point, isBefore }: MarkedPlace,
    sinceScn: bigint,
    slot: number,
    neededAfterScn: () => bigint | undefined,
    onFailed: () => void,
  ) {
    this.#options = options
    this.#sinceScn = sinceScn
    this.#generation = point.generation
    this.#slot = slot
    this.#place = new ReadingPlace(point)
    // What is remarkable in the log, the live reading has told, where it was there.
    this.#log = isBefore === true ? options.log : silentLogger
    this.#onFailed = onFailed
    const { physicalSource, bufferBytes, yieldsWith, log, quarantines } = options
    this.#leftOut = quarantines.list
    // What the live reading keeps is only read here.
    this.#quarantines = new QuarantineRecord(quarantines.list, nothing, nothing)
    this.#runner = new SourceRunner({
      log,
      open: (take) => this.#open(take),
      release: async () => this.#origin?.release(),
      onFailed: (error) => {
        this.#fail(error)
      },
      breaksMax: breaksOfLogMax,
    })
    this.ring = new LateRing({
      maxBytes: bufferBytes,
      physicalPartition: physicalSource.id,
      eventVersion: physicalSource.eventVersion,
      neededAfterScn,
      yieldsWith,
      signal: this.#runner.signal,
    })
    this.ring.start(sinceScn)
  }

  /** When the event that it read last was written, in seconds since 1970; 0 before the first. */
  get lastEventSeconds(): number {
    return this.#decoder?.lastEventSeconds ?? 0
  }

  /** The oldest log that its source still has, as far as it was asked. */
  get oldestLog(): string | undefined {
    return this.#origin?.oldestLog
  }

  /** Begins; what goes wrong is tried again, or stands in `failure`. */
  start(): void {
    this.#runner.start(Infinity).catch((error: unknown) => {
      this.#fail(error)
    })
  }

  /** Resolves when nothing is read any more, and all connections are closed. */
  async close(): Promise<void> {
    const stopped = this.#runner.stop(nothing)
    this.ring.stopWaiting()
    await stopped
  }

  async #open(take: Parameters<ConstructorParameters<typeof SourceRunner>[0]['open']>[0]): Promise<void> {
    for (;;) {
      this.#origin ??= this.#options.originOf(this.#slot, this.#attempt)
      const session = new BinlogSession({
        origin: this.#origin,
        from: this.#place.current(),
        handlerFor: (point) => this.#handlerFor(point),
        onProven: (finding) => {
          this.#place.proven(finding)
        },
      })
      take(session)
      try {
        await session.open()
        return
      } catch (error) {
        if (!(error instanceof MysqlServerIdInUseError) || !this.#mayTryAnother()) throw error
        await this.#origin.release()
        this.#origin = undefined
      }
    }
  }

  #mayTryAnother(): boolean {
    return this.#options.triesServerIds && ++this.#attempt < SERVER_IDS_TRIED
  }

  #handlerFor(point: SettledPoint): BinlogDecoder {
    const { physicalSource } = this.#options
    // Found by GTID: the server was replaced, and makes other SCNs.
    if (point.byGtid)
      throw new LateGenerationError(physicalSource.name, this.#sinceScn, this.#generation, point.generation)
    this.#place.settled(point)
    return (this.#decoder ??= this.#newDecoder())
  }

  #newDecoder(): BinlogDecoder {
    const { physicalSource, schemas, shapes, extras, passOvers } = this.#options
    const { catalogue, sourceTables, ahead } = this.#origin ?? {}
    return new BinlogDecoder({
      physicalSource,
      schemas,
      shapes,
      passOvers,
      sink: this.ring,
      generation: this.#generation,
      sinceScn: this.#sinceScn,
      log: this.#log,
      quarantineRecord: this.#quarantines,
      emptyWindowEveryMs: EMPTY_WINDOW_EVERY_MS,
      onWindow: (scn, end) => {
        this.#place.window(scn, end)
        this.#runner.windows++
        this.#takeQuarantines()
      },
      onMoved: (end) => {
        this.#place.moved(end)
      },
      onPassed: (gtid) => {
        this.#place.passed(gtid)
      },
      ...(catalogue === undefined ? {} : { catalogue }),
      ...(sourceTables === undefined ? {} : { sourceTables }),
      ...(ahead === undefined ? {} : { ahead }),
      ...extras,
    })
  }

  /** What the live reading has begun to leave out, or released, since. */
  #takeQuarantines(): void {
    const { list } = this.#options.quarantines
    if (list === this.#leftOut) return
    this.#leftOut = list
    this.#quarantines.list = list
  }

  #fail(error: unknown): void {
    if (this.failure !== undefined || this.#runner.signal.aborted) return
    const { physicalSource, bufferBytes } = this.#options
    this.failure =
      error instanceof WindowTooLargeError ? new LateWindowError(physicalSource.name, bufferBytes, error) : error
    this.#onFailed()
  }
}

function nothing(): undefined {
  // What the live reading does with it, is done.
}
