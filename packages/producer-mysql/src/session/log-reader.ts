import { type BeanContext } from '@aesop/kernel'
import { type ProducerContext, type ReadingAttempt, type WindowSink } from '@aesop/producer'
import { BinlogDecoder, type BinlogDecoderOptions } from '../decoder/binlog-decoder.ts'
import { type BinlogOrigin, type SettledPoint } from '../origin/binlog-origin.ts'
import { fileNumberOf, formatBinlogScn, scnPosition } from '../log/binlog-scn.ts'
import { type ResumePoint } from '../place/resume-point.ts'
import { registerDescribed } from '../shape/described-schema.ts'
import { type ShapeHistory } from '../shape/shape-history.ts'
import { BinlogSession } from './binlog-session.ts'
import { type KeptPlace } from './kept-place.ts'
import { proveLog } from './proven-stream.ts'
import { type WaitingXa } from '../transaction/waiting-xa.ts'

/** What decodes besides the standard: processors, mappers, who is told of changes of tables; and where XA transactions wait. */
export type DecoderExtras = Pick<
  BinlogDecoderOptions,
  'eventsMap' | 'mappers' | 'schemaChangeEventProcessor' | 'heldXa'
>

export interface LogReaderOptions {
  readonly context: ProducerContext
  readonly origin: BinlogOrigin
  readonly place: KeptPlace
  readonly shapes: ShapeHistory
  readonly sink: WindowSink
  readonly bean: BeanContext
  readonly extras: DecoderExtras
  /** Called after each window, when its place is noted, with the second of its last event since 1970. */
  readonly onWindow: (lastEventSeconds: number) => void
  /** Aborts when the source begins to stop. */
  readonly signal: AbortSignal
}

/** Attempts to read the log of one source into one sink, each from where the one before has come to. */
export class LogReader {
  readonly #options: LogReaderOptions
  #decoder: { readonly generation: number; readonly handler: BinlogDecoder } | undefined

  constructor(options: LogReaderOptions) {
    this.#options = options
  }

  /** @param take gets the attempt before anything is waited for @throws AesopError when it is over */
  async open(take: (attempt: ReadingAttempt) => void): Promise<void> {
    const { origin, place, bean, signal } = this.#options
    const from = place.current()
    await this.#proveReached()
    const session = new BinlogSession({
      origin,
      from,
      handlerFor: (point) => this.#handlerFor(point),
      onProven: (finding) => {
        place.proven(finding)
      },
    })
    take(session)
    await session.open()
    if (origin.oldestLog !== undefined) place.logsBeginAt(origin.oldestLog)
    await this.#registerDescribed()
    if (!signal.aborted) bean.log.info('reading the binary log', { source: origin.name, after: String(place.scn) })
  }

  /** How far the log has been read; undefined: nothing is read now. */
  get reached(): (ResumePoint & { readonly file: string; readonly position: number }) | undefined {
    const here = this.#decoder?.handler.reached
    return here === undefined ? undefined : { ...this.#options.place.current(), ...here }
  }

  get waitingXa(): WaitingXa | undefined {
    return this.#decoder?.handler.waitingXa
  }

  /** While the log is read again, the place from which it will go on has to be there, too. */
  async #proveReached(): Promise<void> {
    const { origin, place, signal } = this.#options
    const reached = place.reread.reached(place.scn)
    if (reached === undefined) return
    const settled = await origin.settle(reached)
    const stopped = new Promise((resolve) => {
      signal.addEventListener('abort', resolve, { once: true })
    })
    if (!settled.byGtid) await proveLog(origin, settled, stopped)
  }

  /** One decoder serves all sessions of a generation, so that it keeps what it has compiled. */
  #handlerFor(point: SettledPoint): BinlogDecoder {
    const { generation } = point
    this.#options.place.settled(point)
    if (this.#decoder?.generation !== generation) {
      this.#decoder = { generation, handler: new BinlogDecoder(this.#decoderOptions(generation)) }
    }
    return this.#decoder.handler
  }

  /** A table has a schema before it has a row. */
  async #registerDescribed(): Promise<void> {
    const { context, origin, place, bean, signal } = this.#options
    const { catalogue, sourceTables, describedAfter } = origin
    if (catalogue === undefined || describedAfter === undefined) return
    const { file, position } = describedAfter
    const { generation } = place.current()
    const sinceScn = formatBinlogScn(generation, fileNumberOf(file), scnPosition(position, 0)) + 1n
    const { physicalSource, schemas } = context
    const named = sourceTables === undefined ? {} : { sourceTables }
    const described = { physicalSource, schemas, catalogue, ...named, sinceScn, log: bean.log }
    await registerDescribed({ ...described, stopped: signal })
  }

  #decoderOptions(generation: number): BinlogDecoderOptions {
    const { context, origin, place, shapes, sink, bean, extras, onWindow } = this.#options
    const { catalogue, sourceTables, ahead } = origin
    return {
      physicalSource: context.physicalSource,
      schemas: context.schemas,
      sink,
      generation,
      sinceScn: place.scn,
      reachScn: place.reread.reached(place.scn)?.scn ?? -1n,
      log: bean.log,
      shapes,
      quarantineRecord: place.quarantines,
      onWindow: (scn, position) => {
        place.window(scn, position)
        onWindow(this.#decoder?.handler.lastEventSeconds ?? 0)
      },
      onMoved: (position) => {
        place.moved(position)
      },
      onPassed: (gtid) => {
        place.passed(gtid)
      },
      ...passOverOptions(context),
      ...(catalogue === undefined ? {} : { catalogue }),
      ...(sourceTables === undefined ? {} : { sourceTables }),
      ...(ahead === undefined ? {} : { ahead }),
      ...extras,
    }
  }
}

function passOverOptions({ passOvers, passedOver }: ProducerContext): Partial<BinlogDecoderOptions> {
  return { ...(passOvers === undefined ? {} : { passOvers }), ...(passedOver === undefined ? {} : { passedOver }) }
}
